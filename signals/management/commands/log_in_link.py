"""`log_in_link`: a one-time address that logs somebody in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.urls import reverse

from signals.curation.people import ensure_first_administrator, issue_log_in_link
from signals.management.base import Summary, VigieCommand
from signals.models import User


def address_of(token: str) -> str:
    """The full address of a link."""
    return settings.PUBLIC_URL + reverse("log-in-link", args=[token])


class Command(VigieCommand):
    """Print a one-time log-in link, for the first administrator unless somebody is named."""

    help = __doc__

    def arguments(self, parser: CommandParser) -> None:
        """Who it is for."""
        parser.add_argument("email", nargs="?", help="whom it logs in; the first administrator if left out")

    def run(self, **options: Any) -> Summary:
        """Issue the link."""
        if options["email"]:
            user = User.objects.filter(email__iexact=options["email"], is_active=True).first()
            if user is None:
                raise CommandError(f"nobody active has the address {options['email']}")
        else:
            user = ensure_first_administrator()
        return {"email": user.email, "log_in": address_of(issue_log_in_link(user=user))}

    def say(self, summary: Summary) -> str:
        """Just the link."""
        return str(summary["log_in"])
