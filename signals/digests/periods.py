"""ISO weeks and months, in UTC: what an edition is about and when it is due. Pure."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar, Final, Self

# Early enough for seven in the morning in Europe; readers further east get theirs at once.
DUE_TIME: Final = time(1, 0, tzinfo=UTC)
LATE_AFTER: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Period(ABC):
    """Whole days from its first to its last; `period` is its name, `cadence` that of its readers."""

    cadence: ClassVar[str]
    starts_on: date

    @classmethod
    @abstractmethod
    def of(cls, day: date) -> Self:
        """The one that `day` lies in."""

    @property
    @abstractmethod
    def ends_on(self) -> date:
        """Its last day."""

    @property
    @abstractmethod
    def period(self) -> str:
        """Its name."""

    @classmethod
    def last_full(cls, now: datetime) -> Self:
        """The newest one that is over."""
        return cls.of(cls.of(now.astimezone(UTC).date()).starts_on - timedelta(days=1))

    @property
    def before(self) -> Self:
        """The one before it."""
        return self.of(self.starts_on - timedelta(days=1))

    @property
    def due_at(self) -> datetime:
        """When its edition is made final: the day after, at 01:00 UTC."""
        return datetime.combine(self.ends_on + timedelta(days=1), DUE_TIME)

    def is_over(self, now: datetime) -> bool:
        """Whether nothing can happen in it any more."""
        return now.astimezone(UTC).date() > self.ends_on

    def is_due(self, now: datetime) -> bool:
        """Due, and not so late that it is stale."""
        return self.due_at <= now < self.due_at + LATE_AFTER


@dataclass(frozen=True, slots=True)
class Week(Period):
    """Monday to Sunday; its name is the ISO one, as in 2026-W47."""

    cadence: ClassVar[str] = "weekly"

    @classmethod
    def of(cls, day: date) -> Self:
        """The week that `day` lies in."""
        return cls(day - timedelta(days=day.weekday()))

    @classmethod
    def parse(cls, period: str) -> Self:
        """The week of that name; ValueError when there is none."""
        match = re.fullmatch(r"(\d{4})-W(\d{2})", period, re.ASCII)
        if match is None:
            raise ValueError(f"{period!r} is not an ISO week such as 2026-W47")
        return cls(date.fromisocalendar(int(match[1]), int(match[2]), 1))

    @property
    def ends_on(self) -> date:
        """Its Sunday."""
        return self.starts_on + timedelta(days=6)

    @property
    def period(self) -> str:
        """Its ISO name."""
        year, week, _ = self.starts_on.isocalendar()
        return f"{year}-W{week:02d}"


@dataclass(frozen=True, slots=True)
class Month(Period):
    """A calendar month, as in 2026-11."""

    cadence: ClassVar[str] = "monthly"

    @classmethod
    def of(cls, day: date) -> Self:
        """The month that `day` lies in."""
        return cls(day.replace(day=1))

    @classmethod
    def parse(cls, period: str) -> Self:
        """The month of that name; ValueError when there is none."""
        match = re.fullmatch(r"(\d{4})-(\d{2})", period, re.ASCII)
        if match is None:
            raise ValueError(f"{period!r} is not an ISO week such as 2026-W47, nor a month such as 2026-11")
        return cls(date(int(match[1]), int(match[2]), 1))

    @property
    def ends_on(self) -> date:
        """Its last day."""
        return (self.starts_on + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    @property
    def period(self) -> str:
        """Its name."""
        return f"{self.starts_on:%Y-%m}"


CADENCES: Final[dict[str, type[Period]]] = {"weekly": Week, "monthly": Month}


def parse_period(period: str) -> Period:
    """The week or month of that name; ValueError when there is none."""
    return Week.parse(period) if "W" in period else Month.parse(period)
