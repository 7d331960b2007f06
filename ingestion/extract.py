"""The readable part of a web page."""

from __future__ import annotations

import html as html_module
import re
from typing import Final
from urllib.parse import urlsplit

import trafilatura
from lxml.etree import LxmlError

from ingestion.charset import decode
from ingestion.dates import parse_date
from ingestion.language import language_tag
from ingestion.types import ExtractedPage
from ingestion.urls import absolute_url, safe_link

_TAG = re.compile(r"<(html|meta|time|link)\b([^>]{0,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_JSON_LD_DATE = re.compile(r"\"datePublished\"\s*:\s*\"([^\"]{4,40})\"")
_URL_DATE = re.compile(r"/(20\d\d)[/-](\d{1,2})[/-](\d{1,2})(?=[/-]|$)")
_DATE_NAMES: Final = (
    "article:published_time", "datepublished", "og:published_time", "dc.date.issued", "dcterms.issued",
    "dc.date", "citation_publication_date", "parsely-pub-date", "sailthru.date", "pubdate", "publishdate",
    "publish-date", "date",
)  # fmt: skip
_SCANNED: Final = 400_000
_LONGEST: Final = 1_000_000


def extract_page(body: bytes, url: str, content_type: str = "") -> ExtractedPage | None:
    """Text, title, stated date and language of a page; None when it holds no readable text."""
    html = decode(body, content_type)
    if not html.strip():
        return None
    try:
        document = trafilatura.bare_extraction(
            html,
            url=url,
            with_metadata=True,
            include_comments=False,
            include_tables=True,
            date_extraction_params={"extensive_search": False, "original_date": True},
        )
    except (LxmlError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None
    if document is None or isinstance(document, dict):
        return None
    text = (document.text or "").replace("\x00", "").strip()
    if not text:
        return None
    facts = _stated(html[:_SCANNED])
    raw_date = next((facts[name] for name in _DATE_NAMES if facts.get(name)), "")
    json_ld = _JSON_LD_DATE.search(html)
    in_url = _URL_DATE.search(urlsplit(url).path)
    # trafilatura's own date is a guess: it takes the first that looks like one.
    stated = (raw_date, json_ld[1] if json_ld else "", "-".join(in_url.groups()) if in_url else "")
    canonical = safe_link(absolute_url(url, facts.get("canonical", "")))
    return ExtractedPage(
        text=text[:_LONGEST],
        title=_line(document.title)[:500],
        author=_line(document.author)[:300],
        site_name=_line(facts.get("og:site_name", "") or document.sitename)[:300],
        published=next((moment for date in stated if (moment := parse_date(date))), None),
        language=language_tag(facts.get("lang")) or language_tag(facts.get("og:locale")),
        canonical_url=canonical,
    )


def _stated(html: str) -> dict[str, str]:
    """What the page says about itself in its elements: {name in lower case: value}, the first of each."""
    facts: dict[str, str] = {}
    for name, source in _TAG.findall(html):
        attributes = {
            key.lower(): html_module.unescape(double or single or bare).strip()
            for key, double, single, bare in _ATTRIBUTE.findall(source)
        }
        match name.lower():
            case "html":
                facts.setdefault("lang", attributes.get("lang") or attributes.get("xml:lang", ""))
            case "link" if "canonical" in attributes.get("rel", "").lower().split():
                facts.setdefault("canonical", attributes.get("href", ""))
            case "time" if (
                "pubdate" in source.lower() or attributes.get("itemprop", "").lower() == "datepublished"
            ):
                facts.setdefault("datepublished", attributes.get("datetime", ""))
            case "meta":
                key = attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
                if attributes.get("content"):
                    facts.setdefault(key.lower(), attributes["content"])
            case _:
                continue
    return facts


def _line(text: str | None) -> str:
    return " ".join((text or "").replace("\x00", "").split())
