"""Mentions that several people decided on before their scores added up get the number that they add up to."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from signals.scores import Voices, whole

_SAID = """
SELECT article_id, tag_id, user_id, relevancy, verdict = 'reject', comment <> '', before ->> 'stated_relevancy'
FROM signals_decision JOIN (
    SELECT article_id, tag_id FROM signals_decision WHERE undone_at IS NULL
    GROUP BY article_id, tag_id HAVING count(*) > 1 AND count(relevancy) > 0
) several USING (article_id, tag_id)
WHERE undone_at IS NULL ORDER BY article_id, tag_id, id
"""

_WRITE = """
UPDATE signals_tagging t SET stated_relevancy = m.number, dispute = CASE t.state WHEN 'rejected' THEN '' ELSE m.dispute END
FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::text[]) AS m (article_id, tag_id, number, dispute)
WHERE t.article_id = m.article_id AND t.tag_id = m.tag_id
"""

_MEDIANS = """
UPDATE signals_tag SET relevancy_notes = stated.count,
       relevancy = CASE relevancy_raters WHEN 0 THEN stated.median ELSE relevancy END
FROM (
    SELECT moved.tag_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY t.stated_relevancy) AS median,
           count(t.stated_relevancy) AS count
    FROM unnest(%s::bigint[]) AS moved (tag_id)
    LEFT JOIN signals_tagging t ON t.tag_id = moved.tag_id AND t.state = 'confirmed'
    GROUP BY moved.tag_id
) stated WHERE stated.tag_id = signals_tag.id
"""

# Past days count by the same rule, also where today's number is the same.
_MARK = """
INSERT INTO signals_dirtymark (tag_id, day, made_at)
SELECT DISTINCT said.tag_id, (LEAST(b.published_at, b.known_at) AT TIME ZONE 'UTC')::date, now()
FROM (
    SELECT article_id, tag_id FROM signals_decision
    GROUP BY article_id, tag_id HAVING count(*) > 1 OR count(undone_at) > 0
) said
JOIN signals_article a ON a.id = said.article_id
JOIN signals_article b ON b.id = a.id OR b.story_id = a.story_id
WHERE b.published_at IS NOT NULL
"""


def _folded(rows: list[tuple[Any, ...]]) -> Iterator[tuple[int, int, int | None, str]]:
    """Each pair's number and how far apart it is."""
    for (article, tag), said in groupby(rows, itemgetter(0, 1)):
        words = list(said)
        voices = Voices()
        for _article, _tag, person, number, is_rejection, is_explained, _before in words:
            voices.hear(person, number=number, is_rejection=is_rejection, is_explained=is_explained)
        stated = words[0][-1]
        number = int(stated) if stated else None
        dispute = "unexplained" if voices.is_unexplained else "contested" if voices.is_contested else ""
        yield article, tag, number if voices.middle is None else whole(voices.middle), dispute


def add_up(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Fold the words that hold, bring the medians of items up to date, and have their days counted again."""
    with editor.connection.cursor() as cursor:
        cursor.execute(_SAID)
        folded = list(_folded(cursor.fetchall()))
        for at in range(0, len(folded), 5_000):
            cursor.execute(_WRITE, [list(column) for column in zip(*folded[at : at + 5_000], strict=True)])
        if folded:
            cursor.execute(_MEDIANS, [sorted({tag for _article, tag, _number, _dispute in folded})])
        cursor.execute(_MARK)


class Migration(migrations.Migration):
    dependencies = [
        ("signals", "0021_tagging_dispute"),
    ]

    operations = [
        migrations.RunPython(add_up, migrations.RunPython.noop),
    ]
