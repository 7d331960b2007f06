"""`evaluate_notes FILE`: how well rows are ranked, sorted into kinds, graded and linked to the starter catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from signals.management.base import Summary, VigieCommand
from signals.tagging.learning.layouts import LayoutError, read_notes


class Command(VigieCommand):
    """Judges on a file of notes; reads no database."""

    needs_tables = False
    help = (
        "Measure on the notes of FILE: rows ranked, kinds, relevance, rows linked to the starter catalogue."
    )

    def arguments(self, parser: CommandParser) -> None:
        """FILE."""
        parser.add_argument("file", type=Path, metavar="FILE", help="one JSON object a line")

    def run(self, **options: Any) -> Summary:
        """All figures."""
        # Not at the top: what it imports takes longer than most commands run.
        from signals.tagging.learning.evaluation import evaluate_notes

        try:
            notes, rows = read_notes(options["file"])
        except (OSError, LayoutError) as error:
            raise CommandError(str(error)) from error
        return dict(evaluate_notes(notes, rows))
