"""The weeks of one tag, or of a few, with what would be usual in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from signals.models import Setting, Tag
from signals.trends.score import WEEK, Ints, choose_pace, weekly_band
from signals.trends.table import KIND_TOTALS, open_day, read_series

Kept = dict[str, tuple[int, list[int]]]


@dataclass(frozen=True, slots=True)
class Week:
    """Mentions in the 7 days from `starts_on`, among `volume`; what is usual, zero while nothing is."""

    starts_on: date
    confirmed: int
    suggested: int
    volume: int
    low: float
    usual: float
    high: float

    @property
    def mentions(self) -> int:
        """Confirmed and suggested ones."""
        return self.confirmed + self.suggested

    @property
    def ends_on(self) -> date:
        """Its last day."""
        return self.starts_on + timedelta(days=WEEK - 1)

    def share_of(self, count: float) -> float:
        """What part of the week's volume a number of mentions is, 0 where nothing came."""
        return count / self.volume if self.volume else 0.0


def tag_weeks(tag: Tag, *, as_of: date, known_on: date | None = None, weeks: int = 26) -> list[Week]:
    """The tag's last `weeks` weeks up to `as_of`, oldest first."""
    return weeks_of_tags([tag], as_of=as_of, known_on=known_on, weeks=weeks)[0]


def weeks_of_tags(
    tags: Sequence[Tag], *, as_of: date, known_on: date | None = None, weeks: int = 26
) -> list[list[Week]]:
    """The last `weeks` weeks of each tag, up to `as_of`, oldest first."""
    return _weeks(tags, as_of, known_on, weeks, _kept_totals(as_of, known_on))


def shown_weeks(tags: Sequence[Tag], *, as_of: date | None, weeks: int = 26) -> list[list[Week]]:
    """The same as pages open: up to the day of the tags' trends, or the open one, as known then."""
    kept = Setting.objects.filter(name=KIND_TOTALS).values_list("value", flat=True).first()
    if kept and (as_of is None or kept["as_of"] == as_of.isoformat()):
        known_on = date.fromisoformat(kept["known_on"]) if kept["known_on"] else None
        return _weeks(tags, date.fromisoformat(kept["as_of"]), known_on, weeks, kept["kinds"])
    day, known_on = open_day()
    return _weeks(tags, as_of or day, known_on, weeks, {})


def _weeks(
    tags: Sequence[Tag], as_of: date, known_on: date | None, weeks: int, kept: Kept
) -> list[list[Week]]:
    kinds = {tag.kind for tag in tags}
    others = Tag.objects.tracked().filter(kind__in=kinds - kept.keys()).order_by("id")
    uncounted = dict(others.values_list("id", "kind")) if kinds - kept.keys() else {}
    ids = list(dict.fromkeys([*(tag.pk for tag in tags), *uncounted]))
    series = read_series(ids, as_of, known_on)
    pace = choose_pace(series.volume)
    totals = {kind: (kept[kind][0], np.array(kept[kind][1])) for kind in kinds & kept.keys()}
    for kind in kinds - kept.keys():
        of_kind = [place for place, tag_id in enumerate(ids) if uncounted.get(tag_id) == kind]
        totals[kind] = (len(of_kind), series.counts[of_kind].sum(axis=0))
    told = []
    for place, tag in enumerate(tags):
        members, mentions = totals[tag.kind]
        counts = series.counts[place]
        if tag.status == Tag.Status.TRACKED and tag.merged_into_id is None:
            # Clipped: the totals are a moment older.
            mentions, members = np.maximum(mentions - counts, 0), members - 1
        band = weekly_band(
            np.stack([counts, mentions]),
            series.volume,
            np.zeros(2, dtype=np.int64),
            pace,
            weeks=weeks,
            members=np.array([1, members]),
        )
        told.append(
            as_weeks(
                series.confirmed[place],
                counts,
                series.volume,
                as_of,
                band.low[0],
                band.expected[0],
                band.high[0],
            )
        )
    return told


def as_weeks(
    confirmed: Ints,
    counts: Ints,
    volume: Ints,
    as_of: date,
    low: Sequence[float],
    usual: Sequence[float],
    high: Sequence[float],
) -> list[Week]:
    """Daily numbers (days,) that end on `as_of` as weeks, as many as `low`, `usual` and `high` have."""
    weeks = len(low)
    by_week = [
        values[-WEEK * weeks :].reshape(weeks, WEEK).sum(axis=1) for values in (confirmed, counts, volume)
    ]
    first = as_of - timedelta(days=WEEK * weeks - 1)
    return [
        Week(
            first + timedelta(days=WEEK * week),
            int(by_week[0][week]),
            int(by_week[1][week] - by_week[0][week]),
            int(by_week[2][week]),
            *(0.0 if np.isnan(values[week]) else float(values[week]) for values in (low, usual, high)),
        )
        for week in range(weeks)
    ]


def _kept_totals(as_of: date, known_on: date | None) -> Kept:
    kept = Setting.objects.filter(name=KIND_TOTALS).values_list("value", flat=True).first() or {}
    day = known_on and known_on.isoformat()
    same = kept.get("as_of") == as_of.isoformat() and kept.get("known_on") == day
    return kept["kinds"] if same else {}
