"""Celery's way in: each task calls one function, and may run twice."""

from __future__ import annotations

from datetime import date

from celery import shared_task
from django.utils import timezone

from signals import jobs
from signals.curation.sameness import refresh_if_due
from signals.digests.outbox import trim_outbox as forget_old_mails
from signals.digests.schedule import run_due
from signals.tagging.ranking_service import refit_ranker as learn_order
from signals.tagging.versions import train_if_due
from signals.trends.past import recall_day as work_out_day
from signals.trends.rollup import roll_up
from signals.trends.themes import refresh_themes_if_due


@shared_task(name="signals.tasks.roll_up_due")
def roll_up_due() -> None:
    """Recount what moved, and every tag's trend."""
    roll_up()


@shared_task(name="signals.tasks.recall_day")
def recall_day(day: str, period: int | None, window: int) -> None:
    """Put together what was known on a day, for who waits for it."""
    work_out_day(date.fromisoformat(day), period, window)


@shared_task(name="signals.tasks.send_due_digests")
def send_due_digests() -> None:
    """Make last week's edition when it is due, and send what is waiting."""
    run_due()


@shared_task(name="signals.tasks.run_due_jobs")
def run_due_jobs(job_id: int | None = None, seen: str | None = None) -> None:
    """Give one job of those that wait in the background its turn."""
    jobs.run_due_jobs(job_id, seen)


@shared_task(name="signals.tasks.refit_ranker")
def refit_ranker() -> None:
    """Learn from new decisions, and put the inbox in order."""
    learn_order()


@shared_task(name="signals.tasks.learn_tagger")
def learn_tagger() -> None:
    """Learn a new version of the tagger once there are enough new decisions."""
    train_if_due()


@shared_task(name="signals.tasks.find_similar_tags")
def find_similar_tags() -> None:
    """Look for tags that may be one, once the catalogue has changed."""
    refresh_if_due()


@shared_task(name="signals.tasks.refresh_themes")
def refresh_themes() -> None:
    """Bring the trends of themes up to date with those of their tags."""
    refresh_themes_if_due()


@shared_task(name="signals.tasks.trim_outbox")
def trim_outbox() -> None:
    """Let go of old mails in the outbox."""
    forget_old_mails(now=timezone.now())
