"""The whole catalogue at once, as arrays to filter, count and sort by: now, or as known on a day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.models import Q, Sum

from signals.models import PERIODS, FacetValue, TagTrend, VolumeDelta
from signals.trends.past import Catalogue, Relevance, rated, read_past
from signals.trends.score import Floats, Ints
from signals.trends.summary import (
    EPOCH,
    FACETS,
    ByValue,
    Facets,
    by_value,
    recent,
    unpack,
)

Texts = npt.NDArray[np.str_]

_Stamp = tuple[date | None, int | None, *tuple[Any, ...]]

DEFAULT_DAYS: Final = 28

_TAGS: Final = """
SELECT t.id, t.kind, t.status, t.relevancy, COALESCE(tr.label, 'too_little'), tr.momentum,
       COALESCE(tr.mentions, 0), COALESCE(tr.confirmed, 0), COALESCE(tr.publishers, 0),
       tr.last_mention - date '1970-01-01',
       COALESCE(s.mentions[%(period)s], 0), COALESCE(s.confirmed[%(period)s], 0),
       COALESCE(s.before[%(period)s], 0), s.facets
FROM signals_tag t
LEFT JOIN signals_tagtrend tr ON tr.tag_id = t.id LEFT JOIN signals_tagsummary s ON s.tag_id = t.id
WHERE t.merged_into_id IS NULL
ORDER BY lower(CASE WHEN %(french)s AND t.name_fr <> '' THEN t.name_fr ELSE t.name END), t.id
"""

# xmin and cmin: the transaction that wrote a row, and which of its statements.
_STAMP: Final = """
SELECT (SELECT as_of FROM signals_tagtrend LIMIT 1),
       (SELECT (explanation -> 'windows' ->> -1)::int FROM signals_tagtrend LIMIT 1),
       t.rows, t.written, tr.rows, tr.written, s.rows, s.written, g.rows, g.written
FROM (SELECT count(*) AS rows, sum(xmin::text::bigint + cmin::text::bigint) AS written FROM signals_tag) t,
     (SELECT count(*) AS rows, sum(xmin::text::bigint + cmin::text::bigint) AS written
      FROM signals_tagtrend) tr,
     (SELECT count(*) AS rows, sum(xmin::text::bigint + cmin::text::bigint) AS written
      FROM signals_tagsummary) s,
     (SELECT count(*) AS rows, sum(xmin::text::bigint + cmin::text::bigint) AS written
      FROM signals_tag_themes) g
"""

# Which transactions are seen: while it reads the same nothing at all was committed, and a read that wrote
# something itself has none.
_SEEN: Final = (
    "SELECT CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN pg_current_snapshot()::text END"
)

_WEEKS: Final = """
SELECT tag_id, (%(as_of)s - day) / 7, sum(confirmed) + sum(suggested) FROM signals_mentiondelta
WHERE tag_id = ANY(%(tags)s) AND day > %(since)s AND day <= %(as_of)s AND known_on <= %(known_on)s
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Past:
    """What a listing of a past day holds besides: each tag's trend and relevance then."""

    trends: dict[int, TagTrend]
    relevance: dict[int, Relevance]


@dataclass(frozen=True, slots=True)
class Listing:
    """All live tags in the order of their names; arrays are (tags,), but those of `facets`.

    Counts are of the last `days` days up to `as_of`, scores of at most `window`; `momentum` and `relevancy`
    may be NaN, `last` is a day since 1970 or -1.
    """

    as_of: date | None
    known_on: date | None
    days: int
    window: int
    ids: Ints
    kinds: Texts
    statuses: Texts
    labels: Texts
    relevancy: Floats
    momentum: Floats
    mentions: Ints
    confirmed: Ints
    publishers: Ints
    before: Ints
    last: Ints
    facets: ByValue
    themes: tuple[Ints, Ints]
    """Pairs of a tag's place and a theme's id."""
    past: Past | None = None
    names: dict[int, FacetValue] = field(default_factory=dict)
    """Values that were asked for by id, kept as long as the listing is."""

    def named(self, ids: Collection[int]) -> list[FacetValue]:
        """The values with these ids."""
        if missing := [pk for pk in ids if pk not in self.names]:
            self.names.update(FacetValue.objects.in_bulk(missing))
        return [self.names[pk] for pk in ids if pk in self.names]


