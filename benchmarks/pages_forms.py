"""Which pages are measured, and in which forms each is asked for. Django must be set up, the database filled."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote, urlencode

from django.db.models import Count

from signals.models import Article, Change, Kind, Model, Tag, TagTrend, Theme

_SORTS = ("name", "-name", "kind", "relevance", "-relevance", "change", "-change", "mentions", "-mentions",
          "publishers", "last", "-last")  # fmt: skip


def forms() -> dict[str, list[str]]:
    """The URLs of each page; the first is its plainest."""
    popular, rare = _tags()
    tag = popular[0]
    page = tag.get_absolute_url()
    theme = Theme.objects.order_by("pk")[1]
    as_of = TagTrend.objects.values_list("as_of", flat=True)[0]
    past = as_of - timedelta(days=27)
    articles = list(Article.objects.newest_first().values_list("pk", flat=True)[100:1000:100])
    publisher = Article.objects.values_list("publisher").annotate(n=Count("pk")).order_by("-n")[0][0]
    few = Article.objects.values_list("publisher").annotate(n=Count("pk")).order_by("n")[0][0]
    person, newest = Change.objects.order_by("-pk").values_list("user", "pk")[0]
    return {
        "home": ["/"],
        "trend table": [
            "/tags/",
            *(f"/tags/?sort={sort}" for sort in _SORTS),
            *(f"/tags/{kind}/" for kind in Kind.values),
            "/tags/?page=2",
            "/tags/?page=60",
            "/tags/?kind=technology&kind=signal&sort=mentions",
            "/tags/?label=emerging&label=new",
            "/tags/?label=surging&sort=last",
            "/tags/?label=too_little&sort=name",
            "/tags/?relevance=3&sort=relevance",
            f"/tags/?theme={theme.slug}",
            f"/tags/?theme={theme.slug}&kind=technology&relevance=2&sort=-name",
            "/tags/?q=model",
            "/tags/?q=quantum&sort=publishers",
            f"/tags/?q={quote(tag.name)}&kind={tag.kind}",
            "/tags/?status=archived",
            f"/tags/?publisher={publisher}",
            f"/tags/?publisher={few}&period=52w&sort=publishers",
            "/tags/?language=fr&category=science&period=26w&against=previous&sort=share",
            "/tags/?type=news&source=3&source=7&period=4w",
            "/tags/?view=matrix",
        ],
        "table of a past day": [
            f"/tags/?known_on={past}",
            f"/tags/?known_on={past}&period=12w&sort=mentions",
        ],
        "tag page (popular)": [found.get_absolute_url() for found in popular],
        "tag page (rare)": [found.get_absolute_url() for found in rare],
        "tags laid over": [
            f"{page}?with={popular[1].pk}",
            f"{page}?with={popular[1].pk},{rare[0].pk}&weeks=52",
            f"{rare[1].get_absolute_url()}?with={rare[2].pk},{popular[2].pk}&weeks=12",
        ],
        "weeks of a tag as CSV": [f"/tags/{tag.pk}-{tag.slug}.csv?with={popular[1].pk}"],
        "themes": ["/themes/"],
        "theme": [
            *(f"/themes/{each.slug}/" for each in Theme.objects.order_by("pk")[:4]),
            f"/themes/{theme.slug}/?weeks=52",
            f"/themes/{theme.slug}.md",
        ],
        "change log": [
            "/history/",
            f"/history/?before={newest // 2}",
            "/history/?before=60",
            f"/history/?person={person}",
            "/history/?kind=ratings",
            "/history/?kind=decisions&undone=no",
            f"/history/?tag={tag.pk}",
            f"/history/?tag={rare[0].pk}",
            f"/history/?q={quote(tag.name)}",
            "/history/?q=nothing+of+that+kind",
            f"/history/?from={past}&to={past + timedelta(days=7)}",
            f"/history/{newest // 3}/",
        ],
        "articles": [
            "/articles/",
            "/articles/?page=40",
            "/articles/?language=fr",
            "/articles/?category=technology",
            f"/articles/?theme={quote(theme.name)}",
            "/articles/?type=opinion&language=en",
            f"/articles/?publisher={publisher}",
            f"/articles/?publisher={few}",
            "/articles/?source=3",
            f"/articles/?tag={tag.pk}",
            f"/articles/?tag={rare[0].pk}&language=fr",
            f"/articles/?keyword={quote(popular[3].name.lower())}",
        ],
        "articles behind a number": [
            f"/articles/?{urlencode({**of, 'counted': which, 'from': past, 'to': as_of})}"
            for of in ({"tag": tag.pk}, {"tag": rare[0].pk}, {"under": theme.slug})
            for which in ("all", "confirmed", "suggested")
        ],
        "article": [f"/articles/{pk}/" for pk in articles],
        "search": [f"/search/?{urlencode(query)}" for query in searches(tag, rare[0])],
        "inbox": ["/inbox/", "/inbox/?page=2", "/inbox/?page=30", f"/inbox/?article={articles[0]}"],
        "proposals": ["/inbox/proposals/", "/inbox/proposals/?page=3", "/inbox/proposals/?kind=technology"],
        "links": ["/inbox/links/"],
        "history": ["/history/", "/history/?page=20"],
        "reviews": ["/reviews/"],
        "quality": ["/quality/", f"/quality/tags/{tag.pk}/"],
        "models": [
            "/models/",
            "/models/?sort=name&page=3",
            "/models/?q=model+7&weights=open",
            f"/models/{Model.objects.order_by('pk')[9].pk}/",
        ],
        "sources": ["/sources/"],
        "digests": ["/digests/"],
        "jobs": ["/jobs/"],
        "settings": ["/settings/"],
        "similar tags": ["/tags/similar/"],
        "table as CSV": ["/tags.csv", f"/tags.csv?theme={theme.slug}&sort=name"],
    }


def searches(common: Tag, rare: Tag) -> list[dict[str, str]]:
    """What people type: a word that everybody writes, a rare one, phrases, beginnings, French, nonsense."""
    last = Article.objects.newest_first().filter(language="en").values_list("text", flat=True)[5]
    words = sorted(last.replace(".", "").split(), key=len)
    return [
        {"q": "models"},
        {"q": "data"},
        {"q": words[-1]},
        {"q": words[-2]},
        {"q": f'"{common.name}"'},
        {"q": rare.name},
        {"q": "language models"},
        {"q": '"language models" -agents'},
        {"q": "trans*"},
        {"q": "entrepri"},
        {"q": "modèles de langage"},
        {"q": "données entreprise"},
        {"q": "models", "language": "fr"},
        {"q": "models", "category": "politics", "type": "opinion"},
        {"q": "data", "tag": str(common.pk)},
        {"q": "modle langage"},
        {"q": "zzzzqqq"},
        {"q": '"( & -'},
    ]


def _tags() -> tuple[list[Tag], list[Tag]]:
    """Eight of the tags with most articles, and eight with few."""
    counted = Tag.objects.tracked().annotate(n=Count("taggings")).order_by("-n", "pk")
    total = counted.count()
    rare = counted[total * 9 // 10 : total * 9 // 10 + 8]
    return [*counted[:5], *counted[50:53]], list(rare)
