"""Decisions counted in SQL: one scan a question, over the index that holds all they ask.

A suggestion is judged once: by the first decision on its pair that holds. Who changes their mind without
taking it back overrules it: then the last word counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from django.db import connection

from signals.quality.measures import Band, Confusion, Flags, Share
from signals.tagging.ranking_score import PER_DAY

BANDS = ((0.0, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0))
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)

_PARTS = {
    "holds": "undone_at IS NULL AND made_at >= %(since)s",
    "suggested": "told_state = 'suggested' AND told_origin = 'tagger'",
    "drawn": "told_state = 'sampled' AND told_draw > 0",
    "judged": """
        SELECT d.id, d.article_id, d.tag_id, d.why, d.inbox_score, d.position, d.made_at, d.told_confidence,
               d.told_version, coalesce(w.is_right, d.verdict <> 'reject') AS is_right
        FROM signals_decision d
        LEFT JOIN unnest(%(articles)s::bigint[], %(tags)s::bigint[], %(words)s::bool[])
             AS w(article_id, tag_id, is_right) ON w.article_id = d.article_id AND w.tag_id = d.tag_id
        WHERE undone_at IS NULL AND made_at >= %(since)s
    """,
}


def _filled(query: str) -> str:
    """A query with the parts that several share put in."""
    return query.format_map(_PARTS)


# Few decisions overrule one before, and few were drawn: they are looked up once. The former are handed to
# every count.
_RARE = _filled("""
    SELECT article_id, tag_id, verdict <> 'reject', CASE WHEN {drawn} THEN told_draw END
    FROM signals_decision
    WHERE {holds} AND ({drawn} OR told_state = 'confirmed' AND verdict = 'reject'
                       OR told_state = 'rejected' AND verdict <> 'reject')
    ORDER BY id
""")
_PER_TAG = _filled("""
    SELECT tag_id, count(*), count(*) FILTER (WHERE is_right),
           count(*) FILTER (WHERE NOT is_right AND why = 'wrong'),
           count(*) FILTER (WHERE NOT is_right AND why = 'passing'),
           count(*) FILTER (WHERE NOT is_right AND why = 'duplicate'),
           count(*) FILTER (WHERE NOT is_right AND why = 'off_topic')
    FROM ({judged} AND {suggested}) judged GROUP BY tag_id
""")
_PER_TIME = _filled("""
    SELECT date_trunc(%(step)s, made_at AT TIME ZONE 'UTC')::date, coalesce(told_version, 0),
           width_bucket(told_confidence, %(edges)s::float8[]),
           count(*), count(*) FILTER (WHERE is_right), coalesce(sum(told_confidence), 0),
           coalesce(sum((told_confidence - is_right::int) ^ 2), 0)
    FROM ({judged} AND {suggested}) judged GROUP BY 1, 2, 3
""")
# A place grows by the day, so that the newer stands higher: less the day of the decision, places of all
# days compare. Bit n of `seen` says that the suggestion in place n was decided: the first right one is known to be
# the first only when all before it were.
_PER_ARTICLE = _filled("""
    SELECT string_agg(is_worthwhile::int::text, '' ORDER BY score DESC, article_id)
               FILTER (WHERE score IS NOT NULL),
           string_agg(first_right::text, ',') FILTER (
               WHERE first_right BETWEEN 1 AND 62
               AND seen & ((1::bigint << first_right) - 2) = (1::bigint << first_right) - 2)
    FROM (
        SELECT article_id, bool_or(is_right) AS is_worthwhile,
               (array_agg(nullif(inbox_score, 0) - %(per_day)s::float8 * date_part('epoch', made_at) / 86400
                   ORDER BY id))[1] AS score,
               min(position) FILTER (WHERE is_right) AS first_right,
               bit_or(CASE WHEN position BETWEEN 1 AND 62 THEN 1::bigint << position ELSE 0 END) AS seen
        FROM ({judged} AND {suggested}) judged GROUP BY article_id
    ) articles
""")
_SCORED = _filled("""
    SELECT told, said, count(*) FROM (
        SELECT DISTINCT ON (article_id, tag_id) told_relevancy AS told, relevancy AS said
        FROM signals_decision
        WHERE {holds} AND told_origin = 'tagger' AND relevancy IS NOT NULL
              AND told_relevancy BETWEEN 1 AND 5
        ORDER BY article_id, tag_id, id DESC
    ) scored GROUP BY told, said