@dataclass(slots=True)
class _Kept:
    """A listing, what was written when it was read, and the last transactions seen that left it as it is."""

    stamp: _Stamp
    listing: Listing
    seen: str | None


# Of each period and language the last, as long as nothing changes: five thousand rows are slow to read again.
# Of past days one, for it holds the trends besides.
_present: dict[tuple[int | None, bool, date | None], _Kept] = {}
_KEPT_AT_MOST: Final = 6


def read_listing(*, period: int | None = None, known_on: date | None = None, is_french: bool) -> Listing:
    """The catalogue; counts of the last `period` weeks (one of PERIODS), else of the longest window scored.

    A `known_on` that isn't over when the present trends end means now. Of a large catalogue a past day takes
    seconds to put together: NotYetKnownError until that is done.
    """
    key = (period, is_french, known_on)
    kept, seen = _present.get(key), _seen()
    if kept is not None and seen is not None and kept.seen == seen:
        return kept.listing
    stamp = _stamp()
    if kept is not None and kept.stamp == stamp:
        kept.seen = seen
        return kept.listing
    as_of, window = stamp[0], stamp[1] or DEFAULT_DAYS
    if as_of is None or (known_on and known_on > as_of):
        known_on = None
    listing = _read(known_on or as_of, window, period, known_on, is_french)
    # Other threads keep theirs meanwhile.
    for old in [each for each in list(_present) if each[2] and key[2]] or list(_present)[: 1 - _KEPT_AT_MOST]:
        _present.pop(old, None)
    _present[key] = _Kept(stamp, listing, seen)
    return listing


def _seen() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(_SEEN)
        return cast(str | None, cursor.fetchone()[0])


def _stamp() -> _Stamp:
    """The day of the present trends, the days of their longest window, and what differs once anything else is listed.

    A row that is written gets the number of a later transaction, so the sum of these grows, and one that goes
    changes the count.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STAMP)
        return cast(_Stamp, cursor.fetchone())


def _read(
    as_of: date | None, window: int, period: int | None, known_on: date | None, is_french: bool
) -> Listing:
    with connection.cursor() as cursor:
        place = PERIODS.index(period) + 1 if period else 0
        cursor.execute(_TAGS, {"period": place, "french": is_french})
        rows = cursor.fetchall()
        cursor.execute("SELECT tag_id, theme_id FROM signals_tag_themes")
        filed = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [[] for _ in range(14)]
    ids = np.array(columns[0], dtype=np.int64)
    days = 7 * period if period else window
    listing = Listing(
        as_of=as_of,
        known_on=known_on,
        days=days,
        window=window,
        ids=ids,
        kinds=np.array(columns[1], dtype=np.str_),
        statuses=np.array(columns[2], dtype=np.str_),
        labels=np.array(columns[4], dtype=np.str_),
        relevancy=np.array(columns[3], dtype=np.float64),
        momentum=np.array(columns[5], dtype=np.float64),
        mentions=np.array(columns[10 if period else 6], dtype=np.int64),
        confirmed=np.array(columns[11 if period else 7], dtype=np.int64),
        publishers=np.array(columns[8], dtype=np.int64),
        before=np.array(columns[12], dtype=np.int64),
        last=np.array([-1 if day is None else day for day in columns[9]], dtype=np.int64),
        facets=by_value(unpack([])),
        themes=_places(ids, filed),
    )
    if as_of is None:
        return listing
    if known_on is not None:
        listing, facets = _as_known_on(listing, known_on, period)
    else:
        facets = unpack(columns[13])
    facets = facets.where(recent(facets, as_of=as_of, days=listing.days))
    if period:
        at = facets.tag[facets.facet == FACETS.index("publisher")]
        listing = replace(listing, publishers=np.bincount(at, minlength=ids.size).astype(np.int64))
    return replace(listing, facets=by_value(facets))


def _places(ids: Ints, pairs: Ints) -> tuple[Ints, Ints]:
    """Pairs of a tag's id and something else (pairs, 2), with its place among `ids` instead; others fall away."""
    order = np.argsort(ids)
    at = np.searchsorted(ids, pairs[:, 0], sorter=order)
    is_there = at < ids.size
    at = order[at[is_there]]
    found = ids[at] == pairs[is_there, 0]
    return at[found].astype(np.int64), pairs[is_there, 1][found]


