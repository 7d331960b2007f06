"""Reading the response headers that tell when to come back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_NO_CACHE = re.compile(r"(?:^|,)\s*(?:no-store|no-cache)\b", re.IGNORECASE)
_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s;,\"]+))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)
_LONGEST = timedelta(days=365)


def http_date(value: str | None) -> datetime | None:
    """The moment an HTTP date names, in UTC; None when there is none or it is malformed."""
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value.strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long the server asks to wait, from seconds or a date; never negative, at most a year."""
    if not value:
        return None
    text = value.strip()
    if re.fullmatch(r"\d{1,10}", text):
        return min(timedelta(seconds=int(text)), _LONGEST)
    moment = http_date(text)
    return None if moment is None else min(max(moment - now, timedelta(0)), _LONGEST)


def max_age(cache_control: str | None) -> timedelta | None:
    """The freshness that Cache-Control states; None when it states none or forbids caching."""
    if not cache_control or _NO_CACHE.search(cache_control):
        return None
    match = _MAX_AGE.search(cache_control)
    return min(timedelta(seconds=int(match[1])), _LONGEST) if match else None


def link_header(value: str | None, base_url: str) -> Mapping[str, str]:
    """The Link header as {relation: absolute URL}; the first of each relation wins."""
    links: dict[str, str] = {}
    for target, parameters in _LINK.findall((value or "")[:8192]):
        rel = _REL.search(parameters)
        for name in ((rel[1] or rel[2] or "") if rel else "").lower().split():
            try:
                links.setdefault(name, urljoin(base_url, target))
            except ValueError:
                continue
    return links
