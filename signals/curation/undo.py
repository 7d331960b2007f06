"""Taking changes back: one, the last one, or all of a person since a moment."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Final

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.curation.changed_again import touching_the_same
from signals.curation.errors import CurationError, GoneError, UndoRefused
from signals.curation.undo_decisions import undo_decisions
from signals.curation.undo_nouns import NOUNS
from signals.jobs import Batch, JobError, start_job
from signals.models import Change, Job, User
from signals.models.change import ChangeQuerySet

JOB: Final = "undo"
AT_ONCE: Final = 200
"""Changes that are taken back while the person waits; more are a job."""
TOLD: Final = 100
"""Later changes that are named before an old one is taken back."""
_REFUSED_KEPT: Final = 200
_RUN: Final = 100
"""Decisions that are taken back in one transaction."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of taking several changes back: how many went, which ones can't and why, or the job that does it."""

    change: Change
    """The newest of them."""
    count: int = 0
    refused: Sequence[tuple[Change, str]] = field(default_factory=list)
    job: Job | None = None


def why_not(change: Change, by: User) -> str:
    """Why this person can't take a change back, in words; "" when they can."""
    if refusal := _refusal(change, by):
        return refusal
    return "" if may_undo(change, by) else _("Your role does not allow this.")


def may_undo(change: Change, by: User) -> bool:
    """Whether it is for this person to take a change back: analysts any, everybody what they changed of their own."""
    noun = NOUNS.get(change.noun)
    if not by.is_active or (noun is not None and noun.by_administrators and not by.is_administrator):
        return False
    return by.is_analyst or (noun is not None and change.user_id == by.pk and noun.is_own(change, by))


def _refusal(change: Change, by: User) -> str:
    if change.undone_at is not None:
        return _("This was undone before.")
    noun = NOUNS.get(change.noun)
    if noun is None:
        return _("This kind of change can't be undone.")
    if noun.by_administrators and not by.is_administrator:
        return _("Only administrators can undo this.")
    return ""


def undo_change(*, change: Change, by: User) -> None:
    """Undo one change from the log.

    Raises GoneError when what it was about is no longer there, CurationError when it can't be for another reason.
    """
    if refusal := _refusal(change, by):
        raise CurationError(refusal)
    try:
        NOUNS[change.noun].undo(change, by)
    except ObjectDoesNotExist as error:
        raise GoneError(_("This is no longer there.")) from error


def built_since(change: Change) -> list[Change]:
    """Later changes that hold and stand on this one, the newest first; at most `TOLD`."""
    noun = NOUNS.get(change.noun)
    stands = Q(target__in=noun.built_on(change) if noun else [change.target])
    if (person := came_of(change)) is not None:
        stands |= Q(user=person) | Q(target=f"person:{person}")
    later = Change.objects.filter(stands, pk__gt=change.pk, undone_at=None)
    if change.together is not None:
        later = later.exclude(together=change.together)
    if noun is None or change.verb not in noun.whole:
        later = later.filter(~Q(target=change.target) | touching_the_same(change))
    return list(later.select_related("user").order_by("-pk")[:TOLD])


def came_of(change: Change) -> int | None:
    """The key of the person who came of a change: added, or joined by an invitation."""
    noun = NOUNS.get(change.noun)
    return noun.brought(change) if noun else None


def undo_last(*, by: User, passing_over: Collection[int] = ()) -> Undone:
    """Undo this person's latest change at the desk that holds, with all that was made in one go with it.

    What is gone is passed over, and so are the changes named. Raises UndoRefused, which names the change, when it
    can't be undone, CurationError when there is none.
    """
    held = _at_desk().filter(user=by).exclude(pk__in=passing_over)
    change = held.order_by("-pk").first()
    while change is not None:
        if change.together is not None:
            return _undo_last_together(change, by)
        try:
            undo_change(change=change, by=by)
        except GoneError:
            change = held.filter(pk__lt=change.pk).order_by("-pk").first()
        except CurationError as error:
            raise UndoRefused(change, str(error)) from error
        else:
            return Undone(change, 1)
    raise CurationError(_("Nothing to undo."))