""")
_WAITING = _filled("""
    SELECT (SELECT count(*) FROM signals_tagging WHERE state = 'suggested'),
           (SELECT count(*) FROM signals_tagging WHERE state = 'sampled'),
           count(*) FILTER (WHERE {suggested}), count(*) FILTER (WHERE {drawn})
    FROM signals_decision WHERE undone_at IS NULL
""")


@dataclass(slots=True)
class TagCount:
    """One tag's suggestions: judged, refused for which reasons; and of those drawn at random, how many right."""

    tag_id: int
    judged: Share
    why: dict[str, int] = field(default_factory=dict)
    drawn: Share = field(default_factory=lambda: Share(0, 0))


@dataclass(frozen=True, slots=True)
class Moment:
    """What was judged in one week or month, of one version of the tagger, in one band of certainty."""

    starts_on: date
    version: int
    band: int
    judged: Share
    said: float
    brier: float


@dataclass(frozen=True, slots=True)
class Counts:
    """All that is counted of the decisions of a period."""

    tags: list[TagCount]
    moments: list[Moment]
    worthwhile: Flags
    first_right: dict[int, int]
    drawn: list[tuple[int, float, bool]]
    grades: Confusion
    suggested_decided: float
    drawn_decided: float

    @property
    def bands(self) -> list[Band]:
        """The moments together, per band of certainty."""
        sums: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
        for moment in self.moments:
            held = (moment.judged.right, moment.judged.of, moment.said, moment.brier)
            sums[moment.band] = [a + b for a, b in zip(sums[moment.band], held, strict=True)]
        return [
            Band(low, high, int(sums[n][0]), int(sums[n][1]), sums[n][2], sums[n][3])
            for n, (low, high) in enumerate(BANDS)
        ]

    def shares(self, key: str) -> dict[Any, Share]:
        """Agreement per `starts_on` or per `version`."""
        shares: dict[Any, Share] = defaultdict(lambda: Share(0, 0))
        for moment in self.moments:
            shares[getattr(moment, key)] += moment.judged
        return dict(shares)


NOTHING = Counts([], [], np.zeros(0, dtype=np.bool_), {}, [], np.zeros((5, 5), dtype=np.int_), 0.0, 0.0)


def count_decisions(*, since: datetime | None, step: str) -> Counts:
    """Count what was decided since a moment, per `step` ('week' or 'month')."""
    asked: dict[str, Any] = {
        "since": since or _ALWAYS,
        "step": step,
        "edges": [low for low, _high in BANDS[1:]],
        "per_day": PER_DAY,
    }
    overruled: dict[tuple[int, int], bool] = {}
    draws: dict[tuple[int, int], float] = {}
    verdicts: dict[tuple[int, int], bool] = {}
    for article, tag, is_right, chance in _rows(_RARE, asked):
        if chance is None:
            overruled[article, tag] = is_right
        else:
            draws[article, tag], verdicts[article, tag] = chance, is_right
    asked |= {
        "articles": [article for article, _tag in overruled],
        "tags": [tag for _article, tag in overruled],
        "words": list(overruled.values()),
    }
    drawn = [(pair[1], chance, overruled.get(pair, verdicts[pair])) for pair, chance in draws.items()]
    per_tag = {
        row[0]: TagCount(
            row[0],
            Share(row[2], row[1]),
            dict(zip(("wrong", "passing", "duplicate", "off_topic"), row[3:], strict=True)),
        )
        for row in _rows(_PER_TAG, asked)
    }
    moments = [
        Moment(day, version, band or 0, Share(right, of), said, brier)
        for day, version, band, of, right, said, brier in _rows(_PER_TIME, asked)
    ]
    ((read, firsts),) = _rows(_PER_ARTICLE, asked)
    for tag, _chance, right in drawn:
        count = per_tag.setdefault(tag, TagCount(tag, Share(0, 0)))
        count.drawn += Share(int(right), 1)
    table = np.zeros((5, 5), dtype=np.int_)
    for told, said, of in _rows(_SCORED, asked):
        table[told - 1, said - 1] = of
    ((waiting, waiting_drawn, decided, decided_drawn),) = _rows(_WAITING, asked)
    return Counts(
        tags=list(per_tag.values()),
        moments=moments,
        worthwhile=np.frombuffer((read or "").encode(), dtype=np.uint8) == ord("1"),
        first_right=dict(Counter(int(place) for place in firsts.split(","))) if firsts else {},
        drawn=drawn,
        grades=table,
        suggested_decided=decided / max(1, decided + waiting),
        drawn_decided=decided_drawn / max(1, decided_drawn + waiting_drawn),
    )


def _rows(query: str, asked: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
