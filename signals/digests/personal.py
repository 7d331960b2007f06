"""All that is kept of one reader, to be shown and taken along; deleting it is `subscribe.forget_reader`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.db.models import Q

from signals.digests.suppression import address_hash
from signals.models import Delivery, OutboxMail, Subscription, Suppression, Tag, Theme

_NOT_TOLD: Final = frozenset({"themes", "tags"})


def kept_of(reader: Subscription) -> dict[str, Any]:
    """Every row about a reader as JSON-able values: the subscription, mails, alerts, and why none is sent."""
    themes = Theme.objects.filter(pk__in=reader.themes).values_list("name", flat=True)
    tags = Tag.objects.filter(pk__in=reader.tags).values_list("name", flat=True)
    own = {
        field.name: _plain(getattr(reader, field.name))
        for field in reader._meta.concrete_fields
        if field.name not in _NOT_TOLD
    }
    refused = Suppression.objects.filter(address_hash=address_hash(reader.email)).first()
    return {
        "subscription": own | {"themes": sorted(themes), "tags": sorted(tags)},
        "alerts": [
            {"tag": alert.tag.name, "asked": _plain(alert.created_at), "last_seen_as": alert.last_label}
            for alert in reader.alerts.select_related("tag").order_by("pk")
        ],
        "mails": [_mail(delivery) for delivery in deliveries_of(reader)],
        "mails_not_sent": [
            {"subject": mail.subject, "made": _plain(mail.created_at)}
            for mail in OutboxMail.objects.filter(Q(to__iexact=reader.email))
        ],
        "never_written_to": refused
        and {
            "since": _plain(refused.made_at),
            "reason": refused.reason,
            "complained": refused.is_complaint,
        },
    }


def deliveries_of(reader: Subscription) -> list[Delivery]:
    """The mails to a reader, the newest first."""
    found = reader.deliveries.select_related("edition", "rendering").order_by("-edition__ends_on", "-pk")
    return list(
        found.defer("edition__content", "rendering__html", "rendering__text", "rendering__images").all()
    )


def _mail(delivery: Delivery) -> dict[str, Any]:
    return {
        "edition": delivery.edition.period,
        "subject": delivery.rendering.subject,
        "status": str(delivery.status),
        "due": _plain(delivery.due_at),
        "sent": _plain(delivery.sent_at),
        "attempts": delivery.attempts,
        "answer": delivery.answer,
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
