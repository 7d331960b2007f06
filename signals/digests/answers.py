"""What a mail server's or provider's answer means for a delivery."""

from __future__ import annotations

import re
import smtplib
from dataclasses import dataclass
from typing import Final

from anymail.exceptions import AnymailError, AnymailInvalidAddress, AnymailRecipientsRefused
from anymail.message import AnymailStatus
from requests import ConnectionError as NoConnection
from requests import ConnectTimeout, RequestException

from signals.models import Delivery

# Refusals of this message or this sender, not of the address.
_NOT_THE_ADDRESS: Final = (552, 554)
# "Not by policy", "mailbox full": the same, by the enhanced code.
_POLICY_OR_FULL: Final = re.compile(r"\b5\.(?:7\.\d{1,3}|2\.2)\b")
# The server does not let us send to others: it would say so of every reader's address.
_NO_RELAY: Final = re.compile(
    r"relay(?:ing)? (?:access )?(?:is )?(?:denied|prohibited|not (?:permitted|allowed))"
    r"|authentication (?:is )?required",
    re.IGNORECASE,
)
_NOT_LET_IN: Final = (503, 530, 535)
# An HTTP service that says so has not taken the mail; any other 5xx may have.
_LATER = (408, 429, 503)
# Our key is wrong, out of money or not allowed: the operator's to repair, no reader's fault.
_OURS = (401, 402, 403, 404)


@dataclass(frozen=True, slots=True)
class Answer:
    """The state that follows, the server's words, and whether the address is to be left alone from now on."""

    status: Delivery.Status
    words: str
    suppresses: bool = False
    provider_key: str = ""


def judge(failure: OSError | AnymailError, *, reached_data: bool) -> Answer:
    """The meaning of a failed sending; `reached_data`: the message was offered, so it may have been accepted."""
    if isinstance(failure, AnymailError):
        return _judge_provider(failure)
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(failure.recipients.values()))
        words = _words(code, said)
        if code in _NOT_LET_IN or _NO_RELAY.search(words):
            return Answer(Delivery.Status.DEFERRED, words)
        return _by_code(code, words, about_address=code != _NOT_THE_ADDRESS[0])
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


def _judge_provider(failure: AnymailError) -> Answer:
    words = " ".join(f"{type(failure).__name__}: {failure}".replace("\0", "").split())[:400]
    if isinstance(failure, (AnymailRecipientsRefused, AnymailInvalidAddress)):
        return Answer(Delivery.Status.FAILED, words, suppresses=True)
    code = failure.status_code
    if code is None:
        cause = failure.__cause__
        if isinstance(cause, RequestException):
            is_before = isinstance(cause, ConnectTimeout) or (
                isinstance(cause, NoConnection) and "NewConnectionError" in str(cause)
            )
            return Answer(Delivery.Status.DEFERRED if is_before else Delivery.Status.UNKNOWN, words)
        # nothing was asked of the provider: the settings ask for what it can't do
        return Answer(Delivery.Status.DEFERRED, words)
    if code in _LATER or code in _OURS:
        return Answer(Delivery.Status.DEFERRED, words)
    return Answer(Delivery.Status.FAILED if 400 <= code < 500 else Delivery.Status.UNKNOWN, words)


def taken_by_provider(told: AnymailStatus | None) -> Answer:
    """The answer of a backend that raised nothing; only a provider's says more than that it took the mail."""
    key = str((told and told.message_id) or "")[:200]
    states = set((told and told.status) or ())
    if states and states <= {"unknown"}:
        return Answer(Delivery.Status.UNKNOWN, "the provider's answer was not understood", provider_key=key)
    if states and states <= {"failed"}:
        return Answer(Delivery.Status.FAILED, "the provider took the mail and failed", provider_key=key)
    return Answer(Delivery.Status.SENT, "accepted", provider_key=key)


def _by_code(code: int, words: str, *, about_address: bool) -> Answer:
    if 500 <= code < 600:
        suppresses = about_address and not _POLICY_OR_FULL.search(words)
        return Answer(Delivery.Status.FAILED, words, suppresses=suppresses)
    if 400 <= code < 500:
        return Answer(Delivery.Status.DEFERRED, words)
    return Answer(Delivery.Status.UNKNOWN, words)


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(f"{code} {text}".replace("\0", "").split())[:400]
