"""JSON Feed 1.0 and 1.1."""

from __future__ import annotations

import json
from typing import Any

from ingestion.dates import parse_date
from ingestion.errors import NotAFeed
from ingestion.language import language_tag
from ingestion.sanitise import clean_html, plain_text
from ingestion.sources.titles import title_or_start
from ingestion.types import Entry, ParsedFeed, RefusedEntry
from ingestion.urls import absolute_url, safe_link


def looks_like_json(body: bytes, content_type: str) -> bool:
    """Whether a document is to be read as JSON."""
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"{") or ("json" in content_type.lower() and not start.startswith(b"<"))


def parse_json_feed(body: bytes, url: str) -> ParsedFeed:
    """Read a JSON Feed; raises NotAFeed when the document is no JSON or not a feed."""
    try:
        document = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise NotAFeed("it is not valid JSON") from error
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise NotAFeed("JSON without a list of entries")
    version = _text(document.get("version"))
    if "jsonfeed" not in version and not any(
        isinstance(member, dict) and ("content_html" in member or "content_text" in member)
        for member in document["items"]
    ):
        raise NotAFeed("JSON, but not a JSON Feed")
    language = language_tag(_text(document.get("language")))
    site_url = safe_link(absolute_url(url, _text(document.get("home_page_url"))))
    author = _author(document)
    entries: list[Entry] = []
    refused: list[RefusedEntry] = []
    for position, member in enumerate(document["items"]):
        try:
            entries.append(_entry(member, position, site_url or url, language, author))
        except (ValueError, TypeError, OverflowError) as error:
            refused.append(RefusedEntry(position, str(error) or type(error).__name__))
    return ParsedFeed(
        kind="json",
        title=_line(document.get("title")),
        site_url=site_url,
        language=language,
        entries=tuple(entries),
        refused=tuple(refused),
        next_url=safe_link(absolute_url(url, _text(document.get("next_url")))),
        bozo=None if "jsonfeed" in version else "it states no JSON Feed version",
    )


def _entry(member: Any, position: int, base: str, language: str | None, feed_author: str) -> Entry:
    if not isinstance(member, dict):
        raise ValueError("the entry is not an object")
    link = safe_link(absolute_url(base, _text(member.get("url"))))
    external = safe_link(absolute_url(base, _text(member.get("external_url"))))
    url = link or external
    html = clean_html(_text(member.get("content_html")), url or base)
    text = plain_text(html) if html else _text(member.get("content_text")).strip()
    summary = plain_text(_text(member.get("summary")))
    title = title_or_start(_line(member.get("title")), text or summary)
    if not title and not url:
        raise ValueError("the entry has neither title, text nor address")
    published_raw = _text(member.get("date_published"))
    tags = member.get("tags")
    categories = [_line(tag) for tag in tags] if isinstance(tags, list) else []
    return Entry(
        guid=_text(member.get("id")).strip(),
        url=url,
        title=title,
        html=html,
        text=text or summary,
        summary=summary,
        author=_author(member) or feed_author,
        published=parse_date(published_raw),
        published_raw=published_raw,
        updated=parse_date(_text(member.get("date_modified"))),
        language=language_tag(_text(member.get("language"))) or language,
        categories=tuple(dict.fromkeys(filter(None, categories))),
        position=position,
    )


def _author(holder: dict[str, Any]) -> str:
    authors = holder.get("authors")
    people = authors if isinstance(authors, list) else [holder.get("author")]
    names = (_line(person.get("name")) for person in people if isinstance(person, dict))
    return ", ".join(name for name in names if name)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    # Ids written as numbers are common; anything else is not text.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _line(value: Any) -> str:
    return " ".join(plain_text(_text(value)).split())
