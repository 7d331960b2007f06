"""The job that matches new tags, and tags with new names, with what is there already."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.curation.ratings import refresh_relevancies
from signals.jobs import Batch, cancel_job, lock_kind, open_jobs, start_job
from signals.models import Article, Job, NoteRow, Tag, User
from signals.tagging.matching import match_articles, match_notes

KIND: Final = "match_tags"


def start_matching(*, tag_ids: Collection[int], by: User | None = None) -> Job | None:
    """Match these tags with the past in the background; None when there is none, or no tag is tracked.

    Tags asked for one by one while a job still waits are added to it; a running one that knows only these
    tags, under their old names, is cancelled.
    """
    with transaction.atomic():
        lock_kind(KIND)
        wanted = set(Tag.objects.tracked().filter(pk__in=tag_ids).values_list("pk", flat=True))
        if not wanted or not Article.objects.exists():
            return None
        for running in open_jobs(KIND).exclude(state=Job.State.WAITING):
            if wanted.issuperset(running.arguments["tags"]):
                cancel_job(job=running)
        waiting = open_jobs(KIND).filter(state=Job.State.WAITING, cursor={})
        # Passed over when a worker is just taking it up.
        job = waiting.select_for_update(skip_locked=True, no_key=True).first()
        if job is None:
            return start_job(
                kind=KIND, title=_title(wanted), arguments={"tags": sorted(wanted)}, total=_total(), by=by
            )
        job.arguments = {"tags": sorted(wanted.union(job.arguments["tags"]))}
        job.title = _title(job.arguments["tags"])
        job.save(update_fields=["arguments", "title"])
        return job


def match_batch(job: Job, *, now: datetime) -> Batch:
    """One batch of the job: articles, the newest first, then notes with rows that nothing is linked to."""
    tag_ids, cursor = job.arguments["tags"], dict(job.cursor)
    result: dict[str, Any] = {"created": 0, "deleted": 0, "notes": 0, **job.result}
    if not cursor.get("has_read_articles"):
        matched = match_articles(tag_ids, cursor.get("article"))
        result["created"] += matched.summary.created
        result["deleted"] += matched.summary.deleted
        cursor = {"article": matched.next, "has_read_articles": matched.next is None}
        return Batch(matched.seen, cursor=cursor, result=result)
    after = cursor.get("note")
    matched = match_notes(tag_ids, after[0] if after else None, now=now)
    refresh_relevancies(article_ids=matched.article_ids)
    result["notes"] += len(matched.article_ids)
    return Batch(
        matched.seen,
        cursor={"has_read_articles": True, "note": matched.next},
        is_last=matched.next is None,
        result=result,
    )


def _title(tag_ids: Collection[int]) -> str:
    if len(tag_ids) == 1:
        return _("“%(tag)s” matched with past articles") % {"tag": Tag.objects.get(pk__in=tag_ids).name}
    return ngettext(
        "%(count)d tag matched with past articles", "%(count)d tags matched with past articles", len(tag_ids)
    ) % {"count": len(tag_ids)}


def _total() -> int:
    loose = NoteRow.objects.exclude(link=NoteRow.Link.CONFIRMED, tag__isnull=False)
    return Article.objects.count() + loose.values("note").distinct().count()
