"""Dirty marks: which days' counts a write moved. Appended in the writer's transaction, never unique."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

# A mention is a (story, publisher): what moves one of its articles may move every tag and day of all.
_MARK_ARTICLES = """
WITH family AS (
    SELECT DISTINCT story_id, CASE WHEN story_id IS NULL THEN id END AS lone,
           COALESCE(NULLIF(publisher, ''), '#' || source_id) AS publisher
    FROM signals_article WHERE id = ANY(%(articles)s)
), numbered AS (
    SELECT row_number() OVER () AS pair, * FROM family
), member AS MATERIALIZED (
    SELECT n.pair, a.id AS article_id, (LEAST(a.published_at, a.known_at) AT TIME ZONE 'UTC')::date AS day
    FROM numbered n JOIN signals_article a ON a.id = n.lone
    WHERE a.published_at IS NOT NULL
    UNION ALL
    SELECT n.pair, a.id, (LEAST(a.published_at, a.known_at) AT TIME ZONE 'UTC')::date
    FROM numbered n JOIN signals_article a ON a.story_id = n.story_id
    WHERE a.published_at IS NOT NULL AND COALESCE(NULLIF(a.publisher, ''), '#' || a.source_id) = n.publisher
), named AS (
    SELECT m.pair, t.tag_id FROM member m JOIN signals_tagging t ON t.article_id = m.article_id
    UNION
    SELECT m.pair, d.tag_id FROM member m JOIN signals_decision d ON d.article_id = m.article_id
)
INSERT INTO signals_dirtymark (tag_id, day, made_at)
SELECT DISTINCT named.tag_id, member.day, now() FROM named JOIN member USING (pair)
UNION ALL
SELECT DISTINCT NULL::bigint, member.day, now() FROM member
"""

_MARK_TAGS = """
INSERT INTO signals_dirtymark (tag_id, day, made_at)
SELECT DISTINCT named.tag_id, (LEAST(b.published_at, b.known_at) AT TIME ZONE 'UTC')::date, now()
FROM (
    SELECT tag_id, article_id FROM signals_tagging WHERE tag_id = ANY(%(tags)s)
    UNION
    SELECT tag_id, article_id FROM signals_decision WHERE tag_id = ANY(%(tags)s)
) named
JOIN signals_article a ON a.id = named.article_id
JOIN signals_article b ON b.id = a.id OR b.story_id = a.story_id
WHERE b.published_at IS NOT NULL
"""


def mark_articles(article_ids: Iterable[int]) -> int:
    """Say that the mentions of these articles moved; returns the number of marks. Call in the transaction.

    After a write for what is new, joined or decided; before it too where something goes away: a deleted
    article or tagging, another publisher or date, an article that leaves its story.
    """
    return _insert(_MARK_ARTICLES, {"articles": list(article_ids)})


def mark_tags(tag_ids: Iterable[int]) -> int:
    """Say that all mentions of these tags moved (merge, split); before and after, in the transaction."""
    return _insert(_MARK_TAGS, {"tags": list(tag_ids)})


def _insert(statement: str, params: dict[str, list[int]]) -> int:
    if not any(params.values()):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)
