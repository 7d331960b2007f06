"""What a source note holds, as frozen values.

Values are canonical from the moment they are made: outer white space is gone, line ends are \\n, NUL and lone
surrogates (which no database or UTF-8 file can hold) go, an empty text is None, rows are numbered from 0
within their kind. So two notes that say the same are equal, and what is written reads back equal.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Literal, cast, get_args

Kind = Literal["signal", "behavior", "technology", "issue", "concern"]
SectionName = Literal[
    "keywords",
    "themes",
    "other",
    "summary",
    "signal",
    "concern",
    "behavior",
    "technology",
    "issue",
    "closest",
]
RowField = Literal["name", "description", "change", "outlook", "driving_force", "relevancy", "src"]
Origin = Literal["from page", "from"]

KINDS: Final[tuple[Kind, ...]] = ("signal", "concern", "behavior", "technology", "issue")
"""Every kind, in the order notes list them."""

_HEADINGS: Final[dict[str, SectionName]] = {
    "keyword": "keywords",
    "keywords": "keywords",
    "theme": "themes",
    "themes": "themes",
    "other": "other",
    "summary": "summary",
    "signal": "signal",
    "signals": "signal",
    "concern": "concern",
    "concerns": "concern",
    "behavior": "behavior",
    "behaviors": "behavior",
    "behaviour": "behavior",
    "behaviours": "behavior",
    "technology": "technology",
    "technologies": "technology",
    "issue": "issue",
    "issues": "issue",
    "closest": "closest",
}
_FIELDS: Final[dict[str, RowField]] = {
    "name": "name",
    "signal": "name",
    "behavior": "name",
    "behaviour": "name",
    "technology": "name",
    "issue": "name",
    "concern": "name",
    "description": "description",
    "change": "change",
    "10 year": "outlook",
    "10 years": "outlook",
    "10y": "outlook",
    "10y horizon": "outlook",
    "10 year horizon": "outlook",
    "10 year outlook": "outlook",
    "ten year": "outlook",
    "outlook": "outlook",
    "driving force": "driving_force",
    "relevancy": "relevancy",
    "relevance": "relevancy",
    "src": "src",
    "source": "src",
}
_UNSTORABLE = re.compile("[\ud800-\udfff]")


class NoteError(ValueError):
    """A text or record that can't be read as a source note: the reason and, in Markdown, the line."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.reason = reason
        self.line = line


def normalise(text: str) -> str:
    """The text with \\n as line end, without NUL, and with lone surrogates replaced."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def clean_text(text: str | None) -> str | None:
    """The text without outer white space and with \\n as line end; None if nothing is left."""
    return (normalise(text).strip() or None) if text else None


def clean_line(text: str | None) -> str | None:
    """The same, on one line: a line end inside becomes a space."""
    cleaned = clean_text(text)
    return re.sub(r"\s*\n\s*", " ", cleaned) if cleaned else None


def section_of(heading: str) -> SectionName | None:
    """Which known section a heading opens, None for one that notes don't usually have."""
    return _HEADINGS.get(heading.strip().rstrip(":").rstrip().casefold())


def field_of(header: str) -> RowField | None:
    """Which field of a row a column header stands for, None for an unknown column."""
    return _FIELDS.get(re.sub(r"[\s_-]+", " ", header.strip().casefold()))


def assign_columns(headers: Iterable[str]) -> list[tuple[RowField | None, str]]:
    """For each header the field it fills, or None and the unique name its cells are kept under."""
    columns: list[tuple[RowField | None, str]] = []
    fields: set[RowField] = set()
    names: set[str] = set()
    for header in headers:
        known = field_of(header)
        if known and known not in fields:
            fields.add(known)
            columns.append((known, header))
            continue
        name = _extra_name(header, names)
        names.add(name)
        columns.append((None, name))
    return columns


