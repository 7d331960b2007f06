"""What workers run: each loads by id, calls one function, and may run twice."""

from __future__ import annotations

from datetime import datetime

from celery import shared_task
from django.utils import timezone

from ingestion import enrich, schedule
from ingestion.pipeline import poll_source as poll_one
from ingestion.pipeline import process_articles
from ingestion.queue import ANALYZE_BATCH, backlog, enqueue, enqueue_analysis
from ingestion.trim import trim_fetches as forget_old_fetches
from signals.models import Article

_DUE_AT_ONCE = 1000
_FULL_FETCH_QUEUE = 500
_FULL_ANALYZE_QUEUE = 50
_SWEPT_ARTICLES = 20 * ANALYZE_BATCH
_SWEPT_PAGES = 300


@shared_task(name="ingestion.tasks.poll_due")
def poll_due() -> None:
    """Hand out the sources that are due; what a lost queue held is due again."""
    now = timezone.now()
    schedule.make_schedules(due_at=now)
    due = schedule.due_source_ids(now=now, limit=_DUE_AT_ONCE)
    waiting = backlog("fetch")
    # They are all in the queue already, and more of the same would only make it longer.
    if waiting is None or waiting > len(due) + _FULL_FETCH_QUEUE:
        return
    for source_id in due:
        if not enqueue("ingestion.tasks.poll_source", source_id):
            return


@shared_task(name="ingestion.tasks.poll_source")
def poll_source(source_id: int, now: str | None = None) -> None:
    """Read one source if it is due, then ask for its articles to be tagged; a replay says when it is (ISO)."""
    moment = datetime.fromisoformat(now) if now else None
    enqueue_analysis(poll_one(source_id, now=moment).article_ids)


@shared_task(name="ingestion.tasks.analyze_articles")
def analyze_articles(article_ids: list[int]) -> None:
    """Group articles into stories and tag them."""
    process_articles(article_ids)


@shared_task(name="ingestion.tasks.fetch_pages")
def fetch_pages(article_ids: list[int]) -> None:
    """Read the pages of articles for their full text, then ask for them to be tagged again."""
    enqueue_analysis([pk for pk in article_ids if enrich.enrich_article(pk) == "done"])


@shared_task(name="ingestion.tasks.sweep")
def sweep() -> None:
    """Find what a lost worker or a flushed queue left behind, and hand it out again."""
    now = timezone.now()
    schedule.close_lost(now=now)
    waiting = backlog("analyze")
    if waiting is not None and waiting <= _FULL_ANALYZE_QUEUE:
        free = Article.objects.unprocessed().exclude(analyze_lease_until__gte=now)
        enqueue_analysis(list(free.order_by("id").values_list("id", flat=True)[:_SWEPT_ARTICLES]))
    waiting = backlog("fetch")
    if waiting is not None and waiting <= _FULL_FETCH_QUEUE:
        for article_ids in enrich.claim_due_pages(now=now, limit=_SWEPT_PAGES).values():
            enqueue("ingestion.tasks.fetch_pages", article_ids)


@shared_task(name="ingestion.tasks.trim_fetches")
def trim_fetches() -> None:
    """Let go of old attempts at sources."""
    forget_old_fetches(now=timezone.now())
