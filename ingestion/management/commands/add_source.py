"""`add_source URL [--kind K] [--name N]`, or `add_source --opml FILE`: add sources after reading them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ingestion.errors import IngestError
from ingestion.services import add_source, import_opml, make_source
from ingestion.sources.registry import READERS
from signals.management.base import Summary, VigieCommand
from signals.models import Source, SourceKind


class Command(VigieCommand):
    """Adds one source, or a list of feeds."""

    help = (
        "Add a source: a feed, a site whose feed is to be found, a model registry, or an OPML list of feeds."
    )

    def arguments(self, parser: CommandParser) -> None:
        """URL or --opml."""
        parser.add_argument("url", nargs="?", metavar="URL")
        parser.add_argument("--kind", choices=sorted(READERS), default=None, help="a feed unless told")
        parser.add_argument("--name", default="", help="what to call it; its own title otherwise")
        parser.add_argument("--unread", action="store_true", help="add it without reading it first")
        parser.add_argument("--opml", type=Path, metavar="FILE", help="add all feeds of a list, unread")

    def run(self, **options: Any) -> Summary:
        """Add, once however often it is said."""
        if bool(options["url"]) == bool(options["opml"]):
            raise CommandError("Give an address, or --opml FILE.")
        try:
            return _add_list(options["opml"]) if options["opml"] else _add_one(options)
        except IngestError as error:
            return {"failed": True, "error": error.code, "reason": str(error)}

    def say(self, summary: Summary) -> str:
        """One line."""
        if summary.get("failed"):
            return f"not added: {summary['reason']}"
        if "id" in summary:
            verb = "added" if summary["new"] else "known already"
            return f"{verb}: {summary['name']} ({summary['kind']}, source {summary['id']}) {summary['url']}"
        lines = [f"{summary['added']} added, {summary['known']} known already", *summary["refused"]]
        return "\n".join(lines)


def _add_one(options: dict[str, Any]) -> Summary:
    before = Source.objects.count()
    kind, name = options["kind"], options["name"]
    if options["unread"]:
        source = make_source(url=options["url"], kind=kind or SourceKind.FEED, name=name)
    else:
        source = add_source(url=options["url"], kind=kind, name=name)
    return {
        "id": source.pk,
        "url": source.url,
        "kind": source.kind,
        "name": source.name,
        "new": Source.objects.count() > before,
    }


def _add_list(path: Path) -> Summary:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    result = import_opml(body)
    return {"added": len(result.added), "known": result.known, "refused": result.refused}
