"""Who may do what, one's own settings, and one-time links to log in without a password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.changed_again import fields_changed_again, refuse_under_a_later_one
from signals.curation.errors import CurationError
from signals.models import Change, LogInLink, Role, User

LINK_LIFE = timedelta(hours=24)
FIRST_EMAIL = "admin@localhost.localdomain"
ADDED = "person.added"


def ensure_first_administrator() -> User:
    """The longest-standing active administrator, created when there is none."""
    with transaction.atomic():
        found = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).order_by("pk").first()
        if found is not None:
            return found
        user = User.objects.create_superuser(settings.ADMIN_EMAIL or FIRST_EMAIL)
        _log(user, None, ADDED, {}, {"role": user.role})
        return user


def add_person(
    *, email: str, role: str = Role.VIEWER, name: str = "", by: User | None = None
) -> tuple[User, bool]:
    """Add a person, or give one that is there another role; returns them and whether they are new.

    Raises CurationError for an address that is none, a role that is not one of ours, and the last administrator.
    """
    check_role(role)
    check_email(email)
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email__iexact=email).first()
        if user is None:
            user = User.objects.create_user(email, role=role, name=name)
            _log(user, by, ADDED, {}, {"role": role})
            return user, True
        if name:
            change_settings(person=user, by=by, name=name, language=user.language, time_zone=user.time_zone)
        change_role(person=user, role=role, by=by)
        user.refresh_from_db()
        return user, False


def change_role(*, person: User, role: str, by: User | None) -> Change | None:
    """Let somebody do more or less; None when they have the role already.

    Raises CurationError for a role that is not one of ours, and for the last administrator.
    """
    check_role(role)
    with transaction.atomic():
        person = _lock(person)
        if person.role == role:
            return None
        if role != Role.ADMINISTRATOR:
            _keep_one_administrator(person)
        before = person.role
        # Django's administration asks this flag, everything else the role.
        person.role, person.is_superuser = role, role == Role.ADMINISTRATOR
        person.save(update_fields=["role", "is_superuser"])
        return _log(person, by, "person.role", {"role": before}, {"role": role})


def deactivate_person(*, person: User, by: User | None) -> Change | None:
    """Let somebody in no more, from their next click on; all they did stays theirs. None when it was so before.

    Raises CurationError for the last administrator.
    """
    return _set_active(person, False, by)


def reactivate_person(*, person: User, by: User | None) -> Change | None:
    """Let somebody in again, with the role they had; None when they may already."""
    return _set_active(person, True, by)


def change_settings(
    *, person: User, by: User | None, name: str, language: str, time_zone: str
) -> Change | None:
    """What a person sets for themselves; None when nothing differs."""
    values = {"name": name, "language": language, "time_zone": time_zone}
    with transaction.atomic():
        person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        before = {
            field: getattr(person, field) for field in values if getattr(person, field) != values[field]
        }
        if not before:
            return None
        for field in before:
            setattr(person, field, values[field])
        person.save(update_fields=[*before])
        after = {field: values[field] for field in before}
        return Change.objects.create(
            user=by,
            verb="settings.changed",
            target=f"settings:{person.pk}",
            title=str(person)[:400],
            before=before,
            after=after,
        )


def undo_settings(*, change: Change, by: User) -> None:
    """Put a person's settings back; what they set again since stays. Raises CurationError when all of it was."""
    with transaction.atomic():
        person = User.objects.select_for_update(no_key=True).get(pk=change.key)
        again = fields_changed_again(change)
        held = [
            field
            for field, value in change.after.items()
            if field not in again and getattr(person, field) == value
        ]
        if not held:
            raise CurationError(_("This was set again since."))
        mark_undone(change, by)
        for field in held:
            setattr(person, field, change.before[field])
        person.save(update_fields=held)


