"""What every command of ours shares: a short summary, or one JSON object, and an honest exit code."""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

Summary = dict[str, Any]


class VigieCommand(BaseCommand):
    """A command that returns a summary; `--json` prints it as one object.

    `run` returns the summary; a key `failed` that is true makes the exit code 1. Wrong arguments
    raise CommandError.
    """

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
        summary = self.run(**options)
        if options["json"]:
            self.stdout.write(json.dumps(summary, default=str, ensure_ascii=False))
        else:
            self.stdout.write(self.say(summary))
        if summary.get("failed"):
            raise SystemExit(1)
