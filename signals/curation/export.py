"""Articles as source notes: an imported one as it came in, any other built from its mentions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db.models import QuerySet
from django.utils.text import slugify

from signals.curation.notes import stored_note, title_for
from signals.models import Article, Note, State, Tagging
from signals.notes.types import KINDS, Kind, NoteRow, SourceNote
from signals.notes.write import write_markdown
from signals.tagging.evidence import split_sentences

SUMMARY_LIMIT: Final = 800
_SAFE_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")


@dataclass(frozen=True, slots=True)
class ExportedNote:
    """A file that was written, and the article it is about."""

    article_id: int
    path: Path


def export_note(article: Article) -> SourceNote:
    """The article's note: as imported, else from its confirmed and suggested taggings."""
    note = Note.objects.filter(article=article).first()
    return stored_note(note) if note is not None else built_note(article, _carried(article))


def export_notes(*, articles: Iterable[Article], folder: Path) -> list[ExportedNote]:
    """Write each article's note to a Markdown file in the folder; raises OSError when it can't be written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for article in articles:
        note = export_note(article)
        path = folder / f"{file_name(article, note)}.md"
        # A file half written must not stand under a note's name.
        partial = path.with_suffix(".part")
        partial.write_text(write_markdown(note), encoding="utf-8", newline="\n")
        partial.replace(path)
        written.append(ExportedNote(article.pk, path))
    return written


def file_name(article: Article, note: SourceNote) -> str:
    """What a note's file is called, without its ending: its own id, else the article's and its title."""
    if note.identity and _SAFE_NAME.fullmatch(note.identity):
        return note.identity
    return f"{article.pk}-{slugify(article.title)[:60] or 'article'}"


def built_note(article: Article, taggings: Iterable[Tagging]) -> SourceNote:
    """An article as a note, with a row for each of these taggings (with relevance, the most relevant first)."""
    return SourceNote(
        title=title_for(article),
        link=article.url,
        keywords=tuple(article.keywords),
        themes=tuple(article.themes),
        category=article.category,
        type=article.note_type,
        summary=_summary(article.text),
        rows=tuple(_built_row(tagging) for tagging in taggings),
    )


def _carried(article: Article) -> QuerySet[Tagging]:
    carried = Tagging.objects.filter(article=article, state__in=[State.CONFIRMED, State.SUGGESTED])
    return carried.with_relevance().select_related("tag").in_note_order()


def _built_row(tagging: Tagging) -> NoteRow:
    tag = tagging.tag
    kinds: dict[str, Kind] = {kind: kind for kind in KINDS}
    stated, estimated = tagging.stated_relevancy, tagging.estimated_relevancy
    is_signal = tag.kind == "signal"
    return NoteRow(
        kind=kinds[tag.kind],
        name=tag.name,
        description=tag.description,
        change=tag.change if is_signal else None,
        outlook=tag.outlook if is_signal else None,
        driving_force=tag.driving_force if is_signal else None,
        relevancy=stated if stated is not None else estimated,
    )


def _summary(text: str) -> str:
    """The article's first sentences, whole ones as far as they fit."""
    end = 0
    for sentence in split_sentences(text[: SUMMARY_LIMIT * 4]):
        if end and sentence.end > SUMMARY_LIMIT:
            break
        end = sentence.end
    return text[:end] if end <= SUMMARY_LIMIT * 2 else f"{text[:SUMMARY_LIMIT].rsplit(None, 1)[0]} …"
