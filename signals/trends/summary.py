"""What the trend table filters and sorts by, summed up per tag: counts by period, and where articles come from.

A table of a million taggings can't be joined on each request. So each tag has one row that says which
publishers, languages, ... its articles had and when last: whether it had one in any period then follows,
without anything being written as the days go by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Q

from signals.models import PERIODS, FacetValue, Tag, TagSummary
from signals.trends import timeline
from signals.trends.score import Ints
from signals.trends.table import open_day

FACETS: Final = ("source", "publisher", "language", "category", "type", "collected")
EPOCH: Final = date(1970, 1, 1)
ALWAYS: Final = (date(9999, 1, 1) - EPOCH).days
"""The day of values that belong to a tag in every period: a note's page is no time."""
TAGS_AT_ONCE: Final = 250
_FACET_BIT: Final = 28
_PAIR: Final = np.dtype([("code", "<u4"), ("day", "<i4")])

# An article without a publisher is its source's, as everywhere that publishers are counted.
_VALUES: Final = """
CROSS JOIN LATERAL (VALUES
    ('source', a.source_id::text),
    ('publisher', COALESCE(NULLIF(a.publisher, ''), '#' || a.source_id)),
    ('language', lower(split_part(a.language, '-', 1))),
    ('category', lower(a.category)),
    ('type', lower(a.note_type))
) AS said(facet, value)
"""

_FACETS: Final = """
WITH counted AS MATERIALIZED (
    SELECT t.tag_id, t.article_id FROM signals_tagging t
    WHERE t.tag_id = ANY(%(tags)s) AND COALESCE(t.stated_relevancy, t.estimated_relevancy) >= 3
      AND (t.state = 'confirmed' OR (t.state = 'suggested' AND t.confidence >= 0.5))
), dated AS MATERIALIZED (
    SELECT c.tag_id, a.source_id, a.publisher, a.language, a.category, a.note_type,
           (LEAST(a.published_at, a.known_at) AT TIME ZONE 'UTC')::date - date '1970-01-01' AS day
    FROM counted c JOIN signals_article a ON a.id = c.article_id
    WHERE a.published_at IS NOT NULL
)
SELECT tag_id, facet, left(value, 200), max(day)
FROM dated a [values]
WHERE value <> '' AND day > %(since)s AND day <= %(until)s
GROUP BY 1, 2, 3
UNION ALL
SELECT c.tag_id, 'collected', n.page, %(always)s
FROM counted c JOIN signals_note n ON n.article_id = c.article_id WHERE n.page <> ''
GROUP BY 1, 2, 3
""".replace("[values]", _VALUES)

_PAST_FACETS: Final = """
WITH latest AS (
    SELECT DISTINCT ON (pair, tag_id) pair, tag_id, day, confirmed + suggested AS mentions
    FROM rollup_moment WHERE known_on <= %(known_on)s ORDER BY pair, tag_id, known_on DESC
), counted AS MATERIALIZED (
    SELECT l.tag_id, m.article_id, l.day - date '1970-01-01' AS day
    FROM latest l JOIN rollup_member m USING (pair)
    WHERE l.mentions > 0 AND l.day BETWEEN %(start)s AND %(as_of)s AND m.known_on <= %(known_on)s
)
SELECT c.tag_id, facet, left(value, 200), max(c.day)
FROM counted c JOIN signals_article a ON a.id = c.article_id [values]
WHERE value <> '' GROUP BY 1, 2, 3
UNION ALL
SELECT c.tag_id, 'collected', n.page, %(always)s
FROM counted c JOIN signals_note n ON n.article_id = c.article_id WHERE n.page <> '' GROUP BY 1, 2, 3
""".replace("[values]", _VALUES)

_COUNTS: Final = """
SELECT tag_id, p.place, COALESCE(sum(d.confirmed + d.suggested) FILTER (WHERE d.day > p.since), 0),
       COALESCE(sum(d.confirmed) FILTER (WHERE d.day > p.since), 0),
       COALESCE(sum(d.confirmed + d.suggested) FILTER (WHERE d.day <= p.since), 0)
FROM signals_mentiondelta d JOIN unnest(%(places)s::int[], %(since)s::date[], %(before)s::date[])
     AS p(place, since, before) ON d.day > p.before
WHERE d.tag_id = ANY(%(tags)s) AND d.day <= %(as_of)s AND d.known_on <= %(known_on)s
GROUP BY tag_id, p.place
"""


@dataclass(frozen=True, slots=True)
class Facets:
    """Which tag had which value, and when last; three arrays of one length.

    `tag` is a place in the caller's list of tags, `code` as `facet_code` makes it, `day` counts from 1970.
    """

    tag: npt.NDArray[np.int32]
    code: npt.NDArray[np.uint32]
    day: npt.NDArray[np.int32]

    @property
    def facet(self) -> Ints:
        """The place in FACETS of each pair (pairs,)."""
        return (self.code >> _FACET_BIT).astype(np.int64)

    @property
    def value(self) -> Ints:
        """The FacetValue's id of each pair (pairs,)."""
        return (self.code & ((1 << _FACET_BIT) - 1)).astype(np.int64)

    def where(self, kept: npt.NDArray[np.bool_]) -> Facets:
        """Some of the pairs; `kept` (pairs,)."""
        return Facets(self.tag[kept], self.code[kept], self.day[kept])


