"""Asking somebody to join: a one-time link by mail, of which only a hash is kept."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError, GoneError
from signals.curation.people import check_email, check_role, close_account, hash_token, mark_undone
from signals.models import Change, Invitation, User
from signals.models.user import InvitationQuerySet

INVITATION_LIFE: Final = timedelta(days=7)
SENT: Final = "invitation.sent"
SENT_AGAIN: Final = "invitation.sent_again"
WITHDRAWN: Final = "invitation.withdrawn"
ACCEPTED: Final = "invitation.accepted"
_LOCK: Final = 0x696E7669


def invite(*, email: str, role: str, language: str, by: User) -> tuple[Invitation, str] | None:
    """Ask an address to join; an open invitation of it is withdrawn. Returns it with the link's token.

    None for somebody who is here already: they are written to otherwise, and the answer on screen is the same.
    Raises CurationError for an address that is none or whose account is closed, and a role that is not one of ours.
    """
    email = email.strip()
    check_email(email)
    check_role(role)
    if language not in {"en", "fr"}:
        raise CurationError(_("Choose a language."))
    with transaction.atomic():
        _lock_address(email)
        person = User.objects.filter(email__iexact=email).first()
        if person is not None and not person.is_active:
            raise CurationError(
                _("This address has an account that is deactivated: let them in again on the page of people.")
            )
        if person is not None:
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
        _log(invitation, by, SENT, {}, {"email": email, "role": role})
    return invitation, token


def send_again(*, invitation: Invitation, by: User) -> str:
    """A new token that lasts as long as a new one; the link sent before stops working.

    Raises CurationError when it was accepted or withdrawn.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        standing = _lock(invitation)
        before = _link_of(standing)
        standing.token_hash = hash_token(token)
        standing.expires_at = timezone.now() + INVITATION_LIFE
        standing.save(update_fields=["token_hash", "expires_at"])
        _log(standing, by, SENT_AGAIN, before, _link_of(standing))
    return token


def withdraw(*, invitation: Invitation, by: User) -> None:
    """Let the link stop working; raises CurationError when it was accepted or withdrawn before."""
    with transaction.atomic():
        standing = _lock(invitation)
        standing.withdrawn_at = timezone.now()
        standing.save(update_fields=["withdrawn_at"])
        _log(standing, by, WITHDRAWN, {"expires_at": standing.expires_at.isoformat()}, {})


def undo_invitation(*, change: Change, by: User) -> None:
    """Take back that somebody was invited, that their invitation was withdrawn or sent again, or that they joined.

    Raises CurationError when something else became of the invitation since.
    """
    with transaction.atomic():
        found = Invitation.objects.get(pk=change.key)
        _lock_address(found.email)
        invitation = Invitation.objects.select_for_update(no_key=True).get(pk=found.pk)
        _WAYS_BACK[change.verb](invitation, change)
        mark_undone(change, by)


def _unsend(invitation: Invitation, change: Change) -> None:
    joined = Change.objects.filter(target=change.target, verb=ACCEPTED, undone_at=None)
    if invitation.accepted_at is None or joined.exists():
        _refuse_unless_open(invitation)
    invitation.withdrawn_at = timezone.now()
    invitation.save(update_fields=["withdrawn_at"])


def _unsend_again(invitation: Invitation, change: Change) -> None:
    _refuse_unless_open(invitation)
    if not change.before:
        raise CurationError(_("The link that was sent before is not known any more."))
    if _link_of(invitation) != change.after:
        raise CurationError(_("This was changed again since: take that back first."))
    invitation.token_hash = change.before["token_hash"]
    invitation.expires_at = datetime.fromisoformat(change.before["expires_at"])
    invitation.save(update_fields=["token_hash", "expires_at"])
    _refuse_dead_link(invitation)


def _reopen(invitation: Invitation, change: Change) -> None:
    if User.objects.filter(email__iexact=invitation.email).exists():
        raise CurationError(_("This address has an account by now."))
    if Invitation.objects.open().filter(email__iexact=invitation.email).exists():
        raise CurationError(_("This address was invited again since: take that back first."))
    if invitation.withdrawn_at is None or invitation.accepted_at is not None:
        raise CurationError(_("This was changed again since: take that back first."))
    invitation.withdrawn_at = None
    invitation.save(update_fields=["withdrawn_at"])
    _refuse_dead_link(invitation)


def _refuse_dead_link(invitation: Invitation) -> None:
    if invitation.is_expired:
        raise CurationError(_("Its link is too old by now: invite this address anew."))
    if not Invitation.objects.valid().filter(pk=invitation.pk).exists():
        raise CurationError(_("Whoever sent it is no administrator any more: invite this address anew."))


def _unjoin(invitation: Invitation, change: Change) -> None:
    # The link was used up and stays so: the address has an account, which may be let in again.
    if invitation.accepted_by is None:
        raise GoneError(_("This is no longer there."))
    close_account(person=invitation.accepted_by)


_WAYS_BACK: Final[dict[str, Callable[[Invitation, Change], None]]] = {
    SENT: _unsend,
    SENT_AGAIN: _unsend_again,
    WITHDRAWN: _reopen,
    ACCEPTED: _unjoin,
}


def invited_since(change: Change) -> Collection[str]:
    """What stands on a change of an invitation: the rest of its story, and later invitations of its address."""
    invitation = Invitation.objects.filter(pk=change.key).first()
    if invitation is None:
        return []
    later = Invitation.objects.filter(email__iexact=invitation.email, pk__gte=invitation.pk)
    return [f"invitation:{pk}" for pk in later.values_list("pk", flat=True)]


def joined_by(change: Change) -> int | None:
    """The key of the person who came of accepting an invitation."""
    if change.verb != ACCEPTED:
        return None
    return Invitation.objects.filter(pk=change.key).values_list("accepted_by", flat=True).first()


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
        _log(invitation, user, ACCEPTED, {}, {"role": invitation.role})
    return user


def _lock(invitation: Invitation) -> Invitation:
    standing = Invitation.objects.select_for_update(no_key=True).get(pk=invitation.pk)
    _refuse_unless_open(standing)
    return standing


def _refuse_unless_open(invitation: Invitation) -> None:
    if invitation.accepted_at is not None:
        raise CurationError(_("This invitation was accepted."))
    if invitation.withdrawn_at is not None:
        raise CurationError(_("This invitation was withdrawn before."))


def _lock_address(email: str) -> None:
    """Two don't invite one address, or open an invitation of it again, at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, email.casefold()])


def _link_of(invitation: Invitation) -> dict[str, str]:
    return {"token_hash": invitation.token_hash, "expires_at": invitation.expires_at.isoformat()}


def _log(invitation: Invitation, by: User, verb: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    Change.objects.create(
        user=by,
        verb=verb,
        target=f"invitation:{invitation.pk}",
        title=invitation.email[:400],
        before=before,
        after=after,
    )