def undo_person(*, change: Change, by: User) -> None:
    """Give a person back the role they had, or let them in (or not) as before; whoever was added is let go.

    Raises CurationError when that was changed again since, and for the last administrator.
    """
    with transaction.atomic():
        if change.verb == ADDED:
            close_account(person=User.objects.get(pk=change.key))
            mark_undone(change, by)
            return
        person = _lock(User.objects.get(pk=change.key))
        if any(getattr(person, field) != value for field, value in change.after.items()):
            raise CurationError(_("This was changed again since: take that back first."))
        refuse_under_a_later_one(change)
        lets_go = not change.before.get("is_active", person.is_active)
        if change.before.get("role", person.role) != Role.ADMINISTRATOR or lets_go:
            _keep_one_administrator(person)
        mark_undone(change, by)
        for field, value in change.before.items():
            setattr(person, field, value)
        person.is_superuser = person.role == Role.ADMINISTRATOR
        person.save(update_fields=["role", "is_active", "is_superuser"])
        if lets_go:
            _log_out(person)


def close_account(*, person: User) -> None:
    """Let somebody in no more, in the caller's transaction; the account stays, and all they did with it.

    Raises CurationError for who is deactivated already, and for the last administrator.
    """
    person = _lock(person)
    if not person.is_active:
        raise CurationError(_("This person is deactivated already."))
    _let_go(person)


def mark_undone(change: Change, by: User, now: datetime | None = None) -> None:
    """Say in the log that a change was taken back; CurationError when somebody was first."""
    done = Change.objects.filter(pk=change.pk, undone_at=None)
    if not done.update(undone_at=now or timezone.now(), undone_by=by):
        raise CurationError(_("This was undone before."))


def check_role(role: str) -> None:
    """Raises CurationError for a role that is not one of ours."""
    if role not in Role.values:
        raise CurationError(_("There are the roles %(roles)s.") % {"roles": ", ".join(Role.values)})


def check_email(email: str) -> None:
    """Raises CurationError for what is no address."""
    try:
        validate_email(email)
    except ValidationError:
        raise CurationError(_("This is not an e-mail address.")) from None
    if len(email) > 254:
        raise CurationError(_("This is not an e-mail address."))


def _set_active(person: User, active: bool, by: User | None) -> Change | None:
    with transaction.atomic():
        person = _lock(person)
        if person.is_active == active:
            return None
        if active:
            person.is_active = True
            person.save(update_fields=["is_active"])
        else:
            _let_go(person)
        verb = "person.reactivated" if active else "person.deactivated"
        return _log(person, by, verb, {"is_active": not active}, {"is_active": active})


def _let_go(person: User) -> None:
    """Deactivate a person who is locked."""
    _keep_one_administrator(person)
    person.is_active = False
    person.save(update_fields=["is_active"])
    _log_out(person)


def _log_out(person: User) -> None:
    """End what a person was logged in by, so that it doesn't come to life when they are let in again."""
    # A session tells whose it is only when it is read.
    open_ones = Session.objects.filter(expire_date__gt=timezone.now()).iterator()
    theirs = [one.pk for one in open_ones if one.get_decoded().get(SESSION_KEY) == str(person.pk)]
    Session.objects.filter(pk__in=theirs).delete()
    LogInLink.objects.filter(user=person, used_at=None).delete()


def _lock(person: User) -> User:
    """The person as they are now, locked with all administrators: two can't demote each other at once."""
    concerned = User.objects.filter(Q(pk=person.pk) | Q(role=Role.ADMINISTRATOR)).order_by("pk")
    return {one.pk: one for one in concerned.select_for_update(no_key=True)}[person.pk]


def _keep_one_administrator(person: User) -> None:
    if person.role != Role.ADMINISTRATOR or not person.is_active:
        return
    others = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exclude(pk=person.pk)
    if not others.exists():
        raise CurationError(_("This is the last administrator: make somebody else one first."))


def _log(person: User, by: User | None, verb: str, before: dict[str, Any], after: dict[str, Any]) -> Change:
    return Change.objects.create(
        user=by,
        verb=verb,
        target=f"person:{person.pk}",
        title=str(person)[:400],
        before=before,
        after=after,
    )


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
