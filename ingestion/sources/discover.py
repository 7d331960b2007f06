"""Finding the feeds of a site."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from ingestion.types import FeedLink
from ingestion.urls import absolute_url, safe_link

WELL_KNOWN_PATHS: Final = (
    "/feed", "/feed/", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/rss", "/rss/",
    "/feed.json", "/blog/feed", "/blog/rss.xml", "/blog/feed.xml", "/feeds/posts/default",
)  # fmt: skip
_READ: Final = 500_000
_FEED_TYPES: Final = (
    "application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml",
    "application/x.atom+xml", "application/x-atom+xml", "text/rss+xml",
)  # fmt: skip
_LOOKS_LIKE_FEED = re.compile(
    r"(?:/(?:feed|rss|atom)s?(?:/|\.xml|\.json)?$)|(?:\.(?:rss|atom|rdf)$)|(?:/(?:feed|rss|atom|index)\.xml$)"
    r"|[?&](?:feed|format|alt)=(?:rss2?|atom)\b",
    re.IGNORECASE,
)


def discover(html: str, base_url: str) -> list[FeedLink]:
    """The feeds that a page states in its head, then those it merely links to; each address once.

    Python's HTML parser takes the square of some documents' length: ask for pages from elsewhere through
    the parser pool.
    """
    reader = _LinkReader(base_url)
    reader.feed(html[:_READ])
    reader.close()
    found: dict[str, FeedLink] = {}
    for link in (*reader.stated, *reader.linked):
        found.setdefault(link.url, link)
    return list(found.values())


def well_known_feed_urls(site_url: str) -> list[str]:
    """Addresses at which feeds commonly stand, below the page's folder first, then at the site's root."""
    parts = urlsplit(site_url)
    roots = [parts.path.rstrip("/"), ""] if parts.path.strip("/") else [""]
    urls = (
        urlunsplit((parts.scheme, parts.netloc, root + path, "", ""))
        for root in roots
        for path in WELL_KNOWN_PATHS
    )
    return list(dict.fromkeys(urls))


class _LinkReader(HTMLParser):
    def __init__(self, base_url: str) -> None:
        super().__init__(convert_charrefs=True)
        self._base = base_url
        self.stated: list[FeedLink] = []
        self.linked: list[FeedLink] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        href = values.get("href", "").strip()
        if not href:
            return
        if tag == "base":
            self._base = absolute_url(self._base, href) or self._base
        elif tag == "link" and {"alternate", "feed"} & set(values.get("rel", "").lower().split()):
            kind = values.get("type", "").split(";")[0].strip().lower()
            if kind in _FEED_TYPES or (kind in ("", "application/json") and _LOOKS_LIKE_FEED.search(href)):
                self._add(self.stated, href, values.get("title", ""), kind)
        elif tag == "a" and _LOOKS_LIKE_FEED.search(href.split("#")[0]):
            self._add(self.linked, href, values.get("title", ""), "")

    def _add(self, links: list[FeedLink], href: str, title: str, kind: str) -> None:
        if href.startswith("feed:"):
            href = href.removeprefix("feed:").removeprefix("//")
            href = href if "://" in href else f"https://{href}"
        url = absolute_url(self._base, href)
        if url.startswith("http") and safe_link(url):
            links.append(FeedLink(url=url, title=" ".join(title.split()), content_type=kind))
