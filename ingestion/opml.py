"""Lists of feeds as OPML, with nested folders, in and out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from ingestion.charset import decode
from ingestion.errors import ParseError, RefusedDocument
from ingestion.urls import safe_link

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_BARE_AMPERSAND = re.compile(r"&(?!#\d+;|#x[0-9a-fA-F]+;|\w+;)")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LARGEST: Final = 10 * 1024 * 1024
_DEEPEST: Final = 20


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed of a list; `folders` from the outermost in."""

    url: str
    title: str = ""
    site_url: str = ""
    folders: tuple[str, ...] = ()
    language: str = ""
    kind: str = "rss"


@dataclass(frozen=True, slots=True)
class Opml:
    """A list of feeds, in its order; `refused` says which outlines could not be taken, and why."""

    title: str
    outlines: tuple[Outline, ...]
    refused: tuple[str, ...] = ()


def read_opml(body: bytes) -> Opml:
    """The feeds of an OPML document; raises RefusedDocument for any DTD, ParseError when unreadable."""
    if len(body) > _LARGEST:
        raise RefusedDocument("it is too large")
    text = _DECLARATION.sub("", decode(body).lstrip("\ufeff"), count=1)
    try:
        return _Reader().read(text)
    except expat.ExpatError:
        # Most broken lists have but a bare "&" in an address.
        try:
            return _Reader().read(_NOT_XML.sub("", _BARE_AMPERSAND.sub("&amp;", text)))
        except expat.ExpatError as error:
            raise ParseError(f"not valid OPML: {error}") from error


def write_opml(title: str, outlines: Iterable[Outline], now: datetime) -> str:
    """An OPML 2.0 document; feeds of one folder stand together, in the order given."""
    root = _Folder()
    for outline in outlines:
        root.place(outline)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n  <head>\n'
        f"    <title>{_escape(title)}</title>\n    <dateCreated>{format_datetime(now)}</dateCreated>\n"
        "  </head>\n  <body>\n" + "".join(root.lines("    ")) + "  </body>\n</opml>\n"
    )


class _Folder:
    def __init__(self) -> None:
        self._folders: dict[str, _Folder] = {}
        self._outlines: list[Outline] = []

    def place(self, outline: Outline) -> None:
        folder = self
        for name in outline.folders:
            folder = folder._folders.setdefault(name, _Folder())
        folder._outlines.append(outline)

    def lines(self, indent: str) -> Iterable[str]:
        for outline in self._outlines:
            attributes = {
                "type": outline.kind,
                "text": outline.title or outline.url,
                "title": outline.title,
                "xmlUrl": outline.url,
                "htmlUrl": outline.site_url,
                "language": outline.language,
            }
            stated = "".join(f" {name}={_attribute(value)}" for name, value in attributes.items() if value)
            yield f"{indent}<outline{stated}/>\n"
        for name, folder in self._folders.items():
            yield f"{indent}<outline text={_attribute(name)} title={_attribute(name)}>\n"
            yield from folder.lines(indent + "  ")
            yield f"{indent}</outline>\n"


class _Reader:
    def __init__(self) -> None:
        self._title: list[str] = []
        self._in_title = False
        self._is_opml = False
        self._folders: list[str | None] = []
        self._outlines: dict[str, Outline] = {}
        self._refused: list[str] = []

    def read(self, text: str) -> Opml:
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        parser.Parse(text.encode("utf-8", "replace"), True)
        if not self._is_opml:
            raise ParseError("it is not OPML")
        return Opml("".join(self._title).strip(), tuple(self._outlines.values()), tuple(self._refused))

    def _refuse(self, *_arguments: object) -> int:
        raise RefusedDocument("it declares a document type or entities")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.lower()
        if tag == "opml":
            self._is_opml = True
        elif tag == "title":
            self._in_title = True
        elif tag == "outline":
            values = {key.lower(): value.strip() for key, value in attributes.items()}
            title = values.get("title") or values.get("text") or ""
            address = values.get("xmlurl", "")
            if address:
                self._add(address, title, values)
            self._folders.append(None if address else title or None)
            if len(self._folders) > _DEEPEST:
                raise ParseError("its folders are nested too deep")

    def _end(self, name: str) -> None:
        if name.lower() == "outline":
            self._folders.pop()
        elif name.lower() == "title":
            self._in_title = False

    def _text(self, text: str) -> None:
        if self._in_title:
            self._title.append(text)

    def _add(self, address: str, title: str, values: dict[str, str]) -> None:
        url = safe_link(address.replace("feed://", "https://", 1) if address.startswith("feed:") else address)
        if not url.startswith("http"):
            self._refused.append(f"{title or address}: not a web address")
            return
        outline = Outline(
            url=url,
            title=title,
            site_url=safe_link(values.get("htmlurl", "")),
            folders=tuple(name for name in self._folders if name),
            language=values.get("language", ""),
            kind=values.get("type") or "rss",
        )
        self._outlines.setdefault(url, outline)


def _escape(text: str) -> str:
    return _NOT_XML.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("", text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
