"""`backup`: the whole installation in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from config.backup import BackupError, kept_secret, write_backup
from signals.management.base import Summary, VigieCommand


class Command(VigieCommand):
    """Write a backup; it works while Vigie runs."""

    help = __doc__
    needs_tables = False

    def arguments(self, parser: CommandParser) -> None:
        """Where to."""
        parser.add_argument("file", nargs="?", help="default: VIGIE_HOME/backups/vigie-DATE.tar")

    def run(self, **options: Any) -> Summary:
        """Back up and say where it is."""
        now = timezone.now()
        default = settings.VIGIE_HOME / "backups" / f"vigie-{now:%Y%m%d-%H%M%S}.tar"
        target = Path(options["file"] or default).absolute()
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            size = write_backup(
                target=target,
                database=settings.DATABASES["default"],
                secret=kept_secret(settings.VIGIE_HOME),
                now=now,
            )
        except BackupError as error:
            raise CommandError(str(error)) from None
        return {"file": str(target), "bytes": size}

    def say(self, summary: Summary) -> str:
        """In words."""
        return f"Backed up to {summary['file']} ({summary['bytes'] / 1e6:.1f} MB). Keep it secret."
