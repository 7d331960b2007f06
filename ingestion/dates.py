"""Dates as feeds write them. What is not understood for sure is refused: a missing date is better than a
wrong one, which sorts an entry to the top for ever."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST_YEAR: Final = 2100

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january janv janvier",
            "feb february fév févr février fev fevr fevrier",
            "mar march mars",
            "apr april avr avril",
            "may mai",
            "jun june juin",
            "jul july juil juillet",
            "aug august aoû août aou aout",
            "sep sept september septembre",
            "oct october octobre",
            "nov november novembre",
            "dec december déc décembre decembre",
        ),
        start=1,
    )
    for name in names.split()
}
# Only names with one meaning, or with one that mail (RFC 5322) fixes.
_ZONES: Final = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0,
    "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420,
    "cet": 60, "cest": 120, "mez": 60, "mesz": 120, "eet": 120, "eest": 180, "bst": 60, "msk": 180,
    "jst": 540, "kst": 540, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780,
}  # fmt: skip

_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?\s*(?P<half>[ap]\.?m\.?)?"
)
_ZONE = r"(?P<zone>[+-]\d{1,2}:?\d{2}|[+-]\d{2}|(?:gmt|utc)[+-]\d{1,2}(?::?\d{2})?|[a-z]{1,5})?"
_TAIL = r"(?:\s*\([^)]{0,40}\))?"
_WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,?\s+)?"

_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:(?:\s*t\s*|\s+|,\s*)"
    + _CLOCK
    + r"\s*"
    + _ZONE
    + r")?",
    re.IGNORECASE,
)
_SLASHED = re.compile(
    r"(?P<year>\d{4})(?P<mark>[/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?:(?:t|\s+|,\s*)"
    + _CLOCK + r"\s*" + _ZONE + r")?",
    re.IGNORECASE,
)  # fmt: skip
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:t?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?"
    + _ZONE + r")?",
    re.IGNORECASE,
)  # fmt: skip
_MAIL = re.compile(
    _WEEKDAY
    + r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.)?[\s-]+(?P<name>[^\W\d_]{3,9})\.?,?[\s-]+(?P<year>\d{4}|\d{2})"
    + r"(?:,?\s+(?:at\s+)?" + _CLOCK + r"\s*" + _ZONE + _TAIL + r")?",
    re.IGNORECASE,
)  # fmt: skip
_AMERICAN = re.compile(
    _WEEKDAY
    + r"(?P<name>[^\W\d_]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})"
    + r"(?:,?\s+(?:at\s+)?" + _CLOCK + r"\s*" + _ZONE + _TAIL + r")?",
    re.IGNORECASE,
)  # fmt: skip
_UNIX = re.compile(  # Wed Jun 29 12:00:00 UTC 2016
    _WEEKDAY
    + r"(?P<name>[^\W\d_]{3,9})\s+(?P<day>\d{1,2})\s+" + _CLOCK + r"\s*(?:" + _ZONE + r"\s+)?(?P<year>\d{4})",
    re.IGNORECASE,
)  # fmt: skip
_FORMS = (_ISO, _MAIL, _SLASHED, _AMERICAN, _UNIX, _COMPACT)
_EPOCH = re.compile(r"(\d{9,10})(?:\.\d{1,6})?|(\d{12,13})")


def parse_date(raw: str) -> datetime | None:
    """The moment `raw` names, in its own zone (UTC when it names none); None when it is not sure."""
    text = " ".join(raw.split())
    if not text or len(text) > 80:
        return None
    epoch = _EPOCH.fullmatch(text)
    if epoch:
        seconds = int(epoch[1]) if epoch[1] else int(epoch[2]) // 1000
        return _plausible(datetime.fromtimestamp(seconds, UTC))
    for form in _FORMS:
        match = form.fullmatch(text)
        if match:
            return _moment(match.groupdict())
    return None


def clamp(moment: datetime, now: datetime) -> datetime:
    """`moment`, or `now` when it lies in the future: the form to sort by."""
    return min(moment, now)


def _moment(found: dict[str, str | None]) -> datetime | None:
    month = _MONTHS.get((found.get("name") or "").lower()) if found.get("name") else int(found["month"] or 0)
    if not month:
        return None
    year = int(found["year"] or 0)
    if year < 100:  # RFC 822 had two digits
        year += 2000 if year < 70 else 1900
    hour = int(found.get("hour") or 0)
    half = (found.get("half") or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    zone = _zone(found.get("zone") or "")
    if zone is None:
        return None
    # 24:00 and a leap second are legal ways to write the next moment.
    extra = timedelta(0)
    if hour == 24 and int(found.get("minute") or 0) == 0:
        hour, extra = 0, timedelta(days=1)
    second = int(found.get("second") or 0)
    if second == 60:
        second, extra = 59, extra + timedelta(seconds=1)
    try:
        moment = datetime(
            year, month, int(found["day"] or 0), hour, int(found.get("minute") or 0), second, tzinfo=zone
        )
        return _plausible(moment + extra)
    except (ValueError, OverflowError):
        return None


def _zone(text: str) -> timezone | None:
    if not text:
        return UTC
    name = text.lower()
    if name in _ZONES:
        return UTC if _ZONES[name] == 0 else timezone(timedelta(minutes=_ZONES[name]))
    match = re.fullmatch(r"(?:gmt|utc)?([+-])(\d{1,2}):?(\d{2})?", name)
    if not match:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    if minutes > 14 * 60 or int(match[3] or 0) > 59:
        return None
    if minutes == 0:
        return UTC
    return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))


def _plausible(moment: datetime) -> datetime | None:
    return moment if moment >= _EARLIEST and moment.year <= _LATEST_YEAR else None
