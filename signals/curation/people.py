"""The first administrator, and one-time links to log in without a password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.models import LogInLink, Role, User

LINK_LIFE = timedelta(hours=24)
FIRST_EMAIL = "admin@localhost.localdomain"


def ensure_first_administrator() -> User:
    """The longest-standing active administrator, created when there is none."""
    with transaction.atomic():
        found = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).order_by("pk").first()
        if found is not None:
            return found
        email = settings.ADMIN_EMAIL or FIRST_EMAIL
        return User.objects.create_superuser(email)


def add_person(*, email: str, role: str = Role.VIEWER, name: str = "") -> tuple[User, bool]:
    """Add a person, or give one that is there another role; returns them and whether they are new.

    Raises CurationError for an address that is none, and for a role that is not one of ours.
    """
    if role not in Role.values:
        raise CurationError(_("There are the roles %(roles)s.") % {"roles": ", ".join(Role.values)})
    try:
        validate_email(email)
    except ValidationError:
        raise CurationError(_("This is not an e-mail address.")) from None
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email__iexact=email).first()
        if user is None:
            return User.objects.create_user(email, role=role, name=name), True
        user.role, user.name = role, name or user.name
        user.save(update_fields=["role", "name"])
        return user, False


def issue_log_in_link(*, user: User, life: timedelta = LINK_LIFE) -> str:
    """Issue a link's token; links issued earlier and not used stop working. Only its hash is stored."""
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        LogInLink.objects.filter(user=user, used_at=None).delete()
        LogInLink.objects.create(
            user=user, token_hash=hash_token(token), created_at=now, expires_at=now + life
        )
    return token


def find_log_in_link(*, token: str) -> LogInLink | None:
    """The link of a token that may still be used, without using it."""
    return (
        LogInLink.objects.select_related("user")
        .filter(
            token_hash=hash_token(token),
            used_at=None,
            expires_at__gt=timezone.now(),
            user__is_active=True,
        )
        .first()
    )


def use_log_in_link(*, token: str) -> User | None:
    """Consume a link and say whom it logs in; None when it is unknown, old or already used."""
    link = find_log_in_link(token=token)
    if link is None:
        return None
    # The condition makes two simultaneous uses one.
    used = LogInLink.objects.filter(pk=link.pk, used_at=None).update(used_at=timezone.now())
    return link.user if used else None


def hash_token(token: str) -> str:
    """What is stored of a token: its SHA-256, which suffices for 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()
