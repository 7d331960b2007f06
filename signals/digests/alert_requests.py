"""Asking for an alert by address: the same confirmation by mail as for the digest, the same answer for everybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.core import signing
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from signals.digests.alerts import follow_tag
from signals.digests.limits import is_within
from signals.digests.links import CONFIRM_LIFE, absolute
from signals.digests.subscribe import CONSENT_VERSION, is_subscribed
from signals.digests.suppression import is_suppressed
from signals.models import Cadence, Subscription, Tag

_SIGNER: Final = signing.TimestampSigner(salt="vigie.alert")
_FORM: Final = signing.Signer(salt="vigie.alert-form")
_MAILS_PER_ADDRESS: Final = 6


def form_token(tag: Tag) -> str:
    """The token of the form for a tag: who may not see the catalogue can't count through it."""
    return _FORM.sign_object(tag.pk)


def tag_of_form(token: str) -> Tag | None:
    """The tag that a form is for, None for a token that is not ours or a tag that is gone."""
    try:
        pk = _FORM.unsign_object(token)
    except (signing.BadSignature, ValueError):
        return None
    tag = Tag.objects.select_related("merged_into").filter(pk=pk).first()
    return tag and (tag.merged_into or tag)


def request_alert(*, email: str, tag: Tag, language: str, now: datetime | None = None) -> None:
    """Send a mail that confirms; the caller learns nothing about the address. Raises OSError as sending does."""
    moment = now or timezone.now()
    if is_suppressed(email):
        return
    reader, is_fresh = _find_or_create(email, language, moment)
    allowed = is_within("alert-address", email, most=_MAILS_PER_ADDRESS, seconds=3600)
    # nobody can count: only an address that was never written to gets a mail
    if not (is_fresh if allowed is None else allowed):
        return
    token = _SIGNER.sign_object([reader.pk, tag.pk, language, moment.isoformat()])
    with translation.override(language):
        title = tag.name_fr if language.startswith("fr") and tag.name_fr else tag.name
        send_mail(
            " ".join((_("Confirm your alert: %(title)s") % {"title": title}).split()),
            "\n\n".join(
                [
                    _("Somebody, we hope you, wants to be told at this address when this rises:"),
                    title,
                    _("To be told, open this page and press the button:"),
                    absolute("subscription-alert-confirm", token),
                    _("If it was not you, do nothing: the address is forgotten after %(days)d days.")
                    % {"days": CONFIRM_LIFE.days},
                ]
            ),
            None,
            [reader.email],
        )


def _find_or_create(email: str, language: str, now: datetime) -> tuple[Subscription, bool]:
    found = Subscription.objects.filter(email__iexact=email).first()
    if found is None:
        try:
            with transaction.atomic():
                fresh = Subscription.objects.create(
                    email=email,
                    language=language,
                    cadence=Cadence.ALERT,
                    consent_version=CONSENT_VERSION,
                    created_at=now,
                )
                return fresh, True
        except IntegrityError:
            # asked twice at once
            found = Subscription.objects.get(email__iexact=email)
    if found.confirmed_at is None:
        # seven days from the last time of asking
        Subscription.objects.filter(pk=found.pk, confirmed_at=None).update(created_at=now)
    return found, False


def find_alert_request(*, token: str) -> tuple[Subscription, Tag, str] | None:
    """Whom and what a link is for, and in which language; None once it is too old or was overtaken."""
    try:
        pk, tag_pk, language, asked = _SIGNER.unsign_object(token, max_age=CONFIRM_LIFE + timedelta(hours=1))
    except (signing.BadSignature, ValueError):
        return None
    reader = Subscription.objects.filter(pk=pk).first()
    tag = Tag.objects.select_related("merged_into").filter(pk=tag_pk).first()
    if reader is None or tag is None or is_suppressed(reader.email):
        return None
    asked_at = datetime.fromisoformat(asked)
    if reader.unsubscribed_at is not None and reader.unsubscribed_at >= asked_at:
        return None
    return reader, tag.merged_into or tag, language


def confirm_alert(*, token: str, now: datetime | None = None) -> tuple[Subscription, Tag] | None:
    """Begin to tell; who was no reader becomes one who gets alerts alone. None when the link no longer works."""
    moment = now or timezone.now()
    with transaction.atomic():
        found = find_alert_request(token=token)
        if found is None:
            return None
        reader, tag, language = found
        reader = Subscription.objects.select_for_update().get(pk=reader.pk)
        if not is_subscribed(reader):
            reader.cadence, reader.language = Cadence.ALERT, language
            reader.confirmed_at, reader.consent_version = moment, CONSENT_VERSION
            reader.unsubscribed_at = reader.suppressed_at = reader.paused_until = None
            reader.suppressed_reason, reader.is_paused = "", False
            reader.save()
        follow_tag(reader=reader, tag=tag, now=moment)
    return reader, tag
