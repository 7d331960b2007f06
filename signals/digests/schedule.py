"""What beat's tick does: forget who never confirmed, make last week's edition when it is due, send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from signals.digests.editions import ensure_edition, finish_editions, freeze_edition
from signals.digests.send import Sent, deliver_due
from signals.digests.subscribe import expire_unconfirmed
from signals.digests.weeks import Week
from signals.models import Edition, sample_day


def run_due(*, limit: int = 500, clock: Callable[[], datetime] = timezone.now) -> Sent:
    """One tick; may run twice at once. A week whose time passed by more than two days is left out."""
    expire_unconfirmed(now=clock())
    week = Week.last_full(clock())
    # the sample is sent by hand only: nobody subscribed to made-up news
    if week.is_due(clock()) and sample_day() is None:
        freeze_edition(edition=ensure_edition(week=week, now=clock()), now=clock())
    sent = deliver_due(limit=limit, clock=clock)
    finish_editions(now=clock())
    return sent


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
    total = Sent()
    while True:
        batch = deliver_due(edition=edition, clock=clock)
        if batch == Sent():
            break
        total = Sent(
            total.sent + batch.sent,
            total.deferred + batch.deferred,
            total.failed + batch.failed,
            total.unknown + batch.unknown,
        )
    finish_editions(now=clock())
    edition.refresh_from_db()
    return Run(edition, reserved, total)
