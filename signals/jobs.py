"""Long work in the background: claimed with a lease, done in batches, each in one transaction with its cursor.

Whatever dies, PostgreSQL knows how far a job got: a batch is written with its cursor or not at all. Messages to
workers are hints; the tick takes over what nobody has touched for a while.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from celery import current_app
from django.db import OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError as BrokerError

from signals.models import Job, User

log = logging.getLogger(__name__)

STEPS: Final[dict[str, str]] = {
    "match_tags": "signals.curation.matching.match_batch",
    "retag": "signals.tagging.retagging.retag_batch",
    "read_again": "signals.curation.reading_again.read_batch",
    "undo": "signals.curation.undo.undo_batch",
    "decide_many": "signals.curation.bulk.decide_batch",
}
"""What does one batch of each kind of job: `step(job, *, now) -> Batch`, called inside a transaction."""

GIVEN_UP: Final[dict[str, str]] = {
    "retag": "signals.tagging.retagging.give_up",
}
"""What clears up when a job of a kind was cancelled or has failed: `clear(job, *, now) -> None`, called in the
transaction that says so. A cancelled job of such a kind can't be taken up again, a failed one can."""

TURN: Final = 10.0
"""Seconds that one job has before the rest of the queue has its turn."""
LEASE: Final = timedelta(seconds=30)
STALLED: Final = timedelta(seconds=60)
"""After so long without a sign of life the tick takes a job over."""

_OPEN: Final = (Job.State.WAITING, Job.State.RUNNING)
_TASK: Final = "signals.tasks.run_due_jobs"
_START_LOCK: Final = 0x4A4F4230
_WORK_LOCK: Final = 0x4A4F4231
_CLAIM_LOCK: Final = 0x4A4F4232

Step = Callable[..., "Batch"]


class JobError(Exception):
    """Why a job can't go on, in words for people."""


class _Lost(Exception):
    """Somebody else has the job now, or it was deleted: this batch must not count."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step did: how many more are done, of them failed, and where the next one goes on from.

    A `result` takes the place of the job's; None leaves it as it is.
    """

    done: int
    failed: int = 0
    cursor: dict[str, Any] = field(default_factory=dict)
    is_last: bool = False
    result: dict[str, Any] | None = None


def open_jobs(kind: str = "") -> QuerySet[Job]:
    """Those that wait or run, of one kind or all, the oldest first."""
    jobs = Job.objects.filter(state__in=_OPEN).order_by("id")
    return jobs.filter(kind=kind) if kind else jobs


def start_job(*, kind: str, title: str, arguments: dict[str, Any], total: int, by: User | None = None) -> Job:
    """A new job, asked for once the transaction is committed; or the open one of that kind and arguments."""
    if kind not in STEPS:
        raise ValueError(f"no step is registered for jobs of kind {kind!r}")
    with transaction.atomic():
        lock_kind(kind)
        standing = open_jobs(kind).filter(arguments=arguments, is_cancel_asked=False).first()
        if standing is not None:
            return standing
        job = Job.objects.create(
            kind=kind, title=title[:300], arguments=arguments, total=max(0, total), made_by=by
        )
        ask_for(job)
    return job


def lock_kind(kind: str) -> None:
    """Keep others from starting a job of this kind until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_START_LOCK, kind])


def cancel_job(*, job: Job, now: datetime | None = None) -> bool:
    """End a job that nobody works on, ask one that runs to end after its batch; false when it has ended."""
    now = now or timezone.now()
    with transaction.atomic():
        locked = Job.objects.select_for_update(no_key=True).filter(pk=job.pk, state__in=_OPEN).first()
        if locked is None:
            return False
        if locked.state == Job.State.WAITING or locked.lease_until is None:
            _end(locked, Job.State.CANCELLED, now)
        else:
            Job.objects.filter(pk=locked.pk).update(is_cancel_asked=True)
    return True


def can_retry(job: Job) -> bool:
    """Whether it has ended short of its end, and what it did is still there."""
    return job.state == Job.State.FAILED or (job.state == Job.State.CANCELLED and job.kind not in GIVEN_UP)


def retry_job(*, job: Job) -> bool:
    """Let a failed or cancelled job go on from its cursor; false when it can't, or another does the same."""
    with transaction.atomic():
        lock_kind(job.kind)
        locked = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
        same = open_jobs(locked.kind).filter(arguments=locked.arguments)
        if not can_retry(locked) or same.exists():
            return False
        Job.objects.filter(pk=locked.pk).update(
            state=Job.State.WAITING, error="", is_cancel_asked=False, lease_until=None, ended_at=None
        )
        ask_for(locked)
    return True


def ask_for(job: Job) -> None:
    """Hint to a worker, once the transaction is committed; when the hint gets lost, the tick finds the job."""
    # What the hint saw: when somebody works on the job before it is read, it is an old one, and is dropped.
    seen = _sign(Job.objects.filter(pk=job.pk).values_list("heartbeat_at", flat=True).get())
    transaction.on_commit(partial(_send, job.pk, seen))


def run_due_jobs(job_id: int | None = None, seen: str | None = None, *, turn: float = TURN) -> int:
    """Give the hinted job, or without a hint the one that stalled longest, its turn; returns its batches.

    A turn is at least one batch and about `turn` seconds; what is left is asked for again.
    """
    job = claim_job(job_id, seen)
    if job is None:
        return 0
    batches, until = 0, time.monotonic() + turn
    while True:
        going_on = run_batch(job)
        batches += 1
        if not going_on:
            break
        if time.monotonic() >= until:
            _release(job)
            break
    return batches


