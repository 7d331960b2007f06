"""Keywords, themes, category and type of stored articles: a note's are its own, the rest is extracted."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any, Final

from django.db import connection
from django.db.models.functions import Coalesce, Left

from signals.models import Article, Note, State, Tagging, Theme
from signals.notes.types import readable_list
from signals.tagging.facets import READ, Facets, FacetText, TagWeight, ThemeNames, extract_facets

_COLUMNS: Final = ("keywords", "themes", "category", "note_type")
_HEAD: Final = {"keywords": "keywords", "themes": "themes", "category": "category", "note_type": "type"}
_LONGEST: Final = 80

# What the themes depend on: notes are few, and change by being imported.
_STATE: Final = """
SELECT (SELECT count(*) FROM signals_note), (SELECT max(id) FROM signals_note),
       (SELECT max(imported_at) FROM signals_note),
       (SELECT md5(string_agg(name || name_fr || description, '' ORDER BY id)) FROM signals_theme)
"""
_STATED: Final = """
SELECT theme, count(DISTINCT note.id) FROM signals_note note
CROSS JOIN LATERAL jsonb_array_elements_text(
    CASE jsonb_typeof(note.head->'themes') WHEN 'array' THEN note.head->'themes' ELSE '[]' END) AS theme
GROUP BY theme
"""
# One statement for a batch: a CASE for every row and column takes longer than the extraction.
_WRITE: Final = """
UPDATE signals_article AS article SET
    keywords = ARRAY(SELECT jsonb_array_elements_text(found->'keywords')),
    themes = ARRAY(SELECT jsonb_array_elements_text(found->'themes')),
    category = found->>'category', note_type = found->>'note_type',
    is_extracted = (found->>'is_extracted')::boolean
FROM jsonb_array_elements(%s::jsonb) AS found
WHERE article.id = (found->>'id')::bigint
"""

_held: list[tuple[Any, ThemeNames]] = []
_lock = Lock()


def current_themes() -> ThemeNames:
    """The themes an article can get today; kept as long as notes and catalogue stay the same."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        state = cursor.fetchone()
        with _lock:
            if _held and _held[0][0] == state:
                return _held[0][1]
        cursor.execute(_STATED)
        stated = {theme: count for theme, count in cursor.fetchall() if len(theme) <= _LONGEST}
    catalogue = {
        theme.name: f"{theme.name} {theme.name_fr} {theme.description}" for theme in Theme.objects.all()
    }
    names = ThemeNames.of(catalogue, stated)
    with _lock:
        _held[:] = [(state, names)]
    return names


def write_facets(article_ids: Sequence[int]) -> int:
    """Extract what no note states of these articles; returns how many changed. Again changes nothing."""
    changed = find_facets(article_ids)
    if changed:
        found = [{"id": pk, **values} for pk, values in changed.items()]
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [json.dumps(found)])
    return len(changed)


def find_facets(article_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What `write_facets` would write, for a caller who writes these rows anyway: changed columns by id."""
    articles = list(
        Article.objects.filter(pk__in=article_ids)
        .order_by("pk")
        .annotate(opening=Left("text", READ))
        .values(
            "pk", "title", "opening", "url", "publisher", "type", "filed_under", "is_extracted", *_COLUMNS
        )
    )
    heads = dict(Note.objects.filter(article__in=article_ids).values_list("article_id", "head"))
    tags = _tags_of(article_ids)
    names = current_themes()
    changed: dict[int, dict[str, Any]] = {}
    for article in articles:
        found = extract_facets(
            FacetText(
                article["title"],
                article["opening"],
                article["url"],
                article["publisher"],
                article["type"],
                tuple(article["filed_under"]),
            ),
            tags.get(article["pk"], []),
            names,
        )
        values = _completed(heads.get(article["pk"], {}), found)
        if any(article[column] != value for column, value in values.items()):
            changed[article["pk"]] = values
    return changed


def stated_columns(head: Mapping[str, Any]) -> dict[str, Any]:
    """What a note's head states, by the article's columns; a column it says nothing on is missing."""
    stated: dict[str, Any] = {}
    for column, field in _HEAD.items():
        value = head.get(field)
        if isinstance(value, list):
            value = list(readable_list(tuple(value)))
        elif value is not None:
            value = str(value)[:_LONGEST]
        if value:
            stated[column] = value
    return stated


def _completed(head: Mapping[str, Any], found: Facets) -> dict[str, Any]:
    stated = stated_columns(head)
    ours: dict[str, Any] = {
        "keywords": list(found.keywords),
        "themes": list(found.themes),
        "category": found.category,
        "note_type": found.type,
    }
    extracted = any(value for column, value in ours.items() if column not in stated)
    return {**ours, **stated, "is_extracted": extracted}


def _tags_of(article_ids: Sequence[int]) -> dict[int, list[TagWeight]]:
    taggings = list(
        Tagging.objects.filter(article__in=article_ids, state__in=[State.SUGGESTED, State.CONFIRMED])
        .order_by("pk")
        .annotate(grade=Coalesce("stated_relevancy", "estimated_relevancy"))
        .values_list("article_id", "tag_id", "tag__name", "tag__kind", "state", "confidence", "grade")
    )
    themes: dict[int, list[str]] = defaultdict(list)
    pairs = Theme.objects.filter(tags__in={row[1] for row in taggings}).order_by("name")
    for tag_id, name in pairs.values_list("tags__pk", "name"):
        themes[tag_id].append(name)
    found: dict[int, list[TagWeight]] = defaultdict(list)
    for article_id, tag_id, name, kind, state, confidence, grade in taggings:
        sure = 1.0 if state == State.CONFIRMED else confidence or 0.5
        found[article_id].append(TagWeight(name, kind, tuple(themes[tag_id]), sure, grade or 3))
    return found
