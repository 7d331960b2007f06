"""What a provider reports of mails that it took: bounces, complaints, people who leave by its own button."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.db import transaction
from django.db.models import QuerySet

from signals.digests.subscribe import unsubscribe
from signals.digests.suppression import suppress_address, without_addresses
from signals.models import Delivery

METADATA: Final = "vigie-delivery"
"""Under this name a delivery's key travels with a mail and comes back with what is reported of it."""

Status = Delivery.Status
_DEAD: Final = (RejectReason.INVALID, RejectReason.BOUNCED)
_UNWANTED: Final = (*_DEAD, RejectReason.SPAM, RejectReason.UNSUBSCRIBED)
# "Mailbox full", "try later": such an address is alive.
_SOFT: Final = re.compile(r"soft|transient|temporar|\b4\d\d[ -]|\b4\.\d{1,3}\.\d{1,3}\b", re.IGNORECASE)
_TOLD_BY: Final = ("Type", "type", "event", "bounce_type", "bounceType", "severity", "bounceSubType")


@dataclass(frozen=True, slots=True)
class MailEvent:
    """One report, whoever made it; `words` is why, in the mail server's or provider's words."""

    kind: str
    recipient: str
    provider_key: str = ""
    reason: str = ""
    words: str = ""
    is_soft: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)


def read_event(event: AnymailTrackingEvent) -> MailEvent:
    """The report in a provider's event."""
    words = " ".join(str(said) for said in (event.mta_response, event.description) if said)
    raw = event.esp_event if isinstance(event.esp_event, dict) else {}
    told = " ".join(str(raw[name]) for name in _TOLD_BY if name in raw)
    return MailEvent(
        kind=str(event.event_type or ""),
        recipient=str(event.recipient or ""),
        provider_key=str(event.message_id or "")[:200],
        reason=str(event.reject_reason or ""),
        words=" ".join(words.replace("\0", "").split())[:400],
        is_soft=bool(_SOFT.search(f"{told} {words}")),
        metadata=dict(event.metadata) if isinstance(event.metadata, dict) else {},
    )


def keep_event(event: MailEvent, *, now: datetime) -> bool:
    """Write a report into the ledger, and suppress the address where that follows; whether it was one of ours.

    The same report twice changes nothing the second time; of mails that we don't know nothing is kept.
    """
    with transaction.atomic():
        delivery = _find(event).select_for_update(of=("self",)).first()
        if delivery is None:
            return False
        status = _follows(event, Status(delivery.status))
        if status is not None:
            Delivery.objects.filter(pk=delivery.pk).update(
                status=status, answer=without_addresses(event.words or event.reason or event.kind)[:400]
            )
        if _suppresses(event):
            address = delivery.subscription.email if delivery.subscription else event.recipient
            suppress_address(
                address=address,
                reason=event.words or event.reason or event.kind,
                is_complaint=event.kind == EventType.COMPLAINED or event.reason == RejectReason.SPAM,
                now=now,
            )
        elif event.kind == EventType.UNSUBSCRIBED and delivery.subscription is not None:
            unsubscribe(reader=delivery.subscription, now=now)
    return True


def _find(event: MailEvent) -> QuerySet[Delivery]:
    """The delivery of a report, by the provider's key or, where our answer is not kept yet, by what came along."""
    deliveries = Delivery.objects.select_related("subscription")
    if event.provider_key:
        known = deliveries.filter(provider_key=event.provider_key)
        if known.exists():
            return known
    key = str(event.metadata.get(METADATA, ""))
    if not (key.isascii() and key.isdecimal() and len(key) < 19):
        return deliveries.none()
    return deliveries.filter(pk=int(key), provider_key="", subscription__email__iexact=event.recipient)


def _follows(event: MailEvent, status: Delivery.Status) -> Delivery.Status | None:
    """The state after a report; None when it stays as it is."""
    was_out = status in (Status.HANDED_OVER, Status.SENT, Status.UNKNOWN)
    if event.kind == EventType.COMPLAINED:
        return Status.COMPLAINED if was_out or status == Status.BOUNCED else None
    if event.kind == EventType.BOUNCED:
        return Status.BOUNCED if was_out else None
    if event.kind in (EventType.REJECTED, EventType.FAILED):
        return Status.FAILED if was_out else None
    if event.kind == EventType.DELIVERED:
        return Status.SENT if status == Status.UNKNOWN else None
    return None


def _suppresses(event: MailEvent) -> bool:
    if event.kind == EventType.COMPLAINED:
        return True
    if event.kind == EventType.BOUNCED:
        return event.reason in _DEAD and not event.is_soft
    return event.kind == EventType.REJECTED and event.reason in _UNWANTED and not event.is_soft
