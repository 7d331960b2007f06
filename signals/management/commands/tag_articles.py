"""`tag_articles [ID...] [--all]`: tag what waits, these articles, or everything again."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from signals.management.base import Summary, VigieCommand
from signals.models import Article
from signals.tagging.service import TaggingSummary, tag_articles

_CHUNK = 1000


class Command(VigieCommand):
    """Tags articles in this process."""

    help = "Tag articles: those not tagged yet, the given ones, or all of them again."

    def arguments(self, parser: CommandParser) -> None:
        """IDs, or --all."""
        parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="articles to tag")
        parser.add_argument("--all", action="store_true", help="tag every article again")

    def run(self, **options: Any) -> Summary:
        """Tag in chunks, so that a stop loses little."""
        ids: list[int] = options["ids"]
        if ids and options["all"]:
            raise CommandError("Give articles or --all, not both.")
        if ids:
            missing = sorted(set(ids) - set(Article.objects.filter(pk__in=ids).values_list("pk", flat=True)))
            if missing:
                raise CommandError("No such article: " + ", ".join(map(str, missing)))
        else:
            articles = Article.objects.all() if options["all"] else Article.objects.unprocessed()
            ids = list(articles.order_by("pk").values_list("pk", flat=True))
        started = time.monotonic()
        total = TaggingSummary()
        for start in range(0, len(ids), _CHUNK):
            total += tag_articles(ids[start : start + _CHUNK])
        return {**asdict(total), "seconds": round(time.monotonic() - started, 2)}

    def say(self, summary: Summary) -> str:
        """One line."""
        return (
            f"{summary['articles']} articles tagged in {summary['seconds']} s: "
            f"{summary['created']} mentions new, {summary['updated']} changed, {summary['deleted']} gone"
        )
