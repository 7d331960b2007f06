"""What a mail server's answer means for a delivery. Pure but for Django's names of the states."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass

from signals.models import Delivery

# Refusals of this message or this sender, not of the address.
_NOT_THE_ADDRESS = (552, 554)


@dataclass(frozen=True, slots=True)
class Answer:
    """The state that follows, the server's words, and whether the address is to be left alone from now on."""

    status: Delivery.Status
    words: str
    suppresses: bool = False


def judge(failure: OSError, *, reached_data: bool) -> Answer:
    """The meaning of a failed sending; `reached_data`: the message was offered, so it may have been accepted."""
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(failure.recipients.values()))
        return _by_code(code, _words(code, said), about_address=True)
    if isinstance(failure, smtplib.SMTPDataError):
        about_address = failure.smtp_code not in _NOT_THE_ADDRESS
        return _by_code(
            failure.smtp_code, _words(failure.smtp_code, failure.smtp_error), about_address=about_address
        )
    if isinstance(failure, smtplib.SMTPResponseException):
        # greeting, log-in or sender refused: the operator's to repair, no reader's fault
        return Answer(Delivery.Status.DEFERRED, _words(failure.smtp_code, failure.smtp_error))
    if isinstance(failure, smtplib.SMTPNotSupportedError):
        return Answer(Delivery.Status.FAILED, str(failure)[:400])
    words = f"{type(failure).__name__}: {failure}"[:400]
    return Answer(Delivery.Status.UNKNOWN if reached_data else Delivery.Status.DEFERRED, words)


def _by_code(code: int, words: str, *, about_address: bool) -> Answer:
    if 500 <= code < 600:
        return Answer(Delivery.Status.FAILED, words, suppresses=about_address)
    if 400 <= code < 500:
        return Answer(Delivery.Status.DEFERRED, words)
    return Answer(Delivery.Status.UNKNOWN, words)


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(f"{code} {text}".replace("\0", "").split())[:400]
