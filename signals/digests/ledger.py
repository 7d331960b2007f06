"""The ledger's moves: each claim and each answer is a transaction of its own.

A delivery is claimed, durably, before the mail server hears of it. A crash between the claim and the answer
leaves `handed_over`, which becomes `unknown` after a while and is never sent again: nobody gets two, and
whoever may have got none is in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from signals.digests.answers import Answer
from signals.digests.letters import Address
from signals.digests.moments import day_there
from signals.digests.pace import Full, Pace, find_room, one_sender
from signals.digests.pauses import awake
from signals.digests.suppression import suppress_address, without_addresses
from signals.models import Delivery, Edition

OPEN: Final = (Delivery.Status.RESERVED, Delivery.Status.DEFERRED)
# Longer than any conversation with a mail server: EMAIL_TIMEOUT counts each of its steps.
UNKNOWN_AFTER: Final = timedelta(minutes=15)
LEFT: Final = "left or paused before it was sent"
"""The answer of deliveries that nobody is to blame for."""
FIRST_WAIT: Final = timedelta(minutes=5)
_LONGEST_WAIT: Final = timedelta(hours=6)

# As pauses.awake says it; one statement, because it runs once for every mail.
_CLAIM = """
UPDATE signals_delivery d SET status = 'handed_over', handed_over_at = %(now)s, attempts = d.attempts + 1
FROM signals_subscription s, signals_edition e
WHERE d.id = %(pk)s AND d.status IN ('reserved', 'deferred') AND d.due_at <= %(now)s
  AND e.id = d.edition_id AND s.id = d.subscription_id
  AND s.confirmed_at IS NOT NULL AND s.unsubscribed_at IS NULL AND s.suppressed_at IS NULL
  AND NOT s.is_paused AND (s.paused_until IS NULL OR s.paused_until <= %(today)s)
RETURNING d.rendering_id, d.attempts, s.id, s.email, e.period, e.cadence
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to hand over, and nobody else's ever again."""

    pk: int
    rendering: int
    attempts: int
    address: Address


def claim(pk: int, *, domain: str, time_zone: str, pace: Pace, now: datetime) -> Claimed | Full | None:
    """Take a delivery to who lives in that time zone.

    None when somebody else did or its reader has left, Full while the pace has no room. Never inside a caller's
    transaction: a crash would roll the claim back after the mail went out. `settle`, which comes before, refuses to
    run in one.
    """
    if not pace.is_limited:
        # one statement commits itself: beginning and ending a transaction around it takes three times as long
        return _claim(pk, time_zone, now)
    with one_sender():
        return find_room(pace, domain=domain, now=now) or _claim(pk, time_zone, now)


def _claim(pk: int, time_zone: str, now: datetime) -> Claimed | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"pk": pk, "now": now, "today": day_there(now, time_zone)})
        row = cursor.fetchone()
    if row is None:
        return None
    rendering, attempts, subscription, email, period, cadence = row
    return Claimed(pk, rendering, attempts, Address(pk, subscription, email, period, cadence))


def keep_answer(claimed: Claimed, answer: Answer, *, now: datetime) -> None:
    """Write down what the mail server said, and what follows from it for the address."""
    # they may be forgotten meanwhile: what stays must not name them
    fields: dict[str, object] = {"status": answer.status, "answer": without_addresses(answer.words)}
    if answer.provider_key:
        fields["provider_key"] = answer.provider_key
    if answer.status == Delivery.Status.SENT:
        fields["sent_at"] = now
    if answer.status == Delivery.Status.DEFERRED:
        fields["due_at"] = now + _wait(claimed.attempts)
    # whoever waited too long may have called it unknown meanwhile: we know better
    ours = Delivery.objects.filter(
        pk=claimed.pk, status__in=[Delivery.Status.HANDED_OVER, Delivery.Status.UNKNOWN]
    )
    if not answer.suppresses:
        ours.update(**fields)
        return
    with transaction.atomic():
        ours.update(**fields)
        suppress_address(address=claimed.address.email, reason=answer.words, now=now)


def _wait(attempts: int) -> timedelta:
    doublings = max(0, min(attempts - 1, 10))
    return min(FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Settled:
    """What `settle` closed: nobody will be sent any of these."""

    unknown: int = 0
    failed: int = 0


def settle(*, now: datetime) -> Settled:
    """Close what no sender may touch any more: left without an answer, too late, or for who has left."""
    with one_sender():
        unknown = Delivery.objects.filter(
            status=Delivery.Status.HANDED_OVER, handed_over_at__lt=now - UNKNOWN_AFTER
        ).update(
            status=Delivery.Status.UNKNOWN, answer="the sender stopped before the server's answer was kept"
        )
        waiting = Delivery.objects.filter(status__in=OPEN)
        late = waiting.filter(expires_at__lte=now).update(
            status=Delivery.Status.FAILED, answer="too late to be news"
        )
        left = (
            waiting.filter(due_at__lte=now)
            .exclude(subscription__in=awake(now))
            .update(status=Delivery.Status.FAILED, answer=LEFT)
        )
    return Settled(unknown, late + left)


def defer_all(failure: OSError, *, edition: Edition | None, now: datetime) -> int:
    """Nobody answers at the mail server: everything due waits, or each would wait out its own time limit."""
    due = Delivery.objects.filter(status__in=OPEN, due_at__lte=now)
    if edition is not None:
        due = due.filter(edition=edition)
    with one_sender():
        return due.update(
            status=Delivery.Status.DEFERRED,
            due_at=now + FIRST_WAIT,
            answer=f"no mail server: {type(failure).__name__}: {failure}"[:400],
        )
