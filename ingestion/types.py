"""The frozen values that travel between the steps of ingestion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

FeedKind = Literal["rss", "atom", "rdf", "json", "cdf"]
KeyRule = Literal["guid", "url", "hash"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed, in the feed's own words; `html` is already cleaned, `text` has no markup."""

    guid: str
    url: str
    title: str
    html: str = ""
    text: str = ""
    summary: str = ""
    author: str = ""
    published: datetime | None = None
    published_raw: str = ""
    updated: datetime | None = None
    language: str | None = None
    categories: tuple[str, ...] = ()
    position: int = 0


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry that could not be read: its place in the feed, from 0, and why."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What one feed document said."""

    kind: FeedKind
    title: str = ""
    site_url: str = ""
    language: str | None = None
    entries: tuple[Entry, ...] = ()
    refused: tuple[RefusedEntry, ...] = ()
    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    """Hours in UTC, 0 to 23, at which the publisher asks not to be polled."""
    skip_days: frozenset[int] = frozenset()
    """Weekdays, Monday 0 to Sunday 6, on which the publisher asks not to be polled."""
    update_period: timedelta | None = None
    """The interval of the syndication module (updatePeriod divided by updateFrequency)."""
    next_url: str = ""
    bozo: str | None = None
    """What was wrong with the document although it could be read; None when it is well-formed."""


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page says it has."""

    url: str
    title: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer to a GET, redirects followed; a 304 has an empty body."""

    url_requested: str
    url_final: str
    status: int
    body: bytes = b""
    content_type: str = ""
    etag: str | None = None
    """Verbatim, to be sent back as If-None-Match."""
    last_modified: str | None = None
    """Verbatim, to be sent back as If-Modified-Since."""
    permanent_url: str | None = None
    """Where the leading run of 301 and 308 led; None when the first hop, if any, was temporary."""
    max_age: timedelta | None = None
    expires: datetime | None = None
    retry_after: timedelta | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    """The Link header as {rel: absolute URL}."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Rate-limit headers and Date, names in lower case."""
    bytes_received: int = 0
    """On the wire, before decompression."""
    duration: float = 0.0
    """Seconds, from the first name look-up to the last byte."""

    @property
    def not_modified(self) -> bool:
        """Whether the server said that nothing changed."""
        return self.status == 304


@dataclass(frozen=True, slots=True)
class ExtractedPage:
    """The readable part of a web page."""

    text: str
    title: str = ""
    author: str = ""
    site_name: str = ""
    published: datetime | None = None
    language: str | None = None
    canonical_url: str = ""
