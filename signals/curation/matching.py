"""The job that matches new tags, and tags with new names, with what is there already."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.curation.ratings import refresh_relevancies
from signals.jobs import Batch, cancel_job, lock_kind, open_jobs, start_job
from signals.models import Article, Job, NoteRow, Origin, Tag, Tagging, User
from signals.tagging.matching import match_articles, match_notes, match_proposals

KIND: Final = "match_tags"
_PHASES: Final = ("articles", "proposals", "notes")


def start_matching(*, tag_ids: Collection[int], by: User | None = None) -> Job | None:
    """Match these tags with the past in the background; None when there is none, or no tag is concerned.

    What is suggested of one that is tracked no more goes, what people or notes said of it stays.
    Tags asked for one by one while a job still waits are added to it; a running one that knows only these
    tags, under their old names, is cancelled.
    """
    with transaction.atomic():
        lock_kind(KIND)
        suggested = Tagging.objects.waiting().filter(tag=OuterRef("pk"), origin=Origin.TAGGER)
        is_concerned = Q(status=Tag.Status.TRACKED) | Exists(suggested)
        live = Tag.objects.live().filter(is_concerned, pk__in=tag_ids)
        wanted = set(live.values_list("pk", flat=True))
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
    """One batch of the job: articles, the newest first, then waiting proposals, then notes with loose rows."""
    tag_ids = job.arguments["tags"]
    phase, after = job.cursor.get("phase", _PHASES[0]), job.cursor.get("after")
    if phase == "articles":
        matched = match_articles(tag_ids, after)
    elif phase == "proposals":
        matched = match_proposals(tag_ids, after[0] if after else None)
    else:
        matched = match_notes(tag_ids, after[0] if after else None, now=now)
        refresh_relevancies(article_ids=matched.article_ids)
    result = {
        "created": job.result.get("created", 0) + matched.summary.created,
        "deleted": job.result.get("deleted", 0) + matched.summary.deleted,
        "notes": job.result.get("notes", 0) + len(matched.article_ids),
    }
    if matched.next is not None:
        return Batch(matched.seen, cursor={"phase": phase, "after": matched.next}, result=result)
    is_last = phase == _PHASES[-1]
    following = phase if is_last else _PHASES[_PHASES.index(phase) + 1]
    return Batch(matched.seen, cursor={"phase": following}, is_last=is_last, result=result)


def _title(tag_ids: Collection[int]) -> str:
    if len(tag_ids) == 1:
        return _("“%(tag)s” matched with past articles") % {"tag": Tag.objects.get(pk__in=tag_ids).name}
    return ngettext(
        "%(count)d tag matched with past articles", "%(count)d tags matched with past articles", len(tag_ids)
    ) % {"count": len(tag_ids)}


def _total() -> int:
    loose = NoteRow.objects.exclude(link=NoteRow.Link.CONFIRMED, tag__isnull=False)
    return Article.objects.count() + loose.values("note").distinct().count()
