"""Asking for the newsletter, confirming, changing one's wishes, leaving, being forgotten."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from signals.digests.limits import is_within
from signals.digests.links import (
    CONFIRM_LIFE,
    Confirmation,
    absolute,
    confirmation_token,
    preferences_link,
    read_confirmation_token,
    read_subscription_token,
    subscription_token,
)
from signals.digests.suppression import address_hash, may_be_asked
from signals.digests.wishes import Wishes
from signals.models import Cadence, OutboxMail, Subscription, Suppression

# The text that a reader agrees to stands in templates/digests/_consent.html; change both together.
CONSENT_VERSION: Final = "2026-11"
_HOUR: Final = 3600
_MAILS_PER_ADDRESS: Final = 3
_ASKS_PER_CLIENT: Final = 20


def may_ask(client: str) -> bool:
    """Whether a client may ask once more; without Valkey the limit per address alone holds."""
    return is_within("subscribe-client", client, most=_ASKS_PER_CLIENT, seconds=_HOUR) is not False


def request_subscription(*, email: str, wishes: Wishes, now: datetime | None = None) -> None:
    """Send a mail that confirms, or, to a reader already confirmed, one that leads to their preferences.

    The caller learns nothing about the address. Over its limit no mail is sent. Raises OSError when the
    mail server can't be talked to.
    """
    moment = now or timezone.now()
    reader, is_fresh = _find_or_create(email, wishes, moment)
    allowed = is_within("subscribe-address", email, most=_MAILS_PER_ADDRESS, seconds=_HOUR)
    # nobody can count: only an address that was never written to gets a mail
    if not (is_fresh if allowed is None else allowed):
        return
    if not may_be_asked(email):
        return
    with translation.override(wishes.language):
        if _gets_digest(reader):
            _mail_preferences(reader)
        else:
            token = confirmation_token(Confirmation(reader.pk, wishes, CONSENT_VERSION, moment))
            _mail_confirmation(reader, token)


def is_subscribed(reader: Subscription) -> bool:
    """Confirmed and not left; perhaps paused."""
    return bool(reader.confirmed_at) and not (reader.unsubscribed_at or reader.suppressed_at)


def _gets_digest(reader: Subscription) -> bool:
    return is_subscribed(reader) and reader.cadence != Cadence.ALERT


def _find_or_create(email: str, wishes: Wishes, now: datetime) -> tuple[Subscription, bool]:
    found = Subscription.objects.filter(email__iexact=email).first()
    if found is None:
        try:
            with transaction.atomic():
                return (
                    Subscription.objects.create(
                        email=email,
                        **_columns(wishes),
                        consent_version=CONSENT_VERSION,
                        created_at=now,
                    ),
                    True,
                )
        except IntegrityError:
            # asked twice at once
            found = Subscription.objects.get(email__iexact=email)
    if found.confirmed_at is None:
        # seven days from the last time of asking
        Subscription.objects.filter(pk=found.pk, confirmed_at=None).update(created_at=now)
    return found, False


def _mail_confirmation(reader: Subscription, token: str) -> None:
    send_mail(
        _("Confirm your subscription"),
        "\n\n".join(
            [
                _("Somebody, we hope you, asked for Vigie's digest at this address."),
                _("To get it, open this page and press the button:"),
                absolute("subscription-confirm", token),
                _("If it was not you, do nothing: the address is forgotten after %(days)d days.")
                % {"days": CONFIRM_LIFE.days},
            ]
        ),
        None,
        [reader.email],
    )


def _mail_preferences(reader: Subscription) -> None:
    send_mail(
        _("You get the digest already"),
        "\n\n".join(
            [
                _("Somebody, we hope you, asked for Vigie's digest at this address, which gets it already."),
                _("To change what you get, or to leave:"),
                preferences_link(subscription_token(reader.pk)),
            ]
        ),
        None,
        [reader.email],
    )


def find_confirmation(*, token: str) -> tuple[Subscription, Confirmation] | None:
    """Whom a confirmation link is for, without using it; None once it is too old or was overtaken."""
    confirmation = read_confirmation_token(token)
    if confirmation is None:
        return None
    reader = Subscription.objects.filter(
        Q(unsubscribed_at=None) | Q(unsubscribed_at__lt=confirmation.asked_at),
        Q(suppressed_at=None) | Q(suppressed_at__lt=confirmation.asked_at),
        pk=confirmation.subscription,
    ).first()
    stands = Q(made_at__gte=confirmation.asked_at) | Q(is_complaint=True)
    if reader is None or _suppressions(reader).filter(stands).exists():
        return None
    return reader, confirmation


def _suppressions(reader: Subscription) -> QuerySet[Suppression]:
    return Suppression.objects.filter(address_hash=address_hash(reader.email))


def confirm_subscription(*, token: str, now: datetime | None = None) -> Subscription | None:
    """Begin, or begin again, with the wishes in the link; None when it no longer works.

    An address that bounced earlier is written to again: who opened the link got a mail there.
    """
    with transaction.atomic():
        found = find_confirmation(token=token)
        if found is None:
            return None
        confirmation = found[1]
        reader = Subscription.objects.select_for_update().filter(pk=found[0].pk).first()
        if reader is None or _gets_digest(reader):
            # a link used twice must not undo what was changed since
            return reader
        for name, value in _columns(confirmation.wishes).items():
            setattr(reader, name, value)
        reader.consent_version = confirmation.consent_version
        reader.confirmed_at = now or timezone.now()
        reader.unsubscribed_at = reader.suppressed_at = None
        reader.suppressed_reason = ""
        reader.save()
        _suppressions(reader).delete()
    return reader


def find_reader(*, token: str) -> Subscription | None:
    """The reader of a signed link."""
    pk = read_subscription_token(token)
    return Subscription.objects.filter(pk=pk).first() if pk is not None else None


def token_of(reader: Subscription) -> str:
    """The token of a reader's own links."""
    return subscription_token(reader.pk)


