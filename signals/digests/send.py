"""Sending what is due over several connections at once; the ledger says what is ours to send.

Nothing is ever sent that was not claimed first, and nothing that was claimed is ever sent again.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

from anymail.exceptions import AnymailError
from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection as database
from django.utils import timezone

from signals.digests.answers import Answer, judge, taken_by_provider
from signals.digests.ledger import OPEN, Claimed, claim, defer_all, keep_answer, settle
from signals.digests.letters import Letter, compose
from signals.digests.mail_events import METADATA
from signals.digests.pace import Full, Pace, put_off
from signals.digests.smtp import EmailBackend as SMTPBackend
from signals.models import Delivery, Edition, Rendering

# Below so many mails a further connection costs more than it brings.
_WORTH_A_LANE: Final = 50
# Mail servers end long conversations in their own time; better between two mails.
_MAILS_A_CONNECTION: Final = 100
_KEPT_AT_HAND: Final = 200
_WITHOUT_METADATA: Final = ("postal",)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a batch did; `deferred` will be tried again, `unknown` never, `put_off` waits for the pace."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    unknown: int = 0
    put_off: int = 0

    def plus(self, other: Sent) -> Sent:
        """Both together."""
        return Sent(
            self.sent + other.sent,
            self.deferred + other.deferred,
            self.failed + other.failed,
            self.unknown + other.unknown,
            self.put_off + other.put_off,
        )


def deliver_due(
    *,
    limit: int = 500,
    edition: Edition | None = None,
    clock: Callable[[], datetime] = timezone.now,
    until: datetime | None = None,
) -> Sent:
    """Send what is due, at most `limit` mails and not after `until`; safe beside others doing the same."""
    settle(now=clock())
    due = Delivery.objects.filter(status__in=OPEN, due_at__lte=clock()).order_by("due_at", "pk")
    if edition is not None:
        due = due.filter(edition=edition)
    rows = due.values_list("pk", "domain", "subscription__time_zone")[:limit]
    # who was forgotten has none, and gets nothing
    waiting = deque((pk, domain, zone or "") for pk, domain, zone in rows)
    batch = _Batch(waiting, Pace.from_settings(), edition, clock, until)
    lanes = min(settings.MAIL_CONNECTIONS, math.ceil(len(waiting) / _WORTH_A_LANE))
    if lanes <= 1:
        batch.work()
    else:
        with ThreadPoolExecutor(lanes, "lane") as pool:
            for lane in [pool.submit(batch.work_in_thread) for _ in range(lanes)]:
                lane.result()
    return Sent(**batch.counts)


@dataclass
class _Batch:
    """Mails that are due, and those who send them side by side."""

    waiting: deque[tuple[int, str, str]]
    pace: Pace
    edition: Edition | None
    clock: Callable[[], datetime]
    until: datetime | None
    counts: Counter[str] = field(default_factory=Counter)
    full: set[str] = field(default_factory=set)
    renderings: dict[int, Rendering] = field(default_factory=dict)
    letters: dict[int, Letter] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def work_in_thread(self) -> None:
        """One lane, with a database connection of its own."""
        try:
            self.work()
        finally:
            database.close()

    def work(self) -> None:
        """Send until nothing waits, over one connection after another."""
        connection = get_connection()
        carried = 0
        try:
            while (taken := self._take()) is not None:
                if carried == _MAILS_A_CONNECTION:
                    _hang_up(connection)
                    carried = 0
                try:
                    connection.open()
                except OSError as failure:
                    self.waiting.clear()
                    self._count("deferred", defer_all(failure, edition=self.edition, now=self.clock()))
                    return
                carried += self._send(*taken, connection)
        finally:
            _hang_up(connection)

    def _take(self) -> tuple[int, str, str] | None:
        if self.until is not None and self.clock() >= self.until:
            return None
        while True:
            try:
                pk, domain, time_zone = self.waiting.popleft()
            except IndexError:
                return None
            if domain not in self.full:
                return pk, domain, time_zone

    def _send(self, pk: int, domain: str, time_zone: str, connection: BaseEmailBackend) -> bool:
        """Whether the mail was ours to send."""
        claimed = claim(pk, domain=domain, time_zone=time_zone, pace=self.pace, now=self.clock())
        if isinstance(claimed, Full):
            self._wait_for(claimed)
            return False
        if claimed is None:
            return False
        answer = self._hand_over(claimed, connection)
        keep_answer(claimed, answer, now=self.clock())
        self._count(str(answer.status), 1)
        return True

    def _wait_for(self, full: Full) -> None:
        if full.domain:
            self.full.add(full.domain)
        else:
            self.waiting.clear()
        self._count("put_off", put_off(full, now=self.clock()))

    def _count(self, name: str, many: int) -> None:
        with self.lock:
            self.counts[name] += many

    def _hand_over(self, claimed: Claimed, connection: BaseEmailBackend) -> Answer:
        try:
            if isinstance(connection, SMTPBackend):
                connection.forget_progress()
                recipient, message = self._letter(claimed).to(claimed.address)
                connection.send_raw(self._letter(claimed).sender, recipient, message)
                return Answer(Delivery.Status.SENT, "accepted")
            mail = compose(self._rendering(claimed), claimed.address)
            if settings.EMAIL_PROVIDER and settings.EMAIL_PROVIDER not in _WITHOUT_METADATA:
                # comes back with what the provider reports, even before its answer is kept here
                vars(mail)["metadata"] = {METADATA: str(claimed.pk)}
            if not connection.send_messages([mail]):
                return Answer(Delivery.Status.DEFERRED, "the mail backend took nothing")
            return taken_by_provider(getattr(mail, "anymail_status", None))
        except (OSError, AnymailError) as failure:  # SMTPException is an OSError
            reached_data = connection.reached_data if isinstance(connection, SMTPBackend) else True
            answer = judge(failure, reached_data=reached_data)
            if not answer.suppresses:
                # the conversation may be broken: the next mail gets a new one
                _hang_up(connection)
            return answer
        except ValueError as failure:
            # a sender's or reader's address that no mail can be made of: nothing was offered yet
            return Answer(Delivery.Status.DEFERRED, f"{type(failure).__name__}: {failure}"[:400])

    def _rendering(self, claimed: Claimed) -> Rendering:
        kept = self.renderings.get(claimed.rendering)
        if kept is None:
            if len(self.renderings) >= _KEPT_AT_HAND:
                self.renderings.clear()
            kept = self.renderings[claimed.rendering] = Rendering.objects.get(pk=claimed.rendering)
        return kept

    def _letter(self, claimed: Claimed) -> Letter:
        kept = self.letters.get(claimed.rendering)
        if kept is None:
            if len(self.letters) >= _KEPT_AT_HAND:
                self.letters.clear()
            to = claimed.address
            kept = Letter.of(self._rendering(claimed), period=to.period, cadence=to.cadence)
            self.letters[claimed.rendering] = kept
        return kept


def _hang_up(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except OSError:
        # a farewell that fails changes nothing: what was accepted is kept, the rest is judged already
        return
