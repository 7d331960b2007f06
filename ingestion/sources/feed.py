"""RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0, CDF and JSON Feed: bytes in, entries out."""

from __future__ import annotations

import html as html_module
import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from xml.sax import SAXException

import feedparser

from ingestion.charset import decode
from ingestion.dates import parse_date
from ingestion.errors import NotAFeed, ParserCrashed
from ingestion.language import language_tag
from ingestion.sanitise import clean_html, plain_text
from ingestion.sources.jsonfeed import looks_like_json, parse_json_feed
from ingestion.sources.titles import title_or_start
from ingestion.types import Entry, FeedKind, ParsedFeed, RefusedEntry
from ingestion.urls import absolute_url, safe_link

_HTML_ROOT = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:(?><!--.*?-->)\s*)*(?:<!doctype\s+html|<html)\b", re.IGNORECASE | re.DOTALL
)
_CDF_ROOT = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype[^>]*>\s*)?(?:(?><!--.*?-->)\s*)*<channel\b", re.I | re.S
)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_SKIP_HOURS = re.compile(r"<skiphours\b[^>]*>(.{0,2000}?)</skiphours>", re.IGNORECASE | re.DOTALL)
_SKIP_DAYS = re.compile(r"<skipdays\b[^>]*>(.{0,2000}?)</skipdays>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(r"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAY = re.compile(r"<day>\s*(\w+)\s*</day>", re.IGNORECASE)
_ENTRY_START = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ENTRY_END = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>|<(?:\w+:)?(?:item|entry)\b[^>]*/>", re.IGNORECASE)
_HEAD: Final = 20_000
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERIODS: Final = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_LONGEST_TITLE: Final = 500
_LONGEST_URL: Final = 2000
_LONGEST_TEXT: Final = 1_000_000
_MOST_CATEGORIES: Final = 50
# What malformed entries have been seen to raise while their fields are read.
_ENTRY_ERRORS: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)
_PARSER_ERRORS: Final = (*_ENTRY_ERRORS, AssertionError, LookupError, SAXException)


def parse(body: bytes, content_type: str, url: str) -> ParsedFeed:
    """Read a feed document; raises NotAFeed, ParserCrashed. Entries that can't be read are listed.

    `url` is where the document came from, for relative links; entries keep the order of the document.
    """
    if not body.strip():
        raise NotAFeed("the document is empty")
    if looks_like_json(body, content_type):
        return parse_json_feed(body, url)
    text = decode(body, content_type).lstrip("\ufeff\x00 \t\r\n")
    if _HTML_ROOT.match(text):
        raise NotAFeed("it is a web page")
    document = _read(text)
    feed = document.feed
    kind = _kind(str(document.get("version") or ""))
    if kind is None:
        if not document.entries:
            raise NotAFeed("no feed format is recognised")
        # feedparser reads CDF without saying so.
        kind = "cdf" if _CDF_ROOT.match(text) else "rss"
    site_url = safe_link(absolute_url(url, _string(feed, "link")))
    language = language_tag(_string(feed, "language"))
    entries: list[Entry] = []
    refused: list[RefusedEntry] = []
    cut = len(document.entries) - 1 if document.get("bozo") and _breaks_off(text) else None
    for position, raw in enumerate(document.entries):
        if position == cut:
            refused.append(RefusedEntry(position, "the document breaks off inside this entry"))
            continue
        try:
            entries.append(_entry(raw, position, site_url or url, language))
        except _ENTRY_ERRORS as error:
            refused.append(RefusedEntry(position, str(error) or type(error).__name__))
    return ParsedFeed(
        kind=kind,
        title=_line(feed, "title")[:_LONGEST_TITLE],
        site_url=site_url,
        language=language,
        entries=tuple(entries),
        refused=tuple(refused),
        ttl=_minutes(_string(feed, "ttl")),
        skip_hours=_skip_hours(text[:_HEAD]),
        skip_days=_skip_days(text[:_HEAD]),
        update_period=_update_period(feed),
        next_url=_next_url(feed, url),
        bozo=_what_is_wrong(document),
    )


