"""`export_notes --out DIR [ARTICLE...]`: articles as source notes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Exists, OuterRef, Q

from signals.curation.export import export_notes
from signals.management.base import Summary, VigieCommand
from signals.models import Article, Note, State, Tagging


class Command(VigieCommand):
    """Write source notes as Markdown files."""

    help = "Write articles as source notes; without ARTICLE, all that have a note or a mention."

    def arguments(self, parser: CommandParser) -> None:
        """The folder, and the articles' numbers."""
        parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="the folder to write to")
        parser.add_argument("articles", nargs="*", type=int, metavar="ARTICLE", help="an article's number")

    def run(self, **options: Any) -> Summary:
        """Write the files; an unknown number or a folder that can't be written fails."""
        wanted = set(options["articles"])
        articles = Article.objects.order_by("pk")
        if wanted:
            articles = articles.filter(pk__in=wanted)
            if unknown := wanted - set(articles.values_list("pk", flat=True)):
                raise CommandError(f"no such article: {', '.join(map(str, sorted(unknown)))}")
        else:
            mentions = Tagging.objects.filter(
                article=OuterRef("pk"), state__in=[State.CONFIRMED, State.SUGGESTED]
            )
            articles = articles.filter(
                Q(Exists(Note.objects.filter(article=OuterRef("pk")))) | Q(Exists(mentions))
            )
        try:
            written = export_notes(articles=articles.iterator(chunk_size=200), folder=options["out"])
        except OSError as error:
            raise CommandError(f"can't write to {options['out']}: {error.strerror or error}") from error
        return {"exported": len(written), "files": [str(note.path) for note in written]}
