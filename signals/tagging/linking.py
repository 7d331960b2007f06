"""Linking the rows of notes to tags: made when sure, suggested when not, proposed as new tags otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from signals.models import Decision, Note, NoteRow, Origin, State, Tagging
from signals.tagging.catalogue_index import current_linker
from signals.tagging.evidence import QUOTE_LIMIT
from signals.tagging.links import Guess, Row, is_sure, is_worth_asking
from signals.tagging.proposals import SIMILAR_FROM, Proposed, proposal_key
from signals.tagging.proposing import keep_proposals
from signals.trends.marks import mark_articles

_TAGGING_FIELDS = (
    "state", "origin", "stated_relevancy", "confidence", "quote", "quote_start", "quote_field", "reason",
)  # fmt: skip
_ASSUMED_RELEVANCE = 3
"""What counts for a row whose note gives no relevance: it is a row of its own, so a real part."""


@dataclass(frozen=True, slots=True)
class LinkSummary:
    """What became of the rows of a number of notes."""

    notes: int = 0
    rows: int = 0
    linked: int = 0
    suggested: int = 0
    proposed: int = 0


def link_note_rows(note_ids: Sequence[int], *, now: datetime | None = None) -> LinkSummary:
    """Link the rows of these notes, one transaction each; again changes nothing.

    A confirmed link stays as it is. Linked rows become confirmed taggings of the note's article with the
    relevance that the row states; what a person decided on is left alone.
    """
    now = now or timezone.now()
    linker = current_linker()
    notes = rows_seen = linked = suggested = proposed = 0
    for note_id in sorted(set(note_ids)):
        with transaction.atomic():
            # The article too, so that a person's decision on it waits, or is seen.
            notes_to_link = Note.objects.select_for_update(no_key=True).select_related("article")
            note = notes_to_link.filter(pk=note_id).first()
            if note is None:
                continue
            rows = list(note.rows.order_by("kind", "position"))
            guesses = linker.guess([_as_read(row) for row in rows])
            changed = [row for row, guess in zip(rows, guesses, strict=True) if _link(row, guess)]
            NoteRow.objects.bulk_update(changed, ["tag", "link", "link_confidence"])
            write_taggings(note, rows)
            new = [
                _as_proposal(row, guess)
                for row, guess in zip(rows, guesses, strict=True)
                if row.link == NoteRow.Link.NONE and row.name and proposal_key(row.name)
            ]
            keep_proposals({note.article_id: new}, now=now)
            notes += 1
            rows_seen += len(rows)
            linked += sum(row.link == NoteRow.Link.CONFIRMED for row in rows)
            suggested += sum(row.link == NoteRow.Link.SUGGESTED for row in rows)
            proposed += len(new)
    return LinkSummary(notes, rows_seen, linked, suggested, proposed)


def _as_read(row: NoteRow) -> Row:
    return Row(row.kind, row.name or "", row.description, frozenset(row.refused_tags))


def _link(row: NoteRow, guess: Guess | None) -> bool:
    """Set a row's link from a guess; true when that changed it."""
    if row.link == NoteRow.Link.CONFIRMED and row.tag_id is not None:
        return False
    before = (row.tag_id, row.link, row.link_confidence)
    if guess is None or not is_worth_asking(guess):
        row.tag_id, row.link, row.link_confidence = None, NoteRow.Link.NONE, None
    else:
        row.tag_id = guess.tag_id
        row.link = NoteRow.Link.CONFIRMED if is_sure(guess) else NoteRow.Link.SUGGESTED
        row.link_confidence = guess.confidence
    return before != (row.tag_id, row.link, row.link_confidence)


def write_taggings(note: Note, rows: Sequence[NoteRow]) -> None:
    """The note's linked rows as taggings of its article; of two rows for one tag the more relevant."""
    article = note.article
    best: dict[int, NoteRow] = {}
    for row in rows:
        if row.link == NoteRow.Link.CONFIRMED and row.tag_id is not None:
            standing_row = best.get(row.tag_id)
            if standing_row is None or (row.stated_relevancy or 0) > (standing_row.stated_relevancy or 0):
                best[row.tag_id] = row
    standing = {tagging.tag_id: tagging for tagging in Tagging.objects.filter(article=article)}
    decided = set(Decision.objects.filter(article=article, undone_at=None).values_list("tag_id", flat=True))
    create: list[Tagging] = []
    update: list[Tagging] = []
    for tag_id, row in sorted(best.items()):
        tagging = standing.get(tag_id)
        if tag_id in decided or (tagging is not None and _is_persons(tagging)):
            continue
        if tagging is None:
            tagging = Tagging(article=article, tag_id=tag_id, known_at=article.known_at)
            _state(tagging, row)
            create.append(tagging)
        elif _state(tagging, row):
            update.append(tagging)
    gone = [
        tagging.pk
        for tag_id, tagging in standing.items()
        if tagging.origin == Origin.NOTE and tag_id not in best and tag_id not in decided
        and tagging.decided_at is None
    ]  # fmt: skip
    if gone:
        mark_articles([article.pk])
        Tagging.objects.filter(pk__in=gone).delete()
    Tagging.objects.bulk_create(create, ignore_conflicts=True)
    Tagging.objects.bulk_update(update, [*_TAGGING_FIELDS, "estimated_relevancy"])
    if create or update:
        mark_articles([article.pk])


def _is_persons(tagging: Tagging) -> bool:
    return tagging.origin == Origin.PERSON or tagging.decided_at is not None


def _state(tagging: Tagging, row: NoteRow) -> bool:
    """Let a tagging say what the row states; true when that changed it."""
    quote = row.description or row.name or ""
    values = {
        "state": State.CONFIRMED,
        "origin": Origin.NOTE,
        "stated_relevancy": row.stated_relevancy,
        "estimated_relevancy": tagging.estimated_relevancy
        or (_ASSUMED_RELEVANCE if row.stated_relevancy is None else None),
        "confidence": None,
        "quote": quote[:QUOTE_LIMIT],
        "quote_start": None,
        "quote_field": "note",
        "reason": f"“{row.name or row.description[:80]}” in its note"[:400],
    }
    changed = any(getattr(tagging, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(tagging, name, value)
    return changed


def _as_proposal(row: NoteRow, guess: Guess | None) -> Proposed:
    near = guess is not None and guess.confidence >= SIMILAR_FROM
    return Proposed(
        kind=row.kind,
        name=(row.name or "").strip(),
        description=row.description,
        change=row.change,
        outlook=row.outlook,
        driving_force=row.driving_force,
        quote=(row.description or row.name or "")[:QUOTE_LIMIT],
        relevance=row.stated_relevancy or _ASSUMED_RELEVANCE,
        similar=guess.tag_id if guess is not None and near else None,
    )
