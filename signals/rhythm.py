"""Whether a source is silent for longer than is usual for it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final

ENTRIES: Final = 20
"""The rhythm is that of so many newest entries."""
_FEWEST: Final = 5
_TIMES: Final = 3
# A feed of several entries an hour is not silent because of a night or a week-end.
_SHORTEST: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Silence:
    """The usual time between two entries, for how long there was none, and since when that is unusual."""

    usual: timedelta
    lasts: timedelta
    since: datetime


def find_silence(entries: Sequence[datetime], *, now: datetime) -> Silence | None:
    """The silence of a source, from the times of its newest entries in any order; None while it is usual.

    Unusual is three times the median gap, and never less than three days; fewer than five entries have no rhythm.
    """
    times = sorted(entries)[-ENTRIES:]
    if len(times) < _FEWEST:
        return None
    usual = timedelta(seconds=median((later - earlier).total_seconds() for earlier, later in pairwise(times)))
    allowed = max(_TIMES * usual, _SHORTEST)
    lasts = now - times[-1]
    return Silence(usual, lasts, times[-1] + allowed) if lasts > allowed else None