def run_job(job: Job) -> Job:
    """Work in this process until it has ended or somebody else has it; for commands and first runs."""
    claimed = claim_job(job.pk)
    while claimed is not None and run_batch(claimed):
        pass
    return Job.objects.get(pk=job.pk)


def claim_job(
    job_id: int | None = None, seen: str | None = None, *, now: datetime | None = None
) -> Job | None:
    """Take a job nobody works on, for a lease; of one kind only one runs at a time.

    With `seen` only while its last sign of life is still that one. Without an id, what has stalled.
    """
    now = now or timezone.now()
    free = Job.objects.filter(
        Q(state=Job.State.WAITING)
        | Q(state=Job.State.RUNNING) & (Q(lease_until=None) | Q(lease_until__lte=now))
    )
    if job_id is None:
        long_ago = now - STALLED
        free = free.filter(
            Q(heartbeat_at__lte=long_ago) | Q(heartbeat_at=None, made_at__lte=long_ago) | Q(started_at=None)
        )
    else:
        free = free.filter(pk=job_id)
    with transaction.atomic():
        # One after another, so that two workers don't both find that none of a kind is running.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CLAIM_LOCK])
        order = (F("heartbeat_at").asc(nulls_first=True), "id")
        for job in free.select_for_update(skip_locked=True, no_key=True).order_by(*order):
            if seen is not None and _sign(job.heartbeat_at) != seen:
                continue
            others = Job.objects.filter(kind=job.kind, state=Job.State.RUNNING).exclude(pk=job.pk)
            if others.exists() or not _lock_work(job):
                continue
            job.state, job.started_at = Job.State.RUNNING, job.started_at or now
            job.heartbeat_at, job.lease_until = now, now + LEASE
            job.save(update_fields=["state", "started_at", "heartbeat_at", "lease_until"])
            return job
    return None


def run_batch(job: Job) -> bool:
    """Do one batch of a claimed job, and note it on `job`; false when there is nothing more to do for us.

    What the step raises ends the job as failed, and is raised on unless it was meant for people. When
    the database itself gives up, the job stays as it was and is taken over later.
    """
    step: Step = import_string(STEPS[job.kind])
    try:
        with transaction.atomic():
            return _run_locked(job, step)
    except _Lost:
        log.warning("job %s is somebody else's now", job.pk)
        return False
    except OperationalError:
        raise
    except JobError as error:
        _fail(job, str(error))
        return False
    except Exception as error:
        _fail(job, f"{type(error).__name__}: {error}")
        raise


def _run_locked(job: Job, step: Step) -> bool:
    held = job.lease_until
    # Held until the end of the batch, which may be longer than the lease. A killed worker's is free at once.
    if not _lock_work(job):
        raise _Lost
    current = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, lease_until=held).first()
    if current is None:
        raise _Lost
    # Locked, since whoever asked for that may be taking it back.
    asked = Job.objects.select_for_update(no_key=True).filter(pk=job.pk, is_cancel_asked=True)
    if current.is_cancel_asked and asked.first() is not None:
        _end(current, Job.State.CANCELLED, timezone.now())
        return False
    batch = step(current, now=timezone.now())
    now = timezone.now()
    job.done, job.failed = current.done + batch.done, current.failed + batch.failed
    job.cursor = batch.cursor
    job.result = current.result if batch.result is None else batch.result
    job.heartbeat_at, job.lease_until = now, now + LEASE
    mine = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, lease_until=held)
    written = mine.update(
        done=job.done, failed=job.failed, cursor=job.cursor, result=job.result, heartbeat_at=now,
        lease_until=job.lease_until,
    )  # fmt: skip
    if not written:
        raise _Lost
    if batch.is_last:
        _end(job, Job.State.DONE, now)
    return not batch.is_last


def _end(job: Job, state: Job.State, now: datetime, error: str = "") -> None:
    job.state, job.ended_at, job.lease_until, job.error = state, now, None, error
    job.save(update_fields=["state", "ended_at", "lease_until", "error"])
    if state != Job.State.DONE and job.kind in GIVEN_UP:
        import_string(GIVEN_UP[job.kind])(job, now=now)
    for next_of_kind in open_jobs(job.kind).exclude(pk=job.pk)[:1]:
        ask_for(next_of_kind)


def _fail(job: Job, error: str) -> None:
    with transaction.atomic():
        locked = Job.objects.select_for_update(no_key=True).filter(pk=job.pk, lease_until=job.lease_until)
        for current in locked.filter(state=Job.State.RUNNING):
            _end(current, Job.State.FAILED, timezone.now(), error[:2000])


def _release(job: Job) -> None:
    """End of the turn: leave it to whoever reads the hint."""
    with transaction.atomic():
        if Job.objects.filter(pk=job.pk, lease_until=job.lease_until).update(lease_until=None):
            ask_for(job)


def _lock_work(job: Job) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_WORK_LOCK, job.pk])
        (is_ours,) = cursor.fetchone()
    return bool(is_ours)


def _sign(heartbeat_at: datetime | None) -> str:
    return heartbeat_at.isoformat() if heartbeat_at else ""


def _send(job_id: int, seen: str) -> None:
    try:
        current_app.send_task(_TASK, args=(job_id, seen), retry=False)
    except BrokerError as error:
        log.warning("job %s waits for the tick, the broker is away: %s", job_id, error)
