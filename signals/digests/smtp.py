"""Django's SMTP backend, which also says how far a conversation came before it broke."""

from __future__ import annotations

import smtplib
from typing import Any

from django.core.mail.backends.smtp import EmailBackend as DjangoBackend


class _Progress:
    """Whether the message was offered since the last question: before that, nobody can have accepted it."""

    reached_data = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Offer the message."""
        self.reached_data = True
        return super().data(msg)  # type: ignore[misc,no-any-return]  # mixed into smtplib.SMTP


class _SMTP(_Progress, smtplib.SMTP):
    pass


class _SMTPOverTLS(_Progress, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangoBackend):
    """The backend for a real mail server."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """The class of the conversation."""
        return _SMTPOverTLS if self.use_ssl else _SMTP

    def send_raw(self, sender: str, recipient: str, message: bytes) -> None:
        """Hand over a message that was put together elsewhere; raises what smtplib raises."""
        if self.connection is None:
            raise smtplib.SMTPServerDisconnected("the connection is not open")
        self.connection.sendmail(sender, [recipient], message)

    def forget_progress(self) -> None:
        """Call before a message."""
        if isinstance(self.connection, _Progress):
            self.connection.reached_data = False

    @property
    def reached_data(self) -> bool:
        """Whether the last message was offered."""
        return bool(getattr(self.connection, "reached_data", False))
