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
from signals.trends.table import Series, open_day

FACETS: Final = ("source", "publisher", "language", "category", "type", "collected")
EPOCH: Final = date(1970, 1, 1)
ALWAYS: Final = (date(9999, 1, 1) - EPOCH).days
"""The day of values that belong to a tag in every period: a note's page is no time."""
TAGS_AT_ONCE: Final = 250
_FACET_BIT: Final = 28
_PAIR: Final = np.dtype([("code", "<u4"), ("day", "<i4")])
_CARRIED: Final = np.dtype([("article", ">i8"), ("day", ">i4")])

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

_PAST_VALUES: Final = """
SELECT a.id, facet, left(value, 200)
FROM (SELECT DISTINCT article_id FROM rollup_member JOIN (SELECT DISTINCT pair FROM rollup_mention) m USING (pair)
      WHERE known_on <= %(known_on)s) member
JOIN signals_article a ON a.id = member.article_id [values]
WHERE value <> ''
""".replace("[values]", _VALUES)

# One row a tag, its articles with their days in bytes, for there may be half a million.
_PAST_ARTICLES: Final = """
SELECT c.tag_id, string_agg(int8send(m.article_id) || int4send(c.day - date '1970-01-01'), ''::bytea)
FROM rollup_mention c JOIN rollup_member m USING (pair)
WHERE m.known_on <= %(known_on)s GROUP BY c.tag_id
"""

_PAST_PAGES: Final = """
SELECT DISTINCT c.tag_id, n.page FROM rollup_mention c JOIN rollup_member m USING (pair)
JOIN signals_note n ON n.article_id = m.article_id
WHERE m.known_on <= %(known_on)s AND n.page <> ''
"""

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


@dataclass(frozen=True, slots=True)
class ByValue:
    """The same pairs one value after the other: `codes` (values,) ascend, the tags of each begin at `starts`."""

    tag: npt.NDArray[np.int32]
    codes: Ints
    starts: Ints

    def among(self, facet: int) -> tuple[int, int]:
        """From where to where the codes of a facet, a place in FACETS, are."""
        low, high = np.searchsorted(self.codes, [facet << _FACET_BIT, (facet + 1) << _FACET_BIT])
        return int(low), int(high)

    def tags(self, facet: str, value_ids: Iterable[int]) -> npt.NDArray[np.int32]:
        """The tags that had any of the values, as places."""
        codes = np.array([facet_code(facet, pk) for pk in value_ids], dtype=np.int64)
        at = np.flatnonzero(np.isin(self.codes, codes))
        return np.concatenate(
            [self.tag[:0], *(self.tag[self.starts[one] : self.starts[one + 1]] for one in at)]
        )

    def count(self, facet: str, matching: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """The ids of a facet's values, and how many of the `matching` (tags,) had each."""
        low, high = self.among(FACETS.index(facet))
        ids = self.codes[low:high] & ((1 << _FACET_BIT) - 1)
        if low == high:
            return ids, ids
        begin = self.starts[low]
        counted = matching.astype(np.int64)[self.tag[begin : self.starts[high]]]
        return ids, np.add.reduceat(counted, self.starts[low:high] - begin)


def by_value(facets: Facets) -> ByValue:
    """Sort pairs by value, which each tag has once."""
    order = np.argsort(facets.code, kind="stable")
    codes, starts = np.unique(facets.code[order].astype(np.int64), return_index=True)
    return ByValue(facets.tag[order], codes, np.append(starts, order.size))


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


def counts_by_period(series: Series) -> Ints:
    """The same of a series of tags up to its last day: (tags, periods, 3)."""

    def last(counts: Ints, weeks: int, but: int = 0) -> Ints:
        return np.asarray(counts[:, counts.shape[1] - 7 * weeks : counts.shape[1] - 7 * but].sum(axis=1))

    return np.stack(
        [
            np.stack(
                [
                    last(series.counts, weeks),
                    last(series.confirmed, weeks),
                    last(series.counts, 2 * weeks, weeks),
                ],
                axis=1,
            )
            for weeks in PERIODS
        ],
        axis=1,
    )


def facets_known_on(tag_ids: list[int], *, as_of: date, known_on: date, days: int) -> Facets:
    """The same pairs as known on a day, of mentions in the last `days` days up to `as_of`."""
    params: dict[str, Any] = {
        "tags": tag_ids,
        "as_of": as_of,
        "known_on": known_on,
        "start": as_of - timedelta(days=days - 1),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        timeline.load_mentions(cursor, params)
        cursor.execute(_PAST_VALUES, params)
        values = cursor.fetchall()
        cursor.execute(_PAST_ARTICLES, params)
        carried = {tag_id: np.frombuffer(packed, dtype=_CARRIED) for tag_id, packed in cursor.fetchall()}
        cursor.execute(_PAST_PAGES, params)
        pages = cursor.fetchall()
        codes = _codes(
            {(facet, value) for _article, facet, value in values}
            | {("collected", page) for _tag, page in pages}
        )
    place = {tag_id: at for at, tag_id in enumerate(tag_ids)}
    lengths = np.array([carried[each].size if each in carried else 0 for each in tag_ids], dtype=np.int64)
    mentions = np.concatenate(
        [carried[each] for each in tag_ids if each in carried] or [np.zeros(0, dtype=_CARRIED)]
    )
    # What each article says, one article after the other.
    said = np.array(
        [(article, codes[facet, value]) for article, facet, value in values], dtype=np.int64
    ).reshape(-1, 2)
    said = said[np.argsort(said[:, 0], kind="stable")]
    begins, ends = (
        np.searchsorted(said[:, 0], mentions["article"].astype(np.int64), side=side)
        for side in ("left", "right")
    )
    # Each mention once for everything its article says: (pairs,).
    which = np.repeat(np.arange(mentions.size), ends - begins)
    turn = np.arange(which.size) - np.repeat(np.cumsum(ends - begins) - (ends - begins), ends - begins)
    tags = np.repeat(np.arange(len(tag_ids)), lengths)[which]
    found = said[begins[which] + turn, 1]
    when = mentions["day"].astype(np.int64)[which]
    filed = np.array(
        [(place[tag_id], codes["collected", page]) for tag_id, page in pages], dtype=np.int64
    ).reshape(-1, 2)
    keys = np.concatenate([tags << 32 | found, filed[:, 0] << 32 | filed[:, 1]])
    when = np.concatenate([when, np.full(len(filed), ALWAYS)])
    order = np.argsort(keys)
    keys, when = keys[order], when[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    latest = np.maximum.reduceat(when, first) if first.size else when
    keys = keys[first]
    return Facets(
        (keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.uint32), latest.astype(np.int32)
    )


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
