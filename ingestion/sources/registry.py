"""How each kind of source is read: one line per kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from ingestion.fetch import ACCEPT_FEED
from ingestion.pace import Hints
from ingestion.parser_pool import shared_pool
from ingestion.sources import modelsdev
from ingestion.store import Counts, article_dates, store_entries
from ingestion.types import ParsedFeed
from signals.models import Source, SourceKind
from signals.releases.snapshot import apply_snapshot
from signals.releases.types import Snapshot

_REGISTRY_PAUSE: Final = timedelta(hours=6)

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class Described:
    """What a document says about itself, for a source nobody has named."""

    title: str = ""
    site_url: str = ""
    count: int = 0
    """How many entries or listings it holds."""


@dataclass(frozen=True, slots=True)
class Reader(Generic[Parsed]):
    """What one kind of source needs.

    `parse(body, content_type, url)` is pure and raises ParseError; `store(source, parsed, now)` writes in the
    transaction of its caller, which saves the validators with it.
    """

    accept: str
    parse: Callable[[bytes, str, str], Parsed]
    store: Callable[[Source, Parsed, datetime], Counts]
    hints: Callable[[Parsed, datetime], Hints]
    describe: Callable[[Parsed], Described]


def _parse_feed(body: bytes, content_type: str, url: str) -> ParsedFeed:
    return shared_pool().parse_feed(body, content_type, url)


def _feed_hints(parsed: ParsedFeed, now: datetime) -> Hints:
    pace = Hints.of_dates(article_dates(parsed), now)
    return Hints(
        ttl=parsed.ttl,
        update_period=parsed.update_period,
        skip_hours=parsed.skip_hours,
        skip_days=parsed.skip_days,
        newest=pace.newest,
        oldest=pace.oldest,
        dated=pace.dated,
    )


def _store_snapshot(source: Source, parsed: Snapshot, now: datetime) -> Counts:
    """Models and offers; what is counted as new are the release articles."""
    stored = apply_snapshot(source=source, snapshot=parsed, now=now)
    counts = Counts(
        new=len(stored.article_ids),
        changed=stored.changed_offers + stored.price_changes,
        unchanged=stored.listings - stored.new_offers - stored.changed_offers,
        article_ids=stored.article_ids,
    )
    for position, (where, why) in enumerate(parsed.refused):
        counts.refuse(position, why, where)
    return counts


READERS: Final[dict[str, Reader[Any]]] = {
    SourceKind.FEED: Reader(
        ACCEPT_FEED,
        _parse_feed,
        store_entries,
        _feed_hints,
        lambda parsed: Described(parsed.title, parsed.site_url, len(parsed.entries)),
    ),
    SourceKind.MODELSDEV: Reader(
        "application/json",
        modelsdev.parse,
        _store_snapshot,
        # A registry changes a little every day and dates nothing by itself.
        lambda parsed, now: Hints(ttl=_REGISTRY_PAUSE),
        lambda parsed: Described("models.dev", "https://models.dev", len(parsed.listings)),
    ),
}


def reader_for(kind: str) -> Reader[Any]:
    """The reader of a kind; raises KeyError for a kind that is not polled."""
    return READERS[kind]
