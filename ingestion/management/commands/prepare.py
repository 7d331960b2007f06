"""`prepare`: bring an installation up to date before it serves."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.db import connection

from ingestion.pipeline import try_again
from ingestion.starter import add_starter_sources
from signals.curation.catalogue import load_catalogue
from signals.curation.people import ensure_first_administrator, issue_log_in_link
from signals.curation.reading_again import is_read_otherwise, note_reading, start_reading_again
from signals.curation.starter import load_starter
from signals.management.base import Summary, VigieCommand
from signals.management.commands.log_in_link import address_of
from signals.models import Setting

_LOADED = "starter_loaded"
_LOCK = 0x50524550  # "PREP": a command may come while `make run` prepares


class Command(VigieCommand):
    """Migrate, collect static files, load the starter content once, invite the first administrator."""

    help = __doc__
    needs_tables = False

    def arguments(self, parser: CommandParser) -> None:
        """An image has its static files already."""
        parser.add_argument("--no-static", action="store_true", help="leave the static files alone")

    def run(self, **options: Any) -> Summary:
        """Every step may be repeated; two that come together take turns."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            return _prepare(with_static=not options["no_static"])
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _prepare(*, with_static: bool) -> Summary:
    quiet = StringIO()
    call_command("migrate", interactive=False, verbosity=0, stdout=quiet)
    if with_static:
        call_command("collectstatic", interactive=False, verbosity=0, stdout=quiet)
    first = settings.STARTER_CONTENT and not Setting.objects.filter(pk=_LOADED).exists()
    if first:
        load_starter()
        add_starter_sources()
        Setting.objects.update_or_create(name=_LOADED, defaults={"value": True})
        note_reading()
    elif is_read_otherwise():
        if settings.STARTER_CONTENT:
            load_catalogue()
        start_reading_again()
    # What this version can read another one may not have been able to.
    try_again()
    administrator = ensure_first_administrator()
    # Whoever has a password can log in; a link printed at every start would lie about in logs.
    log_in = "" if administrator.has_usable_password() else address_of(issue_log_in_link(user=administrator))
    return {"address": settings.PUBLIC_URL, "first_run": first, "log_in": log_in}
