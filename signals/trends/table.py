"""The trend of every tag: read the roll-up into arrays, score, label, explain; keep one row per tag."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from signals.models import Kind, Setting, Tag, TagTrend, sample_day
from signals.trends import timeline
from signals.trends.explain import explain
from signals.trends.history import WEEK, end_of, lacks_a_past, note_changes
from signals.trends.labels import Label, Thresholds, gather_evidence, label_tags, replay_moving
from signals.trends.score import (
    SLOW,
    Ints,
    Pace,
    TrendScores,
    WeeklyBand,
    choose_pace,
    score_history,
    score_series,
    weekly_band,
)

HISTORY_DAYS = 5 * SLOW.half_life  # what is older weighs less than 1/32
WEEKS = 12
KIND_TOTALS = "kind_totals"
DEFAULTS = Thresholds()

# Of each tag one row with all its days in bytes: hundreds of thousands of rows are slow to read one by one.
_COUNTS = """
SELECT tag_id, min(day),
       string_agg(int4send(day) || int4send(confirmed::int) || int4send(suggested::int), ''::bytea)
FROM (
    SELECT tag_id, day - %(start)s::date AS day, sum(confirmed) AS confirmed, sum(suggested) AS suggested
    FROM signals_mentiondelta
    WHERE day <= %(as_of)s AND known_on <= %(known_on)s AND tag_id = ANY(%(tags)s)
    GROUP BY tag_id, day HAVING sum(confirmed) + sum(suggested) > 0
) by_day
GROUP BY tag_id
"""

_VOLUME = """
SELECT day - %(start)s::date, sum(articles) FROM signals_volumedelta
WHERE day BETWEEN %(start)s AND %(as_of)s AND known_on <= %(known_on)s
GROUP BY day HAVING sum(articles) > 0
"""

_PUBLISHERS = """
SELECT tag_id, count(*) FILTER (WHERE brief > 0), count(*) FILTER (WHERE middle > 0), count(*), max(brief)
FROM (
    SELECT tag_id, publisher, count(*) FILTER (WHERE day > %(brief)s) AS brief,
           count(*) FILTER (WHERE day > %(middle)s) AS middle
    FROM rollup_mention JOIN (SELECT DISTINCT pair, publisher FROM rollup_member) member USING (pair)
    GROUP BY tag_id, publisher
) by_publisher
GROUP BY tag_id
"""


@dataclass(frozen=True, slots=True)
class TrendTable:
    """The trends of all tracked tags on the last full day `as_of`, as known on a day (None: all we know)."""

    as_of: date
    known_on: date | None
    pace: Pace
    rows: list[TagTrend]
    kinds: dict[str, tuple[int, list[int]]]
    """Of each kind: how many tags are tracked, and their mentions on each day of the history."""
    series: Series | None = None
    """What the rows were made of, in their order; None when there are none."""


@dataclass(frozen=True, slots=True)
class Series:
    """Daily counts (tags, days) up to as_of, volume (days,), and first mention, which may lie before them."""

    start: date
    confirmed: Ints
    counts: Ints
    volume: Ints
    first: dict[int, date]


def trend_table(
    *, as_of: date, known_on: date | None = None, thresholds: Thresholds = DEFAULTS
) -> TrendTable:
    """Score and label the whole catalogue; the rows are unsaved. `as_of` is the last day that counts."""
    tags = list(Tag.objects.tracked().order_by("id").values_list("id", "kind"))
    ids = [tag_id for tag_id, _ in tags]
    if not ids:
        return TrendTable(as_of, known_on, SLOW, [], {})
    kinds = np.array([Kind.values.index(kind) for _, kind in tags], dtype=np.int64)
    series = read_series(ids, as_of, known_on)
    pace = choose_pace(series.volume)
    # (tags, windows) and (tags,)
    publishers, top_publisher = _read_publishers(ids, as_of, known_on, pace)
    figures = trend_figures(
        ids, kinds, series, publishers, top_publisher, as_of=as_of, pace=pace, thresholds=thresholds
    )
    rows = [TagTrend(tag_id=tag_id, **of_tag) for tag_id, of_tag in zip(ids, figures, strict=True)]
    totals = {
        Kind.values[code]: (int((kinds == code).sum()), series.counts[kinds == code].sum(axis=0).tolist())
        for code in np.unique(kinds).tolist()
    }
    return TrendTable(as_of, known_on, pace, rows, totals, series)


def trend_figures(
    ids: list[int],
    kinds: Ints,
    series: Series,
    publishers: Ints,
    top_publisher: Ints,
    *,
    as_of: date,
    pace: Pace,
    thresholds: Thresholds = DEFAULTS,
) -> list[dict[str, Any]]:
    """Score and label each row of a series: the fields of TrendFigures. `kinds` are codes of what is alike.

    `publishers` (rows, 3) are distinct ones per window; `top_publisher` (rows,) mentions by the most frequent
    one in the shortest.
    """
    scores = score_series(series.counts, series.volume, kinds, pace)
    history = score_history(series.counts, series.volume, kinds, pace, days=thresholds.replay_days)
    evidence = gather_evidence(series.counts, series.volume, publishers[:, 2], top_publisher, pace)
    # Counts end where the history that is read begins; what was first mentioned before that is not new.
    firsts = [series.first.get(row_id) for row_id in ids]
    evidence = replace(evidence, age=np.array([(as_of - first).days if first else -1 for first in firsts]))
    labels = label_tags(scores, evidence, kinds, replay_moving(history, thresholds), thresholds)
    band = weekly_band(series.counts, series.volume, kinds, pace, weeks=WEEKS)
    now = timezone.now()
    return [
        _figures(place, row_id, as_of, now, series, scores, labels[place], publishers, band)
        for place, row_id in enumerate(ids)
    ]


def refresh_trends(now: datetime | None = None) -> int:
    """Compute and keep the current trend of every tracked tag; returns how many."""
    as_of, known_on = open_day(now)
    with transaction.atomic():
        with connection.cursor() as cursor:
            timeline.lock(cursor)
        table = trend_table(as_of=as_of, known_on=known_on)
        rows = table.rows
        if lacks_a_past(as_of):
            week_ago = as_of - WEEK
            past = trend_table(as_of=week_ago, known_on=week_ago)
            note_changes(past.rows, at=end_of(week_ago))
        note_changes(rows, at=end_of(as_of) if known_on else now or timezone.now())
        TagTrend.objects.exclude(tag__in=[row.tag_id for row in rows]).delete()
        fields = [field.name for field in TagTrend._meta.concrete_fields if not field.primary_key]
        TagTrend.objects.bulk_create(
            rows, batch_size=1000, update_conflicts=True, unique_fields=["tag"], update_fields=fields
        )
        # What is usual for a kind, so that one tag's chart needn't read the thousands of its kind.
        Setting.objects.update_or_create(
            name=KIND_TOTALS,
            defaults={
                "value": {
                    "as_of": as_of.isoformat(),
                    "known_on": known_on and known_on.isoformat(),
                    "kinds": table.kinds,
                }
            },
        )
    return len(rows)


def trends_are_fresh(now: datetime | None = None) -> bool:
    """Whether every tracked tag has a trend of the open day."""
    return not Tag.objects.tracked().exclude(trend__as_of=open_day(now)[0]).exists()


def open_day(now: datetime | None = None) -> tuple[date, date | None]:
    """The last day that counts, and the day as known on which pages open (None: all we know).

    Yesterday, for today is not over; while only the sample is loaded, its last day.
    """
    if (day := sample_day()) is not None:
        return day, day
    return (now or timezone.now()).astimezone(UTC).date() - timedelta(days=1), None


def read_series(ids: list[int], as_of: date, known_on: date | None) -> Series:
    """The roll-up of these tags up to `as_of`, as known on a day (None: all we know)."""
    start = as_of - timedelta(days=HISTORY_DAYS - 1)
    place = {tag_id: row for row, tag_id in enumerate(ids)}
    confirmed = np.zeros((len(ids), HISTORY_DAYS), dtype=np.int64)
    suggested = np.zeros_like(confirmed)
    first: dict[int, date] = {}
    params: dict[str, Any] = {"start": start, "as_of": as_of, "known_on": known_on or date.max, "tags": ids}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, params)
        for tag_id, day, packed in cursor.fetchall():
            first[tag_id] = start + timedelta(days=day)
            days = np.frombuffer(packed, dtype=">i4").reshape(-1, 3)
            days = days[days[:, 0] >= 0]
            confirmed[place[tag_id], days[:, 0]] = days[:, 1]
            suggested[place[tag_id], days[:, 0]] = days[:, 2]
    return Series(start, confirmed, confirmed + suggested, read_volume(as_of, known_on), first)


def read_volume(as_of: date, known_on: date | None) -> Ints:
    """All (story, publisher) pairs a day (days,), up to `as_of`, as known on a day (None: all we know)."""
    start = as_of - timedelta(days=HISTORY_DAYS - 1)
    volume = np.zeros(HISTORY_DAYS, dtype=np.int64)
    with connection.cursor() as cursor:
        cursor.execute(_VOLUME, {"start": start, "as_of": as_of, "known_on": known_on or date.max})
        for day, articles in cursor.fetchall():
            volume[day] = articles
    return volume


def _read_publishers(ids: list[int], as_of: date, known_on: date | None, pace: Pace) -> tuple[Ints, Ints]:
    """Distinct publishers per window (tags, 3), and mentions by the most frequent in the shortest (tags,)."""
    brief, middle, start = (as_of - timedelta(days=window) for window in pace.windows)
    params: dict[str, Any] = {
        "tags": ids,
        "as_of": as_of,
        "known_on": known_on or date.max,
        "brief": brief,
        "middle": middle,
        "start": start + timedelta(days=1),
    }
    place = {tag_id: row for row, tag_id in enumerate(ids)}
    publishers = np.zeros((len(ids), 3), dtype=np.int64)
    top = np.zeros(len(ids), dtype=np.int64)
    with transaction.atomic(), connection.cursor() as cursor:
        timeline.load_mentions(cursor, params)
        cursor.execute(_PUBLISHERS, params)
        for tag_id, *by_window, most in cursor.fetchall():
            publishers[place[tag_id]] = by_window
            top[place[tag_id]] = most
    return publishers, top


def _figures(
    place: int,
    row_id: int,
    as_of: date,
    now: datetime,
    series: Series,
    scores: TrendScores,
    label: Label,
    publishers: Ints,
    band: WeeklyBand,
) -> dict[str, Any]:
    pace = scores.pace
    by_window = publishers[place].tolist()
    confirmed = [int(series.confirmed[place, -window:].sum()) for window in pace.windows]
    first = series.first.get(row_id)
    mentioned = np.flatnonzero(series.counts[place])
    # a tag below the floor of evidence has no number, or the table would be led by chance
    has_number = label is not Label.TOO_LITTLE and bool(scores.has_baseline[place])
    momentum = round(float(scores.momentum[place]), 4)
    told = explain(
        scores,
        place,
        label,
        publishers=(by_window[0], by_window[1], by_window[2]),
        confirmed=(confirmed[0], confirmed[1], confirmed[2]),
        age=(as_of - first).days if first else -1,
    )
    explanation: dict[str, Any] = told.params() | {
        "pace": pace.name,
        "windows": list(pace.windows),
        "counts": scores.counts[place].tolist(),
        "publishers_by_window": by_window,
        "volume_by_window": scores.volume.tolist(),
        "confirmed_by_window": confirmed,
        "expected_by_window": [round(value, 2) for value in scores.expected[place].tolist()],
    }
    usual = np.stack([band.low[place], band.high[place]], axis=1)
    return {
        "as_of": as_of,
        "label": label,
        "momentum": momentum if has_number else None,
        "times": round(2.0**momentum, 3) if has_number else None,
        "strength": round(float(scores.score[place]), 3) if has_number else None,
        "is_flagged": has_number and bool(scores.flagged[place]),
        "mentions": int(scores.counts[place, 2]),
        "confirmed": confirmed[2],
        "publishers": by_window[2],
        "expected": round(float(scores.expected[place, 2]), 3) if scores.has_baseline[place] else None,
        "first_mention": first,
        "last_mention": series.start + timedelta(days=int(mentioned[-1])) if mentioned.size else None,
        "weeks": band.observed[place].tolist(),
        # from the first week that has a baseline: aligned with the end of `weeks`
        "usual": usual[~np.isnan(usual).any(axis=1)].ravel().tolist(),
        "explanation": explanation,
        "computed_at": now,
    }
