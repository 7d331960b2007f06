"""`add_article (URL|FILE|-)`: one article by its address, from a file, or pasted; then it is tagged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ingestion.charset import decode
from ingestion.errors import IngestError
from ingestion.pages import add_page
from ingestion.pipeline import process_articles
from signals.curation.articles import LARGEST_TEXT, add_article
from signals.curation.errors import CurationError
from signals.management.base import Summary, VigieCommand
from signals.models import Article

# Four bytes a character at most, and one more character to be found too long.
_MOST_BYTES = 4 * (LARGEST_TEXT + 1)


class Command(VigieCommand):
    """Adds one article."""

    help = "Add an article by its address, from a text file, or from standard input (-), and tag it."

    def arguments(self, parser: CommandParser) -> None:
        """URL, FILE or -."""
        parser.add_argument("what", metavar="URL|FILE|-")
        parser.add_argument("--title", default="", help="the title of a text; its first line otherwise")
        parser.add_argument("--url", default="", help="where a text was published")

    def run(self, **options: Any) -> Summary:
        """Add, once however often it is said; then group and tag."""
        try:
            article, is_new = _add(options)
        except (IngestError, CurationError) as error:
            return {"failed": True, "reason": str(error)}
        process_articles([article.pk])
        return {
            "id": article.pk,
            "new": is_new,
            "title": article.title,
            "publisher": article.publisher,
            "language": article.language,
            "characters": len(article.text),
            "tags": [
                {"tag": name, "kind": kind, "relevance": stated or estimated}
                for name, kind, stated, estimated in article.taggings.values_list(
                    "tag__name", "tag__kind", "stated_relevancy", "estimated_relevancy"
                )
            ],
        }

    def say(self, summary: Summary) -> str:
        """One line, and one for each tag."""
        if summary.get("failed"):
            return f"not added: {summary['reason']}"
        verb = "added" if summary["new"] else "known already"
        lines = [f"{verb}: {summary['title']} (article {summary['id']}, {summary['characters']} characters)"]
        lines += [f"  {tag['kind']}: {tag['tag']} ({tag['relevance']})" for tag in summary["tags"]]
        return "\n".join(lines)


def _add(options: dict[str, Any]) -> tuple[Article, bool]:
    what: str = options["what"]
    if what.startswith(("http://", "https://")):
        return add_page(what)
    try:
        with sys.stdin.buffer if what == "-" else Path(what).open("rb") as file:
            text = decode(file.read(_MOST_BYTES))
    except OSError as error:
        raise CommandError(f"{what}: {error.strerror}") from error
    if "\0" in text:
        raise CommandError(f"{what}: this is not a text")
    return add_article(text=text, title=options["title"], url=options["url"])
