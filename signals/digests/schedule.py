"""What beat's tick does: forget who never confirmed, draft and freeze editions that are due, look for alerts, send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from django.utils import timezone

from signals.digests.alerts import send_alerts
from signals.digests.editions import advance_editions, ensure_edition, freeze_edition, needs_approval
from signals.digests.periods import CADENCES, LATE_AFTER, Period
from signals.digests.send import Sent, deliver_due
from signals.digests.subscribe import expire_unconfirmed
from signals.models import Edition, sample_day

# Shorter than the broker's patience, or the same tick would be given to a second worker.
_TICK: Final = timedelta(minutes=4)
_sending: Final = Lock()


def run_due(*, clock: Callable[[], datetime] = timezone.now) -> Sent:
    """One tick; may run twice at once. What is late by more than two days is left out."""
    until = clock() + _TICK
    expire_unconfirmed(now=clock())
    # the sample is sent by hand only: nobody subscribed to made-up news
    if sample_day() is None:
        for kind in CADENCES.values():
            prepare_edition(period=kind.last_full(clock()), now=clock())
    send_alerts(now=clock())
    # The other threads of this process have other mails to see to; another machine may help.
    if not _sending.acquire(blocking=False):
        return Sent()
    try:
        sent = _deliver(until=until, clock=clock)
    finally:
        _sending.release()
    advance_editions(now=clock())
    return sent


def prepare_edition(*, period: Period, now: datetime) -> Edition | None:
    """The edition of a period that is over, frozen once its time has come; None when it is too late to begin.

    With DIGEST_REVIEW, or once an approval was taken back, it stays a draft until somebody approves it.
    """
    if not period.is_over(now) or now >= period.due_at + LATE_AFTER:
        edition = Edition.objects.filter(
            cadence=period.cadence, period=period.period, status=Edition.Status.DRAFT, send_at__isnull=False
        ).first()
    else:
        edition = ensure_edition(period=period, now=now)
    if edition is None or needs_approval(edition):
        return edition
    begins = max(period.due_at, edition.send_at or period.due_at)
    if begins <= now < begins + LATE_AFTER:
        freeze_edition(edition=edition, now=now)
    return edition


def _deliver(
    *, until: datetime | None = None, edition: Edition | None = None, clock: Callable[[], datetime]
) -> Sent:
    """Batch after batch, until nothing is due or the time is over."""
    total = Sent()
    while True:
        batch = deliver_due(edition=edition, clock=clock, until=until)
        total = total.plus(batch)
        if batch == Sent() or (until is not None and clock() >= until):
            return total


@dataclass(frozen=True, slots=True)
class Run:
    """What sending an edition by hand did."""

    edition: Edition
    reserved: int
    sent: Sent


def send_edition(*, period: Period, clock: Callable[[], datetime] = timezone.now) -> Run:
    """Make, freeze and deliver an edition here and now; a second call finds nothing left to send."""
    edition = ensure_edition(period=period, now=clock())
    reserved = freeze_edition(edition=edition, at_once=True, now=clock())
    total = _deliver(edition=edition, clock=clock)
    advance_editions(now=clock())
    edition.refresh_from_db()
    return Run(edition, reserved, total)
