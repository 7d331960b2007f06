"""Browsing and searching articles; one article as a source note."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET

from signals.models import Article, Kind, Source, State, Tagging
from signals.models.article import ArticleQuerySet
from signals.web.pages import known_until, page_of, render_page
from signals.web.passages import marked_text

# Characters that no text holds stand for the marks until everything else is escaped.
_OPEN, _CLOSE = "\ue000", "\ue001"
_CONFIGS = ("vigie_en", "vigie_fr", "vigie_simple")


def search_query(words: str) -> SearchQuery:
    """Phrases in quotes, -word, or; stemmed as English, as French, and not at all."""
    first, *others = (SearchQuery(words, config=config, search_type="websearch") for config in _CONFIGS)
    query = first
    for other in others:
        query = query | other
    return query


def search_articles(words: str) -> QuerySet[Article]:
    """Articles that match, best first, newest among equals."""
    query = search_query(words)
    return (
        Article.objects.filter(search=query)
        .annotate(rank=SearchRank(F("search"), query))
        .order_by("-rank", "-sort_at", "-id")
    )


@require_GET
def article_list(request: HttpRequest) -> HttpResponse:
    """`/articles/`: newest first, or best match first."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    chosen = {
        name: request.GET.get(name, "").replace("\x00", "")[:200]
        for name in ("source", "language", "publisher")
    }
    articles: ArticleQuerySet | QuerySet[Article] = (
        search_articles(words) if words else Article.objects.newest_first()
    )
    if until := known_until():
        articles = articles.filter(known_at__lt=until)
    if chosen["source"].isdecimal() and len(chosen["source"]) < 18:
        articles = articles.filter(source=int(chosen["source"]))
    if chosen["language"]:
        articles = articles.filter(
            Q(language=chosen["language"]) | Q(language__startswith=chosen["language"] + "-")
        )
    if chosen["publisher"]:
        articles = articles.filter(publisher=chosen["publisher"])
    page = page_of(request, articles.select_related("source").defer("html", "search"))
    rows = list(page.object_list)
    context = {
        "page": page,
        "rows": _with_tags(rows),
        "passages": _passages(rows, words),
        "words": words,
        "chosen": chosen,
        "is_filtered": bool(words or any(chosen.values())),
        "sources": Source.objects.order_by("name").only("pk", "name"),
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
    context: dict[str, Any] = {
        "article": article,
        "note": note,
        "tables": [
            (Kind(kind), [t for t in taggings if t.tag.kind == kind], [r for r in rows if r.kind == kind])
            for kind in Kind.values
            if any(t.tag.kind == kind for t in taggings) or any(r.kind == kind for r in rows)
        ],
        "body": marked_text(article.text, spans),
        "versions": article.versions.all(),
        "same_news": (
            Article.objects.filter(story=article.story_id).exclude(pk=article.pk).newest_first()[:20]
            if article.story_id
            else []
        ),
    }
    return render_page(request, "articles/article.html", context)
