"""The editor's desk: an edition's entries to order and leave out, its time, and making it final."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.changed_again import refuse_under_a_later_one
from signals.curation.editions import (
    APPROVED,
    HELD,
    lock_draft,
    order_entries,
    schedule_edition,
    undo_edition_change,
)
from signals.curation.errors import CurationError
from signals.curation.people import mark_undone
from signals.digests.content import LIMITS, Content
from signals.digests.editions import content_of, freeze_edition, needs_approval
from signals.digests.pace import one_sender, stop_senders
from signals.digests.periods import LATE_AFTER, parse_period
from signals.models import Change, Edition, User

# An edition may be approved by hand, and begin by itself, until the next one is due.
_TOO_LATE: Final = timedelta(days=6, hours=23)


@dataclass(frozen=True, slots=True)
class DeskEntry:
    """An entry as an editor handles it; `is_beyond`: readers who want everything don't see it any more."""

    key: str
    title: str
    is_dropped: bool
    is_beyond: bool
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class DeskSection:
    """The entries of one section, in the order of the mail, those left out last."""

    name: str
    entries: tuple[DeskEntry, ...]


def desk_sections(edition: Edition, language: str) -> list[DeskSection]:
    """All sections that have entries."""
    stored = Content.from_params(edition.content)
    titles = {
        f"{name}:{entry.key}": entry.title(language)
        for name, entries in stored.sections()
        for entry in entries
    }
    kept = _keys_by_section(content_of(edition))
    out = set(edition.dropped)
    found = []
    for name, entries in stored.sections():
        keys = kept[name]
        rows = [
            DeskEntry(
                key=key,
                title=titles[key],
                is_dropped=False,
                is_beyond=place >= LIMITS[name],
                is_first=place == 0,
                is_last=place == len(keys) - 1,
            )
            for place, key in enumerate(keys)
        ]
        gone = [f"{name}:{entry.key}" for entry in entries if f"{name}:{entry.key}" in out]
        rows += [DeskEntry(key, titles[key], True, False, True, True) for key in gone]
        if rows:
            found.append(DeskSection(name, tuple(rows)))
    return found


def entry_title(edition: Edition, key: str, language: str) -> str:
    """What an entry is called; CurationError when the edition has no such entry."""
    for name, entries in Content.from_params(edition.content).sections():
        for entry in entries:
            if f"{name}:{entry.key}" == key:
                return entry.title(language)
    raise CurationError(_("This edition has no such entry."))


def move_entry(
    *, edition: Edition, by: User, key: str, by_places: int, language: str, now: datetime | None = None
) -> Edition:
    """Move an entry up (below 0) or down within its section, as far as it goes; CurationError for an unknown one."""
    title = entry_title(edition, key, language)
    with transaction.atomic():
        locked = lock_draft(edition)
        sections = _keys_by_section(content_of(locked))
        keys = sections[key.partition(":")[0]]
        if key not in keys:
            raise CurationError(_("This entry is left out: take it in again first."))
        place = keys.index(key)
        keys.insert(max(0, min(len(keys) - 1, place + by_places)), keys.pop(place))
        ordered = [one for row in sections.values() for one in row]
        return order_entries(edition=locked, by=by, ordered=ordered, title=title, now=now)


def _keys_by_section(content: Content) -> dict[str, list[str]]:
    return {name: [f"{name}:{entry.key}" for entry in entries] for name, entries in content.sections()}


def schedule(*, edition: Edition, by: User, send_at: datetime | None, now: datetime | None = None) -> Edition:
    """Send nothing before a moment, within the days in which it is news; raises CurationError."""
    latest = parse_period(edition.period).due_at + _TOO_LATE
    return schedule_edition(edition=edition, by=by, send_at=send_at, latest=latest, now=now)


def may_still_approve(edition: Edition, now: datetime) -> bool:
    """Whether the edition is a draft that would still be news."""
    return edition.status == Edition.Status.DRAFT and now < parse_period(edition.period).due_at + _TOO_LATE


