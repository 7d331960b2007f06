"""Who is due, and the claim on it: a conditional UPDATE, so that a dead worker's claim ends by itself.

Claims live on the clock of the wall, whatever clock the polling itself is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from ingestion.hosts import host_of
from ingestion.models import Fetch, Schedule
from ingestion.pace import LONGEST, SHORTEST
from signals.models import Health, Source

_SUSPECT = 5
LOST = "lost"
LOST_TEXT = "The worker was lost on the way; the source is read again."


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to poll a source until the lease ends; the lease is also its token."""

    source_id: int
    lease_until: datetime


def _free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=timezone.now())


def make_schedules(*, due_at: datetime) -> int:
    """Give every polled source without a schedule one; returns how many."""
    sources = Source.objects.polled().filter(schedule=None)
    made = Schedule.objects.bulk_create(
        (Schedule(source=source, due_at=due_at) for source in sources), ignore_conflicts=True
    )
    return len(made)


def due_source_ids(*, now: datetime, limit: int | None = None) -> list[int]:
    """The enabled sources that are due and nobody reads at the moment, longest due first."""
    due = Schedule.objects.filter(_free(), due_at__lte=now, source__is_enabled=True)
    return list(due.order_by("due_at").values_list("source_id", flat=True)[:limit])


def claim(source_id: int, *, now: datetime, force: bool = False) -> Claim | None:
    """Take a source that is due, or any that nobody reads with `force`; None when it isn't ours to read."""
    lease_until = timezone.now() + settings.FETCH_LEASE
    free = Schedule.objects.filter(_free(), source_id=source_id)
    if not force:
        free = free.filter(due_at__lte=now, source__is_enabled=True)
    with transaction.atomic():
        if not free.update(lease_until=lease_until):
            return None
        # Whoever had the claim before us and left an attempt open is gone.
        lost = _close(Fetch.objects.filter(source_id=source_id, finished_at=None), now=now)
    held = Claim(source_id, lease_until)
    if lost and not force and not Schedule.objects.filter(source_id=source_id, due_at__lte=now).exists():
        release(held)
        return None
    return held


def lock_claimed(held: Claim) -> Schedule | None:
    """The schedule row, locked until the transaction ends; None when the claim is no longer ours."""
    return (
        Schedule.objects.select_for_update()
        .filter(source_id=held.source_id, lease_until=held.lease_until)
        .first()
    )


def release(held: Claim, *, due_at: datetime | None = None) -> None:
    """Give a claim back without an attempt."""
    mine = Schedule.objects.filter(source_id=held.source_id, lease_until=held.lease_until)
    if due_at is None:
        mine.update(lease_until=None)
    else:
        mine.update(lease_until=None, due_at=due_at)


def hold_host(url: str, *, until: datetime) -> int:
    """Let no source of this host be due before `until`; returns how many there are."""
    host = host_of(url)
    sources = Source.objects.filter(
        Q(url__startswith=f"http://{host}/")
        | Q(url__startswith=f"https://{host}/")
        | Q(url__in=[f"http://{host}", f"https://{host}"])
    )
    return Schedule.objects.filter(source__in=sources).update(due_at=Greatest(F("due_at"), until))


def close_lost(*, now: datetime) -> int:
    """Close the attempts whose worker was lost, and whose claim has ended; returns how many."""
    read_now = Schedule.objects.filter(lease_until__gte=timezone.now()).values("source")
    with transaction.atomic():
        return _close(Fetch.objects.filter(finished_at=None).exclude(source__in=read_now), now=now)


def _close(fetches: QuerySet[Fetch], *, now: datetime) -> int:
    source_ids = list(fetches.values_list("source_id", flat=True))
    if not source_ids:
        return 0
    closed = fetches.update(finished_at=timezone.now(), error=LOST, error_text=LOST_TEXT)
    lossy = Schedule.objects.filter(source__in=source_ids)
    lossy.update(failures=F("failures") + 1)
    # One lost worker is an accident; a source that loses one after another is what kills them.
    for schedule in lossy.filter(failures__gte=_SUSPECT):
        wait = min(SHORTEST * 2 ** min(schedule.failures - _SUSPECT, 10), LONGEST)
        schedule.due_at = max(schedule.due_at, now + wait)
        schedule.save(update_fields=["due_at"])
    return closed


def set_enabled(source: Source, *, enabled: bool, now: datetime) -> None:
    """Pause a source, or resume it, due at once."""
    source.is_enabled = enabled
    source.health = Health.WAITING if enabled else Health.PAUSED
    source.health_reason = "" if enabled else "Paused by a person."
    source.next_attempt_at = now if enabled else None
    source.save(update_fields=["is_enabled", "health", "health_reason", "next_attempt_at"])
    if not Source.objects.polled().filter(pk=source.pk).exists():
        return
    Schedule.objects.update_or_create(source=source, defaults={"due_at": now, "failures": 0})


def make_due(source: Source, *, now: datetime) -> None:
    """Let a source be read at the next opportunity."""
    Schedule.objects.update_or_create(source=source, defaults={"due_at": now})
    Source.objects.filter(pk=source.pk).update(next_attempt_at=now)
