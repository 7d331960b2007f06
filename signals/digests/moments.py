"""When a mail is due: at each reader's day and hour, in their own time zone. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name; UTC for one that is not known here (any more)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def day_there(at: datetime, time_zone: str) -> date:
    """Which day it is over there."""
    return at.astimezone(zone_of(time_zone)).date()


def first_moment(*, day: date, weekday: int | None, hour: int, time_zone: str) -> datetime:
    """The first time, on `day` or later, that it is `hour` o'clock on `weekday` (None: any) over there; in UTC.

    An hour that the clocks skip is the one after it, one that comes twice is the first of the two.
    """
    ahead = 0 if weekday is None else (weekday - day.weekday()) % 7
    there = datetime.combine(day + timedelta(days=ahead), time(hour), tzinfo=zone_of(time_zone))
    return there.astimezone(UTC)


def next_hour(*, now: datetime, hour: int, time_zone: str) -> datetime:
    """The next time that it is `hour` o'clock over there, now if it just is; in UTC."""
    today = day_there(now, time_zone)
    # the hour itself counts until it is over
    since = now - timedelta(hours=1)
    moments = (
        first_moment(day=today + timedelta(days=ahead), weekday=None, hour=hour, time_zone=time_zone)
        for ahead in (-1, 0, 1, 2)
    )
    return max(now, next(moment for moment in moments if moment > since))
