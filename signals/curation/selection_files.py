"""A selection as files: Markdown notes in one or one each, or JSON; written piece by piece, never held at once."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Final, cast

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.curation.selected import Piece
from signals.notes.write import write_markdown

FORMAT: Final = "vigie-selection/1"
_COMMENT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Selection:
    """What was selected, in words: title, filters as name and value, its address, and how many of how many go out."""

    title: str
    address: str
    made_at: datetime
    count: int
    matching: int
    is_more: bool = False
    """More than `matching`: nobody counted further."""
    of_items: bool = False
    words: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_cut(self) -> bool:
        """Whether not all that matches goes out."""
        return self.is_more or self.count < self.matching

    @property
    def how_many(self) -> str:
        """How many go out, in words, and of how many if not of all."""
        if self.of_items:
            said = ngettext("%(n)d item", "%(n)d items", self.count) % {"n": self.count}
        else:
            said = ngettext("%(n)d article", "%(n)d articles", self.count) % {"n": self.count}
        if not self.is_cut:
            return said
        if self.is_more:
            return _("%(said)s: the first of more than %(all)d that match") % {
                "said": said,
                "all": self.matching,
            }
        return _("%(said)s: the first of %(all)d that match") % {"said": said, "all": self.matching}


def write_notes(selection: Selection, pieces: Iterable[Piece]) -> Iterator[str]:
    """One Markdown text: what was selected, then note after note, a line of dashes between them."""
    told = "".join(f"\\{sign}" if sign in "\\`*_[]<>#" else sign for sign in _told(selection))
    yield f"> {told}\n"
    for piece in pieces:
        yield f"\n---\n\n{write_markdown(piece.note)}"


def write_zip(selection: Selection, pieces: Iterable[Piece]) -> Iterator[bytes]:
    """A zip with a Markdown file for each, as an import takes them; its comment says what was selected."""
    sink = _Sink()
    names: set[str] = set()
    with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED) as archive:
        for piece in pieces:
            name = piece.file_name
            if name.casefold() in names:
                name = f"{name}-{piece.record['id']}"
            names.add(name.casefold())
            _add(archive, f"{name}.md", write_markdown(piece.note), selection.made_at)
            yield sink.taken()
        # Said in the archive itself: a file of its own would come in with the notes.
        archive.comment = _told(selection).encode()[:_COMMENT]
    yield sink.taken()


def write_json(selection: Selection, pieces: Iterable[Piece]) -> Iterator[str]:
    """One JSON object; its keys are told in docs/selections.md."""
    head = {
        "format": FORMAT,
        "title": selection.title,
        "url": selection.address,
        "made_at": selection.made_at.isoformat(),
        "selected_by": [{"filter": name, "value": value} for name, value in selection.words],
        "count": selection.count,
        "matching": selection.matching,
        "is_complete": not selection.is_cut,
    }
    yield json.dumps(head, ensure_ascii=False)[:-1]
    yield f', "{"items" if selection.of_items else "articles"}": ['
    for number, piece in enumerate(pieces):
        yield f"{',' if number else ''}\n{json.dumps(piece.record, ensure_ascii=False)}"
    yield "\n]}\n"


class _Sink:
    """A file that only grows: what was written is taken away in pieces."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, some: bytes, /) -> int:
        self._written += some
        return len(some)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


def _add(archive: zipfile.ZipFile, name: str, text: str, made_at: datetime) -> None:
    entry = zipfile.ZipInfo(name, made_at.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, text.encode())


def _told(selection: Selection) -> str:
    """What was selected, on one line."""
    parts = [
        f"Vigie · {selection.title}",
        selection.how_many,
        *(f"{name}: {value}" for name, value in selection.words),
        selection.made_at.strftime("%Y-%m-%d %H:%M UTC"),
        selection.address,
    ]
    return " · ".join(" ".join(part.split()) for part in parts)