def unpack(packed: Sequence[bytes | None]) -> Facets:
    """The pairs of many summaries, one after the other."""
    kept = [bytes(each) if each else b"" for each in packed]
    pairs = np.frombuffer(b"".join(kept), dtype=_PAIR)
    lengths = np.array([len(each) // _PAIR.itemsize for each in kept], dtype=np.int64)
    return Facets(
        np.repeat(np.arange(len(kept), dtype=np.int32), lengths),
        pairs["code"].astype(np.uint32),
        pairs["day"].astype(np.int32),
    )


def refresh_summaries(now: datetime | None = None) -> int:
    """Bring the summaries of tracked tags up to date where something moved, and all of them once a day.

    Returns how many. A batch is one transaction; killed anywhere, the rest is still due.
    """
    as_of, known_on = open_day(now)
    due = Tag.objects.live().filter(Q(summary=None) | Q(summary__is_due=True) | ~Q(summary__as_of=as_of))
    ids = list(due.order_by("id").values_list("id", flat=True))
    for start in range(0, len(ids), TAGS_AT_ONCE):
        batch = ids[start : start + TAGS_AT_ONCE]
        with transaction.atomic(), connection.cursor() as cursor:
            timeline.lock(cursor)
            counts = period_counts(batch, as_of=as_of, known_on=known_on)
            packed = _pack(batch, _read_facets(cursor, batch, as_of))
            TagSummary.objects.bulk_create(
                [
                    TagSummary(
                        tag_id=tag_id,
                        as_of=as_of,
                        is_due=False,
                        mentions=counts[place, :, 0].tolist(),
                        confirmed=counts[place, :, 1].tolist(),
                        before=counts[place, :, 2].tolist(),
                        facets=packed[place],
                    )
                    for place, tag_id in enumerate(batch)
                ],
                update_conflicts=True,
                unique_fields=["tag"],
                update_fields=["as_of", "is_due", "mentions", "confirmed", "before", "facets"],
            )
    return len(ids)


def period_counts(tag_ids: list[int], *, as_of: date, known_on: date | None = None) -> Ints:
    """Mentions, confirmed ones, and mentions of the period before, of each period: (tags, periods, 3)."""
    place = {tag_id: row for row, tag_id in enumerate(tag_ids)}
    counts = np.zeros((len(tag_ids), len(PERIODS), 3), dtype=np.int64)
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNTS,
            {
                "tags": tag_ids,
                "as_of": as_of,
                "known_on": known_on or date.max,
                "places": list(range(len(PERIODS))),
                "since": [as_of - timedelta(weeks=weeks) for weeks in PERIODS],
                "before": [as_of - timedelta(weeks=2 * weeks) for weeks in PERIODS],
            },
        )
        for tag_id, period, *figures in cursor.fetchall():
            counts[place[tag_id], period] = np.maximum(figures, 0)
    return counts


def facets_known_on(tag_ids: list[int], *, as_of: date, known_on: date, days: int) -> Facets:
    """The same pairs as known on a day, of mentions in the last `days` days up to `as_of`."""
    params: dict[str, Any] = {
        "tags": tag_ids,
        "as_of": as_of,
        "known_on": known_on,
        "start": as_of - timedelta(days=days - 1),
        "always": ALWAYS,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        timeline.load_recent(cursor, params)
        cursor.execute(_PAST_FACETS, params)
        return unpack(_pack(tag_ids, cursor.fetchall()))


def _read_facets(cursor: CursorWrapper, tag_ids: list[int], as_of: date) -> list[tuple[int, str, str, int]]:
    until = (as_of - EPOCH).days
    params: dict[str, Any] = {
        "tags": tag_ids,
        "since": until - 7 * PERIODS[-1],
        "until": until,
        "always": ALWAYS,
    }
    cursor.execute(_FACETS, params)
    return list(cursor.fetchall())


def _pack(tag_ids: list[int], said: Iterable[tuple[int, str, str, int]]) -> list[bytes]:
    rows = list(said)
    codes = _codes({(facet, value) for _tag, facet, value, _day in rows})
    pairs: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for tag_id, facet, value, day in rows:
        pairs[tag_id].append((codes[facet, value], day))
    return [np.array(sorted(pairs[tag_id]), dtype=_PAIR).tobytes() for tag_id in tag_ids]


def _codes(values: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The code of each (facet, value); those that were never seen get one."""
    wanted = FacetValue.objects.filter(value__in={value for _facet, value in values})
    known = {(each.facet, each.value): each.pk for each in wanted}
    if missing := sorted(values - known.keys()):
        FacetValue.objects.bulk_create(
            [FacetValue(facet=facet, value=value) for facet, value in missing], ignore_conflicts=True
        )
        known = {(each.facet, each.value): each.pk for each in wanted.all()}
    return {key: facet_code(key[0], known[key]) for key in values}


def facet_code(facet: str, value_id: int) -> int:
    """A facet and the id of its value in one number."""
    return FACETS.index(facet) << _FACET_BIT | value_id


def recent(facets: Facets, *, as_of: date, days: int) -> npt.NDArray[np.bool_]:
    """Which pairs had an article in the last `days` days up to `as_of` (pairs,)."""
    return np.asarray(facets.day > (as_of - EPOCH).days - days, dtype=np.bool_)
