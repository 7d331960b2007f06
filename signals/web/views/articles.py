"""Browsing and searching articles; one article as a source note."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from signals.models import Article, Kind, Note, State, Tagging
from signals.tagging.facets_writing import stated_columns
from signals.web.article_filters import COUNTED, ArticleFilter, facet_words, theme_words
from signals.web.pages import known_until, page_of, render_page
from signals.web.passages import marked_text

# Characters that no text holds stand for the marks until everything else is escaped.
_OPEN, _CLOSE = "\ue000", "\ue001"
REACHED: Final = 5000
"""Nobody pages further through what was looked for: matches that are counted, put in order and listed."""
_CONFIGS = ("vigie_en", "vigie_fr", "vigie_simple")


def search_query(words: str) -> SearchQuery:
    """Phrases in quotes, -word, or; stemmed as English, as French, and not at all."""
    first, *others = (SearchQuery(words, config=config, search_type="websearch") for config in _CONFIGS)
    query = first
    for other in others:
        query = query | other
    return query


def best_first(found: QuerySet[Article], words: str) -> QuerySet[Article]:
    """The newest REACHED of those found, best match first, newest among equals."""
    # Without an end, a word that everybody writes would be looked for in all they ever wrote.
    newest = found.order_by("-sort_at", "-id").values("pk")[:REACHED]
    return (
        Article.objects.filter(pk__in=newest)
        .annotate(rank=SearchRank(F("search"), search_query(words)))
        .order_by("-rank", "-sort_at", "-id")
    )


@require_GET
def article_list(request: HttpRequest) -> HttpResponse:
    """`/articles/`: newest first, or best match first, with filters that say what each would leave."""
    chosen = ArticleFilter(request.GET, known_until())
    words = chosen.words
    found = Article.objects.filter(search=search_query(words)) if words else Article.objects.all()
    articles = chosen.apply(found)
    articles = best_first(articles, words) if words else articles.order_by("-sort_at", "-id")
    is_narrowed = bool(words or chosen.chosen)
    if is_narrowed:
        articles = articles[:REACHED]
    page = page_of(request, articles.select_related("source").defer("html", "search"))
    rows = list(page.object_list)
    groups = chosen.groups(found)
    context = {
        "page": page,
        "rows": _with_tags(rows),
        "passages": _passages(rows, words),
        "words": words,
        "chosen": chosen.chosen,
        "groups": groups,
        "chips": chosen.chips(groups),
        "is_sampled": page.paginator.count > COUNTED,
        "counted": COUNTED,
        "is_cut": is_narrowed and page.paginator.count >= REACHED,
        "is_filtered": is_narrowed,
    }
    return render_page(request, "articles/list.html", context, partial="articles/_list.html")


def _with_tags(articles: list[Article]) -> list[tuple[Article, list[Tagging]]]:
    by_article: dict[int, list[Tagging]] = {}
    taggings = (
        Tagging.objects.filter(article__in=articles)
        .exclude(state__in=[State.REJECTED, State.SAMPLED])
        .select_related("tag")
        .order_by("-state", "-confidence")
    )
    for tagging in taggings:
        by_article.setdefault(tagging.article_id, []).append(tagging)
    return [(article, by_article.get(article.pk, [])[:4]) for article in articles]


def _passages(articles: list[Article], words: str) -> dict[int, SafeString]:
    """The passage of each article that matches, with the words marked."""
    if not words:
        return {}
    found = Article.objects.filter(pk__in=[article.pk for article in articles]).annotate(
        passage=SearchHeadline(
            "text",
            SearchQuery(words, config="vigie_simple", search_type="websearch"),
            config="vigie_simple",
            start_sel=_OPEN,
            stop_sel=_CLOSE,
            max_words=30,
            min_words=12,
        )
    )
    return {pk: _marked(passage) for pk, passage in found.values_list("pk", "passage")}


def _marked(passage: str) -> SafeString:
    escaped = str(escape(passage)).replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>")
    return mark_safe(escaped)  # noqa: S308 - escaped above


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
    note = getattr(article, "note", None)
    rows = list(note.rows.select_related("tag")) if note else []
    facets = _facets(article, note)
    context: dict[str, Any] = {
        "article": article,
        "note": note,
        "tables": [
            (Kind(kind), [t for t in taggings if t.tag.kind == kind], [r for r in rows if r.kind == kind])
            for kind in Kind.values
            if any(t.tag.kind == kind for t in taggings) or any(r.kind == kind for r in rows)
        ],
        "body": marked_text(article.text, spans),
        "facets": facets,
        "whose_facets": {facet.is_ours for facet in facets},
        "versions": article.versions.all(),
        "same_news": (
            Article.objects.filter(story=article.story_id).exclude(pk=article.pk).newest_first()[:20]
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
