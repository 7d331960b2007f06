"""The articles that carry a tag, the newest first, each piece of news once, with who said so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.core.paginator import Page
from django.db.models import Count, F, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest

from signals.models import Article, Decision, Stance, State, Tag, Tagging
from signals.web.opinions import Opinion, opinions_of
from signals.web.pages import page_of

ROWS: Final = 20
_REACHED: Final = 200
"""Nobody pages further; the list of articles does, with filters."""
SORTED: Final = 5_000
"""So many articles of a tag are sorted whole; the newest of more are found sooner among the newest of all."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A tagging, how many other articles tell the same news, who decided on it ("" for nobody), what people scored."""

    tagging: Tagging
    repeats: int
    decided_by: str
    opinion: Opinion


def evidence_page(
    request: HttpRequest, tag: Tag, total: int, *, stance: str = Stance.UNSTATED
) -> tuple[Page[Any], bool]:
    """A page of pieces, of one stance or all, and whether `total`, the articles that carry the tag, is more than
    pages show.
    """
    carried = Tagging.objects.filter(tag=tag, state__in=[State.CONFIRMED, State.SUGGESTED])
    if stance:
        carried = carried.filter(stance=stance)
    # By an expression that no index has, the planner starts from the tag: told that it will find 200 soon, it
    # walks through all articles, a hundred milliseconds of them when a tag is neither rare nor everywhere.
    moment = F("article__sort_at")
    order = (moment + timedelta(0)).desc() if total <= SORTED else moment.desc()
    newest = carried.order_by(order, "-article_id").values_list("article_id", "article__story_id")
    seen: set[int] = set()
    heads: list[int] = []
    # So few that the largest tag is read from its newest end, not sorted.
    for article_id, story_id in newest[:_REACHED]:
        if story_id is None or story_id not in seen:
            heads.append(article_id)
        if story_id is not None:
            seen.add(story_id)
    page = page_of(request, heads, ROWS)
    page.object_list = _rows(tag, list(page.object_list), request.user)
    return page, total > _REACHED


def one_piece(tag: Tag, article_id: int, user: object) -> Piece | None:
    """An article that carries a tag, or that somebody said does not; None for any other."""
    return next(iter(_rows(tag, [article_id], user)), None)


def _rows(tag: Tag, articles: list[int], user: object) -> list[Piece]:
    story = Article.objects.filter(story=OuterRef("article__story")).order_by().values("story")
    said = Decision.objects.filter(tag=tag, article=OuterRef("article"), undone_at=None)
    taggings = list(
        Tagging.objects.filter(tag=tag, article__in=articles)
        .select_related("article__source")
        .defer("article__text", "article__html", "article__search", "article__story_keys")
        .with_relevance()
        .annotate(
            told=Subquery(story.annotate(count=Count("pk")).values("count")),
            said_by=Subquery(
                said.order_by("-pk").values(
                    who=Coalesce(NullIf("user__name", Value("")), "user__email", output_field=TextField())
                )[:1]
            ),
        )
    )
    opinions = opinions_of(taggings, user)
    found = {
        tagging.article_id: Piece(
            tagging,
            (getattr(tagging, "told", None) or 1) - 1,
            getattr(tagging, "said_by", None) or "",
            opinions[tagging.article_id, tag.pk],
        )
        for tagging in taggings
    }
    return [found[pk] for pk in articles if pk in found]
