"""Addresses that are never written to again: known by a keyed hash, so that they outlive being forgotten."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.curation.people import mark_undone
from signals.digests.limits import is_within
from signals.models import Change, Subscription, Suppression, User

LIFTED: Final = "suppression.lifted"
_DAY: Final = 24 * 3600
_SALT: Final = b"vigie.suppression:"
_ADDRESS: Final = re.compile(r"<?[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+>?")


def address_hash(address: str) -> str:
    """The keyed hash of an address; equal for all the ways of writing it that mail servers take as one."""
    name, _at, domain = address.strip().rpartition("@")
    said = f"{name.casefold()}@{_ascii(domain.casefold().rstrip('.'))}"
    return hmac.new(settings.SECRET_KEY.encode(), _SALT + said.encode(), hashlib.sha256).hexdigest()


def without_addresses(words: str) -> str:
    """A server's words without the addresses in them: more people read reasons than addresses."""
    return _ADDRESS.sub("…", words)


def domain_of(address: str) -> str:
    """Whom a mail to the address is handed to, as the pace per domain counts it."""
    return _ascii(address.rpartition("@")[2].strip().casefold().rstrip("."))[:255]


def _ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def may_be_asked(address: str) -> bool:
    """Whether a confirmation may go to an address now: once a day after a bounce, never after a complaint."""
    found = Suppression.objects.filter(address_hash=address_hash(address)).first()
    if found is None:
        return True
    return not found.is_complaint and bool(is_within("suppressed", address, most=1, seconds=_DAY))


def has_complained(address: str) -> bool:
    """Whether nothing at all may go to an address, whoever asks."""
    return Suppression.objects.filter(address_hash=address_hash(address), is_complaint=True).exists()


def is_suppressed(address: str) -> bool:
    """Whether an address may not be written to."""
    return Suppression.objects.filter(address_hash=address_hash(address)).exists()


def suppressed_hashes() -> frozenset[str]:
    """All of them, to look many addresses up at once."""
    return frozenset(Suppression.objects.values_list("address_hash", flat=True))


def suppress_address(*, address: str, reason: str, now: datetime, is_complaint: bool = False) -> None:
    """Write to an address no more; the first reason stands, but a complaint weighs more than a bounce."""
    if not address:
        return
    # the list outlives its readers: it must not name them
    kept = {"reason": without_addresses(reason)[:300], "made_at": now, "is_complaint": is_complaint}
    with transaction.atomic():
        Suppression.objects.bulk_create(
            [Suppression(address_hash=address_hash(address), **kept)], ignore_conflicts=True
        )
        if is_complaint:
            Suppression.objects.filter(address_hash=address_hash(address), is_complaint=False).update(**kept)
        Subscription.objects.filter(email__iexact=address, suppressed_at=None).update(
            suppressed_at=now, suppressed_reason=reason[:300]
        )


def lift_suppression(*, address: str, by: User, now: datetime) -> None:
    """Let an address be written to again; CurationError when it is not on the list."""
    with transaction.atomic():
        found = Suppression.objects.select_for_update().filter(address_hash=address_hash(address)).first()
        if found is None:
            raise CurationError(_("This address is not on the list."))
        Change.objects.create(
            user=by,
            verb=LIFTED,
            target=f"suppression:{found.pk}",
            # the log is for all analysts and for ever: whose address it was is no part of it
            title=_("An address may be written to again"),
            before={
                "reason": without_addresses(found.reason),
                "made_at": found.made_at.isoformat(),
                "is_complaint": found.is_complaint,
                "address_hash": found.address_hash,
            },
            after={},
            made_at=now,
        )
        found.delete()
        Subscription.objects.filter(email__iexact=address).update(suppressed_at=None, suppressed_reason="")


def lifted_since(change: Change) -> list[str]:
    """Targets of later changes that let the same address in again."""
    address = change.before.get("address_hash", "")
    later = Change.objects.filter(verb=LIFTED, before__address_hash=address, pk__gt=change.pk, undone_at=None)
    return list(later.values_list("target", flat=True))


def undo_lifting(*, change: Change, by: User) -> None:
    """Put an address on the list again, as it stood there; CurationError when it is there by now."""
    was = change.before
    if "address_hash" not in was:
        raise CurationError(_("Which address it was is not kept: it would have to bounce again."))
    made_at = datetime.fromisoformat(was["made_at"])
    if lifted_since(change):
        raise CurationError(_("This was changed again since: take that back first."))
    with transaction.atomic():
        found, is_new = Suppression.objects.get_or_create(
            address_hash=was["address_hash"],
            defaults={
                "pk": int(change.key),
                "reason": was["reason"],
                "is_complaint": was["is_complaint"],
                "made_at": made_at,
            },
        )
        if not is_new:
            raise CurationError(_("This address is on the list again."))
        mark_undone(change, by)
        readers = Subscription.objects.filter(suppressed_at=None).values_list("pk", "email")
        theirs = [pk for pk, email in readers.iterator() if address_hash(email) == found.address_hash]
        Subscription.objects.filter(pk__in=theirs).update(
            suppressed_at=made_at, suppressed_reason=found.reason
        )
