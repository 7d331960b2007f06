"""Rating a tag 1-5, with a rationale; old ratings stay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from statistics import median
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError, DayError
from signals.models import Change, Decision, Rating, Tag, Tagging, User
from signals.scores import FAR, spread_of

_REASON_LIMIT: Final = 5_000
"""Characters of a reason."""


def checked_reason(text: str) -> str:
    """A reason as it is stored, its lines counted as the browser does; CurationError for an endless one."""
    text = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(text) > _REASON_LIMIT:
        raise CurationError(
            _("At most %(limit)d characters; these are %(length)d.")
            % {"limit": _REASON_LIMIT, "length": len(text)}
        )
    return text


def check_review_day(day: date | None, *, now: datetime) -> None:
    """Raise DayError unless the day to look again, where there is one, is to come."""
    if day is not None and day <= timezone.localdate(now):
        raise DayError(_("The day to look again has to be to come."))


def latest_ratings(tag: Tag) -> list[Rating]:
    """Each rater's latest rating that was not taken back, newest first."""
    latest = tag.ratings.filter(undone_at=None).order_by("user_id", "-id").distinct("user_id")
    return sorted(latest.select_related("user"), key=lambda rating: -rating.pk)


def needs_rationale(*, tag: Tag, by: User, relevancy: int) -> bool:
    """Whether a change of 2 or more, or a distance of 2 from the median, wants a reason."""
    last = _last(tag, by)
    if last is not None and abs(relevancy - last.relevancy) >= FAR:
        return True
    return tag.relevancy_raters > 0 and tag.relevancy is not None and abs(relevancy - tag.relevancy) >= FAR


def rate_tag(
    *,
    tag: Tag,
    by: User,
    relevancy: int,
    rationale: str = "",
    review_on: date | None = None,
    now: datetime | None = None,
) -> Rating:
    """Add a rating and bring the tag's relevance up to date; `review_on` is when its rater wants to look again.

    Raises CurationError for a number outside 1-5, a missing or endless rationale, a day that is not to come.
    """
    if relevancy not in range(1, 6):
        raise CurationError(_("Relevance goes from 1 to 5."))
    rationale = checked_reason(rationale)
    now = now or timezone.now()
    check_review_day(review_on, now=now)
    with transaction.atomic():
        tag = Tag.objects.select_for_update(no_key=True).get(pk=tag.pk)
        if tag.merged_into_id is not None:
            raise CurationError(_("This item was merged into another one."))
        last = _last(tag, by)
        mine = last.relevancy if last else None
        if not rationale and needs_rationale(tag=tag, by=by, relevancy=relevancy):
            raise CurationError(_("This is far from before or from the others: please say why."))
        rating = Rating.objects.create(
            tag=tag,
            user=by,
            relevancy=relevancy,
            rationale=rationale,
            review_on=review_on,
            made_at=now,
            known_at=now,
        )
        before = {"relevancy": tag.relevancy, "rating": mine}
        refresh_relevancy(tag)
        Change.objects.create(
            user=by,
            verb="tag.rated",
            target=f"rating:{rating.pk}",
            title=f"{tag.name}: {relevancy}"[:400],
            before=before | told_day(last),
            after={"relevancy": tag.relevancy, "rating": relevancy} | told_day(rating),
            made_at=now,
        )
    return rating


def told_day(said: Rating | Decision | None) -> dict[str, str]:
    """What the log tells of the day that somebody's word is to be looked at again."""
    return {"review_on": said.review_on.isoformat()} if said and said.review_on else {}


def _last(tag: Tag, by: User) -> Rating | None:
    return tag.ratings.filter(user=by, undone_at=None).order_by("-pk").first()


def undo_rating(*, rating: Rating, by: User, now: datetime | None = None) -> None:
    """Take a rating back; raises CurationError when it was taken back before."""
    now = now or timezone.now()
    with transaction.atomic():
        tag = Tag.objects.select_for_update(no_key=True).get(pk=rating.tag_id)
        if not Rating.objects.filter(pk=rating.pk, undone_at=None).update(undone_at=now):
            raise CurationError(_("This was undone before."))
        refresh_relevancy(tag)
        Change.objects.filter(target=f"rating:{rating.pk}", undone_at=None).update(
            undone_at=now, undone_by=by
        )


def refresh_relevancies(*, article_ids: Iterable[int] = (), tag_ids: Iterable[int] = ()) -> list[Tag]:
    """Bring the relevance of these tags, and of those that these articles carry, up to date; returns them."""
    wanted = Q(pk__in=list(tag_ids)) | Q(taggings__article__in=list(article_ids))
    with transaction.atomic():
        tags = list(
            Tag.objects.filter(pk__in=Tag.objects.filter(wanted).values("pk"))
            .order_by("pk")
            # Without the key: new taggings refer to tags in any order, and must not wait for this one.
            .select_for_update(no_key=True)
        )
        for tag in tags:
            refresh_relevancy(tag)
    return tags


def refresh_relevancy(tag: Tag) -> None:
    """The median of the raters' latest ratings; without any, of stated taggings, marked as coming from notes."""
    numbers = [rating.relevancy for rating in latest_ratings(tag)]
    before = (tag.relevancy, tag.relevancy_raters, tag.relevancy_spread, tag.relevancy_notes)
    tag.relevancy_raters = len(numbers)
    tag.relevancy_spread = None
    told = Tagging.objects.filter(tag=tag, state="confirmed").values_list("stated_relevancy", flat=True)
    stated = [number for number in told if number is not None]
    tag.relevancy_notes = len(stated)
    if numbers:
        tag.relevancy = float(median(numbers))
        tag.relevancy_spread = spread_of(numbers)
    else:
        tag.relevancy = float(median(stated)) if stated else None
    if before != (tag.relevancy, tag.relevancy_raters, tag.relevancy_spread, tag.relevancy_notes):
        tag.save(update_fields=["relevancy", "relevancy_raters", "relevancy_spread", "relevancy_notes"])
