"""What of a selection goes out: each article or tracked item as a note, with its passages and its facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.urls import reverse

from signals.curation.export import built_note, file_name
from signals.curation.notes import stored_note
from signals.curation.replaying import Pair, Standing, holding_of
from signals.models import Article, Dispute, Note, State, Tag, Tagging
from signals.notes.types import KINDS, ExtraSection, Kind, NoteRow, SourceNote
from signals.notes.write import write_record

LIMIT: Final = 1000
"""Articles that go out at once."""
ITEMS_LIMIT: Final = 200
_AT_ONCE: Final = 50
_EVIDENCE: Final = 5


@dataclass(frozen=True, slots=True)
class Passage:
    """What an article says of an item, and where: the page of the article here, the address it came from."""

    words: str
    language: str
    item: str
    kind: str
    state: str
    title: str
    publisher: str
    published: str
    address: str
    link: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing of a selection: its note, the name of its file, its page, passages, and all of it as JSON."""

    note: SourceNote
    file_name: str
    address: str
    language: str
    publisher: str
    published: str
    passages: tuple[Passage, ...]
    record: dict[str, Any]


def selected_articles(ids: Sequence[int]) -> Iterator[Piece]:
    """The articles of these ids in their order, a few at a time; one that is gone is passed over."""
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        articles = (
            Article.objects.select_related("source").defer("html", "search", "story_keys").in_bulk(some)
        )
        notes = {note.article_id: note for note in Note.objects.filter(article__in=some)}
        taggings: defaultdict[int, list[Tagging]] = defaultdict(list)
        carried = Tagging.objects.filter(article__in=some, state__in=[State.CONFIRMED, State.SUGGESTED])
        for tagging in carried.with_relevance().select_related("tag").defer("tag__search").in_note_order():
            taggings[tagging.article_id].append(tagging)
        scores = _count_scores([tagging for carried in taggings.values() for tagging in carried])
        for pk in some:
            if pk in articles:
                yield _article(articles[pk], notes.get(pk), taggings[pk], scores)


def selected_items(ids: Sequence[int]) -> Iterator[Piece]:
    """The tracked items of these ids in their order, each with the newest of its evidence."""
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        tags = Tag.objects.live().defer("search").prefetch_related("themes").in_bulk(some)
        for pk in some:
            if pk in tags:
                yield _item(tags[pk])


def _count_scores(taggings: Sequence[Tagging]) -> dict[Pair, int]:
    """Of how many people's scores each mention's number is the median; one question."""
    said = holding_of([(tagging.article_id, tagging.tag_id) for tagging in taggings if tagging.decided_at])
    return {pair: len(Standing.after(words, {}).voices.numbers()) for pair, words in said.items()}


def _relevance(tagging: Tagging, scores: Mapping[Pair, int]) -> dict[str, Any]:
    return {
        "relevance": getattr(tagging, "relevance", None),
        "scores": scores.get((tagging.article_id, tagging.tag_id), 0),
        "is_contested": tagging.dispute != Dispute.NONE,
    }


def _article(
    article: Article, note: Note | None, taggings: list[Tagging], scores: Mapping[Pair, int]
) -> Piece:
    source_note = stored_note(note) if note is not None else built_note(article, taggings)
    address = settings.PUBLIC_URL + reverse("article", args=[article.pk])
    published = article.published_at.isoformat() if article.published_at else ""
    record = {
        "id": article.pk,
        "url": address,
        "link": article.url,
        "title": article.title,
        "publisher": article.publisher,
        "source": article.source.name,
        "language": article.language,
        "published_at": published or None,
        "known_at": article.known_at.isoformat(),
        "story": article.story_id,
        "is_imported_note": note is not None,
        "note": write_record(source_note),
        "mentions": [_mention(tagging, scores) for tagging in taggings],
    }
    return Piece(
        note=source_note,
        file_name=file_name(article, source_note),
        address=address,
        language=article.language,
        publisher=article.publisher or article.source.name,
        published=published[:10],
        passages=tuple(_passage(tagging, article) for tagging in taggings if tagging.quote),
        record=record,
    )


