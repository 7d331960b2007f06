"""Tagging of stored articles: suggestions are written, what a person or a note said is left alone."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from signals.models import Article, ArticleType, Decision, Note, Origin, State, Tagging
from signals.tagging.catalogue_index import current_linker, current_tagger
from signals.tagging.facets_writing import find_facets
from signals.tagging.proposals import Proposed, as_suggestions, propose_all
from signals.tagging.proposing import keep_proposals
from signals.tagging.ranking_service import new_places
from signals.tagging.tagger import Document, Suggestion, Tagger
from signals.trends.marks import mark_articles

BATCH = 200
_WRITTEN = (
    "state",
    "estimated_relevancy",
    "confidence",
    "quote",
    "quote_start",
    "quote_field",
    "reason",
    "because",
    "draw_probability",
    "tagger_version",
)
# What is not found is left as it is.
_WRITE_ARTICLES = """
UPDATE signals_article AS article SET
    processed_at = %(now)s, tagger_version = %(version)s, analyze_tries = 0, analyze_failure = '',
    inbox_score = COALESCE((found->>'inbox_score')::double precision, article.inbox_score),
    keywords = CASE WHEN found ? 'keywords' THEN ARRAY(SELECT jsonb_array_elements_text(found->'keywords'))
                    ELSE article.keywords END,
    themes = CASE WHEN found ? 'themes' THEN ARRAY(SELECT jsonb_array_elements_text(found->'themes'))
                  ELSE article.themes END,
    category = COALESCE(found->>'category', article.category),
    note_type = COALESCE(found->>'note_type', article.note_type),
    is_extracted = COALESCE((found->>'is_extracted')::boolean, article.is_extracted)
FROM jsonb_array_elements(%(found)s::jsonb) AS found
WHERE article.id = (found->>'id')::bigint
"""
_SWITCH_LOCK = 0x746167676572
"""Any constant nobody else takes: who tags holds it shared, who puts another tagger's word in place alone."""


@dataclass(frozen=True, slots=True)
class TaggingSummary:
    """What tagging a number of articles did to their suggestions."""

    articles: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0

    def __add__(self, other: TaggingSummary) -> TaggingSummary:
        return TaggingSummary(
            self.articles + other.articles,
            self.created + other.created,
            self.updated + other.updated,
            self.deleted + other.deleted,
        )


def tag_articles(article_ids: Sequence[int], *, now: datetime | None = None) -> TaggingSummary:
    """Tag these articles, in batches of one transaction each; again changes nothing.

    Taggings that a person decided on or a note states keep their state and their stated relevance.
    """
    now = now or timezone.now()
    ids = sorted(set(article_ids))
    summary = TaggingSummary()
    for start in range(0, len(ids), BATCH):
        with transaction.atomic():
            summary += _tag_batch(ids[start : start + BATCH], now)
    return summary


def hold_tagger() -> None:
    """Keep the tagger in use as it is until the transaction ends. Call before locking articles."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_SWITCH_LOCK])


def stop_taggers() -> None:
    """Wait until nobody tags, and let nobody until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SWITCH_LOCK])


def _tag_batch(ids: Sequence[int], now: datetime) -> TaggingSummary:
    hold_tagger()
    # Locked, so that an edit of the text waits, or is seen.
    articles = list(
        Article.objects.select_for_update(no_key=True)
        .filter(pk__in=ids)
        .order_by("pk")
        .only("pk", "type", "title", "text", "known_at", "processed_at")
    )
    tagger = current_tagger()
    suggestions, proposals = suggest_for(articles, tagger)
    summary = write_suggestions(articles, suggestions)
    # An article seen for the first time moves the day's volume even when it carries nothing.
    mark_articles([article.pk for article in articles if article.processed_at is None])
    keep_proposals(proposals, now=now)
    _write_articles([article.pk for article in articles], tagger.version, now)
    return summary


def _write_articles(ids: Sequence[int], version: int, now: datetime) -> None:
    """Facets, place in the inbox and that they are tagged, at once: a row stands in seventeen indexes."""
    facets, places = find_facets(ids), new_places(ids)
    found = [{"id": pk, "inbox_score": places.get(pk), **facets.get(pk, {})} for pk in ids]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_ARTICLES, {"found": json.dumps(found), "version": version, "now": now})


def document_of(article: Article) -> Document:
    """What the tagger reads of an article."""
    is_fact_sheet = article.type == ArticleType.RELEASE
    return Document(article.title, article.text, article.pk, is_fact_sheet)


