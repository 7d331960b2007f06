"""Browsing and searching articles; one article as a source note."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db.models.functions import Left
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from signals.curation.selected import LIMIT
from signals.models import ANALYZE_TRIES, Article, Decision, Kind, Note, State, Tagging
from signals.search.articles import REACHED_NARROWED, Found, find, matching, newest, passage_of, with_passages
from signals.search.query import Choice
from signals.tagging.facets_writing import stated_columns
from signals.web.article_filters import COUNTED, ArticleFilter, facet_words, theme_words
from signals.web.opinions import opinions_of
from signals.web.pages import ROWS, known_until, page_of, render_page
from signals.web.passages import marked_text

FOUND_ROWS: Final = 30
"""Rows with passages on a page."""


@require_GET
def article_list(request: HttpRequest) -> HttpResponse:
    """`/articles/`: newest first, or best match first, with filters that say what each would leave."""
    return render_page(request, "articles/list.html", list_context(request), partial="articles/_list.html")


def list_context(request: HttpRequest) -> dict[str, Any]:
    """What the list of articles shows for a query string: words find, filters narrow."""
    chosen = ArticleFilter(request.GET, known_until())
    words = chosen.words
    choices: tuple[Choice, ...] = ()
    found: Found | None = None
    if words:
        reached = REACHED_NARROWED if chosen.chosen else None
        choices, found = find(words, chosen.apply(Article.objects.all()), reached=reached)
    else:
        found = newest(chosen.apply(Article.objects.all())) if chosen.chosen else None
    groups = chosen.groups(
        matching(choices, Article.objects.all()) if words else Article.objects.all(),
        newest=found.newest if found else None,
    )
    if found is None:
        page = page_of(
            request,
            chosen.apply(Article.objects.all()).order_by("-sort_at", "-id").values_list("pk", flat=True),
        )
    else:
        page = page_of(request, found.listed, FOUND_ROWS if words else ROWS)
    rows = _rows(list(page.object_list), choices)
    return {
        "page": page,
        "rows": rows,
        "passages": {article.pk: passage_of(article) for article, _taggings in rows},
        "words": words,
        "opened": found.opened if found else "",
        "chosen": chosen.chosen,
        "groups": groups,
        "chips": chosen.chips(groups),
        "is_sampled": page.paginator.count > COUNTED or (found is not None and found.is_cut),
        "counted": min(page.paginator.count, COUNTED),
        "out_limit": LIMIT,
        "is_cut": found is not None and found.is_cut,
        "is_filtered": found is not None,
    }


def _rows(ids: list[int], choices: tuple[Choice, ...]) -> list[tuple[Article, list[Tagging]]]:
    """The articles of these ids, in their order, each with up to four of its tags."""
    articles = (
        Article.objects.filter(pk__in=ids)
        .select_related("source")
        .only("title", "publisher", "language", "published_at", "is_sample", "source__name")
        # Whether there is a text at all, without reading it.
        .annotate(opening=Left("text", 20))
    )
    by_id = {article.pk: article for article in with_passages(choices, articles)}
    by_article: dict[int, list[Tagging]] = {}
    taggings = (
        Tagging.objects.filter(article__in=ids)
        .exclude(state__in=[State.REJECTED, State.SAMPLED])
        .select_related("tag")
        .only("article_id", "state", "confidence", "tag__kind", "tag__name", "tag__name_fr", "tag__slug")
        .order_by("-state", "-confidence")
    )
    for tagging in taggings:
        by_article.setdefault(tagging.article_id, []).append(tagging)
    return [(by_id[pk], by_article.get(pk, [])[:4]) for pk in ids if pk in by_id]


@require_GET
def article_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One article as a source note, with the quoted passages marked."""
    article = get_object_or_404(Article.objects.select_related("source", "note", "story"), pk=pk)
    taggings = list(
        Tagging.objects.filter(article=article)
        .exclude(state=State.SAMPLED)
        .select_related("tag")
        .with_relevance()
        .order_by("state", "-confidence")
    )
    spans = [
        (t.quote_start, t.quote_start + len(t.quote))
        for t in taggings
        if t.quote_start is not None and t.quote_field == "text" and t.state != State.REJECTED
    ]
    opinions = opinions_of(taggings, request.user)
    note = getattr(article, "note", None)
    rows = list(note.rows.select_related("tag")) if note else []
    facets = _facets(article, note)
    context: dict[str, Any] = {
        "article": article,
        "is_set_aside": article.processed_at is None and article.analyze_tries >= ANALYZE_TRIES,
        "note": note,
        "tables": [
            (
                Kind(kind),
                [(t, opinions[article.pk, t.tag_id]) for t in taggings if t.tag.kind == kind],
                [r for r in rows if r.kind == kind],
            )
            for kind in Kind.values
            if any(t.tag.kind == kind for t in taggings) or any(r.kind == kind for r in rows)
        ],
        "body": marked_text(article.text, spans),
        "why_choices": Decision.Why.choices,
        "facets": facets,
        "whose_facets": {facet.is_ours for facet in facets},
        "versions": article.versions.all(),
        "same_news": (
            Article.objects.filter(story=article.story_id)
            .exclude(pk=article.pk)
            .select_related("source")
            .defer("text", "html", "search", "story_keys")
            .newest_first()[:20]
            if article.story_id
            else []
        ),
    }
    return render_page(request, "articles/article.html", context)


@dataclass(frozen=True, slots=True)
class StatedFacet:
    """One of keywords, themes, category, type: values as the filter takes them and as shown; whose word it is."""

    name: str
    words: str
    values: list[tuple[str, str]]
    is_ours: bool


def _facets(article: Article, note: Note | None) -> list[StatedFacet]:
    stated = stated_columns(note.head) if note else {}
    themes = theme_words() if article.themes else {}
    facets = (
        ("category", "category", _("Category"), [(article.category, facet_words(article.category))]),
        ("type", "note_type", _("Type"), [(article.note_type, facet_words(article.note_type))]),
        ("theme", "themes", _("Themes"), [(theme, themes.get(theme, theme)) for theme in article.themes]),
        ("keyword", "keywords", _("Keywords"), [(keyword, keyword) for keyword in article.keywords]),
    )
    return [
        StatedFacet(name, words, values, column not in stated)
        for name, column, words, values in facets
        if any(value for value, _shown in values)
    ]
