"""Did it hold? Looking again at an outlook when its date has come."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.curation.tags import ChangedMeanwhileError, lock_tag, seen_as
from signals.models import Change, OutlookReview, Tag, User

REVIEWED: Final = "outlook.reviewed"
LIMIT: Final = 5_000


def review_outlook(
    *,
    tag: Tag,
    by: User,
    held: str,
    words: str = "",
    next_on: date | None = None,
    seen: str | None = None,
    now: datetime | None = None,
) -> OutlookReview:
    """Say whether an outlook held, keep what it said, and set when to look again (None: never).

    With `seen` (of `seen_as`) an outlook that reads otherwise by now raises ChangedMeanwhileError. Raises
    CurationError for an unknown answer, a date that is not to come, a tag without an outlook.
    """
    now = now or timezone.now()
    today = timezone.localdate(now)
    words = words.replace("\x00", "").replace("\r\n", "\n").strip()
    if held not in OutlookReview.Held.values:
        raise CurationError(_("Say whether it held."))
    if len(words) > LIMIT:
        raise CurationError(
            _("At most %(limit)d characters; these are %(length)d.") % {"limit": LIMIT, "length": len(words)}
        )
    if next_on is not None and next_on <= today:
        raise CurationError(_("The next date has to be to come."))
    with transaction.atomic():
        tag = lock_tag(tag)
        if not tag.outlook:
            raise CurationError(_("There is no outlook to look at."))
        if seen is not None and seen != seen_as(tag, "outlook"):
            raise ChangedMeanwhileError("outlook", tag.outlook, "")
        said = OutlookReview.objects.filter(
            tag=tag, user=by, held=held, words=words, outlook=tag.outlook, undone_at=None
        )
        if said.filter(made_at__date=today).exists():
            raise CurationError(_("You said just this before."))
        before = tag.outlook_due_on
        review = OutlookReview.objects.create(
            tag=tag,
            user=by,
            due_on=before or today,
            held=held,
            words=words,
            outlook=tag.outlook,
            made_at=now,
        )
        tag.outlook_due_on = next_on
        tag.save(update_fields=["outlook_due_on"])
        Change.objects.create(
            user=by,
            verb=REVIEWED,
            target=f"outlook:{review.pk}",
            title=f"{tag.name}: {review.get_held_display()}"[:400],
            before={"outlook_due_on": before.isoformat() if before else None},
            after={
                "tag": tag.pk,
                "held": held,
                "outlook_due_on": next_on.isoformat() if next_on else None,
            },
            made_at=now,
        )
    return review


def undo_review(*, change: Change, by: User, now: datetime | None = None) -> None:
    """Take a review back; the date goes back unless somebody set another one since."""
    now = now or timezone.now()
    with transaction.atomic():
        review = OutlookReview.objects.get(pk=change.target.partition(":")[2])
        tag = Tag.objects.select_for_update(no_key=True).get(pk=review.tag_id)
        if not OutlookReview.objects.filter(pk=review.pk, undone_at=None).update(undone_at=now):
            raise CurationError(_("This was undone before."))
        change = Change.objects.get(pk=change.pk)
        change.undone_at, change.undone_by = now, by
        change.save(update_fields=["undone_at", "undone_by"])
        set_to = change.after["outlook_due_on"]
        after = OutlookReview.objects.filter(tag=tag, pk__gt=review.pk, undone_at=None).order_by("pk").first()
        later = Change.objects.filter(target=f"outlook:{after.pk}", undone_at=None).first() if after else None
        if later is not None and later.before["outlook_due_on"] == set_to:
            # Taken back in its turn, it leads to what was before both.
            later.before = change.before
            later.save(update_fields=["before"])
            return
        if tag.outlook_due_on == (date.fromisoformat(set_to) if set_to else None):
            was = change.before["outlook_due_on"]
            tag.outlook_due_on = date.fromisoformat(was) if was else None
            tag.save(update_fields=["outlook_due_on"])
