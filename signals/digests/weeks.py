"""ISO weeks, in UTC: what an edition is about and when it is due. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

_PERIOD = re.compile(r"(\d{4})-W(\d{2})")
DUE_TIME = time(6, 0, tzinfo=UTC)
LATE_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Week:
    """Monday to Sunday; `period` is its ISO name, as in 2026-W47."""

    starts_on: date

    @classmethod
    def of(cls, day: date) -> Self:
        """The week that `day` lies in."""
        return cls(day - timedelta(days=day.weekday()))

    @classmethod
    def parse(cls, period: str) -> Self:
        """The week of that name; ValueError when there is none."""
        match = _PERIOD.fullmatch(period)
        if match is None:
            raise ValueError(f"{period!r} is not an ISO week such as 2026-W47")
        return cls(date.fromisocalendar(int(match[1]), int(match[2]), 1))

    @classmethod
    def last_full(cls, now: datetime) -> Self:
        """The newest week that is over."""
        return cls.of(now.astimezone(UTC).date() - timedelta(days=7))

    @property
    def ends_on(self) -> date:
        """Its Sunday."""
        return self.starts_on + timedelta(days=6)

    @property
    def period(self) -> str:
        """Its ISO name."""
        year, week, _ = self.starts_on.isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def due_at(self) -> datetime:
        """When its edition goes out: the Monday after, at 06:00 UTC."""
        return datetime.combine(self.starts_on + timedelta(days=7), DUE_TIME)

    def is_over(self, now: datetime) -> bool:
        """Whether nothing can happen in it any more."""
        return now.astimezone(UTC).date() > self.ends_on

    def is_due(self, now: datetime) -> bool:
        """Due, and not so late that it is stale."""
        return self.due_at <= now < self.due_at + LATE_AFTER
