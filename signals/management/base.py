"""What every command of ours shares: a short summary, or one JSON object, and an honest exit code."""

from __future__ import annotations

import json
from abc import abstractmethod
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

Summary = dict[str, Any]


class VigieCommand(BaseCommand):
    """A command that returns a summary; `--json` prints it as one object.

    `run` returns the summary; a key `failed` that is true makes the exit code 1. Wrong arguments
    raise CommandError. A new database is prepared first, as `make run` would.
    """

    needs_tables = True

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--json`, then the command's own arguments."""
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of words")
        self.arguments(parser)

    def arguments(self, parser: CommandParser) -> None:
        """Add the command's own arguments."""

    @abstractmethod
    def run(self, **options: Any) -> Summary:
        """Do the work and return what happened."""

    def say(self, summary: Summary) -> str:
        """The summary in words; override where a list of keys reads badly."""
        return ", ".join(
            f"{value} {key.replace('_', ' ')}"
            for key, value in summary.items()
            if not isinstance(value, (list, dict, bool))
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, print, and exit non-zero when something failed."""
        try:
            if self.needs_tables:
                ensure_tables()
            summary = self.run(**options)
        except CommandError as error:
            if options["json"]:
                self.stdout.write(json.dumps({"failed": True, "reason": str(error)}, ensure_ascii=False))
            raise
        if options["json"]:
            self.stdout.write(json.dumps(summary, default=str, ensure_ascii=False))
        else:
            self.stdout.write(self.say(summary))
        if summary.get("failed"):
            raise SystemExit(1)


def ensure_tables() -> None:
    """Prepare an empty database; raises CommandError for one that an older version left."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return
    if executor.loader.applied_migrations:
        # Services of that version may be running on it: only a start may change it under them.
        raise CommandError(
            "the database is of an older version: stop Vigie and start it again, or type ./manage.py prepare"
        )
    call_command("prepare", no_static=True, stdout=StringIO())
