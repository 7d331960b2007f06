"""When each mention became known, in set-based SQL on temporary tables. Call inside one transaction.

A mention is one (story, publisher) that carries a tag. It counts on its first publication day as known at
the time, as confirmed if any of its articles' taggings was confirmed, else as suggested. Stories and the
tagger's confidence and relevance are today's; articles and decisions count from their `known_at`. Days are
UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.backends.utils import CursorWrapper

# Any constant nobody else takes (stories have their own): two roll-ups at once would write the same rows.
LOCK = 0x726F6C6C7570

# An article dated in the future counts from when it came, else a typing error would wait for years.
_MEMBERS = """
DROP TABLE IF EXISTS rollup_member;
CREATE TEMP TABLE rollup_member ON COMMIT DROP AS
WITH touched AS (
    SELECT a.id, a.story_id, a.publisher, a.source_id
    FROM rollup_day d JOIN signals_article a
      ON a.published_at >= d.day::timestamp AT TIME ZONE 'UTC'
     AND a.published_at < (d.day + 1)::timestamp AT TIME ZONE 'UTC'
    UNION
    SELECT a.id, a.story_id, a.publisher, a.source_id
    FROM rollup_day d JOIN signals_article a
      ON a.known_at >= d.day::timestamp AT TIME ZONE 'UTC'
     AND a.known_at < (d.day + 1)::timestamp AT TIME ZONE 'UTC' AND a.published_at > a.known_at
), family AS (
    SELECT DISTINCT story_id, CASE WHEN story_id IS NULL THEN id END AS lone,
           COALESCE(NULLIF(publisher, ''), '#' || source_id) AS publisher
    FROM touched
), numbered AS (
    SELECT row_number() OVER () AS pair, * FROM family
)
SELECT n.pair, n.publisher, a.id AS article_id,
       (LEAST(a.published_at, a.known_at) AT TIME ZONE 'UTC')::date AS day,
       (a.known_at AT TIME ZONE 'UTC')::date AS known_on
FROM numbered n JOIN signals_article a ON a.id = n.lone
WHERE a.published_at IS NOT NULL
UNION ALL
SELECT n.pair, n.publisher, a.id,
       (LEAST(a.published_at, a.known_at) AT TIME ZONE 'UTC')::date,
       (a.known_at AT TIME ZONE 'UTC')::date
