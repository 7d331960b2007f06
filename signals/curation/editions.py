"""What an editor does with an edition before it goes out: a note, an order, omissions, a time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.changed_again import refuse_under_a_later_one
from signals.curation.errors import CurationError
from signals.models import Change, Edition, User

NOTED: Final = "edition.noted"
ORDERED: Final = "edition.ordered"
DROPPED: Final = "edition.dropped"
TAKEN_IN: Final = "edition.taken_in"
SCHEDULED: Final = "edition.scheduled"
APPROVED: Final = "edition.approved"
HELD: Final = "edition.held"
LONGEST_NOTE: Final = 3000
_EDITED: Final = ("note", "note_fr", "ordered", "dropped", "send_at")


def lock_draft(edition: Edition) -> Edition:
    """The edition, locked until the transaction ends; CurationError once it is final."""
    locked = Edition.objects.select_for_update(no_key=True).get(pk=edition.pk)
    if locked.status != Edition.Status.DRAFT:
        raise CurationError(_("This edition is final: what goes out can't be changed any more."))
    return locked


def note_edition(
    *,
    edition: Edition,
    by: User,
    note: str,
    note_fr: str,
    seen: str | None = None,
    now: datetime | None = None,
) -> Edition:
    """The editor's note, in both languages.

    CurationError when it is too long, or when what was `seen` (`note_stamp`) is not what it replaces.
    """
    note, note_fr = (said.replace("\x00", "").replace("\r\n", "\n").strip() for said in (note, note_fr))
    if max(len(note), len(note_fr)) > LONGEST_NOTE:
        raise CurationError(_("A note has at most %(limit)d characters.") % {"limit": LONGEST_NOTE})
    with transaction.atomic():
        locked = lock_draft(edition)
        if (
            seen is not None
            and seen != note_stamp(locked)
            and (note, note_fr) != (locked.note, locked.note_fr)
        ):
            raise CurationError(
                _(
                    "Somebody else changed the note meanwhile. Copy yours, load the page again and join the two."
                )
            )
        return _edit(locked, by, NOTED, "", now, note=note, note_fr=note_fr)


def note_stamp(edition: Edition) -> str:
    """What tells one pair of notes from another."""
    return hashlib.sha256(repr((edition.note, edition.note_fr)).encode()).hexdigest()[:12]


def order_entries(
    *, edition: Edition, by: User, ordered: Sequence[str], title: str, now: datetime | None = None
) -> Edition:
    """Put entries (section:key) in front, in this order; `title` is the one that was moved."""
    return _edit(edition, by, ORDERED, title, now, ordered=list(ordered))


def drop_entry(*, edition: Edition, by: User, key: str, title: str, now: datetime | None = None) -> Edition:
    """Leave an entry out; one that is out already stays so."""
    with transaction.atomic():
        dropped = [*(one for one in lock_draft(edition).dropped if one != key), key]
        return _edit(edition, by, DROPPED, title, now, dropped=dropped)


def take_in_entry(
    *, edition: Edition, by: User, key: str, title: str, now: datetime | None = None
) -> Edition:
    """Let an entry that was left out stand again."""
    with transaction.atomic():
        dropped = [one for one in lock_draft(edition).dropped if one != key]
        return _edit(edition, by, TAKEN_IN, title, now, dropped=dropped)


def schedule_edition(
    *, edition: Edition, by: User, send_at: datetime | None, latest: datetime, now: datetime | None = None
) -> Edition:
    """Send nothing before a moment; None is at each reader's own hour. CurationError for one that makes no sense."""
    moment = now or timezone.now()
    if send_at is not None and send_at < moment:
        raise CurationError(_("That moment is past."))
    if send_at is not None and send_at > latest:
        raise CurationError(_("That is so late that it would be no news any more."))
    return _edit(edition, by, SCHEDULED, "", moment, send_at=send_at)


def undo_edition_change(*, change: Change, by: User, now: datetime | None = None) -> None:
    """Let the edition be as before one edit; CurationError once it is final, or was edited further."""
    with transaction.atomic():
        locked = Edition.objects.select_for_update(no_key=True).get(pk=change.key)
        if locked.status != Edition.Status.DRAFT:
            raise CurationError(_("This edition is final: what goes out can't be changed any more."))
        fields = [name for name in change.before if name in _EDITED]
        if _form(locked, fields) != {name: change.after[name] for name in fields}:
            raise CurationError(_("It was edited further since: take that back first."))
        refuse_under_a_later_one(change)
        if not Change.objects.filter(pk=change.pk, undone_at=None).update(
            undone_at=now or timezone.now(), undone_by=by
        ):
            raise CurationError(_("This was undone before."))
        for name in fields:
            was = change.before[name]
            setattr(locked, name, datetime.fromisoformat(was) if name == "send_at" and was else was)
        locked.save(update_fields=fields)


def _edit(edition: Edition, by: User, verb: str, entry: str, now: datetime | None, **fields: Any) -> Edition:
    with transaction.atomic():
        locked = lock_draft(edition)
        before = _form(locked, fields)
        for name, value in fields.items():
            setattr(locked, name, value)
        after = _form(locked, fields)
        if before == after:
            return locked
        locked.save(update_fields=list(fields))
        named = {"entry": entry} if entry else {}
        Change.objects.create(
            user=by,
            verb=verb,
            target=f"edition:{locked.pk}",
            title=f"{locked.period}: {entry}"[:400] if entry else locked.period,
            before=before,
            after=after | named,
            made_at=now or timezone.now(),
        )
        return locked


def _form(edition: Edition, fields: Any) -> dict[str, Any]:
    values = {name: getattr(edition, name) for name in fields}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }
