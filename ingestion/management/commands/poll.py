"""`poll [--all|ID...] [--queue]`: read sources now, and tag what came."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from ingestion import schedule
from ingestion.enrich import claim_due_pages, enrich_article
from ingestion.pipeline import PollResult, poll_sources, process_articles, process_leftovers
from ingestion.services import poll_now
from signals.management.base import Summary, VigieCommand
from signals.models import Article, Source

_PAGES = 1000


class Command(VigieCommand):
    """Polls in this process, or asks the workers to."""

    help = "Read the sources that are due, all of them, or the given ones; then tag their articles."

    def arguments(self, parser: CommandParser) -> None:
        """IDs, or --all; without either, what is due."""
        parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="sources to read, due or not")
        parser.add_argument("--all", action="store_true", help="read every enabled source, due or not")
        parser.add_argument("--queue", action="store_true", help="let the workers do it")
        parser.add_argument("--pages", action="store_true", help="read pages for their full text, too")
        parser.add_argument("--threads", type=int, default=4, help="how many sources at a time")

    def run(self, **options: Any) -> Summary:
        """Poll, group, tag; a source that fails makes the exit code 1."""
        started, now = time.monotonic(), timezone.now()
        schedule.make_schedules(due_at=now)
        ids = _chosen(options)
        if options["queue"]:
            asked = [poll_now(source=source) for source in Source.objects.polled().filter(pk__in=ids)]
            return {"queued": sum(asked), "waiting_for_the_next_tick": len(asked) - sum(asked)}
        force = bool(options["all"] or options["ids"])
        results = []
        processed = 0
        for result in poll_sources(ids, threads=max(1, min(options["threads"], len(ids))), force=force):
            results.append(result)
            processed += process_articles(result.article_ids)
        pages = _read_pages() if options["pages"] else {}
        # A run that was killed leaves articles that no worker may be there to find.
        processed += process_leftovers()
        return {
            **_summary(results),
            "tagged": processed,
            **pages,
            "seconds": round(time.monotonic() - started, 2),
        }

    def say(self, summary: Summary) -> str:
        """Two lines, and one for each failure."""
        if "queued" in summary:
            return super().say(summary)
        lines = [
            f"{summary['sources']} sources: {summary['stored']} with news, {summary['unchanged']} unchanged, "
            f"{summary['failed']} failed, {summary['left_to_others']} left to others",
            f"{summary['new']} new and {summary['changed']} changed entries, {summary['refused']} refused; "
            f"{summary['tagged']} articles tagged in {summary['seconds']} s",
        ]
        lines += [f"{error['source']}: {error['reason']}" for error in summary["errors"]]
        return "\n".join(lines)


def _chosen(options: dict[str, Any]) -> list[int]:
    ids: list[int] = options["ids"]
    if ids and options["all"]:
        raise CommandError("Give sources or --all, not both.")
    polled = Source.objects.polled()
    if ids:
        missing = sorted(set(ids) - set(polled.filter(pk__in=ids).values_list("pk", flat=True)))
        if missing:
            raise CommandError("Not a source that is polled: " + ", ".join(map(str, missing)))
        return ids
    if options["all"]:
        return list(polled.filter(is_enabled=True).values_list("pk", flat=True))
    return schedule.due_source_ids(now=timezone.now())


def _summary(results: list[PollResult]) -> Summary:
    states = Counter(result.state for result in results)
    names = dict(Source.objects.filter(pk__in=[r.source_id for r in results]).values_list("pk", "name"))
    return {
        "sources": len(results),
        "stored": states["stored"],
        "unchanged": states["unchanged"],
        "failed": states["failed"],
        "left_to_others": states["skipped"] + states["deferred"],
        "new": sum(result.new for result in results),
        "changed": sum(result.changed for result in results),
        "refused": sum(result.refused for result in results),
        "errors": [
            {"source": names[result.source_id], "error": result.error, "reason": result.error_text}
            for result in results
            if result.state == "failed"
        ],
    }


def _read_pages() -> Summary:
    by_host = claim_due_pages(now=timezone.now(), limit=_PAGES)
    outcomes = {pk: enrich_article(pk) for pks in by_host.values() for pk in pks}
    done = [pk for pk, outcome in outcomes.items() if outcome == "done"]
    process_articles(done)
    later = Article.objects.filter(pk__in=outcomes).exclude(text_due_at=None).count()
    return {"pages_read": len(done), "pages_refused": len(outcomes) - len(done) - later, "pages_later": later}
