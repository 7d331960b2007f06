"""What was known of the whole catalogue at the end of a day: worked out once, in the background where it takes long."""

from __future__ import annotations

import logging
import time as clock
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, Final, cast

import numpy as np
from celery import current_app
from django.core.cache import cache
from django.db import connection, transaction
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from signals.models import PERIODS, Tag, TagTrend
from signals.trends.score import Ints
from signals.trends.summary import Facets, counts_by_period, facets_known_on
from signals.trends.table import trend_table

log = logging.getLogger(__name__)

_KEPT_SECONDS: Final = 3600
_TASK: Final = "signals.tasks.recall_day"
_LOCK: Final = 0x50415354
_PATIENCE: Final = 1.0
"""Seconds that who asks first waits, before being told that it takes longer."""
_LOOKS: Final = 0.05
_ASKED_SECONDS: Final = 30
"""After so long it is asked for again: whoever was at it may be gone."""
TAGS_AT_ONCE: Final = 500
MENTIONS_AT_ONCE: Final = 20_000
"""So much is worked out while somebody waits: that takes a part of a second."""

_RATED: Final = """
WITH latest AS (
    SELECT DISTINCT ON (tag_id, user_id) tag_id, relevancy FROM signals_rating
    WHERE known_at < %(until)s AND (undone_at IS NULL OR undone_at >= %(until)s)
    ORDER BY tag_id, user_id, id DESC
)
SELECT tag_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY relevancy), count(*),
       CASE WHEN count(*) >= 3 THEN percentile_cont(0.75) WITHIN GROUP (ORDER BY relevancy)
            - percentile_cont(0.25) WITHIN GROUP (ORDER BY relevancy) END
FROM latest GROUP BY tag_id
"""

_STATED: Final = """
SELECT tag_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY stated_relevancy), count(*)
FROM signals_tagging
WHERE state = 'confirmed' AND stated_relevancy IS NOT NULL
  AND GREATEST(known_at, decided_at) < %(until)s
GROUP BY tag_id
"""


class NotYetKnownError(Exception):
    """A past day is being put together, and isn't there yet."""

    def __init__(self, day: date) -> None:
        super().__init__(f"{day} is being put together")
        self.day = day


@dataclass(frozen=True, slots=True)
class Relevance:
    """A tag's relevance as known on a day: the median, how many raters or notes, the spread of three or more."""

    median: float
    raters: int
    notes: int
    spread: float | None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Live tags, by id: their ids, kinds and status. A past day is that of just these."""

    tags: tuple[tuple[int, str, str], ...]

    @classmethod
    def now(cls) -> Catalogue:
        """As it is."""
        return cls(tuple(Tag.objects.live().order_by("pk").values_list("pk", "kind", "status")))

    @property
    def ids(self) -> list[int]:
        """The ids, growing."""
        return [pk for pk, _kind, _status in self.tags]

    def key(self, day: date) -> str:
        """Under which the day is kept."""
        return f"known-on:{day}:{sha256(repr(self.tags).encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Figures:
    """Each tag's trend on a day, its mentions by period (tags, periods, 3), and what notes said of its relevance."""

    trends: dict[int, TagTrend]
    counts: Ints
    stated: dict[int, Relevance]

    def window(self, otherwise: int) -> int:
        """The days of the longest window scored then, by the pace of that day."""
        return next((int(row.explanation["windows"][-1]) for row in self.trends.values()), otherwise)


