"""`import_notes PATH...`: source notes from Markdown files, folders and .jsonl."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from signals.curation.notes import counts_of, import_notes
from signals.management.base import Summary, VigieCommand


class Command(VigieCommand):
    """Import source notes and say per file what became of it."""

    help = "Import source notes from Markdown files, folders or .jsonl; the same note again is unchanged."

    def arguments(self, parser: CommandParser) -> None:
        """One or more paths."""
        parser.add_argument("paths", nargs="+", metavar="PATH", type=Path, help="a file or a folder")

    def run(self, **options: Any) -> Summary:
        """Import what is there; refused notes don't stop the rest, but make the command fail."""
        summary = import_notes(paths=options["paths"])
        if not summary.reports:
            raise CommandError("no .md, .txt or .jsonl file found there")
        counts = counts_of(summary)
        return {
            **counts,
            "rows": summary.links.rows,
            "rows_linked": summary.links.linked,
            "rows_suggested": summary.links.suggested,
            "rows_proposed": summary.links.proposed,
            "notes": [asdict(report) for report in summary.reports],
            "failed": bool(counts["refused"]),
        }

    def say(self, summary: Summary) -> str:
        """One line for each note that changed or was refused, then the counts."""
        lines = [
            f"{note['outcome']}: {note['origin']}" + (f" ({note['reason']})" if note["reason"] else "")
            for note in summary["notes"]
            if note["outcome"] != "unchanged"
        ]
        return "\n".join([*lines, super().say(summary)])
