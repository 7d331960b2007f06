"""After an upgrade that reads articles otherwise, the past is read again in the background."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from signals.curation.catalogue import STARTER
from signals.curation.ratings import refresh_relevancies
from signals.jobs import Batch, start_job
from signals.models import Article, Job, Note, Setting
from signals.tagging import links, scorer
from signals.tagging.french import FRENCH
from signals.tagging.linking import link_note_rows
from signals.tagging.phrasing import PHRASING
from signals.tagging.service import tag_articles

KIND: Final = "read_again"
_SETTING: Final = "read_as"
_ARTICLES: Final = 200
_NOTES: Final = 20


def reading_digest() -> str:
    """What this version of the code reads with: the starter catalogue and the default models."""
    digest = hashlib.sha256()
    for path in (STARTER, scorer.DEFAULT_MODEL, PHRASING, FRENCH, links.DEFAULT_MODEL):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def is_read_otherwise() -> bool:
    """Whether what is stored was read by another version of the code."""
    return not Setting.objects.filter(pk=_SETTING, value=reading_digest()).exists()


@transaction.atomic
def note_reading() -> None:
    """Remember that what is stored is read by this version, or will be by a job that is there."""
    Setting.objects.update_or_create(pk=_SETTING, defaults={"value": reading_digest()})


@transaction.atomic
def start_reading_again() -> Job | None:
    """Read all articles and notes again, what people decided left alone; None when there are none."""
    note_reading()
    total = Article.objects.count() + Note.objects.count()
    if not total:
        return None
    title = _("Past articles read again, as this version reads them")
    return start_job(kind=KIND, title=title, arguments={"as": reading_digest()}, total=total)


def read_batch(job: Job, *, now: datetime) -> Batch:
    """One batch of the job: articles, the newest first, then notes."""
    if job.cursor.get("phase", "articles") == "articles":
        articles = Article.objects.order_by("-pk")
        if before := job.cursor.get("before"):
            articles = articles.filter(pk__lt=before)
        ids = list(articles.values_list("pk", flat=True)[:_ARTICLES])
        if not ids:
            return Batch(0, cursor={"phase": "notes", "after": 0})
        tag_articles(ids, now=now)
        return Batch(len(ids), cursor={"phase": "articles", "before": ids[-1]})
    notes = Note.objects.filter(pk__gt=job.cursor["after"]).order_by("pk")[:_NOTES]
    found = dict(notes.values_list("pk", "article_id"))
    link_note_rows(list(found), now=now)
    refresh_relevancies(article_ids=found.values())
    return Batch(
        len(found),
        cursor={"phase": "notes", "after": max(found, default=0)},
        is_last=len(found) < _NOTES,
    )
