"""What became of an edition's mails, for the operator who reads no logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Q

from signals.digests.desk import waits_for_approval
from signals.digests.ledger import LEFT
from signals.digests.suppression import without_addresses
from signals.models import Delivery, Edition

Status = Delivery.Status
BAD: Final = (Status.FAILED, Status.BOUNCED, Status.COMPLAINED, Status.UNKNOWN)
_REASONS: Final = 20
_LOOKED_AT: Final = 5000
_ADDRESSES: Final = 200
_RECENT: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why mails did not arrive, or not yet, in the server's words without addresses."""

    status: str
    words: str
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """How an edition's deliveries stand."""

    counts: tuple[tuple[str, int], ...]
    """Each state that occurs, in the ledger's order, and how many deliveries are in it."""
    reasons: tuple[Reason, ...]
    first_due: datetime | None
    last_sent: datetime | None

    @property
    def total(self) -> int:
        """All deliveries."""
        return sum(count for _status, count in self.counts)

    def count(self, *states: str) -> int:
        """How many are in one of these states."""
        return sum(count for status, count in self.counts if status in states)

    @property
    def sent(self) -> int:
        """How many the mail server accepted and nobody sent back."""
        return self.count(Status.SENT)

    @property
    def waiting(self) -> int:
        """How many are still to be sent."""
        return self.count(Status.RESERVED, Status.DEFERRED, Status.HANDED_OVER)


def report_on(edition: Edition) -> Report:
    """How an edition's deliveries stand, with reasons; four queries, whatever their number."""
    counted = dict(edition.deliveries.values_list("status").annotate(n=Count("pk")).order_by())
    troubled = edition.deliveries.filter(status__in=[*BAD, Status.DEFERRED]).exclude(answer="")
    said: Counter[tuple[str, str]] = Counter()
    answers = troubled.values_list("status", "answer").annotate(n=Count("pk")).order_by("-n")
    for status, answer, n in answers[:_LOOKED_AT]:
        said[status, without_addresses(answer)] += n
    due = (
        edition.deliveries.filter(status=Status.RESERVED).order_by("due_at").values_list("due_at", flat=True)
    )
    sent = edition.deliveries.exclude(sent_at=None).order_by("-sent_at").values_list("sent_at", flat=True)
    return Report(
        counts=tuple((status, counted[status]) for status in Status.values if status in counted),
        reasons=tuple(
            Reason(str(Status(status).label), words, n) for (status, words), n in said.most_common(_REASONS)
        ),
        first_due=due.first(),
        last_sent=sent.first(),
    )


def troubled_addresses(edition: Edition) -> list[Delivery]:
    """Deliveries that did not arrive, with their subscriptions, for administrators; at most 200."""
    return list(
        edition.deliveries.filter(status__in=[*BAD, Status.DEFERRED])
        .select_related("subscription")
        .order_by("status", "pk")[:_ADDRESSES]
    )


@dataclass(frozen=True, slots=True)
class Wanting:
    """Editions that want somebody: of which mails failed or may have, with how many did, and drafts to approve."""

    troubled: Sequence[tuple[Edition, int, int]] = ()
    drafts: Sequence[Edition] = ()


def editions_wanting(now: datetime) -> Wanting:
    """Troubled editions of the last two weeks, and drafts that wait for an approval; one query for both."""
    found = (
        Edition.objects.filter(Q(frozen_at__gt=now - _RECENT) | Q(status=Edition.Status.DRAFT))
        .annotate(
            failed=Count(
                "deliveries",
                filter=Q(deliveries__status__in=[Status.FAILED, Status.BOUNCED, Status.COMPLAINED])
                & ~Q(deliveries__answer=LEFT),
            ),
            unknown=Count("deliveries", filter=Q(deliveries__status=Status.UNKNOWN)),
        )
        .defer("content")
        .order_by("-ends_on", "-pk")
    )
    editions = list(found)
    return Wanting(
        [(one, one.failed, one.unknown) for one in editions if one.failed or one.unknown],
        [one for one in editions if waits_for_approval(one, now)],
    )
