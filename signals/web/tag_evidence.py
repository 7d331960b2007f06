"""The articles that carry a tag, the newest first, each piece of news once, with who said so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page
from django.db.models import Count
from django.http import HttpRequest

from signals.models import Article, Decision, State, Tag, Tagging
from signals.web.pages import page_of

ROWS: Final = 20
_REACHED: Final = 1000
"""Nobody pages further; the list of articles does, with filters."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A tagging, how many other articles tell the same news, and who decided on it ("" for nobody)."""

    tagging: Tagging
    repeats: int
    decided_by: str


def evidence_page(request: HttpRequest, tag: Tag) -> tuple[Page[Any], int, bool]:
    """A page of pieces, how many articles carry the tag, and whether there are more than pages show."""
    carried = Tagging.objects.filter(tag=tag, state__in=[State.CONFIRMED, State.SUGGESTED])
    total = carried.count()
    newest = carried.order_by("-article__sort_at", "-article_id").values_list(
        "article_id", "article__story_id"
    )
    seen: set[int] = set()
    heads: list[int] = []
    for article_id, story_id in newest[:_REACHED]:
        if story_id is None or story_id not in seen:
            heads.append(article_id)
        if story_id is not None:
            seen.add(story_id)
    page = page_of(request, heads, ROWS)
    page.object_list = _rows(tag, list(page.object_list))
    return page, total, total > _REACHED


def _rows(tag: Tag, articles: list[int]) -> list[Piece]:
    found = {
        tagging.article_id: tagging
        for tagging in Tagging.objects.filter(tag=tag, article__in=articles)
        .select_related("article__source")
        .defer("article__text", "article__html", "article__search", "article__story_keys")
        .with_relevance()
    }
    rows = [found[pk] for pk in articles if pk in found]
    stories = [row.article.story_id for row in rows if row.article.story_id]
    sizes = dict(
        Article.objects.filter(story__in=stories).order_by().values_list("story").annotate(count=Count("pk"))
    )
    said = (
        Decision.objects.filter(tag=tag, article__in=articles, undone_at=None)
        .exclude(verdict=Decision.Verdict.REJECT)
        .select_related("user")
        .order_by("pk")
    )
    deciders = {decision.article_id: str(decision.user) for decision in said}
    return [
        Piece(row, sizes.get(row.article.story_id, 1) - 1, deciders.get(row.article_id, "")) for row in rows
    ]