FROM numbered n JOIN signals_article a ON a.story_id = n.story_id
WHERE a.published_at IS NOT NULL AND COALESCE(NULLIF(a.publisher, ''), '#' || a.source_id) = n.publisher;
ANALYZE rollup_member;
"""

# The state before the first decision is what that decision found; a person-made tagging had none.
# `counted`: of each article and tag, from `known_on` until its next row.
_TURNS = """
WITH claim AS MATERIALIZED (
    SELECT m.pair, m.article_id, m.known_on AS seen_on, t.tag_id, t.state, t.origin, t.confidence,
           t.estimated_relevancy, COALESCE(t.stated_relevancy, t.estimated_relevancy) AS relevance,
           GREATEST(m.known_on, (t.known_at AT TIME ZONE 'UTC')::date) AS tagged_on,
           GREATEST(m.known_on, (t.decided_at AT TIME ZONE 'UTC')::date) AS decided_on,
           t.decided_at IS NOT NULL AND t.origin = 'tagger'
               AND t.state IN ('confirmed', 'rejected') AS is_inherited
    FROM rollup_member m
    JOIN signals_tagging t ON t.article_id = m.article_id
    WHERE t.tag_id IN (SELECT tag_id FROM rollup_tag)
), said AS MATERIALIZED (
    SELECT m.pair, m.article_id, m.known_on AS seen_on, d.tag_id, d.id, d.before,
           GREATEST(m.known_on, (d.known_at AT TIME ZONE 'UTC')::date) AS known_on,
           CASE WHEN d.undone_at IS NOT NULL
                THEN GREATEST(m.known_on, (d.undone_at AT TIME ZONE 'UTC')::date) END AS undone_on
    FROM rollup_member m
    JOIN signals_decision d ON d.article_id = m.article_id
    JOIN signals_tag tag ON tag.id = d.tag_id AND tag.merged_into_id IS NULL
    WHERE d.tag_id IN (SELECT tag_id FROM rollup_tag)
), opening AS MATERIALIZED (
    SELECT DISTINCT ON (s.article_id, s.tag_id) s.pair, s.article_id, s.tag_id, s.seen_on, c.confidence,
           -- what the tagger says today, once no decision holds and it says something
           CASE WHEN c.origin = 'tagger' AND c.state IN ('suggested', 'sampled') THEN c.state
                ELSE s.before ->> 'state' END AS state,
           -- a tagging that went with its undone decision was worth what it was worth when it held
           -- and one that a person's word made anew without a number is a real part of it
           COALESCE((s.before ->> 'stated_relevancy')::int, c.estimated_relevancy,
                    (s.before ->> 'estimated_relevancy')::int,
                    CASE WHEN NOT s.before ? 'state' THEN 3 END) AS relevance,
           CASE WHEN COALESCE(s.before ->> 'origin', 'tagger') = 'tagger' THEN s.seen_on
                ELSE GREATEST(s.seen_on, ((s.before ->> 'known_at')::timestamptz AT TIME ZONE 'UTC')::date)
           END AS known_on
    FROM said s LEFT JOIN claim c ON c.article_id = s.article_id AND c.tag_id = s.tag_id
    -- an undone decision that found nothing says less than a later one that found a suggestion; one that found
    -- another person's word says nothing of what was there before people
    ORDER BY s.article_id, s.tag_id,
             s.undone_on IS NOT NULL AND (NOT s.before ? 'state' OR s.before ->> 'decided_at' IS NOT NULL), s.id
), point AS (
    SELECT article_id, tag_id, known_on FROM opening
    UNION SELECT article_id, tag_id, known_on FROM said
    UNION SELECT article_id, tag_id, undone_on FROM said WHERE undone_on IS NOT NULL
), turn AS (
    SELECT c.pair, c.article_id, c.tag_id, c.state, c.confidence, c.relevance,
           CASE WHEN c.is_inherited THEN c.decided_on
                WHEN c.origin = 'tagger' THEN c.seen_on ELSE c.tagged_on END AS known_on
    FROM claim c
    WHERE NOT EXISTS (SELECT FROM opening o WHERE o.article_id = c.article_id AND o.tag_id = c.tag_id)
    UNION ALL
    SELECT c.pair, c.article_id, c.tag_id, 'suggested', c.confidence, c.relevance, c.seen_on
    FROM claim c
    WHERE c.is_inherited AND c.seen_on < c.decided_on
      AND NOT EXISTS (SELECT FROM opening o WHERE o.article_id = c.article_id AND o.tag_id = c.tag_id)
    UNION ALL
    SELECT o.pair, o.article_id, o.tag_id,
           CASE WHEN verdict.verdict = 'reject' THEN 'rejected'
                WHEN verdict.verdict IS NOT NULL THEN 'confirmed'
                WHEN p.known_on >= o.known_on THEN o.state END,
           o.confidence, COALESCE(score.relevancy, o.relevance), p.known_on
    FROM point p JOIN opening o USING (article_id, tag_id)
    LEFT JOIN LATERAL (
        SELECT d.verdict FROM signals_decision d
        WHERE d.article_id = o.article_id AND d.tag_id = o.tag_id
          AND (d.known_at AT TIME ZONE 'UTC')::date <= p.known_on
          AND (d.undone_at IS NULL OR (d.undone_at AT TIME ZONE 'UTC')::date > p.known_on)
        ORDER BY d.id DESC LIMIT 1
    ) verdict ON true
    LEFT JOIN LATERAL (
        -- as signals.scores has it: each person's last number unless their last word rejects, a half upwards
        SELECT floor(percentile_cont(0.5) WITHIN GROUP (ORDER BY voice.number) + 0.5)::int AS relevancy
        FROM (
            SELECT (array_agg(d.relevancy ORDER BY d.id DESC) FILTER (WHERE d.relevancy IS NOT NULL))[1] AS number,
                   (array_agg(d.verdict ORDER BY d.id DESC))[1] AS verdict
            FROM signals_decision d
            WHERE d.article_id = o.article_id AND d.tag_id = o.tag_id
              AND (d.known_at AT TIME ZONE 'UTC')::date <= p.known_on
              AND (d.undone_at IS NULL OR (d.undone_at AT TIME ZONE 'UTC')::date > p.known_on)
            GROUP BY d.user_id
        ) voice
        WHERE voice.verdict <> 'reject'
    ) score ON true
), counted AS (
    SELECT pair, article_id, tag_id, known_on,
           COALESCE(state = 'confirmed' AND relevance >= 3, false)::int AS confirmed,
           COALESCE(state = 'suggested' AND confidence >= 0.5 AND relevance >= 3, false)::int AS suggested
    FROM turn
)
"""

# rollup_moment: each (mention, tag) from `known_on` until its next row.
_MOMENTS = f"""
DROP TABLE IF EXISTS rollup_moment;
CREATE TEMP TABLE rollup_moment ON COMMIT DROP AS
{_TURNS}, step AS (
    SELECT pair, tag_id, known_on, NULL::date AS day,
           confirmed - COALESCE(lag(confirmed) OVER changes, 0) AS confirmed,
           suggested - COALESCE(lag(suggested) OVER changes, 0) AS suggested
    FROM counted
    WINDOW changes AS (PARTITION BY article_id, tag_id ORDER BY known_on)
    UNION ALL
    SELECT named.pair, named.tag_id, m.known_on, m.day, 0, 0
    FROM (SELECT DISTINCT pair, tag_id FROM counted) named JOIN rollup_member m USING (pair)
), moment AS (
    SELECT pair, tag_id, known_on, min(day) AS day, sum(confirmed) AS confirmed, sum(suggested) AS suggested
    FROM step GROUP BY pair, tag_id, known_on
), running AS (
    SELECT pair, tag_id, known_on, min(day) OVER past AS day,
           sum(confirmed) OVER past > 0 AS is_confirmed, sum(suggested) OVER past > 0 AS is_suggested
    FROM moment WINDOW past AS (PARTITION BY pair, tag_id ORDER BY known_on)
)
SELECT pair, tag_id, known_on, day, is_confirmed::int AS confirmed,
       (is_suggested AND NOT is_confirmed)::int AS suggested
