"""Tags that rise in the same windows as another one, in the same articles more often than chance has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import connection

from signals.models import Label, Tag, TagTrend
from signals.trends.mentions import COUNTED
from signals.trends.score import information_component

_ARTICLES: Final = 300
"""The newest so many of its articles are looked at: enough to tell, and quick for the largest tag."""

_SHARED: Final = f"""
WITH mine AS MATERIALIZED (
    SELECT a.id FROM signals_article a
    JOIN signals_tagging t ON t.article_id = a.id AND t.tag_id = %(tag)s
    WHERE a.sort_at >= %(start)s::date AT TIME ZONE 'UTC' AND a.sort_at < %(end)s::date AT TIME ZONE 'UTC'
      AND {COUNTED}
    ORDER BY a.sort_at DESC LIMIT %(articles)s
), shared AS (
    SELECT t.tag_id, count(*) AS common
    FROM mine JOIN signals_tagging t ON t.article_id = mine.id
    WHERE t.tag_id <> %(tag)s AND {COUNTED}
    GROUP BY t.tag_id HAVING count(*) >= 2
)
SELECT s.common, (SELECT count(*) FROM mine), r.mentions, tag.id, tag.kind, tag.name, tag.name_fr, tag.slug
FROM shared s JOIN signals_tagtrend r ON r.tag_id = s.tag_id JOIN signals_tag tag ON tag.id = s.tag_id
WHERE r.label = ANY(%(rising)s)
ORDER BY s.common DESC, s.tag_id LIMIT 60
"""  # noqa: S608 - constants of ours only


@dataclass(frozen=True, slots=True)
class CoRising:
    """A rising tag that is in `common` of the other one's `articles`."""

    tag: Tag
    common: int
    articles: int


def rising_together(trend: TagTrend, *, most: int = 6) -> list[CoRising]:
    """Rising tags that share more articles with this one than chance has it, the clearest first.

    Clear is the lower bound of the shrunk ratio of articles in common to those expected of two independent
    tags (`information_component`). Those tags hold what a link shows, no more.
    """
    days = trend.explanation.get("windows", [0])[-1]
    volume = trend.explanation.get("volume_by_window", [0])[-1]
    if not days or not volume:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _SHARED,
            {
                "tag": trend.tag_id,
                "start": trend.as_of - timedelta(days=days - 1),
                "end": trend.as_of + timedelta(days=1),
                "articles": _ARTICLES,
                "rising": [Label.SURGING.value, Label.EMERGING.value, Label.NEW.value, Label.SPIKE.value],
            },
        )
        rows = cursor.fetchall()
    if not rows:
        return []
    _middle, clear, _high = information_component(
        [common for common, *_rest in rows],
        [articles * mentions / volume for _common, articles, mentions, *_tag in rows],
    )
    ranked = sorted(range(len(rows)), key=lambda place: -float(clear[place]))
    found = []
    for place in ranked[:most]:
        common, articles, _mentions, pk, kind, name, name_fr, slug = rows[place]
        if clear[place] > 0:
            tag = Tag(pk=pk, kind=kind, name=name, name_fr=name_fr, slug=slug)
            found.append(CoRising(tag, common, articles))
    return found
