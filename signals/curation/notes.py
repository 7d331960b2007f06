"""Importing source notes: each in its own transaction, the same note again changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from signals.curation.note_files import FoundNote, find_notes
from signals.curation.ratings import refresh_relevancies
from signals.language import detect_language
from signals.links import publisher_of, safe_link, url_key
from signals.models import (
    Article,
    ArticleType,
    ArticleVersion,
    Health,
    Note,
    NoteRow,
    Source,
    SourceKind,
    TextOrigin,
)
from signals.notes import types
from signals.notes.read import read_record
from signals.notes.types import SourceNote, clean_line, readable_list
from signals.notes.write import write_record
from signals.tagging.linking import LinkSummary, link_note_rows
from signals.trends.marks import mark_articles

Outcome = Literal["imported", "updated", "unchanged", "refused"]

SOURCE_NAME: Final = "Source notes"
_LOCK: Final = 0x4E4F5445  # "NOTE": two imports of one note must not both create it
_DERIVED_KEY: Final = "sha256:"
_OUT_OF_THE_WAY: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class NoteReport:
    """What became of one note: `reason` says why it was refused or what is out of the ordinary."""

    origin: str
    outcome: Outcome
    reason: str = ""
    title: str = ""
    article_id: int | None = None
    note_id: int | None = None


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did, note by note, and what became of the rows."""

    reports: tuple[NoteReport, ...]
    links: LinkSummary

    def count(self, outcome: Outcome) -> int:
        """How many notes had this outcome."""
        return sum(report.outcome == outcome for report in self.reports)


def import_notes(
    *, paths: Iterable[Path], source: Source | None = None, now: datetime | None = None
) -> ImportSummary:
    """Import every note of the files and folders and link its rows; a bad one is refused alone."""
    now = now or timezone.now()
    reports = [_import_found(found, source, now) for found in find_notes(paths)]
    # Unchanged ones too: an earlier import may have been cut off before it linked, and the catalogue grows.
    note_ids = [report.note_id for report in reports if report.note_id is not None]
    links = link_note_rows(note_ids, now=now)
    refresh_relevancies(
        article_ids=[report.article_id for report in reports if report.article_id is not None]
    )
    return ImportSummary(tuple(reports), links)


def import_note(
    *, note: SourceNote, origin: str = "", source: Source | None = None, now: datetime | None = None
) -> NoteReport:
    """Store one note exactly as it is, without linking its rows; the same note again is unchanged."""
    now = now or timezone.now()
    origin = origin[-400:]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        stored = _find_stored(note, origin)
        if stored is not None:
            note = _completed(note, stored_note(stored))
            if stored.content_hash == _content_hash(note):
                return NoteReport(origin, "unchanged", "", note.title, stored.article_id, stored.pk)
            _update(stored, note, origin, now)
            return NoteReport(origin, "updated", _remark(note), note.title, stored.article_id, stored.pk)
        created = _create(note, origin, source or notes_source(), now)
        return NoteReport(origin, "imported", _remark(note), note.title, created.article_id, created.pk)


def notes_source(*, is_sample: bool = False) -> Source:
    """The source that imported notes belong to."""
    name = f"{SOURCE_NAME} (sample)" if is_sample else SOURCE_NAME
    source, _ = Source.objects.get_or_create(
        kind=SourceKind.NOTES,
        name=name,
        is_sample=is_sample,
        defaults={"fetches_full_text": False, "health": Health.OK},
    )
    return source


def stored_note(note: Note) -> SourceNote:
    """The note as it was read, from what is stored of it."""
    rows = tuple(_row_as_read(row) for row in note.rows.order_by("kind", "position"))
    # Every note that was read has a title; a head that was made otherwise may not.
    title = note.head.get("title") or title_for(note.article)
    return replace(read_record(note.head | {"title": title}), rows=rows)


def title_for(article: Article) -> str:
    """What a note on an article is called: its title, else its address, else its number."""
    return clean_line(article.title) or clean_line(article.url) or f"Article {article.pk}"


