"""Finding and reading the files that source notes come in: Markdown, text and .jsonl."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from signals.notes.read import is_source_note, read_jsonl_line, read_markdown
from signals.notes.types import NoteError, SourceNote

SUFFIXES: Final = frozenset({".md", ".markdown", ".txt", ".jsonl"})
LARGEST_NOTE: Final = 10_000_000
"""Bytes a single note may have: real ones have some 10,000."""
_IDENTITY: Final = re.compile(r"(?:\d+_)?[0-9a-f]{12,64}")


@dataclass(frozen=True, slots=True)
class FoundNote:
    """A note and where it was read, or the reason why it could not be."""

    origin: str
    """The file, and in .jsonl the line: `notes.jsonl:3`."""
    note: SourceNote | None
    refused: str = ""


def find_notes(paths: Iterable[Path]) -> Iterator[FoundNote]:
    """Every note in the files and folders, in order of name; what can't be read comes with its reason."""
    for path in paths:
        if path.is_dir():
            for found in sorted(path.rglob("*")):
                hidden = any(part.startswith(".") for part in found.relative_to(path).parts)
                if found.suffix.lower() in SUFFIXES and not hidden and found.is_file():
                    yield from _read_file(found)
        else:
            yield from _read_file(path)


def _read_file(path: Path) -> Iterator[FoundNote]:
    origin = str(path).encode("utf-8", "replace").decode()
    try:
        if path.suffix.lower() == ".jsonl":
            yield from _read_lines(path, origin)
        else:
            yield _read_note(path, origin)
    except OSError as error:
        yield FoundNote(origin, None, f"can't be read: {error.strerror or error}")


def _read_note(path: Path, origin: str) -> FoundNote:
    if path.stat().st_size > LARGEST_NOTE:
        return FoundNote(origin, None, f"larger than {LARGEST_NOTE // 1_000_000} MB")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return FoundNote(origin, None, f"not UTF-8 text: {error.reason} at byte {error.start}")
    if text.strip() and not is_source_note(text):
        return FoundNote(origin, None, "not a source note; a plain article is added with add_article")
    try:
        note = read_markdown(text)
    except NoteError as error:
        return FoundNote(origin, None, str(error))
    # A collection names its files by the note's id; another name may be that of any note.
    return FoundNote(origin, replace(note, identity=path.stem) if _IDENTITY.fullmatch(path.stem) else note)


def _read_lines(path: Path, origin: str) -> Iterator[FoundNote]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            where = f"{origin}:{number}"
            if len(line) > LARGEST_NOTE:
                yield FoundNote(where, None, f"larger than {LARGEST_NOTE // 1_000_000} MB")
                continue
            try:
                yield FoundNote(where, read_jsonl_line(line.decode("utf-8-sig"), number))
            except UnicodeDecodeError as error:
                yield FoundNote(where, None, f"not UTF-8 text: {error.reason} at byte {error.start}")
            except NoteError as error:
                yield FoundNote(where, None, error.reason)
