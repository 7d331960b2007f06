"""Reading source notes, from Markdown in every layout met so far and from JSON records."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from signals.notes.escapes import split_before, split_link, unescape_absent, unescape_headings, unescape_marks
from signals.notes.tables import make_row, read_table
from signals.notes.types import (
    KINDS,
    ClosestNote,
    ExtraSection,
    Kind,
    Layout,
    NoteError,
    NoteRow,
    Origin,
    SectionName,
    SourceNote,
    field_of,
    normalise,
    section_of,
)

TITLE_END: Final = r"__, \(from page \[|__, from \(\["
"""What ends a title that names the page it was collected on."""
EXTERNAL_LINK: Final = re.compile(r"(?:__)?\[External link\]\((.*)\)(?:__)?", re.IGNORECASE)
OTHER_LINE: Final = re.compile(r"(category|type)\s*:(.*)", re.IGNORECASE)
RECORD_LISTS: Final[dict[str, Kind]] = {
    "signals": "signal",
    "concerns": "concern",
    "behaviors": "behavior",
    "technologies": "technology",
    "issues": "issue",
}
_HEADING: Final = re.compile(r"##(?:[ \t]+(.*))?")
_BULLET: Final = re.compile(r"\s*(?:[*+-]|\d+[.)])(?:\s+(.*))?$")
_RECORD_KEYS: Final = frozenset(
    {"id", "title", "page", "page_url", "url", "keywords", "themes", "category", "type", "other", "summary"}
    | {"closest", "extra", "layout", *RECORD_LISTS}
)


@dataclass(frozen=True, slots=True)
class _Section:
    heading: str
    lines: list[tuple[int, str]]

    @property
    def name(self) -> SectionName | None:
        return section_of(self.heading)

    @property
    def text(self) -> str:
        return "\n".join(line for _, line in self.lines).strip()


def is_source_note(text: str) -> bool:
    """Whether a text is laid out as a source note (a title line and its sections) and not a plain article."""
    lines = _lines(text)
    first = next((line for line in lines if line.strip()), "")
    if not re.match(r"#[ \t]+\S", first):
        return False
    found = {section_of(heading[1]) for line in lines if (heading := _HEADING.fullmatch(line)) and heading[1]}
    return len(found - {None}) >= (1 if first.startswith("# __") else 2)


def read_markdown(text: str) -> SourceNote:
    """The note a Markdown text holds; raises NoteError with the reason and the line."""
    lines = list(enumerate(_lines(text), start=1))
    while lines and not lines[0][1].strip():
        lines.pop(0)
    if not lines:
        raise NoteError("the text is empty")
    if not is_source_note(text):
        raise NoteError(
            "not a source note: it needs a '# ' title line and sections such as '## Signals'", lines[0][0]
        )
    title, origin, page, page_link = _read_title(*lines[0])
    head, *sections = _sections(lines[1:])
    link, preamble = _read_head(head)

    keywords: list[str] = []
    themes: list[str] = []
    others: list[str] = []
    summaries: list[str] = []
    rows: list[NoteRow] = []
    closest: list[ClosestNote] = []
    extra = [ExtraSection("", preamble)]
    headings: list[str] = []
    columns: dict[Kind, tuple[str, ...]] = {}
    for section in sections:
        match section.name:
            case None:
                extra.append(ExtraSection(section.heading or "untitled", unescape_headings(section.text)))
                headings.append(extra[-1].heading)
                continue
            case "keywords":
                keywords += _read_list(section)
            case "themes":
                themes += _read_list(section)
            case "other":
                others += _bullets(section)
            case "closest":
                closest += [ClosestNote(*(split_link(entry) or (entry,))) for entry in _bullets(section)]
            case "summary":
                if summary := unescape_absent(section.text):
                    summaries.append(unescape_headings(summary))
            case kind:
                table = read_table(kind, section.lines)
                rows += table.rows
                if table.headers:
                    columns.setdefault(kind, table.headers)
                if table.prose:
                    extra.append(ExtraSection(f"{section.heading} (text)", unescape_headings(table.prose)))
        headings.append(section.heading)
        if extra[-1].heading == f"{section.heading} (text)":
            headings.append(extra[-1].heading)
    stated, other = _read_other(others)
    return SourceNote(
        title=title,
        link=link,
        page=page,
        page_link=page_link,
        keywords=tuple(keywords),
        themes=tuple(themes),
        category=stated.get("category"),
        type=stated.get("type"),
        other=other,
        summary="\n\n".join(summaries),
        rows=tuple(rows),
        closest=tuple(closest),
        extra=tuple(extra),
        layout=Layout(
            origin=origin,
            sections=tuple(headings),
            columns=tuple((kind, columns[kind]) for kind in KINDS if kind in columns),
        ),
    )


def read_jsonl_line(line: str, number: int | None = None) -> SourceNote:
    """The note in one line of a .jsonl file; `number` is named in the NoteError."""
    try:
        record = json.loads(line.removeprefix("\ufeff"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise NoteError(f"not a JSON object: {error}", number) from error
    if not isinstance(record, dict):
        raise NoteError("not a JSON object", number)
    try:
        return read_record(record)
    except NoteError as error:
        raise NoteError(error.reason, number) from error


def read_record(record: Mapping[str, Any]) -> SourceNote:
    """The note a JSON object holds; raises NoteError. Unknown keys are kept as extra sections."""
    layout = record.get("layout")
    extra = [
        ExtraSection(_text(part, "heading") or "", _text(part, "text") or "")
        for part in _objects(record, "extra")
    ]
    extra += [
        ExtraSection(key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for key, value in record.items()
        if key not in _RECORD_KEYS and value is not None
    ]
    return SourceNote(
        title=_text(record, "title") or "",
        link=_text(record, "url"),
        page=_text(record, "page"),
        page_link=_text(record, "page_url"),
        keywords=_texts(record, "keywords"),
        themes=_texts(record, "themes"),
        category=_text(record, "category"),
        type=_text(record, "type"),
        other=_texts(record, "other"),
        summary=_text(record, "summary"),
        rows=tuple(
            _record_row(kind, row) for key, kind in RECORD_LISTS.items() for row in _objects(record, key)
        ),
        closest=tuple(
            ClosestNote(_text(near, "title") or "", _text(near, "id") or "")
            for near in _objects(record, "closest")
        ),
        extra=tuple(extra),
        identity=_text(record, "id"),
        layout=Layout.from_json(layout),
    )


def _lines(text: str) -> list[str]:
    return normalise(text.removeprefix("\ufeff")).split("\n")


def _read_title(number: int, line: str) -> tuple[str, Origin, str | None, str | None]:
    text = line[1:].strip()
    if text.startswith("__") and (found := split_before(text[2:], TITLE_END)):
        title, mark = found
        origin: Origin = "from page" if "page" in mark[2] else "from"
        page = split_link(re.sub(r"\.?\)$", "", text[2:][mark.end() - 1 :]))
        if page is None:
            raise NoteError("the title line's link to its page is broken", number)
        return title, origin, *page
    if text.startswith("__") and text.endswith("__") and len(text) >= 4:
        text = unescape_marks(text[2:-2], TITLE_END)
    if not text.strip():
        raise NoteError("a note needs a title", number)
    return text, "from page", None, None


def _sections(lines: Iterable[tuple[int, str]]) -> list[_Section]:
    sections = [_Section("", [])]
    for number, line in lines:
        if heading := _HEADING.fullmatch(line):
            sections.append(_Section((heading[1] or "").strip(), []))
        else:
            sections[-1].lines.append((number, line))
    return sections


def _read_head(head: _Section) -> tuple[str | None, str]:
    """The external link, and whatever else stood before the first section."""
    link, rest = None, []
    for _, line in head.lines:
        found = EXTERNAL_LINK.fullmatch(line.strip())
        if found and link is None:
            link = found[1]
        else:
            rest.append(
                line[1:] if EXTERNAL_LINK.fullmatch(line.strip().lstrip("\\")) and line[:1] == "\\" else line
            )
    return link, unescape_headings("\n".join(rest))


def _bullets(section: _Section) -> list[str]:
    entries: list[str] = []
    open_entry = False
    for _, line in section.lines:
        if bullet := _BULLET.match(line):
            entries.append((bullet[1] or "").strip())
        elif line.strip() and open_entry:
            entries[-1] = f"{entries[-1]} {line.strip()}"
        elif line.strip():
            entries.append(line.strip())
        open_entry = bool(bullet) or (open_entry and bool(line.strip()))
    return entries


def _read_list(section: _Section) -> list[str]:
    if any(_BULLET.match(line) for _, line in section.lines):
        return _bullets(section)
    return [part.strip() for _, line in section.lines for part in line.split(",") if part.strip()]


def _read_other(entries: Sequence[str]) -> tuple[dict[str, str | None], tuple[str, ...]]:
    stated: dict[str, str | None] = {}
    rest = []
    for entry in entries:
        found = OTHER_LINE.fullmatch(entry)
        if found and found[1].casefold() not in stated:
            stated[found[1].casefold()] = unescape_absent(found[2])
        elif OTHER_LINE.fullmatch(entry.lstrip("\\")):
            rest.append(entry.removeprefix("\\"))
        else:
            rest.append(entry)
    return stated, tuple(rest)


def _text(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    if value is None or value != value:
        return None
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return str(value)
    raise NoteError(f"{key!r} is not a text")


def _texts(record: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = record.get(key)
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(value.split(","))
    if isinstance(value, Sequence) and all(isinstance(entry, str) for entry in value):
        return tuple(value)
    raise NoteError(f"{key!r} is not a list of texts")


def _objects(record: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = record.get(key)
    if value is None:
        return []
    if isinstance(value, Sequence) and all(isinstance(entry, Mapping) for entry in value):
        return cast(list[Mapping[str, Any]], list(value))
    raise NoteError(f"{key!r} is not a list of objects")


def _record_row(kind: Kind, record: Mapping[str, Any]) -> NoteRow:
    fields = {key: field_of(key) for key in record}
    return make_row(
        kind,
        [
            (known, key, record[key] if known == "relevancy" else _text(record, key))
            for key, known in fields.items()
        ],
    )