def _import_found(found: FoundNote, source: Source | None, now: datetime) -> NoteReport:
    if found.note is None:
        return NoteReport(found.origin, "refused", found.refused)
    try:
        return import_note(note=found.note, origin=found.origin, source=source, now=now)
    except DatabaseError as error:
        # What PostgreSQL can't hold is this note's fault; a server that is gone is not.
        if not connection.is_usable():
            raise
        return NoteReport(found.origin, "refused", str(error).splitlines()[0], found.note.title)


def _find_stored(note: SourceNote, origin: str) -> Note | None:
    """The stored form of a note: by its id, its content, its article's address, or the file it came from."""
    notes = Note.objects.select_related("article").order_by("pk")
    key = _note_key(note)
    found = notes.filter(note_key=key).first() or notes.filter(content_hash=_content_hash(note)).first()
    if found is not None:
        return found
    others = notes if note.identity is None else notes.filter(note_key__startswith=_DERIVED_KEY)
    if note.link:
        for other in others.filter(article__url_key=url_key(note.link)):
            if other.article.title == note.title or (note.page and other.head.get("page") == note.page):
                return other
    if not origin or ".jsonl:" in origin:
        return None
    # Another note may have taken the file's name, so its link has to agree.
    return next((other for other in others.filter(origin=origin) if other.head.get("url") == note.link), None)


def _note_key(note: SourceNote) -> str:
    if note.identity:
        return note.identity[:200]
    return _DERIVED_KEY + _digest([url_key(note.link or ""), note.title, note.page])


def _content_hash(note: SourceNote) -> str:
    # The same words laid out anew are the same note.
    return _digest(write_record(replace(note, identity=None, layout=None)))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _completed(note: SourceNote, stored: SourceNote) -> SourceNote:
    """A note from a record, with what records leave out taken from its stored form.

    Records carry no page link, layout or src, and their links may lack the query: its absence is no change.
    """
    note = replace(note, identity=note.identity or stored.identity)
    if note.layout is not None:
        return note
    places = {(row.kind, row.position): row for row in stored.rows}
    link = note.link
    if link and stored.link and stored.link.startswith(f"{link}?"):
        link = stored.link
    return replace(
        note,
        link=link,
        page_link=note.page_link or stored.page_link,
        layout=stored.layout,
        rows=tuple(_with_src(row, places.get((row.kind, row.position))) for row in note.rows),
    )


def _with_src(row: types.NoteRow, stored: types.NoteRow | None) -> types.NoteRow:
    if row.src is None and stored is not None and replace(stored, src=None) == row:
        return stored
    return row


def _remark(note: SourceNote) -> str:
    """What a person should know of a note that was taken: nothing of it is lost, but some is unusual."""
    remarks = []
    if sections := [section.heading or "text before the first section" for section in note.extra]:
        remarks.append(f"unusual sections kept: {', '.join(sections)}")
    if columns := sorted({name for row in note.rows for name, _ in row.extra}):
        remarks.append(f"unusual columns kept: {', '.join(columns)}")
    return "; ".join(remarks)


def _create(note: SourceNote, origin: str, source: Source, now: datetime) -> Note:
    article = Article.objects.create(
        source=source,
        type=ArticleType.NOTE,
        text_origin=TextOrigin.NOTE if note.summary else TextOrigin.NONE,
        is_sample=source.is_sample,
        known_at=now,
        sort_at=now,
        **_article_columns(note),
    )
    created = Note.objects.create(article=article, imported_at=now, **_note_columns(note, origin))
    NoteRow.objects.bulk_create(NoteRow(note=created, **_row_columns(row)) for row in note.rows)
    return created


def _update(stored: Note, note: SourceNote, origin: str, now: datetime) -> None:
    # Read anew under its lock: it may have joined a story, or been tagged, since.
    article = Article.objects.select_for_update(no_key=True).get(pk=stored.article_id)
    mark_articles([article.pk])
    columns = _article_columns(note)
    if (article.title, article.text) != (columns["title"], columns["text"]):
        ArticleVersion.objects.create(
            article=article,
            number=article.version,
            title=article.title,
            text=article.text,
            content_hash=article.content_hash or _digest([article.title, article.text]),
            replaced_at=now,
        )
        article.version += 1
        # Made anew when it is grouped: other words, other likes.
        article.title_key, article.story_keys = "", []
    for column, value in columns.items():
        setattr(article, column, value)
    article.text_origin = TextOrigin.NOTE if note.summary else TextOrigin.NONE
    article.processed_at = article.analyze_lease_until = None
    article.analyze_tries, article.analyze_failure = 0, ""
    article.save()
    for column, value in _note_columns(note, origin).items():
        setattr(stored, column, value)
    stored.imported_at = now
    stored.save()
    _update_rows(stored, note.rows)
    mark_articles([article.pk])


