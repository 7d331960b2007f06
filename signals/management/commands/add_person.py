"""`add_person`: let somebody in, with a role and a one-time log-in link."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from signals.curation.errors import CurationError
from signals.curation.people import add_person, issue_log_in_link
from signals.management.base import Summary, VigieCommand
from signals.management.commands.log_in_link import address_of
from signals.models import Role


class Command(VigieCommand):
    """Add a person, or change the role of one, and print a one-time log-in link for them."""

    help = __doc__

    def arguments(self, parser: CommandParser) -> None:
        """Who, and what they may do."""
        parser.add_argument("email")
        parser.add_argument("--role", default=Role.ANALYST.value, choices=Role.values)
        parser.add_argument("--name", default="")

    def run(self, **options: Any) -> Summary:
        """Add them and issue the link."""
        try:
            user, is_new = add_person(email=options["email"], role=options["role"], name=options["name"])
        except CurationError as refused:
            raise CommandError(str(refused)) from None
        link = address_of(issue_log_in_link(user=user))
        return {"email": user.email, "role": user.role, "new": is_new, "log_in": link}

    def say(self, summary: Summary) -> str:
        """Who, as what, and the link."""
        return f"{summary['email']} is {summary['role']}: {summary['log_in']}"