def suggest_for(
    articles: Sequence[Article], tagger: Tagger
) -> tuple[list[list[Suggestion]], dict[int, list[Proposed]]]:
    """What the tagger suggests for each of these articles, and what each proposes, by its id; writes nothing."""
    documents = [document_of(article) for article in articles]
    proposals = _proposals(articles, tagger)
    # What turns out to be a known tag in other words is a suggestion of it, not a proposal.
    suggestions = [
        [*found, *as_suggestions(document, proposals.get(article.pk, ()), {one.tag_id for one in found})]
        for article, document, found in zip(articles, documents, tagger.suggest(documents), strict=True)
    ]
    return suggestions, proposals


def write_suggestions(
    articles: Sequence[Article],
    suggestions: Sequence[Sequence[Suggestion]],
    *,
    tag_ids: Collection[int] | None = None,
) -> TaggingSummary:
    """Let the tagger's taggings of these articles, one row of `suggestions` each, be just these, and mark days.

    With `tag_ids` only those tags are touched. Call it in a transaction, the articles locked.
    """
    concerned = Q(article__in=articles) if tag_ids is None else Q(article__in=articles, tag__in=tag_ids)
    standing: dict[tuple[int, int], Tagging] = {
        (tagging.article_id, tagging.tag_id): tagging for tagging in Tagging.objects.filter(concerned)
    }
    # An undone decision leaves a tagging to the tagger again; one that holds never does.
    decided = set(Decision.objects.filter(concerned, undone_at=None).values_list("article_id", "tag_id"))
    create: list[Tagging] = []
    update: list[Tagging] = []
    kept: set[int] = set()
    moved: set[int] = set()
    for article, found in zip(articles, suggestions, strict=True):
        for suggestion in found:
            pair = (article.pk, suggestion.tag_id)
            tagging = standing.get(pair)
            if tag_ids is not None and suggestion.tag_id not in tag_ids:
                continue
            if tagging is None:
                if pair not in decided:
                    create.append(_new(article, suggestion))
                    moved.add(article.pk)
            elif _is_machines(tagging) and pair not in decided:
                kept.add(tagging.pk)
                if _take_over(tagging, suggestion):
                    update.append(tagging)
                    moved.add(article.pk)
    gone = [
        tagging
        for pair, tagging in standing.items()
        if _is_machines(tagging) and tagging.pk not in kept and pair not in decided
    ]
    mark_articles(sorted({tagging.article_id for tagging in gone}))
    Tagging.objects.filter(pk__in=[tagging.pk for tagging in gone]).delete()
    # Another worker may have tagged the same article before the lock was ours.
    Tagging.objects.bulk_create(create, ignore_conflicts=True)
    Tagging.objects.bulk_update(update, _WRITTEN)
    mark_articles(sorted(moved))
    return TaggingSummary(len(articles), len(create), len(update), len(gone))


def _proposals(articles: Sequence[Article], tagger: Tagger) -> dict[int, list[Proposed]]:
    """What is new in articles that have no note: a note's own rows are its proposals, a release is facts."""
    noted = set(Note.objects.filter(article__in=articles).values_list("article_id", flat=True))
    read = [
        article for article in articles if article.pk not in noted and article.type != ArticleType.RELEASE
    ]
    documents = [Document(article.title, article.text) for article in read]
    found = propose_all(documents, tagger, current_linker())
    return {article.pk: proposals for article, proposals in zip(read, found, strict=True)}


def _is_machines(tagging: Tagging) -> bool:
    waits = tagging.state in {State.SUGGESTED, State.SAMPLED}
    return tagging.origin == Origin.TAGGER and waits and tagging.decided_at is None


def _new(article: Article, suggestion: Suggestion) -> Tagging:
    tagging = Tagging(
        article=article,
        tag_id=suggestion.tag_id,
        origin=Origin.TAGGER,
        known_at=article.known_at,
    )
    _take_over(tagging, suggestion)
    return tagging


def _take_over(tagging: Tagging, suggestion: Suggestion) -> bool:
    """Write a suggestion into a tagging; true when that changed it."""
    values = (
        State.SUGGESTED if suggestion.draw_probability is None else State.SAMPLED,
        suggestion.relevance,
        suggestion.confidence,
        suggestion.quote,
        suggestion.quote_start,
        suggestion.quote_field,
        "",
        suggestion.because,
        suggestion.draw_probability,
        suggestion.version,
    )
    changed = [name for name, value in zip(_WRITTEN, values, strict=True) if getattr(tagging, name) != value]
    for name, value in zip(_WRITTEN, values, strict=True):
        setattr(tagging, name, value)
    return bool(changed)