def weekly_counts(
    tag_ids: list[int], *, as_of: date, known_on: date | None, weeks: int
) -> dict[int, list[int]]:
    """Mentions of each of the last `weeks` weeks, oldest first."""
    counts = {tag_id: [0] * weeks for tag_id in tag_ids}
    asked: dict[str, Any] = {
        "tags": tag_ids,
        "as_of": as_of,
        "since": as_of - timedelta(weeks=weeks),
        "known_on": known_on or date.max,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WEEKS, asked)
        for tag_id, ago, mentions in cursor.fetchall():
            counts[tag_id][weeks - 1 - ago] = mentions
    return counts


def volumes(*, as_of: date, known_on: date | None, days: int) -> tuple[int, int]:
    """All mentions and non-mentions alike (story, publisher) of the last `days` days, and of those before."""
    since = as_of - timedelta(days=days)
    sums = VolumeDelta.objects.filter(
        day__gt=since - timedelta(days=days), day__lte=as_of, known_on__lte=known_on or date.max
    ).aggregate(
        now=Sum("articles", filter=Q(day__gt=since)), before=Sum("articles", filter=Q(day__lte=since))
    )
    return sums["now"] or 0, sums["before"] or 0


def _as_known_on(listing: Listing, known_on: date, period: int | None) -> tuple[Listing, Facets]:
    """The same tags with what was known of them at the end of a day, and their values then."""
    ids = listing.ids.tolist()
    # The order of names is another one in each language, what was known is the same.
    order = np.argsort(listing.ids)
    columns = (column[order].tolist() for column in (listing.ids, listing.kinds, listing.statuses))
    catalogue = Catalogue(tuple(zip(*columns, strict=True)))
    past, facets = read_past(
        catalogue, known_on, period=period, window=listing.window, mentions=int(listing.mentions.sum())
    )
    facets = replace(facets, tag=order[facets.tag].astype(facets.tag.dtype))
    trends, counts = past.trends, np.empty_like(past.counts)
    counts[order] = past.counts
    window = past.window(listing.window)
    days = 7 * period if period else window
    relevance = past.stated | rated(known_on)
    rows = [trends.get(tag_id) for tag_id in ids]
    if period:
        figures = counts[:, PERIODS.index(period)]
        mentions, confirmed = figures[:, 0], figures[:, 1]
    else:
        mentions = np.array([row.mentions if row else 0 for row in rows], dtype=np.int64)
        confirmed = np.array([row.confirmed if row else 0 for row in rows], dtype=np.int64)
    then = replace(
        listing,
        days=days,
        window=window,
        labels=np.array([str(row.label) if row else "too_little" for row in rows], dtype=np.str_),
        relevancy=np.array(
            [relevance[each].median if each in relevance else np.nan for each in ids], dtype=np.float64
        ),
        momentum=np.array([row.momentum if row else None for row in rows], dtype=np.float64),
        mentions=mentions,
        confirmed=confirmed,
        publishers=np.array([row.publishers if row else 0 for row in rows], dtype=np.int64),
        before=counts[:, PERIODS.index(period), 2] if period else np.zeros_like(mentions),
        last=np.array(
            [(row.last_mention - EPOCH).days if row and row.last_mention else -1 for row in rows],
            dtype=np.int64,
        ),
        past=Past(trends, relevance),
    )
    return then, facets
