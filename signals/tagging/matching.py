"""Matching a few tags with the articles that are there already, the newest first."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from signals.models import Article, NoteRow, Origin, Proposal, ProposalEvidence, Tagging
from signals.tagging.catalogue_index import current_linker, current_tagger
from signals.tagging.linking import link_note_rows
from signals.tagging.links import SUGGESTED_FROM, Row
from signals.tagging.proposals import SIMILAR_FROM
from signals.tagging.ranking_service import score_articles
from signals.tagging.service import TaggingSummary, hold_tagger, suggest_for, write_suggestions
from signals.tagging.sieve import Sieve
from signals.tagging.tagger import Document, Tagger

ARTICLES: Final = 500
PROPOSALS: Final = 2_000
NOTES: Final = 20
SECONDS: Final = 1.0
"""For so long a batch looks for articles, before it matches those it found."""
SIEVED: Final = 50
"""More tags than this are in most articles anyway: reading them in full is cheaper than looking first."""


@dataclass(frozen=True, slots=True)
class Matched:
    """How many articles or notes were looked at, what came of it, and where to go on; None at the end."""

    seen: int
    next: list[Any] | None
    summary: TaggingSummary = field(default_factory=TaggingSummary)
    article_ids: tuple[int, ...] = ()


def match_articles(
    tag_ids: Collection[int], after: list[Any] | None, *, seconds: float = SECONDS, at_once: int = ARTICLES
) -> Matched:
    """Suggest these tags, and no others, to the articles that come after `after`, the newest first.

    What is written is what tagging the articles anew would say of these tags: what was suggested by a name that
    is gone, or of a tag that is tracked no more, goes. Call it in a transaction.
    """
    hold_tagger()
    tagger = current_tagger()
    known = {profile.tag_id for profile in tagger.profiles} & set(tag_ids)
    if not known:
        return _let_go(tagger, tag_ids, after, at_once)
    # Nothing short of reading an article tells whether it speaks of a tag in other words.
    sieve = Sieve(tagger, known) if len(known) <= SIEVED and not tagger.has_phrasing(known) else None
    until = time.monotonic() + seconds
    seen, chosen = 0, list[int]()
    while True:
        read = _read(after, at_once)
        seen += len(read)
        documents = [Document(article.title, article.text) for article in read]
        passed = sieve.passes(documents) if sieve else [True] * len(read)
        # What came with a proposal that was folded says no because: no name of the tag made it.
        standing = (
            _suggested(tag_ids).filter(article__in=read).exclude(because={}).values_list("article", flat=True)
        )
        chosen += {article.pk for article, is_through in zip(read, passed, strict=True) if is_through}.union(
            standing
        )
        after = [read[-1].sort_at.isoformat(), read[-1].pk] if len(read) == at_once else None
        if after is None or len(chosen) >= at_once or time.monotonic() >= until:
            # All at once, in one order: who locked some of them now and some later could wait for each other.
            return Matched(seen, after, _match(tagger, tag_ids, chosen))


def match_proposals(tag_ids: Collection[int], after: int | None, *, at_once: int = PROPOSALS) -> Matched:
    """Suggest these tags to the articles that spoke of them in other words, as waiting proposals remember.

    Call it in a transaction.
    """
    hold_tagger()
    tagger = current_tagger()
    known = {profile.tag_id for profile in tagger.profiles} & set(tag_ids)
    waiting = Proposal.objects.filter(status=Proposal.Status.WAITING, pk__gt=after or 0).order_by("pk")
    proposals = list(waiting.only("pk", "kind", "name")[:at_once])
    guesses = current_linker().guess([Row(proposal.kind, proposal.name, "") for proposal in proposals])
    near = [
        proposal.pk
        for proposal, guess in zip(proposals, guesses, strict=True)
        if guess is not None and guess.tag_id in known and guess.confidence >= SIMILAR_FROM
    ]
    seen_in = ProposalEvidence.objects.filter(proposal__in=near).values_list("article", flat=True)
    summary = _match(tagger, known, sorted(set(seen_in)))
    return Matched(0, [proposals[-1].pk] if len(proposals) == at_once else None, summary)


def match_notes(
    tag_ids: Collection[int], after: int | None, *, now: datetime, seconds: float = SECONDS
) -> Matched:
    """Link the rows of notes that nothing is linked to and that may be one of these tags, the newest first.

    `article_ids` are the articles of the notes that were linked anew. Call it in a transaction.
    """
    linker = current_linker()
    until = time.monotonic() + seconds
    seen, near = 0, dict[int, int]()
    while True:
        loose = NoteRow.objects.exclude(link=NoteRow.Link.CONFIRMED, tag__isnull=False)
        if after is not None:
            loose = loose.filter(note__lt=after)
        note_ids = list(loose.order_by("-note").values_list("note", flat=True).distinct()[:NOTES])
        rows = list(loose.filter(note__in=note_ids).select_related("note").order_by("-note", "pk"))
        guesses = linker.guess([Row(row.kind, row.name or "", row.description) for row in rows])
        near |= {
            row.note_id: row.note.article_id
            for row, guess in zip(rows, guesses, strict=True)
            if guess is not None and guess.tag_id in tag_ids and guess.confidence >= SUGGESTED_FROM
        }
        seen += len(note_ids)
        after = note_ids[-1] if len(note_ids) == NOTES else None
        if after is None or time.monotonic() >= until:
            link_note_rows(list(near), now=now)
            return Matched(seen, None if after is None else [after], article_ids=tuple(near.values()))


def _let_go(tagger: Tagger, tag_ids: Collection[int], after: list[Any] | None, at_once: int) -> Matched:
    """Take back what was suggested of tags that nobody looks for any more."""
    read = _read(after, at_once, carrying=tag_ids)
    summary = _match(tagger, tag_ids, [article.pk for article in read])
    after = [read[-1].sort_at.isoformat(), read[-1].pk] if len(read) == at_once else None
    return Matched(len(read), after, summary)


def _suggested(tag_ids: Collection[int]) -> QuerySet[Tagging]:
    return Tagging.objects.waiting().filter(tag__in=tag_ids, origin=Origin.TAGGER)


def _read(after: list[Any] | None, at_once: int, *, carrying: Collection[int] | None = None) -> list[Article]:
    articles = Article.objects.newest_first().only("pk", "sort_at", "title", "text")
    if carrying is not None:
        articles = articles.filter(Exists(_suggested(carrying).filter(article=OuterRef("pk"))))
    if after is not None:
        moment, pk = datetime.fromisoformat(after[0]), after[1]
        articles = articles.filter(Q(sort_at__lt=moment) | Q(sort_at=moment, pk__lt=pk), sort_at__lte=moment)
    return list(articles[:at_once])


def _match(tagger: Tagger, tag_ids: Collection[int], article_ids: Collection[int]) -> TaggingSummary:
    if not article_ids:
        return TaggingSummary()
    # Locked, so that an edit of the text or a decision waits, or is seen.
    articles = list(
        Article.objects.select_for_update(no_key=True)
        .filter(pk__in=article_ids)
        .order_by("pk")
        .only("pk", "type", "title", "text", "known_at")
    )
    suggestions, _proposals = suggest_for(articles, tagger)
    # What is deleted from now on waits, and what was deleted before gets nothing. No other change waits.
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM signals_tag WHERE id = ANY(%s) FOR KEY SHARE", [sorted(tag_ids)])
        standing = {pk for (pk,) in cursor.fetchall()}
    summary = write_suggestions(articles, suggestions, tag_ids=standing)
    if summary.created or summary.updated or summary.deleted:
        score_articles([article.pk for article in articles])
    return summary