def approve_edition(*, edition: Edition, by: User, now: datetime | None = None) -> int:
    """Make an edition final: content, audience and mails; how many readers. CurationError when it can't be.

    What only the sample fills is sent by the command alone: nobody subscribed to made-up news.
    """
    moment = now or timezone.now()
    with transaction.atomic():
        locked, readers = _approve(edition, by, moment)
        Change.objects.create(
            user=by,
            verb=APPROVED,
            target=f"edition:{locked.pk}",
            title=locked.period,
            before={"status": str(Edition.Status.DRAFT)},
            after={"status": str(Edition.Status.APPROVED), "readers": readers},
            made_at=moment,
        )
    return readers


def hold_edition(*, edition: Edition, by: User, now: datetime | None = None) -> None:
    """Take the approval back, also one by itself: a draft again that waits for another.

    CurationError once a mail of it was handed over.
    """
    moment = now or timezone.now()
    with one_sender():
        locked, was = _hold(edition)
        Change.objects.create(
            user=by,
            verb=HELD,
            target=f"edition:{locked.pk}",
            title=locked.period,
            before=was,
            after={"status": str(Edition.Status.DRAFT)},
            made_at=moment,
        )


def undo_at_desk(*, change: Change, by: User, now: datetime | None = None) -> None:
    """Take back what an editor did: an edit, an approval until the first mail, or that one was taken back.

    CurationError when that can't be any more.
    """
    if change.verb not in (APPROVED, HELD):
        undo_edition_change(change=change, by=by, now=now)
        return
    moment = now or timezone.now()
    with transaction.atomic():
        stop_senders()
        edition = Edition.objects.select_for_update(no_key=True).get(pk=change.key)
        refuse_under_a_later_one(change)
        mark_undone(change, by, moment)
        if change.verb == APPROVED:
            _hold(edition)
        else:
            # Whoever lets the mails go after all is who approved them, as they are now.
            _approve(edition, by, moment)


def _approve(edition: Edition, by: User, moment: datetime) -> tuple[Edition, int]:
    locked = lock_draft(edition)
    if Content.from_params(locked.content).is_sample:
        raise CurationError(_("This edition is made of the sample; it is not sent to readers."))
    if not may_still_approve(locked, moment):
        raise CurationError(_("This edition is too old to be sent: nobody would call it news."))
    if content_of(locked).is_empty:
        raise CurationError(_("Every entry is left out: there is nothing to send."))
    return locked, freeze_edition(edition=locked, by=by, now=moment)


def _hold(edition: Edition) -> tuple[Edition, dict[str, str]]:
    """A draft again, with senders stopped by the caller; returns it with what it was."""
    locked = Edition.objects.select_for_update(no_key=True).get(pk=edition.pk)
    mails = locked.deliveries.select_for_update().order_by("pk").values_list("attempts", flat=True)
    if locked.status == Edition.Status.DRAFT:
        raise CurationError(_("It is a draft already."))
    if any(list(mails)):
        raise CurationError(_("Mails of it are out already: it can't be taken back any more."))
    if locked.status == Edition.Status.SENT:
        raise CurationError(_("It was closed without a mail to anybody: it can't be taken back any more."))
    if locked.status != Edition.Status.APPROVED:
        raise CurationError(_("Its mails are just going out: it can't be taken back any more."))
    locked.deliveries.all().delete()
    locked.renderings.all().delete()
    was = {"status": str(locked.status), "approved_at": str(locked.approved_at)}
    locked.status, locked.is_held = Edition.Status.DRAFT, True
    locked.frozen_at = locked.approved_at = locked.approved_by = None
    locked.save(update_fields=["status", "is_held", "frozen_at", "approved_at", "approved_by"])
    return locked, was


def is_expired(edition: Edition, now: datetime) -> bool:
    """Whether an edition that nobody made final has missed its time."""
    begins = edition.send_at or parse_period(edition.period).due_at
    late = _TOO_LATE if needs_approval(edition) else LATE_AFTER
    return edition.status == Edition.Status.DRAFT and now >= begins + late


def waits_for_approval(edition: Edition, now: datetime) -> bool:
    """Whether it is a draft that doesn't go out by itself, and may still go out."""
    is_ours = edition.status == Edition.Status.DRAFT and (settings.DIGEST_REVIEW or edition.is_held)
    return is_ours and may_still_approve(edition, now)
