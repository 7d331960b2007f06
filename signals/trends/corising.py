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
SELECT s.tag_id, s.common, (SELECT count(*) FROM mine), r.mentions
FROM shared s JOIN signals_tagtrend r ON r.tag_id = s.tag_id
WHERE r.label = ANY(%(rising)s)
ORDER BY s.common DESC, s.tag_id LIMIT 60
"""  # noqa: S608 - constants of ours only


@dataclass(frozen=True, slots=True)
class CoRising:
    """A rising tag that is in `common` of the other one's `articles`."""

    tag: Tag
    common: int
    articles: int


def rising_together(trend: TagTrend, *, volume: int, most: int = 6) -> list[CoRising]:
    """Rising tags that share more articles with this one than chance has it, the clearest first.

    `volume` is of the trend's longest window. Clear is the lower bound of the shrunk ratio of articles in
    common to those expected of two independent tags (`information_component`).
    """
    days = trend.explanation.get("windows", [0])[-1]
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
        [common for _tag, common, _of, _mentions in rows],
        [of * mentions / volume for _tag, _common, of, mentions in rows],
    )
    ranked = sorted(
        ((float(clear[place]), row) for place, row in enumerate(rows) if clear[place] > 0), reverse=True
    )[:most]
    tags = Tag.objects.in_bulk([row[0] for _clear, row in ranked])
    return [CoRising(tags[row[0]], row[1], row[2]) for _clear, row in ranked]
