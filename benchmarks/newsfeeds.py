"""Dated news items as the feeds their publishers would have served on a day: RSS, Atom or JSON Feed."""

from __future__ import annotations

import json
import lzma
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from benchmarks.serving import Page

# A feed holds its newest entries, and always all of the day's.
SHOWN = 25
_FORMATS = ("rss", "atom", "json")


@dataclass(frozen=True, slots=True)
class News:
    """One item, as it was collected."""

    published: datetime
    publisher: str
    title: str
    url: str
    summary: str
    language: str


@dataclass(slots=True)
class Publisher:
    """A publisher's feed: its format is chosen by its name, its language is that of most of its items."""

    name: str
    language: str
    items: list[News] = field(default_factory=list)

    @property
    def format(self) -> str:
        """rss, atom or json."""
        return _FORMATS[zlib.crc32(self.name.encode()) % len(_FORMATS)]

    @property
    def path(self) -> str:
        """Where the feed stands on the site."""
        return f"/news/{self.name}.{'json' if self.format == 'json' else 'xml'}"

    def page(self, today: int) -> Page:
        """The feed as served now, when `today` of its items came today."""
        shown = self.items[-max(today, SHOWN) :][::-1]
        write = {"rss": _rss, "atom": _atom, "json": _json_feed}[self.format]
        return write(self, shown)


def read_news(path: Path) -> list[News]:
    """The items of a news file, oldest first."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    news = [
        News(
            _moment(row["published"]), row["publisher"], row["title"], row["url"], row["summary"], row["lang"]
        )
        for row in rows
    ]
    return sorted(news, key=lambda one: one.published)


def publishers_of(news: Sequence[News]) -> dict[str, Publisher]:
    """A publisher, still without items, for each that occurs."""
    languages: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in news:
        languages[one.publisher][one.language] += 1
    return {name: Publisher(name, found.most_common(1)[0][0]) for name, found in languages.items()}


def by_day(news: Sequence[News]) -> Iterator[tuple[date, list[News]]]:
    """The items of each day that has any, oldest first."""
    days: defaultdict[date, list[News]] = defaultdict(list)
    for one in news:
        days[one.published.date()].append(one)
    yield from sorted(days.items())


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _rss(publisher: Publisher, items: Sequence[News]) -> Page:
    entries = "".join(
        f"<item><title>{_text(one.title)}</title><link>{_text(one.url)}</link>"
        f"<guid isPermaLink='true'>{_text(one.url)}</guid><description>{_text(escape(one.summary))}</description>"
        f"<pubDate>{format_datetime(one.published)}</pubDate></item>"
        for one in items
    )
    document = (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel>"
        f"<title>{_text(publisher.name)}</title><link>https://{_text(publisher.name)}/</link>"
        f"<description>News</description><language>{publisher.language}</language>{entries}</channel></rss>"
    )
    return Page.of(document.encode(), "application/rss+xml; charset=utf-8")


def _atom(publisher: Publisher, items: Sequence[News]) -> Page:
    entries = "".join(
        f"<entry><title>{_text(one.title)}</title><link href={quoteattr(one.url)}/><id>{_text(one.url)}</id>"
        f"<updated>{one.published.isoformat()}</updated><published>{one.published.isoformat()}</published>"
        f"<summary>{_text(one.summary)}</summary></entry>"
        for one in items
    )
    document = (
        "<?xml version='1.0' encoding='utf-8'?>"
        f"<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='{publisher.language}'>"
        f"<title>{_text(publisher.name)}</title><link href='https://{_text(publisher.name)}/'/>"
        f"<id>https://{_text(publisher.name)}/</id><updated>{items[0].published.isoformat()}</updated>"
        f"{entries}</feed>"
    )
    return Page.of(document.encode(), "application/atom+xml")


def _json_feed(publisher: Publisher, items: Sequence[News]) -> Page:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": publisher.name,
        "home_page_url": f"https://{publisher.name}/",
        "language": publisher.language,
        "items": [
            {
                "id": one.url,
                "url": one.url,
                "title": one.title,
                "content_text": one.summary,
                "date_published": one.published.isoformat(),
            }
            for one in items
        ],
    }
    return Page.of(json.dumps(document).encode(), "application/feed+json")


def _text(text: str) -> str:
    # XML 1.0 has no place for most control characters.
    return escape("".join(c for c in text if c >= " " or c in "\t\n\r"))
