"""Bytes to text: byte order mark, what is declared, then what the bytes themselves say."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HTTP = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{2,40})", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_STRAY = re.compile(r"[\udc80-\udcff]")
_PROPER = re.compile(r"[^\x00-\x7f]+")
_HIGH = re.compile(r"[^\x00-\x7f]")
_ASCII_LETTER = re.compile(r"[A-Za-z]")
_DETECTED_FROM = 100_000
# What browsers read under these labels, because that is what the writers meant.
_MEANT = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "latin-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}


def declared_charset(body: bytes, content_type: str) -> str | None:
    """The charset that the mark, the header, the XML declaration or a meta element names, if known."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return name
    http = _HTTP.search(content_type)
    inside = _XML.search(body[:400]) or _META.search(body[:4096])
    for label in (http[1] if http else None, inside[1].decode("ascii", "replace") if inside else None):
        if label is not None:
            try:
                name = codecs.lookup(label).name
            except LookupError:
                continue
            return _MEANT.get(name, name)
    return None


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a document; never fails, at worst a stray byte becomes a replacement character."""
    declared = declared_charset(body, content_type)
    if declared in ("utf-16", "utf-32") or (declared is not None and not _is_ascii_compatible(declared)):
        return body.decode(declared, "replace")
    body = body.removeprefix(codecs.BOM_UTF8)
    # Text in another charset is next to never valid UTF-8, so validity outweighs any declaration.
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    mended = body.decode("utf-8", "vigie.cp1252")
    strays = body.count(b"\xef\xbf\xbd") + len(_STRAY.findall(body.decode("utf-8", "surrogateescape")))
    proper = sum(map(len, _PROPER.findall(mended)))
    if declared in (None, "utf-8") and proper > 2 * strays:
        return mended
    if declared is not None and declared != "utf-8":
        return body.decode(declared, "replace")
    western = body.decode("cp1252", "replace")
    if len(_HIGH.findall(western)) < len(_ASCII_LETTER.findall(western)) / 4:
        # Accents here and there: guessing from so few tends to find Baltic and Turkish.
        return western
    guess = from_bytes(body[:_DETECTED_FROM]).best()
    return body.decode(guess.encoding if guess is not None else "cp1252", "replace")


def _is_ascii_compatible(name: str) -> bool:
    try:
        return "<".encode(name) == b"<"
    except (LookupError, UnicodeError):
        return True


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("vigie.cp1252", _as_cp1252)