def _mention(tagging: Tagging, scores: Mapping[Pair, int]) -> dict[str, Any]:
    return {
        "item": tagging.tag_id,
        "name": tagging.tag.name,
        "kind": tagging.tag.kind,
        "state": tagging.state,
        **_relevance(tagging, scores),
        "is_stated": tagging.stated_relevancy is not None,
        "confidence": tagging.confidence,
        "stance": tagging.stance or None,
        "quote": tagging.quote or None,
        "decided_at": tagging.decided_at.isoformat() if tagging.decided_at else None,
    }


def _passage(tagging: Tagging, article: Article) -> Passage:
    return Passage(
        words=tagging.quote,
        language=article.language,
        item=str(tagging.tag),
        kind=tagging.tag.kind,
        state=tagging.state,
        title=article.title,
        publisher=article.publisher or article.source.name,
        published=article.published_at.date().isoformat() if article.published_at else "",
        address=settings.PUBLIC_URL + reverse("article", args=[article.pk]),
        link=article.url,
    )


def _item(tag: Tag) -> Piece:
    carried = Tagging.objects.filter(tag=tag, state__in=[State.CONFIRMED, State.SUGGESTED])
    newest = carried.order_by("-article__sort_at", "-article_id").values_list("pk", flat=True)
    taggings = list(
        Tagging.objects.filter(pk__in=list(newest[:_EVIDENCE]))
        .with_relevance()
        .select_related("article__source", "tag")
        .defer("article__text", "article__html", "article__search", "article__story_keys", "tag__search")
        .order_by("-article__sort_at", "-article_id")
    )
    passages = tuple(_passage(tagging, tagging.article) for tagging in taggings)
    scores = _count_scores(taggings)
    kinds: dict[str, Kind] = {kind: kind for kind in KINDS}
    relevancy = round(tag.relevancy) if tag.relevancy is not None else None
    is_signal = tag.kind == "signal"
    address = settings.PUBLIC_URL + tag.get_absolute_url()
    evidence = "\n".join(
        f"* {passage.published} {passage.publisher}: {passage.title} <{passage.link or passage.address}>"
        + (f"\n  > {' '.join(passage.words.split())}" if passage.words else "")
        for passage in passages
    )
    note = SourceNote(
        title=tag.name,
        link=address,
        themes=tuple(theme.name for theme in tag.themes.all()),
        rows=(
            NoteRow(
                kind=kinds[tag.kind],
                name=tag.name,
                description=tag.description,
                change=tag.change if is_signal else None,
                outlook=tag.outlook if is_signal else None,
                driving_force=tag.driving_force if is_signal else None,
                relevancy=relevancy,
            ),
        ),
        extra=(ExtraSection("Evidence", evidence),) if evidence else (),
    )
    record = {
        "id": tag.pk,
        "url": address,
        "name": tag.name,
        "name_fr": tag.name_fr or None,
        "kind": tag.kind,
        "status": tag.status,
        "description": tag.description,
        "change": tag.change,
        "outlook": tag.outlook,
        "outlook_due_on": tag.outlook_due_on.isoformat() if tag.outlook_due_on else None,
        "driving_force": tag.driving_force,
        "themes": list(note.themes),
        "relevancy": tag.relevancy,
        "raters": tag.relevancy_raters,
        "notes": tag.relevancy_notes,
        "spread": tag.relevancy_spread,
        "evidence": [
            {
                "article": tagging.article_id,
                "url": passage.address,
                "link": passage.link,
                "title": passage.title,
                "publisher": passage.publisher,
                "published_on": passage.published or None,
                "quote": passage.words or None,
                "state": tagging.state,
                "stance": tagging.stance or None,
                **_relevance(tagging, scores),
            }
            for tagging, passage in zip(taggings, passages, strict=True)
        ],
    }
    return Piece(note, f"{tag.pk}-{tag.slug[:60] or 'item'}", address, "", "", "", passages, record)
