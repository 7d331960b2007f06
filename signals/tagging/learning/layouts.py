"""The files that evaluation reads: dated issues with tags, and notes with rows; one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from signals.tagging.learning.past import Issue

SECTIONS: Final = {
    "signals": "signal",
    "behaviors": "behavior",
    "technologies": "technology",
    "issues": "issue",
    "concerns": "concern",
}


class LayoutError(ValueError):
    """A file that is not in the expected layout; says where."""


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A row of a note; `place` counts from 0 among the `listed` rows of its kind."""

    note: int
    kind: str
    place: int
    listed: int
    name: str
    description: str
    whole: str
    """Name, description, and of a signal its change, outlook and driving force."""
    relevancy: int | None


@dataclass(frozen=True, slots=True)
class NoteText:
    """What a note says of its article."""

    title: str
    text: str


def read_issues(path: Path) -> dict[str, list[Issue]]:
    """For each family of tags, which is any field that lists strings, the dated issues, oldest first."""
    records = [(record, _day(record.get("date"), path, line)) for line, record in _records(path)]
    families: dict[str, None] = {}
    for record, _ in records:
        for name, value in record.items():
            if isinstance(value, list) and value and all(isinstance(tag, str) for tag in value):
                families.setdefault(name)
    if not families:
        raise LayoutError(f"{path.name}: no issue lists tags")
    return {
        family: sorted(
            (
                Issue(day, _text(record.get("title")), _text(record.get("text")), _tags(record.get(family)))
                for record, day in records
            ),
            key=lambda issue: issue.day,
        )
        for family in families
    }


def read_notes(path: Path) -> tuple[list[NoteText], list[NoteRow]]:
    """The notes, and all their rows that say something, each with the place of its note."""
    notes: list[NoteText] = []
    rows: list[NoteRow] = []
    for _, record in _records(path):
        keywords = ", ".join(_text(word) for word in _list(record.get("keywords")))
        text = " ".join(part for part in (_text(record.get("summary")), keywords) if part)
        for section, kind in SECTIONS.items():
            listed = [row for row in _list(record.get(section)) if isinstance(row, dict)]
            for place, row in enumerate(listed):
                name, description = _text(row.get("name")), _text(row.get("description"))
                parts = [name, description]
                parts += [_text(row.get(key)) for key in ("change", "ten_year", "driving_force")]
                whole = ". ".join(part for part in parts if part)
                if whole:
                    grade = _grade(row.get("relevancy"))
                    rows.append(
                        NoteRow(len(notes), kind, place, len(listed), name, description, whole, grade)
                    )
        notes.append(NoteText(_text(record.get("title")), text))
    return notes, rows


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    is_empty = True
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                except json.JSONDecodeError as error:
                    raise LayoutError(f"{path.name}, line {number}: {error.msg}") from error
                except RecursionError as error:
                    raise LayoutError(f"{path.name}, line {number}: nested too deeply") from error
                if not isinstance(record, dict):
                    raise LayoutError(f"{path.name}, line {number}: not an object")
                is_empty = False
                yield number, record
    except UnicodeDecodeError as error:
        raise LayoutError(f"{path.name} is no text in UTF-8") from error
    if is_empty:
        raise LayoutError(f"{path.name} is empty")


def _day(value: object, path: Path, line: int) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise LayoutError(f"{path.name}, line {line}: no date in {value!r}") from error


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _tags(value: object) -> frozenset[str]:
    return frozenset(tag.strip() for tag in _list(value) if isinstance(tag, str) and tag.strip())


def _grade(value: object) -> int | None:
    """1 to 5, from a number or its digits; anything else is no grade."""
    try:
        number = float(value) if isinstance(value, (int, float, str)) else 0.0
    except (ValueError, OverflowError):
        return None
    return int(number) if number in (1, 2, 3, 4, 5) else None