def _read(text: str) -> Any:
    # The text is decoded already, so the document must not declare anything else.
    data = _XML_DECLARATION.sub("", text, count=1).encode("utf-8", "replace")
    try:
        # Bytes alone would be taken for a file name first.
        return feedparser.parse(
            io.BytesIO(data),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except _PARSER_ERRORS as error:
        raise ParserCrashed(type(error).__name__) from error


def _kind(version: str) -> FeedKind | None:
    if version in ("rss090", "rss10"):
        return "rdf"
    prefixes: tuple[FeedKind, ...] = ("rss", "atom", "cdf")
    return next((prefix for prefix in prefixes if version.startswith(prefix)), None)


def _entry(raw: Mapping[str, Any], position: int, base: str, feed_language: str | None) -> Entry:
    url = safe_link(absolute_url(base, _link(raw)))
    url = url if len(url) <= _LONGEST_URL else ""
    content, content_is_plain, content_language = _content(raw)
    summary_detail = _mapping(raw, "summary_detail")
    summary_source = _string(raw, "summary")
    summary_is_plain = _is_plain(summary_detail)
    if len(content) < len(summary_source):
        content, content_is_plain = summary_source, summary_is_plain
    page = url or base
    html = html_module.escape(content, quote=False) if content_is_plain else clean_html(content, page)
    text = _clean(content).strip() if content_is_plain else plain_text(html)
    summary = _clean(summary_source).strip() if summary_is_plain else plain_text(summary_source)
    title = title_or_start(_line(raw, "title")[:_LONGEST_TITLE], text)
    if not title and not url:
        raise ValueError("the entry has neither title, text nor address")
    published, published_raw = _published(raw)
    return Entry(
        guid=_string(raw, "id").strip(),
        url=url,
        title=title,
        html=_clean(html)[:_LONGEST_TEXT],
        text=text[:_LONGEST_TEXT],
        summary=summary[:_LONGEST_TEXT],
        author=_author(raw)[:_LONGEST_TITLE],
        published=published,
        published_raw=published_raw[:200],
        updated=parse_date(_string(raw, "updated")),
        language=_language(raw, content_language) or feed_language,
        categories=_categories(raw),
        position=position,
    )


def _link(raw: Mapping[str, Any]) -> str:
    original = _string(raw, "feedburner_origlink")
    if original:
        return original
    link = _string(raw, "link")
    if link:
        return link
    links = _sequence(raw, "links")
    for wanted in ("alternate", "related", "via", "enclosure"):
        for candidate in links:
            if isinstance(candidate, Mapping) and candidate.get("rel") == wanted:
                return _string(candidate, "href")
    return ""


def _content(raw: Mapping[str, Any]) -> tuple[str, bool, str]:
    """The longest content that is text: its source, whether it is plain, its language."""
    best: tuple[str, bool, str] = ("", False, "")
    for part in _sequence(raw, "content"):
        if not isinstance(part, Mapping):
            continue
        kind = _string(part, "type")
        value = _string(part, "value")
        if (kind.startswith("text/") or "html" in kind or not kind) and len(value) > len(best[0]):
            best = (value, _is_plain(part), _string(part, "language"))
    return best


def _is_plain(detail: Mapping[str, Any]) -> bool:
    # RSS can't say which it is, so its "plain" text is looked at; entities are HTML too.
    return detail.get("type") == "text/plain" and not re.search(
        r"<\w|</|&#?\w+;", str(detail.get("value", ""))
    )


def _published(raw: Mapping[str, Any]) -> tuple[datetime | None, str]:
    stated = [value for name in ("published", "created", "updated") if (value := _string(raw, name).strip())]
    for value in stated:
        moment = parse_date(value)
        if moment is not None:
            return moment, value
    return None, stated[0] if stated else ""


def _author(raw: Mapping[str, Any]) -> str:
    names = [_line(person, "name") for person in _sequence(raw, "authors") if isinstance(person, Mapping)]
    return ", ".join(dict.fromkeys(filter(None, names))) or _line(raw, "author")


def _language(raw: Mapping[str, Any], content_language: str) -> str | None:
    for stated in (
        _string(raw, "language"),
        content_language,
        _string(_mapping(raw, "title_detail"), "language"),
    ):
        tag = language_tag(stated)
        if tag:
            return tag
    return None


def _categories(raw: Mapping[str, Any]) -> tuple[str, ...]:
    names = [
        (_line(tag, "label") or _line(tag, "term"))[:100]
        for tag in _sequence(raw, "tags")
        if isinstance(tag, Mapping)
    ]
    return tuple(dict.fromkeys(filter(None, names)))[:_MOST_CATEGORIES]


def _minutes(text: str) -> timedelta | None:
    match = re.fullmatch(r"\s*(\d{1,6})(?:\.\d+)?\s*", text)
    return timedelta(minutes=int(match[1])) if match and int(match[1]) else None


def _update_period(feed: Mapping[str, Any]) -> timedelta | None:
    period = _PERIODS.get(_string(feed, "sy_updateperiod").strip().lower())
    if period is None:
        return None
    frequency = re.fullmatch(r"\s*(\d{1,4})\s*", _string(feed, "sy_updatefrequency") or "1")
    return period / max(int(frequency[1]) if frequency else 1, 1)


def _skip_hours(head: str) -> frozenset[int]:
    block = _SKIP_HOURS.search(head)
    # The oldest feeds count the hours from 1 to 24.
    return (
        frozenset(int(hour) % 24 for hour in _HOUR.findall(block[1]) if int(hour) <= 24)
        if block
        else frozenset()
    )


def _skip_days(head: str) -> frozenset[int]:
    block = _SKIP_DAYS.search(head)
    names = (name.lower() for name in _DAY.findall(block[1])) if block else ()
    return frozenset(_DAYS.index(name) for name in names if name in _DAYS)


def _next_url(feed: Mapping[str, Any], url: str) -> str:
    for link in _sequence(feed, "links"):
        if isinstance(link, Mapping) and link.get("rel") == "next":
            return safe_link(absolute_url(url, _string(link, "href")))
    return ""


def _what_is_wrong(document: Mapping[str, Any]) -> str | None:
    if not document.get("bozo"):
        return None
    error = document.get("bozo_exception")
    return _clean(str(error))[:300] or type(error).__name__


def _breaks_off(text: str) -> bool:
    return len(_ENTRY_START.findall(text)) > len(_ENTRY_END.findall(text)) and not text.rstrip().endswith(">")


def _mapping(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = dict.get(raw, name) if isinstance(raw, dict) else raw.get(name)
    return value if isinstance(value, Mapping) else {}


def _sequence(raw: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = dict.get(raw, name) if isinstance(raw, dict) else raw.get(name)
    return value if isinstance(value, list) else ()


def _string(raw: Mapping[str, Any], name: str) -> str:
    # feedparser's own `get` answers for one name with the value of another ("published" for "updated").
    value = dict.get(raw, name) if isinstance(raw, dict) else raw.get(name)
    return _clean(value) if isinstance(value, str) else ""


def _line(raw: Mapping[str, Any], name: str) -> str:
    value = _string(raw, name)
    detail = _mapping(raw, f"{name}_detail")
    if value and not _is_plain({**detail, "value": value}):
        value = plain_text(value)
    return " ".join(value.split())


def _clean(text: str) -> str:
    """Without what a database can't hold: NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
