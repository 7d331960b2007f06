"""`restore`: put a backup in the place of what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader

from config.backup import BackupError, kept_secret, restore_backup
from signals.management.base import Summary, VigieCommand


class Command(VigieCommand):
    """Restore a backup; what was there is kept as a database of another name."""

    help = __doc__
    needs_tables = False

    def arguments(self, parser: CommandParser) -> None:
        """Where from."""
        parser.add_argument("file")

    def run(self, **options: Any) -> Summary:
        """Restore, then migrate to this version."""
        known = set(MigrationLoader(connection).disk_migrations or ())
        connections.close_all()
        try:
            previous = restore_backup(
                source=Path(options["file"]),
                database=settings.DATABASES["default"],
                secret=kept_secret(settings.VIGIE_HOME),
                known_migrations=known,
            )
        except BackupError as error:
            raise CommandError(str(error)) from None
        call_command("migrate", interactive=False, verbosity=0)
        return {"file": options["file"], "previous": previous}

    def say(self, summary: Summary) -> str:
        """In words."""
        return f"Restored {summary['file']}. What was there before is kept as the database {summary['previous']}."
