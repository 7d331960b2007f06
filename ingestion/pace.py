"""When to look again, and why then: the feed's pace, what it asks for, and the way back after a failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, Self

SHORTEST: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=24)
_UNKNOWN: Final = timedelta(hours=1)
_JITTER: Final = 0.1
_LOOKS_PER_GAP: Final = 4
_RECENT: Final = 20


@dataclass(frozen=True, slots=True)
class Hints:
    """What a document told about its rhythm; kept, because a later 304 tells nothing."""

    ttl: timedelta | None = None
    update_period: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    newest: datetime | None = None
    oldest: datetime | None = None
    dated: int = 0
    """How many of the latest dates lie from `oldest` to `newest`."""

    @classmethod
    def of_dates(cls, dates: Iterable[datetime], now: datetime) -> Self:
        """The pace in the latest dates; future ones are nobody's pace."""
        latest = sorted({date for date in dates if date <= now})[-_RECENT:]
        if not latest:
            return cls()
        return cls(newest=latest[-1], oldest=latest[0], dated=len(latest))

    def as_json(self) -> dict[str, Any]:
        """A form for the database."""
        return {
            "ttl": _seconds(self.ttl),
            "update_period": _seconds(self.update_period),
            "skip_hours": sorted(self.skip_hours),
            "skip_days": sorted(self.skip_days),
            "newest": self.newest and self.newest.astimezone(UTC).isoformat(),
            "oldest": self.oldest and self.oldest.astimezone(UTC).isoformat(),
            "dated": self.dated,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The opposite of `as_json`; {} is no hints."""
        return cls(
            ttl=_delta(stored.get("ttl")),
            update_period=_delta(stored.get("update_period")),
            skip_hours=frozenset(stored.get("skip_hours") or ()),
            skip_days=frozenset(stored.get("skip_days") or ()),
            newest=_moment(stored.get("newest")),
            oldest=_moment(stored.get("oldest")),
            dated=stored.get("dated") or 0,
        )

    def usual_gap(self, now: datetime) -> timedelta | None:
        """The mean time between entries, the present silence included; None without dates."""
        if self.oldest is None or not self.dated:
            return None
        return max(now - self.oldest, timedelta(0)) / self.dated


@dataclass(frozen=True, slots=True)
class NextCheck:
    """When to look again, and why then."""

    at: datetime
    reason: str
    interval: timedelta


def next_check(hints: Hints, *, now: datetime, fresh_for: timedelta | None, rng: Random) -> NextCheck:
    """After a good answer. `fresh_for` is what max-age or Expires left to the answer."""
    gap = hints.usual_gap(now)
    if gap is None:
        interval, reason = _UNKNOWN, "its entries carry no dates to judge its pace by"
    else:
        interval, reason = gap / _LOOKS_PER_GAP, f"it publishes about every {in_words(gap)}"
    for asked, why in (
        (hints.ttl, "it asks to wait {} (ttl)"),
        (hints.update_period, "it says it is updated every {}"),
        (fresh_for, "its answer stays fresh for {}"),
    ):
        if asked is not None and asked > interval:
            interval, reason = asked, why.format(in_words(asked))
    if interval < SHORTEST:
        interval, reason = SHORTEST, f"{reason}; never more often than every {in_words(SHORTEST)}"
    if interval > LONGEST:
        interval, reason = LONGEST, f"{reason}; at least once a day"
    at = now + _jittered(interval, rng)
    allowed = _skip(at, hints)
    if allowed != at:
        reason = f"{reason}; it asks not to be read at certain times"
    return NextCheck(allowed, reason[:200], interval)


def next_after_failure(
    failures: int, *, now: datetime, retry_after: timedelta | None, rng: Random
) -> NextCheck:
    """After the n-th failure in a row, from 1: doubling from 15 minutes to a day."""
    interval = min(SHORTEST * 2 ** min(failures - 1, 10), LONGEST)
    reason = "it failed; trying again" if failures == 1 else f"it failed {failures} times in a row"
    if retry_after is not None and retry_after > interval:
        interval = min(retry_after, LONGEST)
        reason = f"it asks to wait {in_words(interval)} (Retry-After)"
        # Coming a little early would break the promise.
        return NextCheck(now + interval * (1 + rng.uniform(0, _JITTER)), reason, interval)
    return NextCheck(now + _jittered(interval, rng), f"{reason}: {in_words(interval)}", interval)


def pause_asked(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long to leave a host in peace by its rate-limit headers; None while it has requests left."""
    if _number(headers, "remaining") != 0:
        return None
    reset = _number(headers, "reset")
    if reset is None:
        return None
    # Some count seconds from now, some from 1970.
    return timedelta(seconds=reset) if reset < 10**9 else datetime.fromtimestamp(reset, UTC) - now


def _number(headers: Mapping[str, str], name: str) -> int | None:
    for prefix in ("ratelimit-", "x-ratelimit-"):
        value = headers.get(prefix + name, "").strip()
        if value.isascii() and value.isdigit() and len(value) < 12:
            return int(value)
    return None


def in_words(span: timedelta) -> str:
    """A span of time as a person says it: 40 minutes, 6 hours, 3 days."""
    minutes = max(round(span.total_seconds() / 60), 1)
    for size, unit in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes >= 2 * size or size == 1:
            count = round(minutes / size)
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    raise AssertionError  # the last size is 1


def _jittered(interval: timedelta, rng: Random) -> timedelta:
    later = interval * (1 + rng.uniform(0, _JITTER))
    return later if later <= LONGEST else LONGEST * (1 - rng.uniform(0, _JITTER))


def _skip(at: datetime, hints: Hints) -> datetime:
    moment = at.astimezone(UTC)
    for _ in range(24 * 7):
        if moment.hour not in hints.skip_hours and moment.weekday() not in hints.skip_days:
            return moment
        moment = moment.replace(minute=moment.minute if moment == at else 0) + timedelta(hours=1)
    return at  # it asks never to be read


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def _delta(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
