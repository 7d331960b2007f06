"""Tags by words: their names and aliases in every language, misspelled ones too, and their descriptions."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nlargest
from typing import Final

from django.contrib.postgres.search import SearchHeadline, SearchRank
from django.db import connection
from django.db.models import Case, F, When
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from signals.models import Tag
from signals.search.marks import headline, marked
from signals.search.postgres import ts_query, ts_wanted
from signals.search.query import Choice, opened, plain_words
from signals.tagging.names import normalise_name

_SHOWN: Final = 5
# A name that is what was typed, begins so, has a word that begins so, holds it.
_HOLDING: Final = """
SELECT tag_id, max(score), (array_agg(name ORDER BY score DESC, is_alias, id))[1] FROM (
    SELECT id, tag_id, name, is_alias,
           CASE WHEN normalised = %(words)s THEN 10
                WHEN starts_with(normalised, %(words)s) THEN 8
                WHEN strpos(' ' || normalised, ' ' || %(words)s) > 0 THEN 7
                ELSE 4 END AS score
    FROM signals_tagname WHERE is_live AND normalised LIKE %(like)s
) holding GROUP BY tag_id ORDER BY 2 DESC, 1 LIMIT %(limit)s
"""
_ALIKE: Final = """
SELECT tag_id, max(score), (array_agg(name ORDER BY score DESC, is_alias, id))[1] FROM (
    SELECT id, tag_id, name, is_alias,
           greatest(word_similarity(%(words)s, normalised), similarity(%(words)s, normalised)) AS score
    FROM signals_tagname WHERE is_live AND (%(words)s <%% normalised OR normalised %% %(words)s)
) alike GROUP BY tag_id ORDER BY 2 DESC, 1 LIMIT %(limit)s
"""
_LIMIT: Final = 200
"""Tags that are looked at further."""


@dataclass(frozen=True, slots=True)
class FoundTag:
    """A tag, the other name it was found by ("" when by its own or its description), its description marked."""

    tag: Tag
    other_name: str
    passage: SafeString


def find_tags(choices: tuple[Choice, ...], limit: int = _SHOWN) -> list[FoundTag]:
    """The tags that match best: by name before by description, then the more written of."""
    if not choices:
        return []
    words, wider = normalise_name(plain_words(choices)), opened(choices)
    by_name = _by_name(_HOLDING, words)
    ranks = _by_text(wider) if len(by_name) < limit else {}
    if not by_name and not ranks:
        # What is only spelled alike is a guess: it is made where nothing has the words themselves.
        by_name = _by_name(_ALIKE, words)
    scores = {
        pk: by_name.get(pk, (0.0, ""))[0] + 5 * ranks.get(pk, 0.0) for pk in by_name.keys() | ranks.keys()
    }
    likely = nlargest(3 * limit, scores, key=lambda pk: (scores[pk], -pk))
    tags = (
        Tag.objects.live()
        .filter(pk__in=likely)
        .exclude(status=Tag.Status.ARCHIVED)
        .select_related("trend")
        .only("name", "name_fr", "slug", "kind", "trend__mentions", "trend__label", "trend__times")
        .annotate(passage=_passage(wider))
    )
    found = [
        FoundTag(tag, _other_name(tag, by_name.get(tag.pk)), marked(getattr(tag, "passage", "")))
        for tag in sorted(tags, key=lambda tag: (-scores[tag.pk], -_mentions(tag), tag.name))
    ]
    return found[:limit]


def _by_name(sql: str, words: str) -> dict[int, tuple[float, str]]:
    """Score and name found by, of each tag; empty for words too short to be alike anything."""
    if len(words) < 2:
        return {}
    like = "".join(f"\\{character}" if character in "\\%_" else character for character in words)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"words": words, "like": f"%{like}%", "limit": _LIMIT})
        return {pk: (float(score), name) for pk, score, name in cursor.fetchall()}


def _by_text(choices: tuple[Choice, ...]) -> dict[int, float]:
    """How well names and descriptions match, 0 to 1, of each tag."""
    found = Tag.objects.live().filter(search=ts_query(choices))
    rank = SearchRank(F("search"), ts_wanted(choices), weights=[0.05, 0.1, 0.4, 1.0])
    return dict(found.annotate(rank=rank).order_by("-rank", "pk").values_list("pk", "rank")[:_LIMIT])


def _passage(choices: tuple[Choice, ...]) -> SearchHeadline:
    """Of the description in the reader's language, where there is one."""
    if not (get_language() or "").startswith("fr"):
        return headline("description", ts_wanted(choices), "vigie_en", is_whole=True)
    own = Case(When(description_fr="", then=F("description")), default=F("description_fr"))
    return headline(own, ts_wanted(choices), "vigie_fr", is_whole=True)


def _mentions(tag: Tag) -> int:
    trend = getattr(tag, "trend", None)
    return trend.mentions if trend else 0


def _other_name(tag: Tag, found: tuple[float, str] | None) -> str:
    if found is None:
        return ""
    name = found[1]
    own = {normalise_name(tag.name), normalise_name(tag.name_fr)}
    return name if normalise_name(name) not in own else ""
