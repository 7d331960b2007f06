"""`roll_up`: recompute the counts that moved, and every tag's trend."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from signals.management.base import Summary, VigieCommand
from signals.trends.rollup import roll_up


class Command(VigieCommand):
    """Bring counts and trends up to date; `--rebuild` makes them again from scratch."""

    help = "Recompute the counts of mentions that moved, and every tag's trend."

    def arguments(self, parser: CommandParser) -> None:
        """`--rebuild`."""
        parser.add_argument("--rebuild", action="store_true", help="forget all counts and make them again")

    def run(self, **options: Any) -> Summary:
        """Roll up and say how much moved."""
        return asdict(roll_up(from_scratch=options["rebuild"]))
