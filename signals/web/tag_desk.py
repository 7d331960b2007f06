"""What people do on a tag's page besides scoring: comments, signposts, looking again at the outlook, stances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db.models import JSONField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import DayError
from signals.curation.tags import seen_as
from signals.models import OutlookReview, Tag, User

# One expression in SQL: put together from querysets it took longer to build than to ask.
_DESK: Final = """
jsonb_build_object(
    'comments', (SELECT jsonb_agg(c) FROM (
        SELECT c.id AS pk, c.made_at AS at, COALESCE(NULLIF(u.name, ''), u.email) AS who, c.user_id AS "user", c.text,
               c.article_id AS article, COALESCE(a.title, '') AS title
        FROM signals_comment c JOIN signals_user u ON u.id = c.user_id
        LEFT JOIN signals_article a ON a.id = c.article_id
        WHERE c.tag_id = signals_tag.id AND c.undone_at IS NULL ORDER BY c.made_at DESC, c.id DESC LIMIT 30) c),
    'signposts', (SELECT jsonb_agg(s) FROM (
        SELECT s.id AS pk, s.words, s.seen_on, s.article_id AS article, COALESCE(a.title, '') AS title
        FROM signals_signpost s LEFT JOIN signals_article a ON a.id = s.article_id
        WHERE s.tag_id = signals_tag.id AND s.undone_at IS NULL ORDER BY s.id LIMIT 30) s),
    'reviews', (SELECT jsonb_agg(r) FROM (
        SELECT r.made_at AS at, COALESCE(NULLIF(u.name, ''), u.email) AS who, r.due_on, r.held, r.words, r.outlook
        FROM signals_outlookreview r JOIN signals_user u ON u.id = r.user_id
        WHERE r.tag_id = signals_tag.id AND r.undone_at IS NULL ORDER BY r.made_at DESC, r.id DESC LIMIT 30) r),
    'stances', (SELECT jsonb_build_object(
            'supports', count(*) FILTER (WHERE stance = 'supports'),
            'contradicts', count(*) FILTER (WHERE stance = 'contradicts'))
        FROM signals_tagging
        WHERE tag_id = signals_tag.id AND NOT stance = '' AND state IN ('confirmed', 'suggested')))
"""


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
    return tags.annotate(desk=RawSQL(_DESK, [], output_field=JSONField()))  # noqa: S611 - a constant, nobody's words


def desk_of(pk: int) -> Tag | None:
    """A live tag with what its desk shows; None when there is none."""
    return with_desk(Tag.objects.live()).filter(pk=pk).first()


def desk_context(tag: Tag, user: object) -> dict[str, Any]:
    """Comments, signposts and reviews of a tag that `with_desk` annotated."""
    told: Mapping[str, list[dict[str, Any]] | None] = getattr(tag, "desk", {})
    today = timezone.localdate()
    return {
        "typed": {},
        "comments": [
            Said(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in told.get("comments") or []
        ],
        "signposts": [
            Post(**{**one, "seen_on": _day(one["seen_on"])}) for one in told.get("signposts") or []
        ],
        "reviews": [
            Review(**{**one, "at": datetime.fromisoformat(one["at"]), "due_on": _day(one["due_on"])})
            for one in told.get("reviews") or []
        ],
        "is_due": bool(tag.outlook and tag.outlook_due_on and tag.outlook_due_on <= today),
        "held_choices": OutlookReview.Held.choices,
        "outlook_seen": seen_as(tag, "outlook"),
        "today": today,
        "mine_is": user.pk if isinstance(user, User) else None,
    }


def stance_counts(tag: Tag) -> dict[str, int]:
    """How many articles that carry a tag, annotated so, support and contradict it."""
    counts: dict[str, int] = getattr(tag, "desk", {}).get("stances") or {}
    return {"supports": 0, "contradicts": 0} | counts


def day_of(text: str) -> date | None:
    """A day as a date field sends it, None for none; DayError for what is no day."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise DayError(_("“%(day)s” is no day.") % {"day": text[:20]}) from error


def _day(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None
