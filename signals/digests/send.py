"""Sending: each delivery is claimed in a transaction of its own before the mail server hears of it.

A crash between claim and answer leaves `handed_over`, which becomes `unknown` after a while and is never sent
again: nobody gets two, and whoever may have got none is in the ledger.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from signals.digests.answers import Answer, judge
from signals.digests.links import READER, subscription_token, unsubscribe_link
from signals.digests.periods import LATE_AFTER
from signals.digests.smtp import EmailBackend as SMTPBackend
from signals.models import Delivery, Edition, Rendering, Subscription

_OPEN: Final = (Delivery.Status.RESERVED, Delivery.Status.DEFERRED)
# Longer than any conversation with a mail server: EMAIL_TIMEOUT counts each of its steps.
UNKNOWN_AFTER: Final = timedelta(minutes=15)
_FIRST_WAIT: Final = timedelta(minutes=5)
_LONGEST_WAIT: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a batch did; `deferred` will be tried again, `unknown` never."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    unknown: int = 0

    def plus(self, other: Sent) -> Sent:
        """Both together."""
        return Sent(
            self.sent + other.sent,
            self.deferred + other.deferred,
            self.failed + other.failed,
            self.unknown + other.unknown,
        )


def deliver_due(
    *, limit: int = 500, edition: Edition | None = None, clock: Callable[[], datetime] = timezone.now
) -> Sent:
    """Send what is due over one connection, at most `limit` mails; safe beside others doing the same."""
    mark_unknown(now=clock())
    expire_late(now=clock())
    due = Delivery.objects.filter(status__in=_OPEN, due_at__lte=clock()).order_by("due_at", "pk")
    if edition is not None:
        due = due.filter(edition=edition)
    counts: Counter[str] = Counter()
    renderings: dict[int, Rendering] = {}
    connection = get_connection()
    try:
        for pk in list(due.values_list("pk", flat=True)[:limit]):
            try:
                connection.open()
            except OSError as failure:
                counts[Delivery.Status.DEFERRED] += _defer_all(failure, edition=edition, now=clock())
                break
            delivery = _claim(pk, now=clock())
            if delivery is None:
                continue
            if delivery.rendering_id not in renderings:
                renderings[delivery.rendering_id] = Rendering.objects.get(pk=delivery.rendering_id)
            answer = _hand_over(delivery, renderings[delivery.rendering_id], connection)
            _keep_answer(delivery, answer, now=clock())
            counts[answer.status] += 1
    finally:
        _hang_up(connection)
    return Sent(*(counts[name] for name in ("sent", "deferred", "failed", "unknown")))


def mark_unknown(*, now: datetime) -> int:
    """Deliveries whose sender went away before the answer; they are shown, and never sent again."""
    return Delivery.objects.filter(
        status=Delivery.Status.HANDED_OVER, handed_over_at__lt=now - UNKNOWN_AFTER
    ).update(status=Delivery.Status.UNKNOWN, answer="the sender stopped before the server's answer was kept")


def expire_late(*, now: datetime) -> int:
    """Deliveries that nobody would want any more."""
    return Delivery.objects.filter(status__in=_OPEN, edition__frozen_at__lt=now - LATE_AFTER).update(
        status=Delivery.Status.FAILED, answer="too late to be news"
    )


def _claim(pk: int, *, now: datetime) -> Delivery | None:
    """Take a delivery, durably, before anybody is told of it; None when somebody else did."""
    # durable: inside a caller's transaction a crash would roll the claim back after the mail went out
    with transaction.atomic(durable=True):
        claimed = Delivery.objects.filter(pk=pk, status__in=_OPEN, due_at__lte=now).update(
            status=Delivery.Status.HANDED_OVER, handed_over_at=now, attempts=F("attempts") + 1
        )
    if not claimed:
        return None
    return Delivery.objects.select_related("subscription", "edition").defer("edition__content").get(pk=pk)


def _hand_over(delivery: Delivery, rendering: Rendering, connection: BaseEmailBackend) -> Answer:
    reader = delivery.subscription
    if reader is None or not Subscription.objects.active().filter(pk=reader.pk).exists():
        return Answer(Delivery.Status.FAILED, "left or paused before it was sent")
    if isinstance(connection, SMTPBackend):
        connection.forget_progress()
    try:
        accepted = connection.send_messages([compose(delivery, rendering, reader)])
    except OSError as failure:  # SMTPException is one
        reached_data = connection.reached_data if isinstance(connection, SMTPBackend) else True
        answer = judge(failure, reached_data=reached_data)
        if not answer.suppresses:
            # the conversation may be broken: the next mail gets a new one
            _hang_up(connection)
        return answer
    except ValueError as failure:
        # a sender's or reader's address that no mail can be made of: nothing was offered yet
        return Answer(Delivery.Status.DEFERRED, f"{type(failure).__name__}: {failure}"[:400])
    if not accepted:
        return Answer(Delivery.Status.DEFERRED, "the mail backend took nothing")
    return Answer(Delivery.Status.SENT, "accepted")


def _hang_up(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except OSError:
        # a farewell that fails changes nothing: what was accepted is kept, the rest is judged already
        return


def _keep_answer(delivery: Delivery, answer: Answer, *, now: datetime) -> None:
    fields: dict[str, object] = {"status": answer.status, "answer": answer.words}
    if answer.status == Delivery.Status.SENT:
        fields["sent_at"] = now
    if answer.status == Delivery.Status.DEFERRED:
        fields["due_at"] = now + _wait(delivery.attempts)
    with transaction.atomic():
        # whoever waited too long may have called it unknown meanwhile: we know better
        Delivery.objects.filter(
            pk=delivery.pk, status__in=[Delivery.Status.HANDED_OVER, Delivery.Status.UNKNOWN]
        ).update(**fields)
        if answer.suppresses and delivery.subscription_id is not None:
            Subscription.objects.filter(pk=delivery.subscription_id).update(
                suppressed_at=now, suppressed_reason=answer.words[:300]
            )


def _defer_all(failure: OSError, *, edition: Edition | None, now: datetime) -> int:
    """Nobody answers at the mail server: everything due waits, or each would wait out its own time limit."""
    due = Delivery.objects.filter(status__in=_OPEN, due_at__lte=now)
    if edition is not None:
        due = due.filter(edition=edition)
    return due.update(
        status=Delivery.Status.DEFERRED,
        due_at=now + _FIRST_WAIT,
        answer=f"no mail server: {type(failure).__name__}: {failure}"[:400],
    )


def _wait(attempts: int) -> timedelta:
    doublings = max(0, min(attempts - 1, 10))
    return min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)


def compose(delivery: Delivery, rendering: Rendering, reader: Subscription) -> EmailMultiAlternatives:
    """The mail of one delivery; composed twice it is the same, Message-ID and all."""
    token = subscription_token(reader.pk)
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    stamp = hmac.new(settings.SECRET_KEY.encode(), f"delivery:{delivery.pk}".encode(), hashlib.sha256)
    period = delivery.edition.period
    mail = EmailMultiAlternatives(
        subject=rendering.subject,
        body=rendering.text.replace(READER, token),
        to=[reader.email],
        headers={
            "Message-ID": f"<digest.{period}.{delivery.pk}.{stamp.hexdigest()[:16]}@{host}>",
            "List-Unsubscribe": f"<{unsubscribe_link(token)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": f"Vigie <digest.{host}>",
            "Auto-Submitted": "auto-generated",
            "Feedback-ID": f"{period}:weekly:digest:vigie",
        },
    )
    mail.attach_alternative(rendering.html.replace(READER, token), "text/html")
    return mail