FROM running;
"""  # noqa: S608 - constants of ours only

# rollup_mention: each (mention, tag) that counts as known on one day, which is much less to work out than all days.
# A day and its state in one number: the greatest is the latest.
_MENTIONS = f"""
DROP TABLE IF EXISTS rollup_mention;
CREATE TEMP TABLE rollup_mention ON COMMIT DROP AS
{_TURNS}, latest AS (
    SELECT pair, tag_id,
           max((known_on - date '1970-01-01') * 4 + 2 * confirmed + suggested) & 3 AS state
    FROM counted WHERE known_on <= %(known_on)s GROUP BY pair, article_id, tag_id
), dated AS (
    SELECT pair, min(day) AS day FROM rollup_member WHERE known_on <= %(known_on)s GROUP BY pair
)
SELECT pair, tag_id, day FROM latest JOIN dated USING (pair)
WHERE state > 0 AND day BETWEEN %(start)s AND %(as_of)s
GROUP BY pair, tag_id, day;
"""  # noqa: S608 - constants of ours only

_MENTION_DELTAS = """
WITH changed AS (
    SELECT *, lag(day) OVER past AS old_day, lag(confirmed) OVER past AS old_confirmed,
           lag(suggested) OVER past AS old_suggested
    FROM rollup_moment WINDOW past AS (PARTITION BY pair, tag_id ORDER BY known_on)
), delta AS (
    SELECT tag_id, day, known_on, confirmed, suggested FROM changed
    UNION ALL
    SELECT tag_id, old_day, known_on, -old_confirmed, -old_suggested FROM changed WHERE old_day IS NOT NULL
)
INSERT INTO signals_mentiondelta (tag_id, day, known_on, confirmed, suggested)
SELECT tag_id, day, known_on, sum(confirmed), sum(suggested)
FROM delta JOIN rollup_dirty USING (tag_id, day)
GROUP BY tag_id, day, known_on
HAVING sum(confirmed) <> 0 OR sum(suggested) <> 0
"""

_VOLUME_DELTAS = """
WITH moment AS (
    SELECT pair, known_on, min(min(day)) OVER (PARTITION BY pair ORDER BY known_on) AS day
    FROM rollup_member GROUP BY pair, known_on
), changed AS (
    SELECT *, lag(day) OVER (PARTITION BY pair ORDER BY known_on) AS old_day FROM moment
), delta AS (
    SELECT day, known_on, 1 AS articles FROM changed
    UNION ALL
    SELECT old_day, known_on, -1 FROM changed WHERE old_day IS NOT NULL
)
INSERT INTO signals_volumedelta (day, known_on, articles)
SELECT day, known_on, sum(articles)
FROM delta JOIN (SELECT day FROM rollup_dirty WHERE tag_id IS NULL) dirty USING (day)
GROUP BY day, known_on
HAVING sum(articles) <> 0
"""

_RECENT = """
DROP TABLE IF EXISTS rollup_day, rollup_tag;
CREATE TEMP TABLE rollup_day ON COMMIT DROP AS
    SELECT generate_series(%(start)s::date, %(as_of)s::date, '1 day')::date AS day;
CREATE TEMP TABLE rollup_tag ON COMMIT DROP AS SELECT unnest(%(tags)s::bigint[]) AS tag_id;
ANALYZE rollup_tag;
"""


def lock(cursor: CursorWrapper) -> None:
    """Wait until no other transaction rolls up; held until this one ends."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def load_moments(cursor: CursorWrapper) -> None:
    """Fill rollup_member and rollup_moment for mentions that touch `rollup_day`, of tags in `rollup_tag`."""
    cursor.execute(_MEMBERS)
    cursor.execute(_MOMENTS)


def load_mentions(cursor: CursorWrapper, params: Mapping[str, Any]) -> None:
    """Fill rollup_member and rollup_mention with what counted, as known on `known_on`, from `start` to `as_of`.

    Of `tags` of the params.
    """
    cursor.execute(_RECENT, params)
    cursor.execute(_MEMBERS)
    cursor.execute(_MENTIONS, params)


def insert_mention_deltas(cursor: CursorWrapper) -> int:
    """Write the roll-up rows of `rollup_dirty`; their old rows must be gone. Returns the number of rows."""
    cursor.execute(_MENTION_DELTAS)
    return int(cursor.rowcount)


def insert_volume_deltas(cursor: CursorWrapper) -> int:
    """The same for the volume of the days in `rollup_dirty` without a tag."""
    cursor.execute(_VOLUME_DELTAS)
    return int(cursor.rowcount)
