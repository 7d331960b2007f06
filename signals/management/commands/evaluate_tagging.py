"""`evaluate_tagging FILE --train-before DATE [--family NAME]`: how well known tags are found, learned from the past."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from signals.management.base import Summary, VigieCommand
from signals.tagging.learning.layouts import LayoutError, read_issues


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise ArgumentTypeError(f"{written!r} is no day, write it as 2025-01-31") from error


class Command(VigieCommand):
    """Learns from a file's issues before a day and judges on the rest; reads no database."""

    needs_tables = False
    help = "Learn to tag from the issues of FILE before a day, and measure on those from it on."

    def arguments(self, parser: CommandParser) -> None:
        """FILE, --train-before, --family."""
        parser.add_argument("file", type=Path, metavar="FILE", help="one JSON object a line")
        parser.add_argument("--train-before", type=_day, required=True, metavar="DATE")
        parser.add_argument("--family", action="append", metavar="NAME", help="only this list of tags")

    def run(self, **options: Any) -> Summary:
        """Each family's figures."""
        # Not at the top: what it imports takes longer than most commands run.
        from signals.tagging.learning.evaluation import evaluate_family

        try:
            families = read_issues(options["file"])
        except (OSError, LayoutError) as error:
            raise CommandError(str(error)) from error
        wanted: list[str] = options["family"] or list(families)
        missing = [family for family in wanted if family not in families]
        if missing:
            raise CommandError(f"No such family in {options['file'].name}: {', '.join(missing)}")
        return {family: evaluate_family(families[family], options["train_before"]) for family in wanted}

    def say(self, summary: Summary) -> str:
        """A line per family."""
        return "\n".join(
            f"{family}: LRAP {figures['lrap']} (names and shares alone: {figures['baseline']}), "
            f"precision {figures['precision']}, recall {figures['recall']}, "
            f"{figures['tags']} tags, {figures['articles']} articles"
            for family, figures in summary.items()
        )
