"""Stopping background work and letting it go on, as a person's change, and taking that back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from signals.curation.changed_again import refuse_under_a_later_one
from signals.curation.errors import CurationError
from signals.curation.people import mark_undone
from signals.jobs import cancel_job, lock_kind, retry_job
from signals.models import Change, Job, User

CANCELLED: Final = "job.cancelled"
RETRIED: Final = "job.retried"


def stop_work(*, job: Job, by: User) -> bool:
    """End a job, after the batch it is in; false when it has ended."""
    with transaction.atomic():
        stopped = cancel_job(job=job)
        if stopped:
            _log(job, by, CANCELLED, {})
    return stopped


def go_on(*, job: Job, by: User) -> bool:
    """Let a job go on from where it stopped; false when it can't, or another does the same."""
    with transaction.atomic():
        ended = Job.objects.get(pk=job.pk)
        goes_on = retry_job(job=job)
        if goes_on:
            _log(job, by, RETRIED, _end_of(ended))
    return goes_on


def undo_work(*, change: Change, by: User) -> None:
    """Let a job go on that was stopped, or stop one that was let go on; CurationError when it has ended since."""
    job = Job.objects.get(pk=change.key)
    with transaction.atomic():
        # As whoever lets it go on: the kind first, then the job.
        lock_kind(job.kind)
        job = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
        refuse_under_a_later_one(change)
        if change.verb == RETRIED:
            if not cancel_job(job=job):
                raise CurationError(_("It has ended since."))
            # As it had ended before; one that runs ends by itself, after its batch.
            if change.before:
                ended = Job.objects.filter(pk=job.pk, state=Job.State.CANCELLED)
                at = change.before["ended_at"]
                ended.update(**change.before | {"ended_at": datetime.fromisoformat(at) if at else None})
        else:
            stopping = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, is_cancel_asked=True)
            if not stopping.update(is_cancel_asked=False) and not retry_job(job=job):
                if job.state == Job.State.DONE:
                    raise CurationError(_("It has ended since."))
                raise CurationError(_("It can't go on from where it stopped."))
        mark_undone(change, by)


def _end_of(job: Job) -> dict[str, Any]:
    ended_at = job.ended_at.isoformat() if job.ended_at else None
    return {"state": job.state, "error": job.error, "ended_at": ended_at}


def _log(job: Job, by: User, verb: str, before: dict[str, Any]) -> None:
    Change.objects.create(user=by, verb=verb, target=f"job:{job.pk}", title=job.title[:400], before=before)