def _undo_last_together(change: Change, by: User) -> Undone:
    undone = undo_all(by=by, together=change.together)
    if undone.job is None and not undone.count:
        raise UndoRefused(change, undone.refused[0][1] if undone.refused else _("This was undone before."))
    return undone


def standing(
    *, of: User | None = None, since: datetime | None = None, together: uuid.UUID | None = None
) -> ChangeQuerySet:
    """Changes at the desk that hold: of a person since a moment, or all made in one go."""
    changes = _at_desk().order_by("-pk")
    if of is not None:
        changes = changes.filter(user=of)
    if since is not None:
        changes = changes.filter(made_at__gte=since)
    return changes.filter(together=together) if together is not None else changes


def _at_desk() -> ChangeQuerySet:
    desk = {name: noun for name, noun in NOUNS.items() if noun.is_desk}
    from_log = [verb for noun in desk.values() for verb in noun.from_log]
    return Change.objects.filter(undone_at=None).of_nouns(list(desk)).exclude(verb__in=from_log)


def undo_all(
    *,
    by: User,
    of: User | None = None,
    since: datetime | None = None,
    together: uuid.UUID | None = None,
) -> Undone:
    """Undo all that a person changed since a moment, or all that was made in one go, the newest first.

    Each is undone or refused for itself. More than `AT_ONCE` are left to a job. Raises CurationError for none.
    """
    if together is None and (of is None or since is None):
        raise ValueError("whose changes, and since when?")
    found = standing(of=of, since=since, together=together)
    newest = found.first()
    if newest is None:
        raise CurationError(_("Nothing to undo."))
    total = found.count()
    if total > AT_ONCE:
        arguments = {
            "by": by.pk,
            "of": of.pk if of else None,
            "since": since.isoformat() if since else None,
            "together": str(together) if together else None,
            "up_to": newest.pk,
        }
        title = ngettext("%(count)d change is undone", "%(count)d changes are undone", total)
        job = start_job(kind=JOB, title=title % {"count": total}, arguments=arguments, total=total, by=by)
        return Undone(newest, job=job)
    count, refused, before = 0, [], newest.pk + 1
    while run := _next_run(found, before):
        why = _undo_run(run, by)
        refused += [(change, why[change.pk]) for change in run if change.pk in why]
        count, before = count + len(run) - len(why), run[-1].pk
    return Undone(newest, count, refused)


def _next_run(found: ChangeQuerySet, before: int) -> list[Change]:
    """The newest changes older than `before` that are undone together: many decisions, or one of anything else."""
    changes = list(found.filter(pk__lt=before)[:_RUN])
    decisions = list(takewhile(lambda change: change.noun == "decision", changes))
    return decisions or changes[:1]


def _undo_run(run: list[Change], by: User) -> dict[int, str]:
    """Undo these in one transaction; returns why some can't be, by their keys."""
    if len(run) > 1:
        return undo_decisions(changes=run, by=by)
    try:
        undo_change(change=run[0], by=by)
    except CurationError as error:
        return {run[0].pk: str(error)}
    return {}


def undo_batch(job: Job, *, now: datetime) -> Batch:
    """The next changes of a job that can be undone together."""
    told = job.arguments
    by = User.objects.get(pk=told["by"])
    if not by.is_analyst or not by.is_active:
        raise JobError(_("Whoever asked for this may not change anything any more."))
    found = standing(
        of=User.objects.get(pk=told["of"]) if told["of"] else None,
        since=datetime.fromisoformat(told["since"]) if told["since"] else None,
        together=uuid.UUID(told["together"]) if told["together"] else None,
    )
    before = job.cursor.get("before", told["up_to"] + 1)
    run = _next_run(found, before)
    if not run:
        return Batch(0, cursor=job.cursor, is_last=True)
    result = {"undone": 0, "refused": [], **job.result}
    with translation.override(by.language):
        why = _undo_run(run, by)
    refused = [[change.pk, change.title, why[change.pk]] for change in run if change.pk in why]
    result["refused"] = [*result["refused"], *refused][:_REFUSED_KEPT]
    result["undone"] += len(run) - len(why)
    return Batch(len(run), len(why), {"before": run[-1].pk}, result=result)
