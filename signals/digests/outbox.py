"""Mail without a mail server: messages are kept in the database, where staff read them in the browser."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from signals.models import OutboxMail


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
