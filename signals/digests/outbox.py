"""Mail without a mail server: messages are kept in the database, where staff read them in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from signals.models import OutboxMail

KEPT_FOR: Final = timedelta(days=90)
_BATCH: Final = 500
_BATCHES: Final = 40


class EmailBackend(BaseEmailBackend):
    """A Django mail backend that stores every message as an OutboxMail."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Store the messages; returns how many."""
        return len(OutboxMail.objects.bulk_create([_kept(message) for message in email_messages]))


def _kept(message: EmailMessage) -> OutboxMail:
    mime = message.message()
    alternatives = message.alternatives if isinstance(message, EmailMultiAlternatives) else []
    html = next((str(part[0]) for part in alternatives if part[1] == "text/html"), "")
    return OutboxMail(
        to=", ".join(message.recipients()),
        subject=str(message.subject)[:400],
        text=str(message.body),
        html=html,
        headers={name: str(value) for name, value in mime.items()},
        raw=mime.as_bytes(),
    )


def trim_outbox(*, now: datetime) -> int:
    """Delete mails older than `KEPT_FOR`, a batch a transaction; returns how many, the rest wait for the next time.

    Nobody is mailed twice for it: who got what stands in the ledger, and what an edition said in the archive.
    """
    old = OutboxMail.objects.filter(created_at__lt=now - KEPT_FOR).order_by("pk").values_list("pk", flat=True)
    gone = 0
    for _ in range(_BATCHES):
        keys = list(old[:_BATCH])
        gone += OutboxMail.objects.filter(pk__in=keys).delete()[0]
        if len(keys) < _BATCH:
            break
    return gone
