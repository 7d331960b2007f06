"""The trend of every theme: a mention of it is one (story, publisher) that carries any of its tracked tags."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from signals.models import Tag, TagTrend, Theme, ThemeTrend
from signals.trends.mentions import COUNTED, PUBLISHER
from signals.trends.score import Ints, choose_pace, weekly_band
from signals.trends.series import Week, as_weeks
from signals.trends.table import HISTORY_DAYS, Series, open_day, read_volume, trend_figures

YEAR: Final = 52
_EVERY: Final = timedelta(minutes=15)
_LOCK: Final = 0x5448454D45

# As the roll-up counts (see timeline): on the first day of the (story, publisher), whoever tagged it when.
_MENTIONS: Final = f"""
CREATE TEMP TABLE theme_mention ON COMMIT DROP AS
WITH carried AS (
    SELECT g.theme_id, a.id, a.story_id, {PUBLISHER} AS publisher, a.sort_at, t.state
    FROM signals_tag_themes g
    JOIN signals_tag tag ON tag.id = g.tag_id AND tag.merged_into_id IS NULL AND tag.status = 'tracked'
    JOIN signals_tagging t ON t.tag_id = g.tag_id
    JOIN signals_article a ON a.id = t.article_id
    WHERE a.published_at IS NOT NULL AND {COUNTED} AND a.known_at < %(known_before)s
), first AS (
    SELECT a.story_id, {PUBLISHER} AS publisher, min(a.sort_at) AS at
    FROM signals_article a
    WHERE a.story_id IS NOT NULL AND a.published_at IS NOT NULL AND a.known_at < %(known_before)s
    GROUP BY 1, 2
)
SELECT c.theme_id, c.publisher, (min(COALESCE(f.at, c.sort_at)) AT TIME ZONE 'UTC')::date AS day,
       bool_or(c.state = 'confirmed') AS is_confirmed
FROM carried c LEFT JOIN first f ON f.story_id = c.story_id AND f.publisher = c.publisher
GROUP BY c.theme_id, COALESCE(c.story_id, -c.id), c.publisher
"""  # noqa: S608 - constants of ours only

_COUNTS: Final = """
SELECT theme_id, day, count(*) FILTER (WHERE is_confirmed), count(*) FROM theme_mention
WHERE day <= %(as_of)s GROUP BY theme_id, day
"""

_PUBLISHERS: Final = """
SELECT theme_id, count(*) FILTER (WHERE brief > 0), count(*) FILTER (WHERE middle > 0), count(*), max(brief)
FROM (
    SELECT theme_id, publisher, count(*) FILTER (WHERE day > %(brief)s) AS brief,
           count(*) FILTER (WHERE day > %(middle)s) AS middle
    FROM theme_mention WHERE day > %(start)s AND day <= %(as_of)s GROUP BY theme_id, publisher
) by_publisher
GROUP BY theme_id
"""


def refresh_themes_if_due(now: datetime | None = None) -> int | None:
    """Refresh when a theme has no trend of the day, or tags' trends are newer; None when nothing is due."""
    now = now or timezone.now()
    as_of, _known_on = open_day(now)
    if not Theme.objects.exclude(trend__as_of=as_of).exists():
        kept = ThemeTrend.objects.aggregate(oldest=Min("computed_at"))["oldest"]
        newest = TagTrend.objects.aggregate(at=Max("computed_at"))["at"]
        if not (kept and newest and newest > kept and now - kept >= _EVERY):
            return None
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            (is_mine,) = cursor.fetchone()
        return refresh_themes(now) if is_mine else None


def refresh_themes(now: datetime | None = None) -> int:
    """Compute and keep the current trend of every theme; returns how many."""
    as_of, known_on = open_day(now)
    tracked = Count("tags", filter=Q(tags__merged_into=None, tags__status=Tag.Status.TRACKED))
    sizes = dict(Theme.objects.annotate(tracked=tracked).order_by("pk").values_list("pk", "tracked"))
    ids = list(sizes)
    if not ids:
        return 0
    known_before = datetime.combine(
        (known_on or date.max - timedelta(days=1)) + timedelta(days=1), datetime.min.time(), UTC
    )
    volume = read_volume(as_of, known_on)
    pace = choose_pace(volume)
    brief, middle, start = (as_of - timedelta(days=window) for window in pace.windows)
    params = {"as_of": as_of, "brief": brief, "middle": middle, "start": start, "known_before": known_before}
    publishers, top = np.zeros((len(ids), 3), dtype=np.int64), np.zeros(len(ids), dtype=np.int64)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS theme_mention")
            cursor.execute(_MENTIONS, params)
            cursor.execute(_COUNTS, params)
            series = _series(ids, cursor.fetchall(), volume, as_of)
            cursor.execute(_PUBLISHERS, params)
            for theme_id, *by_window, most in cursor.fetchall():
                publishers[ids.index(theme_id)] = by_window
                top[ids.index(theme_id)] = most
        alike = np.zeros(len(ids), dtype=np.int64)
        figures = trend_figures(ids, alike, series, publishers, top, as_of=as_of, pace=pace)
        band = weekly_band(series.counts, volume, alike, pace, weeks=YEAR)
        rows = [
            ThemeTrend(
                theme_id=theme_id,
                tags=sizes[theme_id],
                year=[
                    [week.confirmed, week.suggested, week.volume, week.low, week.usual, week.high]
                    for week in as_weeks(
                        series.confirmed[place],
                        series.counts[place],
                        volume,
                        as_of,
                        band.low[place],
                        band.expected[place],
                        band.high[place],
                    )
                ],
                **figures[place],
            )
            for place, theme_id in enumerate(ids)
        ]
        fields = [field.name for field in ThemeTrend._meta.concrete_fields if not field.primary_key]
        ThemeTrend.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["theme"], update_fields=fields
        )
    return len(rows)


def theme_weeks(trend: ThemeTrend, *, weeks: int) -> list[Week]:
    """The theme's last `weeks` weeks, at most 52, oldest first."""
    first = trend.as_of - timedelta(days=7 * len(trend.year) - 1)
    year = [Week(first + timedelta(days=7 * place), *told) for place, told in enumerate(trend.year)]
    return year[-weeks:]


def _series(ids: list[int], rows: list[tuple[Any, ...]], volume: Ints, as_of: date) -> Series:
    start = as_of - timedelta(days=HISTORY_DAYS - 1)
    confirmed, counts = (np.zeros((len(ids), HISTORY_DAYS), dtype=np.int64) for _ in range(2))
    first: dict[int, date] = {}
    for theme_id, day, sure, every in rows:
        first[theme_id] = min(first.get(theme_id, day), day)
        if day >= start:
            confirmed[ids.index(theme_id), (day - start).days] = sure
            counts[ids.index(theme_id), (day - start).days] = every
    return Series(start, confirmed, counts, volume, first)
