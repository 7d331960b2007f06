"""The first run's content: the catalogue, curated release facts, and a sample (`sample`)."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from signals.curation.catalogue import load_catalogue
from signals.curation.note_files import find_notes
from signals.curation.notes import import_note, notes_source
from signals.curation.ratings import refresh_relevancies
from signals.curation.sample import LOADED
from signals.links import publisher_of, url_key
from signals.models import (
    Article,
    ArticleType,
    Setting,
    Source,
    SourceKind,
    TextOrigin,
)
from signals.releases.curated import load_releases
from signals.tagging.linking import link_note_rows
from signals.tagging.service import tag_articles
from signals.trends.marks import mark_articles
from signals.trends.rollup import roll_up
from signals.trends.themes import refresh_themes

FOLDER: Final = Path(__file__).resolve().parent.parent / "starter"
_BATCH: Final = 500
_DATED = re.compile(r"^(\d{4})-(\d{2})-(\d{2})-")


@dataclass(frozen=True, slots=True)
class StarterSummary:
    """What the first run loaded."""

    tags: int
    releases: int
    briefs: int
    notes: int


def load_starter() -> StarterSummary:
    """Load everything, through the same tagging and roll-up as news; again, it adds only what is missing."""
    catalogue = load_catalogue()
    releases = load_releases()
    first = not Setting.objects.filter(name=LOADED).exists()
    briefs = _load_briefs() if first else []
    notes = _load_notes() if first else []
    waiting = list(Article.objects.unprocessed().order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(waiting), _BATCH):
        tag_articles(waiting[start : start + _BATCH])
    if first:
        Setting.objects.update_or_create(name=LOADED, defaults={"value": {"loaded": True}})
    roll_up()
    refresh_themes()
    return StarterSummary(catalogue.created, releases.releases, len(briefs), len(notes))


def _load_briefs() -> list[Article]:
    source, _created = Source.objects.get_or_create(
        kind=SourceKind.CURATED,
        name="Sample briefs",
        is_sample=True,
        defaults={"fetches_full_text": False, "health": "ok"},
    )
    rows = tomllib.loads((FOLDER / "briefs.toml").read_text())["brief"]
    have = set(Article.objects.filter(source=source).values_list("url", flat=True))
    with transaction.atomic():
        articles = Article.objects.bulk_create(
            [_brief(source, row) for row in rows if row["url"] not in have], batch_size=_BATCH
        )
        mark_articles([article.pk for article in articles])
    return articles


def _brief(source: Source, row: dict[str, Any]) -> Article:
    published = _noon(date.fromisoformat(row["published"]))
    text = row["text"].strip()
    return Article(
        source=source,
        type=ArticleType.BRIEF,
        url=row["url"],
        url_key=url_key(row["url"]),
        title=row["title"],
        text=text,
        text_origin=TextOrigin.FACTS,
        publisher=row["publisher"],
        language=row["language"],
        published_at=published,
        known_at=published,
        sort_at=published,
        content_hash=hashlib.sha256(f"{row['title']}\n{text}".encode()).hexdigest(),
        is_sample=True,
    )


def _load_notes() -> list[int]:
    """The sample's notes; a file's name holds the day its article appeared."""
    source = notes_source(is_sample=True)
    note_ids = []
    for found in find_notes([FOLDER / "notes"]):
        if found.note is None:
            raise ValueError(f"{found.origin}: {found.refused}")
        dated = _DATED.match(Path(found.origin).name)
        if dated is None:
            raise ValueError(f"{found.origin}: the file's name does not start with a day")
        published = _noon(date(*map(int, dated.groups())))
        report = import_note(note=found.note, origin=Path(found.origin).name, source=source, now=published)
        if report.note_id is None:
            continue
        note_ids.append(report.note_id)
        with transaction.atomic():
            Article.objects.filter(note=report.note_id).update(
                published_at=published,
                known_at=published,
                sort_at=published,
                is_sample=True,
                publisher=publisher_of(found.note.link or "")[:200],
            )
            mark_articles([report.article_id] if report.article_id else [])
    link_note_rows(note_ids)
    refresh_relevancies(article_ids=Article.objects.filter(note__in=note_ids).values_list("pk", flat=True))
    return note_ids


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
