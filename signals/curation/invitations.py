"""Asking somebody to join: a one-time link by mail, of which only a hash is kept."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.curation.people import check_email, check_role, hash_token, mark_undone
from signals.models import Change, Invitation, User
from signals.models.user import InvitationQuerySet

INVITATION_LIFE: Final = timedelta(days=7)


def invite(*, email: str, role: str, language: str, by: User) -> tuple[Invitation, str] | None:
    """Ask an address to join; an open invitation of it is withdrawn. Returns it with the link's token.

    None for somebody who is here already: they are written to otherwise, and the answer on screen is the same.
    Raises CurationError for an address that is none, and a role that is not one of ours.
    """
    email = email.strip()
    check_email(email)
    check_role(role)
    if language not in {"en", "fr"}:
        raise CurationError(_("Choose a language."))
    with transaction.atomic():
        if User.objects.filter(email__iexact=email).exists():
            return None
        now = timezone.now()
        for earlier in open_invitations().filter(email__iexact=email).select_for_update(of=("self",)):
            withdraw(invitation=earlier, by=by)
        token = secrets.token_urlsafe(32)
        invitation = Invitation.objects.create(
            email=email,
            role=role,
            language=language,
            token_hash=hash_token(token),
            invited_by=by,
            created_at=now,
            expires_at=now + INVITATION_LIFE,
        )
        _log(invitation, by, "invitation.sent", {"email": email, "role": role})
    return invitation, token


def send_again(*, invitation: Invitation, by: User) -> str:
    """A new token that lasts as long as a new one; the link sent before stops working.

    Raises CurationError when it was accepted or withdrawn.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        standing = _lock(invitation)
        standing.token_hash = hash_token(token)
        standing.expires_at = timezone.now() + INVITATION_LIFE
        standing.save(update_fields=["token_hash", "expires_at"])
        _log(standing, by, "invitation.sent_again", {})
    return token


def withdraw(*, invitation: Invitation, by: User) -> None:
    """Let the link stop working; raises CurationError when it was accepted or withdrawn before."""
    with transaction.atomic():
        standing = _lock(invitation)
        standing.withdrawn_at = timezone.now()
        standing.save(update_fields=["withdrawn_at"])
        _log(standing, by, "invitation.withdrawn", {})


def undo_invitation(*, change: Change, by: User) -> None:
    """Withdraw an invitation; CurationError when it was accepted or withdrawn."""
    with transaction.atomic():
        withdraw(invitation=Invitation.objects.get(pk=change.key), by=by)
        mark_undone(change, by)


def open_invitations() -> InvitationQuerySet:
    """Those that wait for an answer, the expired ones too, the newest first."""
    return Invitation.objects.open().select_related("invited_by")


def find_invitation(*, token: str) -> Invitation | None:
    """The invitation of a token that may still be accepted, without accepting it."""
    return Invitation.objects.open().valid().filter(token_hash=hash_token(token)).first()


def accept_invitation(*, token: str, name: str, password: str) -> User | None:
    """Make the person and use the link up; None when it is unknown, old, used, or they are here by now."""
    with transaction.atomic():
        open_ones = Invitation.objects.open().valid()
        invitation = open_ones.select_for_update(no_key=True).filter(token_hash=hash_token(token)).first()
        if invitation is None:
            return None
        try:
            with transaction.atomic():
                user = User.objects.create_user(
                    invitation.email,
                    password,
                    role=invitation.role,
                    name=name.replace("\x00", "").strip()[:120],
                    language=invitation.language,
                )
        except IntegrityError:
            # Let in otherwise meanwhile: whoever holds the mail logs in like everybody else.
            return None
        invitation.accepted_at, invitation.accepted_by = timezone.now(), user
        invitation.save(update_fields=["accepted_at", "accepted_by"])
        _log(invitation, user, "invitation.accepted", {"role": invitation.role})
    return user


def _lock(invitation: Invitation) -> Invitation:
    standing = Invitation.objects.select_for_update(no_key=True).get(pk=invitation.pk)
    if standing.accepted_at is not None:
        raise CurationError(_("This invitation was accepted."))
    if standing.withdrawn_at is not None:
        raise CurationError(_("This invitation was withdrawn before."))
    return standing


def _log(invitation: Invitation, by: User, verb: str, after: dict[str, str]) -> None:
    Change.objects.create(
        user=by, verb=verb, target=f"invitation:{invitation.pk}", title=invitation.email[:400], after=after
    )