def _update_rows(stored: Note, rows: Sequence[types.NoteRow]) -> None:
    """Make the stored rows those of the note; one with the same words, or name, keeps its link."""
    old = list(stored.rows.order_by("kind", "position"))
    kept: dict[int, NoteRow] = {}
    for same in (_same_words, _same_name):
        for index, row in enumerate(rows):
            if index not in kept and (match := next((was for was in old if same(was, row)), None)):
                kept[index] = match
                old.remove(match)
    NoteRow.objects.filter(pk__in=[row.pk for row in old]).delete()
    # Places are unique: rows that change places first step aside.
    for step in (_OUT_OF_THE_WAY, 0):
        for index, was in kept.items():
            for column, value in _row_columns(rows[index]).items():
                setattr(was, column, value)
            was.position += step
        if kept:
            NoteRow.objects.bulk_update(kept.values(), list(_row_columns(rows[0])))
    NoteRow.objects.bulk_create(
        NoteRow(note=stored, **_row_columns(row)) for index, row in enumerate(rows) if index not in kept
    )


def _same_words(was: NoteRow, row: types.NoteRow) -> bool:
    return replace(_row_as_read(was), position=row.position) == row


def _same_name(was: NoteRow, row: types.NoteRow) -> bool:
    if was.kind != row.kind:
        return False
    return was.name == row.name if row.name else not was.name and was.description == (row.description or "")


def _article_columns(note: SourceNote) -> dict[str, Any]:
    link = safe_link(note.link or "")
    language, _ = detect_language(f"{note.title}\n{note.summary or ''}")
    return {
        "title": note.title,
        "text": note.summary or "",
        "url": link if len(link) <= 2000 else "",
        "url_key": url_key(note.link or ""),
        "publisher": publisher_of(link)[:200],
        "language": language or "",
        "keywords": list(readable_list(note.keywords)),
        "themes": list(readable_list(note.themes)),
        "category": (note.category or "")[:80],
        "note_type": (note.type or "")[:80],
    }


def _note_columns(note: SourceNote, origin: str) -> dict[str, Any]:
    return {
        "note_key": _note_key(note),
        "page": (note.page or "")[:80],
        "summary": note.summary or "",
        "head": write_record(replace(note, rows=())),
        "content_hash": _content_hash(note),
        "origin": origin,
    }


def _row_columns(row: types.NoteRow) -> dict[str, Any]:
    extra: dict[str, Any] = {"src": row.src} if row.src is not None else {}
    if row.extra:
        extra["cells"] = dict(row.extra)
    return {
        "kind": row.kind,
        "position": row.position,
        "name": row.name,
        "description": row.description or "",
        "change": row.change or "",
        "outlook": row.outlook or "",
        "driving_force": row.driving_force or "",
        "stated_relevancy": row.relevancy,
        "extra": extra,
    }


def _row_as_read(row: NoteRow) -> types.NoteRow:
    kinds: dict[str, types.Kind] = {kind: kind for kind in types.KINDS}
    return types.NoteRow(
        kind=kinds[row.kind],
        position=row.position,
        name=row.name,
        description=row.description,
        change=row.change,
        outlook=row.outlook,
        driving_force=row.driving_force,
        relevancy=row.stated_relevancy,
        src=row.extra.get("src"),
        extra=tuple(row.extra.get("cells", {}).items()),
    )


def counts_of(summary: ImportSummary) -> dict[str, int]:
    """How many notes had each outcome."""
    counts = Counter(report.outcome for report in summary.reports)
    return {outcome: counts[outcome] for outcome in ("imported", "updated", "unchanged", "refused")}
