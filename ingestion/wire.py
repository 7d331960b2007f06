"""How the parser pool and its workers talk: frames of a JSON header and raw bytes, over pipes.

JSON rather than pickle, so that a parser taken over by a hostile document can't run code in its parent.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Final

from ingestion.types import Entry, ExtractedPage, ParsedFeed, RefusedEntry

PREFIX: Final = struct.Struct(">II")


def frame(header: Mapping[str, Any], body: bytes = b"") -> bytes:
    """One message: the lengths of both parts, then the parts."""
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return PREFIX.pack(len(head), len(body)) + head + body


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message of a blocking stream; None at its end."""
    prefix = stream.read(PREFIX.size)
    if len(prefix) < PREFIX.size:
        return None
    head_size, body_size = PREFIX.unpack(prefix)
    head, body = stream.read(head_size), stream.read(body_size)
    if len(head) < head_size or len(body) < body_size:
        return None
    return json.loads(head), body


def feed_to_json(feed: ParsedFeed) -> dict[str, Any]:
    """A parsed feed as plain JSON values."""
    plain = _to_json(feed)
    plain["entries"] = [_to_json(entry) for entry in feed.entries]
    plain["refused"] = [[refused.position, refused.reason] for refused in feed.refused]
    return plain


def feed_from_json(plain: dict[str, Any]) -> ParsedFeed:
    """The inverse of `feed_to_json`."""
    return ParsedFeed(
        **{
            **plain,
            "entries": tuple(_entry(entry) for entry in plain["entries"]),
            "refused": tuple(RefusedEntry(position, reason) for position, reason in plain["refused"]),
            "ttl": _delta(plain["ttl"]),
            "update_period": _delta(plain["update_period"]),
            "skip_hours": frozenset(plain["skip_hours"]),
            "skip_days": frozenset(plain["skip_days"]),
        }
    )


def page_to_json(page: ExtractedPage) -> dict[str, Any]:
    """An extracted page as plain JSON values."""
    return _to_json(page)


def page_from_json(plain: dict[str, Any]) -> ExtractedPage:
    """The inverse of `page_to_json`."""
    return ExtractedPage(**{**plain, "published": _moment(plain["published"])})


def _entry(plain: dict[str, Any]) -> Entry:
    return Entry(
        **{
            **plain,
            "published": _moment(plain["published"]),
            "updated": _moment(plain["updated"]),
            "categories": tuple(plain["categories"]),
        }
    )


def _to_json(value: ParsedFeed | Entry | ExtractedPage) -> dict[str, Any]:
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return sorted(value) if isinstance(value, frozenset) else value


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _delta(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
