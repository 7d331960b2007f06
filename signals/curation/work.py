"""Stopping background work and letting it go on, as a person's change."""

from __future__ import annotations

from django.db import transaction

from signals.jobs import cancel_job, retry_job
from signals.models import Change, Job, User


def stop_work(*, job: Job, by: User) -> bool:
    """End a job, after the batch it is in; false when it has ended."""
    with transaction.atomic():
        stopped = cancel_job(job=job)
        if stopped:
            _log(job, by, "job.cancelled")
    return stopped


def go_on(*, job: Job, by: User) -> bool:
    """Let a job go on from where it stopped; false when it can't, or another does the same."""
    with transaction.atomic():
        goes_on = retry_job(job=job)
        if goes_on:
            _log(job, by, "job.retried")
    return goes_on


def _log(job: Job, by: User, verb: str) -> None:
    Change.objects.create(user=by, verb=verb, target=f"job:{job.pk}", title=job.title[:400])
