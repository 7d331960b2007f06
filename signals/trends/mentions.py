"""The articles behind a number of mentions, in SQL, by the rule of the roll-up (see timeline), as of today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, Literal

Which = Literal["all", "confirmed", "suggested"]

COUNTED: Final = """(t.state = 'confirmed' OR (t.state = 'suggested' AND t.confidence >= 0.5))
    AND COALESCE(t.stated_relevancy, t.estimated_relevancy) >= 3"""
PUBLISHER: Final = "COALESCE(NULLIF(a.publisher, ''), '#' || a.source_id)"

# A mention is one (story, publisher) on its first day: one that begins before is another day's, and of one
# that begins within, the article that carries the tag may have come later.
_ARTICLES: Final = f"""
WITH reach AS (
    SELECT a.id, a.story_id, {PUBLISHER} AS publisher, a.sort_at
    FROM signals_article a
    WHERE a.published_at IS NOT NULL AND a.sort_at >= %s::date AT TIME ZONE 'UTC'
      AND a.sort_at < %s::date AT TIME ZONE 'UTC'
), claim AS (
    SELECT r.id, r.story_id, r.publisher, r.sort_at, t.state
    FROM reach r JOIN signals_tagging t ON t.article_id = r.id
    WHERE t.tag_id = ANY(%s) AND {COUNTED}
    UNION ALL
    SELECT a.id, a.story_id, pair.publisher, a.sort_at, t.state
    FROM (SELECT DISTINCT story_id, publisher FROM reach WHERE story_id IS NOT NULL) pair
    JOIN signals_article a ON a.story_id = pair.story_id AND {PUBLISHER} = pair.publisher
    JOIN signals_tagging t ON t.article_id = a.id
    WHERE a.published_at IS NOT NULL AND a.sort_at >= %s::date AT TIME ZONE 'UTC'
      AND t.tag_id = ANY(%s) AND {COUNTED}
)
SELECT (array_agg(c.id ORDER BY c.sort_at, c.id))[1]
FROM claim c
WHERE c.story_id IS NULL OR NOT EXISTS (
    SELECT FROM signals_article a
    WHERE a.story_id = c.story_id AND {PUBLISHER} = c.publisher AND a.published_at IS NOT NULL
      AND a.sort_at < %s::date AT TIME ZONE 'UTC'
    OFFSET 0 -- or all earlier articles would be hashed to look a few thousand up
)
GROUP BY COALESCE(c.story_id, -c.id), c.publisher
"""  # noqa: S608 - constants of ours only


def mention_articles(
    tag_ids: Sequence[int], *, start: date, end: date, which: Which = "all"
) -> tuple[str, list[object]]:
    """SQL, and its parameters, of one article for each mention of any of the tags from `start` to `end`."""
    after, tags = end + timedelta(days=1), list(tag_ids)
    # Of many tags all taggings would be read, when those of the articles in reach are fewer by far.
    sql = _ARTICLES if len(tags) == 1 else _ARTICLES.replace("t.tag_id =", "t.tag_id + 0 =")
    if which != "all":
        sql += f"HAVING bool_or(c.state = 'confirmed') IS {'TRUE' if which == 'confirmed' else 'FALSE'}\n"
    return sql, [start, after, tags, after, tags, start]
