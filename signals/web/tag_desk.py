"""What people do on a tag's page besides scoring: comments, signposts, looking again at the outlook, stances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, CharField, Count, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.curation.tags import seen_as
from signals.models import Comment, OutlookReview, Signpost, Stance, State, Tag, Tagging, User

_MOST: Final = 30
_WHO: Final = Case(
    When(user__name="", then=F("user__email")), default=F("user__name"), output_field=CharField()
)


@dataclass(frozen=True, slots=True)
class Said:
    """A comment as shown: who, when, what, with which article, and whose it is."""

    pk: int
    at: datetime
    who: str
    user: int
    text: str
    article: int | None
    title: str


@dataclass(frozen=True, slots=True)
class Post:
    """A signpost as shown."""

    pk: int
    words: str
    seen_on: date | None
    article: int | None
    title: str


@dataclass(frozen=True, slots=True)
class Review:
    """How an outlook was found to have held."""

    at: datetime
    who: str
    due_on: date
    held: str
    words: str
    outlook: str

    @property
    def answer(self) -> str:
        """In words."""
        return str(OutlookReview.Held(self.held).label)


def with_desk(tags: QuerySet[Tag]) -> QuerySet[Tag]:
    """Annotate what `desk_context` shows: no further question, however much there is."""
    of_tag = {"tag": OuterRef("pk"), "undone_at": None}
    comments = Comment.objects.filter(**of_tag).order_by("-made_at", "-pk")[:_MOST]
    signposts = Signpost.objects.filter(**of_tag).order_by("pk")[:_MOST]
    reviews = OutlookReview.objects.filter(**of_tag).order_by("-made_at", "-pk")[:_MOST]
    stated = (
        Tagging.objects.filter(tag=OuterRef("pk"), state__in=[State.CONFIRMED, State.SUGGESTED])
        .exclude(stance=Stance.UNSTATED)
        .order_by()
        .values("tag")
        .annotate(
            told=JSONObject(
                supports=Count("pk", filter=Q(stance=Stance.SUPPORTS)),
                contradicts=Count("pk", filter=Q(stance=Stance.CONTRADICTS)),
            )
        )
        .values("told")
    )
    return tags.annotate(
        desk_comments=ArraySubquery(
            comments.values(
                told=JSONObject(
                    pk="pk", at="made_at", who=_WHO, user="user_id", text="text",
                    article="article_id", title="article__title",
                )
            )
        ),
        desk_signposts=ArraySubquery(
            signposts.values(
                told=JSONObject(
                    pk="pk", words="words", seen_on="seen_on", article="article_id", title="article__title"
                )
            )
        ),
        desk_reviews=ArraySubquery(
            reviews.values(
                told=JSONObject(
                    at="made_at", who=_WHO, due_on="due_on", held="held", words="words", outlook="outlook"
                )
            )
        ),
        stances=Subquery(stated),
    )  # fmt: skip


def desk_of(pk: int) -> Tag | None:
    """A live tag with what its desk shows; None when there is none."""
    return with_desk(Tag.objects.live()).filter(pk=pk).first()


def desk_context(tag: Tag, user: object) -> dict[str, Any]:
    """Comments, signposts and reviews of a tag that `with_desk` annotated."""
    comments: list[Mapping[str, Any]] = getattr(tag, "desk_comments", [])
    signposts: list[Mapping[str, Any]] = getattr(tag, "desk_signposts", [])
    reviews: list[Mapping[str, Any]] = getattr(tag, "desk_reviews", [])
    today = timezone.now().astimezone(UTC).date()
    return {
        "typed": {},
        "comments": [
            Said(**{**one, "at": datetime.fromisoformat(one["at"]), "title": one["title"] or ""})
            for one in comments
        ],
        "signposts": [
            Post(**{**one, "seen_on": _day(one["seen_on"]), "title": one["title"] or ""}) for one in signposts
        ],
        "reviews": [
            Review(**{**one, "at": datetime.fromisoformat(one["at"]), "due_on": _day(one["due_on"])})
            for one in reviews
        ],
        "is_due": bool(tag.outlook and tag.outlook_due_on and tag.outlook_due_on <= today),
        "held_choices": OutlookReview.Held.choices,
        "outlook_seen": seen_as(tag, "outlook"),
        "today": today,
        "mine_is": user.pk if isinstance(user, User) else None,
    }


def stance_counts(tag: Tag) -> dict[str, int]:
    """How many articles that carry a tag, annotated so, support and contradict it."""
    return {"supports": 0, "contradicts": 0} | (getattr(tag, "stances", None) or {})


def day_of(text: str) -> date | None:
    """A day as a date field sends it, None for none; CurationError for what is no day."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise CurationError(_("“%(day)s” is no day.") % {"day": text[:20]}) from error


def _day(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None
