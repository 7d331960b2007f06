"""What beat's tick does: forget who never confirmed, make last week's edition when it is due, send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from signals.digests.editions import ensure_edition, finish_editions, freeze_edition
from signals.digests.periods import Week
from signals.digests.send import Sent, deliver_due
from signals.digests.subscribe import expire_unconfirmed
from signals.models import Edition, sample_day

# Shorter than the broker's patience, or the same tick would be given to a second worker.
_TICK: Final = timedelta(minutes=4)


def run_due(*, clock: Callable[[], datetime] = timezone.now) -> Sent:
    """One tick; may run twice at once. A week whose time passed by more than two days is left out."""
    until = clock() + _TICK
    expire_unconfirmed(now=clock())
    week = Week.last_full(clock())
    # the sample is sent by hand only: nobody subscribed to made-up news
    if week.is_due(clock()) and sample_day() is None:
        freeze_edition(edition=ensure_edition(week=week, now=clock()), now=clock())
    sent = _deliver(until=until, clock=clock)
    finish_editions(now=clock())
    return sent


def _deliver(
    *, until: datetime | None = None, edition: Edition | None = None, clock: Callable[[], datetime]
) -> Sent:
    """Batch after batch, until nothing is due or the time is over."""
    total = Sent()
    while True:
        batch = deliver_due(edition=edition, clock=clock)
        total = total.plus(batch)
        if batch == Sent() or (until is not None and clock() >= until):
            return total


@dataclass(frozen=True, slots=True)
class Run:
    """What sending an edition by hand did."""

    edition: Edition
    reserved: int
    sent: Sent


def send_edition(*, week: Week, clock: Callable[[], datetime] = timezone.now) -> Run:
    """Make, freeze and deliver a week's edition here and now; a second call finds nothing left to send."""
    edition = ensure_edition(week=week, now=clock())
    reserved = freeze_edition(edition=edition, now=clock())
    total = _deliver(edition=edition, clock=clock)
    finish_editions(now=clock())
    edition.refresh_from_db()
    return Run(edition, reserved, total)
