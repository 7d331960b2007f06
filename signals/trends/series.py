"""One tag's weeks, with what would be usual in each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from signals.models import Tag
from signals.trends.score import choose_pace, weekly_band
from signals.trends.table import read_series


@dataclass(frozen=True, slots=True)
class Week:
    """Mentions in the 7 days from `starts_on`; the usual number and its range, zero while nothing is usual yet."""

    starts_on: date
    mentions: int
    low: float
    usual: float
    high: float


def tag_weeks(tag: Tag, *, as_of: date, known_on: date | None = None, weeks: int = 26) -> list[Week]:
    """The tag's last `weeks` weeks up to `as_of`, oldest first.

    What is usual rests on the base rate of the tag's kind, so its kind is read, not the whole catalogue.
    """
    ids = list(Tag.objects.tracked().filter(kind=tag.kind).order_by("id").values_list("id", flat=True))
    if tag.pk not in ids:
        ids.append(tag.pk)
    series = read_series(ids, as_of, known_on)
    kinds = np.zeros(len(ids), dtype=np.int64)
    band = weekly_band(series.counts, series.volume, kinds, choose_pace(series.volume), weeks=weeks)
    place = ids.index(tag.pk)
    first = as_of - timedelta(days=7 * weeks - 1)
    return [
        Week(
            first + timedelta(days=7 * week),
            int(band.observed[place, week]),
            _known(band.low[place, week]),
            _known(band.expected[place, week]),
            _known(band.high[place, week]),
        )
        for week in range(weeks)
    ]


def _known(value: np.float64) -> float:
    return 0.0 if np.isnan(value) else float(value)
