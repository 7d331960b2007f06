"""The tables of a source note: Markdown lines to rows and back."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from signals.notes.escapes import escape_cell, pipes_in, unescape_cell
from signals.notes.types import Kind, NoteError, NoteRow, RowField, assign_columns

SIGNAL_COLUMNS: Final = ("name", "description", "change", "10-year", "driving-force", "relevancy")
OTHER_COLUMNS: Final = ("name", "description", "relevancy")
_HEADERS: Final[dict[RowField, str]] = {
    "name": "name",
    "description": "description",
    "change": "change",
    "outlook": "10-year",
    "driving_force": "driving-force",
    "relevancy": "relevancy",
    "src": "src",
}
UNREAD_RELEVANCY: Final = "relevancy (as said)"
"""The extra column that keeps a relevancy which is no whole number from 1 to 5."""
_SEPARATOR: Final = re.compile(r"\|?(\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?")


@dataclass(frozen=True, slots=True)
class Table:
    """A table's headers as written, its rows, and what stood around it."""

    headers: tuple[str, ...]
    rows: tuple[NoteRow, ...]
    prose: str


def read_relevancy(value: object) -> int | None:
    """A relevancy as notes state it (4, "4", "4.0", "4/5"), None where there is none; else ValueError."""
    if value is None or value != value:
        return None
    text = value.strip().casefold() if isinstance(value, str) else value
    if text in ("", "nan", "none", "null", "n/a", "-"):
        return None
    if isinstance(text, bool) or not isinstance(text, (int, float, str)):
        raise ValueError(f"{value!r} is no relevancy")
    try:
        number = float(re.sub(r"\s*/\s*5$", "", text) if isinstance(text, str) else text)
    except OverflowError as error:
        raise ValueError(f"{value!r} is no relevancy") from error
    if number not in (1, 2, 3, 4, 5):
        raise ValueError(f"{value!r} is not a whole number from 1 to 5")
    return int(number)


def make_row(kind: Kind, cells: Iterable[tuple[RowField | None, str, Any]]) -> NoteRow:
    """A row from (field, column name, value); what no field can hold is kept as extra."""
    values: dict[str, Any] = {}
    extra: list[tuple[str, str]] = []
    for known, column, value in cells:
        if known == "relevancy":
            try:
                values[known] = read_relevancy(value)
            except ValueError:
                extra.append((UNREAD_RELEVANCY, str(value)))
        elif known:
            values[known] = value
        elif value is not None:
            extra.append((column, str(value)))
    return NoteRow(kind, **values, extra=tuple(extra))


def read_table(kind: Kind, lines: Sequence[tuple[int, str]]) -> Table:
    """The table among a section's numbered lines; raises NoteError for a row that can't be told apart."""
    start = next((i for i, (_, line) in enumerate(lines) if _is_table_line(line)), None)
    if start is None:
        return Table((), (), "\n".join(line for _, line in lines).strip())
    prose = [line for _, line in lines[:start]]
    headers = tuple(unescape_cell(cell) or "" for cell in _cells(lines[start][1]))
    columns = assign_columns(headers)
    if not any(known for known, _ in columns):
        return Table((), (), "\n".join(line for _, line in lines).strip())
    rest = list(lines[start + 1 :])
    offsets: list[int] = []
    if rest and _SEPARATOR.fullmatch(rest[0][1].strip()):
        offsets = pipes_in(rest.pop(0)[1])
    rows = []
    while rest:
        number, line = rest.pop(0)
        if not _is_table_line(line):
            prose.append(line)
            continue
        while rest and _is_open(line, len(headers)) and rest[0][1].strip() and not _is_table_line(rest[0][1]):
            line += "\n" + rest.pop(0)[1]
        cells = _fitted_cells(line, headers, offsets, number)
        values = [unescape_cell(cell) for cell in cells] + [None] * (len(headers) - len(cells))
        rows.append(make_row(kind, [(*column, value) for column, value in zip(columns, values, strict=True)]))
    return Table(headers, tuple(rows), "\n".join(prose).strip())


def write_table(
    kind: Kind, rows: Sequence[NoteRow], headers: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """The lines of a table under the given headers, extended by what the rows need; and the headers used."""
    if not headers or not any(field for field, _ in assign_columns(headers)):
        headers = SIGNAL_COLUMNS if kind == "signal" else OTHER_COLUMNS
    used = list(headers)
    known = {field for field, _ in assign_columns(used)}
    used += [
        header
        for field, header in _HEADERS.items()
        if field not in known and any(getattr(row, field) is not None for row in rows)
    ]
    named = {name for field, name in assign_columns(used) if field is None}
    used += sorted({name for row in rows for name, _ in row.extra} - named)
    columns = assign_columns(used)
    lines = [[escape_cell(header) for header in used]]
    for row in rows:
        extra = dict(row.extra)
        values = [getattr(row, field) if field else extra.get(name) for field, name in columns]
        lines.append([escape_cell(None if value is None else str(value)) for value in values])
    widths = [max([len(lines[0][i]) + 2, *(len(line[i]) for line in lines)]) for i in range(len(used))]
    right = [field == "relevancy" for field, _ in columns]
    rules = [
        "-" * (width + 1) + ":" if end else ":" + "-" * (width + 1)
        for width, end in zip(widths, right, strict=True)
    ]
    drawn = [
        [
            cell.rjust(width) if end else cell.ljust(width)
            for cell, width, end in zip(line, widths, right, strict=True)
        ]
        for line in lines
    ]
    return [
        _joined(drawn[0]),
        f"|{'|'.join(rules)}|",
        *(_joined(line) for line in drawn[1:]),
    ], used


def _joined(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _is_table_line(line: str) -> bool:
    return line.lstrip().startswith("|")


def _cut(line: str, at: Sequence[int]) -> list[str]:
    edges = [*at, len(line)]
    return [line[edges[i] + 1 : edges[i + 1]] for i in range(len(at))]


def _cells(line: str) -> list[str]:
    line = line.strip()
    cells = _cut(line, pipes_in(line))
    return cells[:-1] if len(cells) > 1 and not cells[-1].strip() else cells


def _is_open(line: str, columns: int) -> bool:
    pipes = pipes_in(line.rstrip())
    return len(pipes) <= columns and pipes[-1] != len(line.rstrip()) - 1


def _fitted_cells(line: str, headers: Sequence[str], offsets: Sequence[int], number: int) -> list[str]:
    """A row's cells; where pipes in the text make too many, column widths or spaces tell them apart."""
    cells = _cells(line)
    if len(cells) <= len(headers):
        return cells
    found = set(pipes_in(line))
    if (
        len(offsets) == len(headers) + 1
        and offsets[-1] == len(line.rstrip()) - 1
        and found.issuperset(offsets)
    ):
        return _cut(line, offsets)[:-1]
    stripped = line.strip()
    spaced = [
        at for at in pipes_in(stripped) if at in (0, len(stripped) - 1) or stripped[at - 1 : at + 2] == " | "
    ]
    if len(spaced) == len(headers) + 1:
        return _cut(stripped, spaced)[:-1]
    fields = [field for field, _ in assign_columns(headers)]
    if "description" in fields and len(headers) <= len(OTHER_COLUMNS):
        at = fields.index("description")
        surplus = len(cells) - len(headers)
        return [*cells[:at], "|".join(cells[at : at + surplus + 1]), *cells[at + surplus + 1 :]]
    raise NoteError(
        f"{len(cells)} cells where the header has {len(headers)}: write a pipe inside a cell as \\|", number
    )