def _extra_name(header: str, taken: set[str]) -> str:
    name = clean_line(header) or "column"
    while name in taken or field_of(name):
        name += " (2)"
    return name


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One signal, behavior, technology, issue or concern, in the note's own words."""

    kind: Kind
    name: str | None = None
    description: str | None = None
    change: str | None = None
    outlook: str | None = None
    driving_force: str | None = None
    relevancy: int | None = None
    src: str | None = None
    extra: tuple[tuple[str, str], ...] = ()
    """Cells of columns that notes don't usually have, by column name."""
    position: int = 0
    """Place within its kind, from 0; set by the note."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise NoteError(f"unknown kind {self.kind!r}")
        if self.relevancy is not None and (type(self.relevancy) is not int or not 1 <= self.relevancy <= 5):
            raise NoteError(f"relevancy {self.relevancy!r} is not a whole number from 1 to 5")
        for name in ("name", "description", "change", "outlook", "driving_force", "src"):
            object.__setattr__(self, name, clean_text(getattr(self, name)))
        extra: dict[str, str] = {}
        for name, text in self.extra:
            cleaned = clean_text(text)
            if cleaned:
                extra[_extra_name(name, set(extra))] = cleaned
        object.__setattr__(self, "extra", tuple(sorted(extra.items())))

    @property
    def is_blank(self) -> bool:
        """Whether the row says nothing at all."""
        return replace(self, position=0) == NoteRow(self.kind)


@dataclass(frozen=True, slots=True)
class ClosestNote:
    """A neighbour listed by notes of the old layout: its title and its id."""

    title: str
    id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", clean_line(self.title) or "")
        object.__setattr__(self, "id", clean_line(self.id) or "")


@dataclass(frozen=True, slots=True)
class ExtraSection:
    """An unusual section as it stood; without a heading, the text before the first one."""

    heading: str
    text: str = ""

    def __post_init__(self) -> None:
        heading = clean_line(self.heading) or ""
        object.__setattr__(self, "heading", f"{heading} (2)" if section_of(heading) else heading)
        object.__setattr__(self, "text", clean_text(self.text) or "")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a Markdown note was laid out: presentation, not content."""

    origin: Origin = "from page"
    sections: tuple[str, ...] = ()
    columns: tuple[tuple[Kind, tuple[str, ...]], ...] = ()
    """The headers of each table, by kind."""

    def __post_init__(self) -> None:
        columns = {
            kind: tuple(clean_line(header) or "" for header in headers) for kind, headers in self.columns
        }
        object.__setattr__(self, "sections", tuple(clean_line(heading) or "" for heading in self.sections))
        object.__setattr__(self, "columns", tuple((kind, columns[kind]) for kind in KINDS if kind in columns))

    def as_json(self) -> dict[str, object]:
        """The layout as JSON can hold it."""
        return {
            "origin": self.origin,
            "sections": list(self.sections),
            "columns": {kind: list(headers) for kind, headers in self.columns},
        }

    @classmethod
    def from_json(cls, value: object) -> "Layout | None":
        """The layout that `as_json` described, None where the value is not one."""
        if not isinstance(value, dict) or value.get("origin") not in get_args(Origin):
            return None
        sections, columns = value.get("sections"), value.get("columns")
        if not isinstance(sections, list) or not isinstance(columns, dict):
            return None
        return cls(
            origin=cast(Origin, value["origin"]),
            sections=tuple(str(heading) for heading in sections),
            columns=tuple(
                (kind, tuple(str(header) for header in columns[kind]))
                for kind in KINDS
                if isinstance(columns.get(kind), list)
            ),
        )


@dataclass(frozen=True, slots=True)
class SourceNote:
    """One article as an analyst's note: its head, lists, summary and rows."""

    title: str
    link: str | None = None
    page: str | None = None
    """The page it was collected on, verbatim ("20230303", "2750.0"): a label, never a date."""
    page_link: str | None = None
    keywords: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    category: str | None = None
    type: str | None = None
    other: tuple[str, ...] = ()
    """Further lines of the section Other."""
    summary: str | None = None
    rows: tuple[NoteRow, ...] = ()
    closest: tuple[ClosestNote, ...] = ()
    extra: tuple[ExtraSection, ...] = ()
    identity: str | None = field(default=None, compare=False)
    """The id its collection knows it by; in Markdown it is the file's name, so it is not compared."""
    layout: Layout | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        title = clean_line(self.title)
        if title is None:
            raise NoteError("a note needs a title")
        object.__setattr__(self, "title", title)
        for name in ("link", "page", "page_link", "category", "type", "identity"):
            object.__setattr__(self, name, clean_line(getattr(self, name)))
        object.__setattr__(self, "summary", clean_text(self.summary))
        object.__setattr__(self, "other", tuple(line for text in self.other if (line := clean_line(text))))
        for name in ("keywords", "themes"):
            entries = tuple(clean_line(text) or "" for text in getattr(self, name))
            if not is_exploded(entries):
                entries = tuple(entry for entry in entries if entry)
            object.__setattr__(self, name, entries)
        object.__setattr__(self, "rows", _numbered(self.rows))
        object.__setattr__(self, "closest", tuple(c for c in self.closest if c.title or c.id))
        object.__setattr__(self, "extra", _with_one_preamble(self.extra))

    def rows_of(self, kind: Kind) -> tuple[NoteRow, ...]:
        """The note's rows of one kind, in order."""
        return tuple(row for row in self.rows if row.kind == kind)


def is_exploded(entries: tuple[str, ...]) -> bool:
    """Whether a list of words was torn into one letter a bullet (an empty bullet was a space)."""
    return len(entries) >= 4 and max(map(len, entries)) == 1


def readable_list(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Keywords or themes as a person meant them: an exploded list is joined and cut at its commas."""
    if not is_exploded(entries):
        return entries
    words = "".join(entry or " " for entry in entries).split(",")
    return tuple(word.strip() for word in words if word.strip())


def _numbered(rows: tuple[NoteRow, ...]) -> tuple[NoteRow, ...]:
    return tuple(
        replace(row, position=position)
        for kind in KINDS
        for position, row in enumerate(row for row in rows if row.kind == kind and not row.is_blank)
    )


def _with_one_preamble(sections: tuple[ExtraSection, ...]) -> tuple[ExtraSection, ...]:
    preamble = "\n\n".join(section.text for section in sections if not section.heading and section.text)
    headed = tuple(section for section in sections if section.heading)
    return (ExtraSection("", preamble), *headed) if preamble else headed
