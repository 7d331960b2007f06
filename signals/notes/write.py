"""Writing source notes, as Markdown and as JSON records; both read back equal."""

from collections import deque
from collections.abc import Iterable
from typing import Any, Final

from signals.notes.escapes import escape_absent, escape_before, escape_headings, escape_marks, write_link
from signals.notes.read import EXTERNAL_LINK, OTHER_LINE, RECORD_LISTS, TITLE_END
from signals.notes.tables import write_table
from signals.notes.types import (
    ExtraSection,
    Kind,
    NoteRow,
    SectionName,
    SourceNote,
    section_of,
)

_STANDARD: Final[dict[SectionName, str]] = {
    "keywords": "Keywords",
    "themes": "Themes",
    "other": "Other",
    "summary": "Summary",
    "signal": "Signals",
    "concern": "Concerns",
    "behavior": "Behaviors",
    "technology": "Technologies",
    "issue": "Issues",
    "closest": "Closest",
}
_ONLY_WHEN_FILLED: Final = frozenset({"concern", "closest"})


def write_markdown(note: SourceNote) -> str:
    """The note as Markdown, in the layout it was read in or else in the usual one."""
    lines = [f"# {_title(note)}", ""]
    if note.link:
        lines += [f"__[External link]({note.link})__", ""]
    extras = deque(note.extra)
    if extras and not extras[0].heading:
        lines += [_preamble(extras.popleft()), ""]
    lines += ["", ""]
    for heading, name in _sections(note, extras):
        body = _body(note, name) if name else escape_headings(extras.popleft().text).split("\n")
        lines += [f"## {heading}", "", *body, ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def write_record(note: SourceNote) -> dict[str, Any]:
    """The note as a JSON object; keys the collection doesn't know appear only where they say something."""
    record: dict[str, Any] = {
        "id": note.identity,
        "title": note.title,
        "page": note.page,
        "url": note.link,
        "keywords": list(note.keywords),
        "themes": list(note.themes),
        "category": note.category,
        "type": note.type,
        "summary": note.summary,
    }
    record |= {key: [_record_row(row) for row in note.rows_of(kind)] for key, kind in RECORD_LISTS.items()}
    further: dict[str, object] = {
        "closest": [{"title": near.title, "id": near.id} for near in note.closest],
        "page_url": note.page_link,
        "other": list(note.other),
        "extra": [{"heading": section.heading, "text": section.text} for section in note.extra],
        "layout": note.layout and note.layout.as_json(),
    }
    return record | {key: value for key, value in further.items() if value}


def _title(note: SourceNote) -> str:
    if note.page is None and note.page_link is None:
        return f"__{escape_marks(note.title, TITLE_END)}__"
    title = escape_before(note.title, TITLE_END)
    page = write_link(note.page or "", note.page_link or "")
    if note.layout and note.layout.origin == "from":
        return f"__{title}__, from ({page}.)"
    return f"__{title}__, (from page {page}.)"


def _preamble(section: ExtraSection) -> str:
    return "\n".join(
        f"\\{line}" if EXTERNAL_LINK.fullmatch(line.strip().lstrip("\\")) else line
        for line in escape_headings(section.text).split("\n")
    )


def _sections(note: SourceNote, extras: Iterable[ExtraSection]) -> list[tuple[str, SectionName | None]]:
    """The headings to write, in order, each with the known section it opens."""
    waiting = deque(section.heading for section in extras)
    planned: list[tuple[str, SectionName | None]] = []
    known: set[SectionName] = set()
    for heading in note.layout.sections if note.layout else ():
        name = section_of(heading)
        if name and name not in known:
            known.add(name)
            planned.append((heading, name))
        elif not name and waiting and waiting[0] == heading:
            planned.append((waiting.popleft(), None))
    missing = [
        (heading, name)
        for name, heading in _STANDARD.items()
        if name not in known
        and (_is_filled(note, name) if known else name not in _ONLY_WHEN_FILLED or _is_filled(note, name))
    ]
    return [*planned, *missing, *((heading, None) for heading in waiting)]


def _is_filled(note: SourceNote, name: SectionName) -> bool:
    match name:
        case "keywords" | "themes" | "summary" | "closest":
            return bool(getattr(note, name))
        case "other":
            return bool(note.category or note.type or note.other)
        case kind:
            return bool(note.rows_of(kind))


def _body(note: SourceNote, name: SectionName) -> list[str]:
    match name:
        case "keywords" | "themes":
            return [f"* {entry}" for entry in getattr(note, name)]
        case "closest":
            return [f"* {write_link(near.title, near.id)}" for near in note.closest]
        case "other":
            stated = [("Category", note.category), ("Type", note.type)]
            return [
                *(f"* {key}: {escape_absent(value)}" for key, value in stated if value is not None),
                *(
                    f"* \\{line}" if OTHER_LINE.fullmatch(line.lstrip("\\")) else f"* {line}"
                    for line in note.other
                ),
            ]
        case "summary":
            return escape_headings(escape_absent(note.summary)).split("\n")
        case kind:
            return _table(note, kind)


def _table(note: SourceNote, kind: Kind) -> list[str]:
    headers = dict(note.layout.columns).get(kind) if note.layout else None
    rows = note.rows_of(kind)
    return write_table(kind, rows, headers)[0] if rows or headers or not note.layout else []


def _record_row(row: NoteRow) -> dict[str, Any]:
    record: dict[str, Any] = {"name": row.name, "description": row.description}
    if row.kind == "signal" or row.change is not None:
        record["change"] = row.change
    if row.kind == "signal" or row.outlook is not None:
        record["ten_year"] = row.outlook
    if row.kind == "signal" or row.driving_force is not None:
        record["driving_force"] = row.driving_force
    record["relevancy"] = row.relevancy
    if row.src is not None:
        record["src"] = row.src
    return record | dict(row.extra)
