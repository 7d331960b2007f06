"""Keep the daily counts right: a pure function of today's taggings, decisions and stories, day by day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection, transaction

from signals.models import Article, MentionDelta, VolumeDelta
from signals.trends import timeline
from signals.trends.marks import mark_articles
from signals.trends.summary import refresh_summaries
from signals.trends.table import refresh_trends, trends_are_fresh

MARKS_AT_ONCE = 200_000
ARTICLES_AT_ONCE = 50_000

_SEE_MARKS = """
DROP TABLE IF EXISTS rollup_seen, rollup_dirty, rollup_day, rollup_tag;
CREATE TEMP TABLE rollup_seen ON COMMIT DROP AS
    SELECT id, tag_id, day FROM signals_dirtymark ORDER BY day, tag_id LIMIT %(limit)s;
CREATE TEMP TABLE rollup_dirty ON COMMIT DROP AS SELECT DISTINCT tag_id, day FROM rollup_seen;
CREATE TEMP TABLE rollup_day ON COMMIT DROP AS SELECT DISTINCT day FROM rollup_dirty;
CREATE TEMP TABLE rollup_tag ON COMMIT DROP AS
    SELECT DISTINCT tag_id FROM rollup_dirty WHERE tag_id IS NOT NULL;
ANALYZE rollup_dirty;
ANALYZE rollup_day;
ANALYZE rollup_tag;
"""

_FORGET = """
DELETE FROM signals_mentiondelta old USING rollup_dirty d WHERE old.tag_id = d.tag_id AND old.day = d.day;
DELETE FROM signals_volumedelta old USING rollup_dirty d WHERE d.tag_id IS NULL AND old.day = d.day;
DELETE FROM signals_dirtymark m USING rollup_seen s WHERE m.id = s.id;
UPDATE signals_tagsummary s SET is_due = true FROM rollup_tag t WHERE t.tag_id = s.tag_id AND NOT s.is_due;
"""


@dataclass(frozen=True, slots=True)
class RollUpSummary:
    """Marks taken, (tag, day) pairs and days recomputed, tags whose trend was refreshed."""

    marks: int = 0
    counts: int = 0
    days: int = 0
    tags: int = 0


def drain_marks(*, at_once: int = MARKS_AT_ONCE) -> RollUpSummary:
    """Recompute what is marked, `at_once` marks a transaction; killed anywhere, it leaves the rest marked."""
    marks = counts = days = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            timeline.lock(cursor)
            cursor.execute(_SEE_MARKS, {"limit": at_once})
            cursor.execute(
                "SELECT (SELECT count(*) FROM rollup_seen), count(tag_id), count(*) - count(tag_id)"
                " FROM rollup_dirty"
            )
            seen, pairs, volumes = cursor.fetchone()
            if not seen:
                return RollUpSummary(marks, counts, days)
            cursor.execute(_FORGET)
            timeline.load_moments(cursor)
            timeline.insert_mention_deltas(cursor)
            timeline.insert_volume_deltas(cursor)
        marks, counts, days = marks + seen, counts + pairs, days + volumes


def rebuild() -> RollUpSummary:
    """Forget all counts and make them again from scratch, in one transaction."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            timeline.lock(cursor)
        MentionDelta.objects.all().delete()
        VolumeDelta.objects.all().delete()
        ids = list(Article.objects.exclude(published_at=None).order_by("id").values_list("id", flat=True))
        for start in range(0, len(ids), ARTICLES_AT_ONCE):
            mark_articles(ids[start : start + ARTICLES_AT_ONCE])
        return drain_marks()


def roll_up(now: datetime | None = None, *, from_scratch: bool = False) -> RollUpSummary:
    """Drain the marks, or count all anew, then refresh the trends if a count or the day has changed."""
    summary = rebuild() if from_scratch else drain_marks()
    if from_scratch or summary.marks or not trends_are_fresh(now):
        summary = replace(summary, tags=refresh_trends(now))
    refresh_summaries(now)
    return summary
