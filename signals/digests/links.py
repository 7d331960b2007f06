"""Signed links: each opens one page without a log-in or cookie, and says nothing to who reads it over a shoulder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core import signing
from django.urls import reverse

from signals.digests.wishes import Wishes, wishes_from_params, wishes_params

CONFIRM_LIFE: Final = timedelta(days=7)
# Stands in a rendering for each reader's own token, which is put in when their mail is made.
READER: Final = "0-your-own-link-0"

_SUBSCRIPTION: Final = signing.Signer(salt="vigie.subscription")
_CONFIRM: Final = signing.TimestampSigner(salt="vigie.confirm")
_EVIDENCE: Final = signing.Signer(salt="vigie.evidence")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A confirmation link's meaning."""

    subscription: int
    wishes: Wishes
    consent_version: str
    asked_at: datetime


def absolute(name: str, *args: object) -> str:
    """The address, from PUBLIC_URL, of a named page."""
    return settings.PUBLIC_URL + reverse(name, args=args)


def subscription_token(pk: int) -> str:
    """The token of a reader's preferences and unsubscribing; the same every time."""
    return _SUBSCRIPTION.sign_object(pk)


def read_subscription_token(token: str) -> int | None:
    """The subscription's key, None for a token that is not ours."""
    try:
        pk = _SUBSCRIPTION.unsign_object(token)
    except (signing.BadSignature, ValueError):
        return None
    return pk if isinstance(pk, int) else None


def confirmation_token(confirmation: Confirmation) -> str:
    """The token of a confirmation link; it works for seven days."""
    wishes = confirmation.wishes
    return _CONFIRM.sign_object(
        [
            confirmation.subscription,
            wishes_params(wishes),
            confirmation.consent_version,
            confirmation.asked_at.isoformat(),
        ],
        compress=True,
    )


def read_confirmation_token(token: str) -> Confirmation | None:
    """What a token confirms, None for one that is too old or not ours."""
    try:
        values = _CONFIRM.unsign_object(token, max_age=CONFIRM_LIFE)
    except (signing.BadSignature, ValueError):
        return None
    pk, wishes, consent, asked = values
    return Confirmation(pk, wishes_from_params(wishes), consent, datetime.fromisoformat(asked))


def evidence_token(what: str, edition: str, key: str | int) -> str:
    """The token of a claim's page: what it claims (see `signals.web.views.evidence`), in which period, of what."""
    return _EVIDENCE.sign_object([what, edition, str(key)])


def read_evidence_token(token: str) -> tuple[str, str, str] | None:
    """(what, edition's period, key), None for a token that is not ours."""
    try:
        what, edition, key = _EVIDENCE.unsign_object(token)
    except (signing.BadSignature, ValueError):
        return None
    return str(what), str(edition), str(key)


def evidence_link(what: str, edition: str, key: str | int) -> str:
    """The address of a claim's page."""
    return absolute("digest-evidence", evidence_token(what, edition, key))


def preferences_link(token: str) -> str:
    """The address of a reader's preferences."""
    return absolute("subscription", token)


def unsubscribe_link(token: str) -> str:
    """The address for leaving: a page for people, a one-click endpoint for mail programs."""
    return absolute("unsubscribe", token)