def read_past(
    catalogue: Catalogue, day: date, *, period: int | None, window: int, mentions: int
) -> tuple[Figures, Facets]:
    """What was known then, of the last `period` weeks or the window scored then (`window` where nothing was).

    NotYetKnownError while a worker is at it; few tags with few `mentions` now are worked out at once.
    """
    key = catalogue.key(day)
    try:
        if (found := _kept(key, period, window)) is not None:
            return found
        if len(catalogue.tags) > TAGS_AT_ONCE or mentions > MENTIONS_AT_ONCE:
            if not cache.add(_asked(key, period), 1, _ASKED_SECONDS):
                raise NotYetKnownError(day)
            current_app.send_task(
                _TASK, args=(day.isoformat(), period, window), retry=False, expires=_ASKED_SECONDS
            )
            until = clock.monotonic() + _PATIENCE
            while clock.monotonic() < until:
                clock.sleep(_LOOKS)
                if (found := _kept(key, period, window)) is not None:
                    return found
            raise NotYetKnownError(day)
    except (RedisError, BrokerError) as error:
        # Nobody to ask, nowhere to keep it: who wants to know waits.
        log.warning("a past day is worked out while somebody waits: %s", error)
    return _work_out(catalogue, day, period, window)


def recall_day(day: date, period: int | None, window: int) -> None:
    """Work a past day out and keep it, unless somebody else did meanwhile.

    One day at a time, however many are asked for: mails go out beside it. Who asked for another asks again.
    """
    catalogue = Catalogue.now()
    key = catalogue.key(day)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            (is_free,) = cursor.fetchone()
        if not is_free:
            cache.delete(_asked(key, period))
        elif _kept(key, period, window) is None:
            _work_out(catalogue, day, period, window)


def _asked(key: str, period: int | None) -> str:
    return f"{key}:{period}:asked"


def _kept(key: str, period: int | None, window: int) -> tuple[Figures, Facets] | None:
    figures = cast(Figures | None, cache.get(key))
    if figures is None:
        return None
    facets = cast(Facets | None, cache.get(f"{key}:{_days(figures, period, window)}"))
    return None if facets is None else (figures, facets)


def _days(figures: Figures, period: int | None, window: int) -> int:
    return 7 * period if period else figures.window(window)


def _work_out(catalogue: Catalogue, day: date, period: int | None, window: int) -> tuple[Figures, Facets]:
    key, ids = catalogue.key(day), catalogue.ids
    figures: Figures | None = None
    with suppress(RedisError):
        figures = cache.get(key)
    if figures is None:
        figures = _figures(ids, day)
        _keep(key, figures)
    days = _days(figures, period, window)
    facets = facets_known_on(ids, as_of=day, known_on=day, days=days)
    _keep(f"{key}:{days}", facets)
    return figures, facets


def _keep(key: str, made: Figures | Facets) -> None:
    """For a while: a past day changes only with merges, stories and the tagger."""
    with suppress(RedisError):
        cache.set(key, made, _KEPT_SECONDS)


def _figures(ids: list[int], day: date) -> Figures:
    table = trend_table(as_of=day, known_on=day)
    counts = np.zeros((len(ids), len(PERIODS), 3), dtype=np.int64)
    if table.series is not None:
        place = {tag_id: at for at, tag_id in enumerate(ids)}
        # A tag made meanwhile is in no listing yet.
        rows = [at for at, row in enumerate(table.rows) if row.tag_id in place]
        counts[[place[table.rows[at].tag_id] for at in rows]] = counts_by_period(table.series)[rows]
    return Figures({row.tag_id: row for row in table.rows}, counts, _stated(day))


def rated(known_on: date) -> dict[int, Relevance]:
    """The relevance that people gave by the end of a day."""
    return {
        tag_id: Relevance(median, raters, 0, spread)
        for tag_id, median, raters, spread in _rows(_RATED, known_on)
    }


def _stated(known_on: date) -> dict[int, Relevance]:
    return {tag_id: Relevance(median, 0, notes, None) for tag_id, median, notes in _rows(_STATED, known_on)}


def _rows(sql: str, known_on: date) -> Sequence[tuple[Any, ...]]:
    until = datetime.combine(known_on + timedelta(days=1), time.min, UTC)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"until": until})
        return cast(Sequence[tuple[Any, ...]], cursor.fetchall())
