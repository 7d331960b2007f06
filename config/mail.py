"""Who carries the mails: an SMTP server, a provider by its HTTP interface, or nobody (then they wait in an outbox)."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from config import env

_SMTP: Final = "signals.digests.smtp.EmailBackend"
_OUTBOX: Final = "signals.digests.outbox.EmailBackend"
_PREFIX: Final = "ANYMAIL_"
_SHORTEST_SECRET: Final = 16

# What each of django-anymail's providers can't do without; further settings of theirs pass through as they are.
PROVIDERS: Final[dict[str, tuple[str, ...]]] = {
    "amazon_ses": (),
    "brevo": ("BREVO_API_KEY",),
    "mailersend": ("MAILERSEND_API_TOKEN",),
    "mailgun": ("MAILGUN_API_KEY",),
    "mailjet": ("MAILJET_API_KEY", "MAILJET_SECRET_KEY"),
    "mailtrap": ("MAILTRAP_API_TOKEN",),
    "mandrill": ("MANDRILL_API_KEY",),
    "postal": ("POSTAL_API_URL", "POSTAL_API_KEY"),
    "postmark": ("POSTMARK_SERVER_TOKEN",),
    "resend": ("RESEND_API_KEY",),
    "sendgrid": ("SENDGRID_API_KEY",),
    "sparkpost": ("SPARKPOST_API_KEY",),
    "unisender_go": ("UNISENDER_GO_API_KEY", "UNISENDER_GO_API_URL"),
}


def backend(*, host: str, provider: str) -> str:
    """The mail backend; ImproperlyConfigured when an SMTP server and a provider are set, or one nobody knows."""
    if not provider:
        return _SMTP if host else _OUTBOX
    if host:
        raise ImproperlyConfigured("EMAIL_HOST and EMAIL_PROVIDER are two ways to send: set one of them")
    if provider not in PROVIDERS:
        known = ", ".join(PROVIDERS)
        raise ImproperlyConfigured(f"EMAIL_PROVIDER must be one of {known}, not {provider!r}")
    if provider == "amazon_ses" and find_spec("boto3") is None:
        raise ImproperlyConfigured("EMAIL_PROVIDER=amazon_ses needs boto3: pip install boto3")
    return f"anymail.backends.{provider}.EmailBackend"


def provider_settings(provider: str, *, timeout: int) -> dict[str, Any]:
    """django-anymail's settings: all variables that begin with ANYMAIL_; ImproperlyConfigured when one is missing."""
    if not provider:
        return {}
    missing = [f"{_PREFIX}{name}" for name in PROVIDERS[provider] if not env.text(f"{_PREFIX}{name}")]
    if missing:
        raise ImproperlyConfigured(f"EMAIL_PROVIDER={provider} needs {' and '.join(missing)}")
    given: dict[str, Any] = {
        name.removeprefix(_PREFIX): value.strip()
        for name, value in os.environ.items()
        if name.startswith(_PREFIX) and value.strip()
    }
    secret = given.get("WEBHOOK_SECRET", "")
    if secret and (":" not in secret.strip(":") or len(secret) < _SHORTEST_SECRET):
        raise ImproperlyConfigured(
            f"ANYMAIL_WEBHOOK_SECRET must be name:password, {_SHORTEST_SECRET} characters or more"
        )
    return {"REQUESTS_TIMEOUT": timeout, **given}