def change_wishes(*, reader: Subscription, wishes: Wishes) -> None:
    """What a reader gets from the next edition on."""
    Subscription.objects.filter(pk=reader.pk).update(**_columns(wishes))


def wishes_of(reader: Subscription) -> Wishes:
    """What a reader asked for."""
    return Wishes(
        language=reader.language,
        kinds=tuple(reader.kinds),
        themes=tuple(reader.themes),
        tags=tuple(reader.tags),
        least_relevancy=reader.least_relevancy,
        cadence=reader.cadence,
        weekday=reader.weekday,
        hour=reader.hour,
        time_zone=reader.time_zone,
        is_paused=reader.is_paused,
        paused_until=reader.paused_until,
    )


def _columns(wishes: Wishes) -> dict[str, Any]:
    lists = {name: list(getattr(wishes, name)) for name in ("kinds", "themes", "tags")}
    return {field.name: getattr(wishes, field.name) for field in fields(wishes)} | lists


def unsubscribe(*, reader: Subscription, now: datetime | None = None) -> None:
    """No mail any more; what is reserved already is not sent either."""
    Subscription.objects.filter(pk=reader.pk, unsubscribed_at=None).update(
        unsubscribed_at=now or timezone.now()
    )


def forget_reader(*, reader: Subscription) -> None:
    """Delete all that is kept of a reader; the ledger keeps that a mail went out, not to whom."""
    with transaction.atomic():
        # a mail server's words often repeat the address
        reader.deliveries.update(answer="")
        OutboxMail.objects.filter(to__iexact=reader.email).delete()
        reader.delete()


def expire_unconfirmed(*, now: datetime) -> int:
    """Forget addresses that nobody confirmed within seven days."""
    late = Subscription.objects.filter(
        confirmed_at=None, created_at__lt=now - CONFIRM_LIFE - timedelta(hours=1)
    )
    return late.delete()[0]
