"""What a text holds that might be worth a tag: changes, practices, risks and debates, things with a name.

What the text does not say stays empty in the row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from signals.tagging.evidence import QUOTE_LIMIT, Span, split_sentences
from signals.tagging.likeness import proposal_key
from signals.tagging.links import Guess, Linker, Row, is_sure
from signals.tagging.named import named_things
from signals.tagging.patterns import driver_of, outlook_of, read_sentence
from signals.tagging.phrases import Casing, tokenize
from signals.tagging.tagger import Document, Suggestion, Tagger
from signals.tagging.vectors import Vectors
from signals.tagging.words import split_words

__all__ = ["SIMILAR_FROM", "Proposed", "as_suggestions", "proposal_key", "propose", "propose_all"]

SENTENCES_READ: Final = 80
PER_KIND: Final = 2
MOST: Final = 3
MOST_OF_A_LONG_TEXT: Final = 6
SIMILAR_FROM: Final = 0.4
TOPICAL_FROM: Final = 0.5
WORTH_FROM: Final = 0.5
"""A wording that makes a good row less often than this is not proposed."""
_ASKED: Final = 0.45
_KNOWN_TECHNOLOGY: Final = 0.6
_LIST: Final = 3
"""Commas that make a list of a sentence."""
_ASIDE: Final = 0.1
_READ: Final = 20_000
_LONG_TEXT: Final = 2500


@dataclass(frozen=True, slots=True)
class Proposed:
    """A full row as a note would hold it.

    `similar` is the known tag it is nearest to; with `is_known` it is that tag, in other words. `worth` (0-1)
    is how often what is found this way makes a good row.
    """

    kind: str
    name: str
    description: str
    change: str
    outlook: str
    driving_force: str
    quote: str
    relevance: int
    similar: int | None
    worth: float = 0.7
    is_known: bool = False


def propose(title: str, text: str, tagger: Tagger, linker: Linker) -> list[Proposed]:
    """What one text proposes; see `propose_all`."""
    return propose_all([Document(title, text)], tagger, linker)[0]


def propose_all(documents: Sequence[Document], tagger: Tagger, linker: Linker) -> list[list[Proposed]]:
    """For each document the few things that it holds and no tag's name covers, the best first.

    Only texts about the catalogue's subject propose anything. What is a known tag in other words comes marked
    `is_known`.
    """
    found = [_found_in(document, tagger) for document in documents]
    # All at once: comparing a name with the catalogue costs little more than comparing many.
    rows = [Row(proposed.kind, proposed.name, "") for proposals in found for proposed in proposals]
    guesses = iter(linker.guess(rows) if rows else [])
    return [
        _chosen([(proposed, next(guesses)) for proposed in proposals], len(document.text))
        for document, proposals in zip(documents, found, strict=True)
    ]


def as_suggestions(
    document: Document, proposed: Sequence[Proposed], suggested: Collection[int]
) -> list[Suggestion]:
    """Suggestions of the known tags that a text puts in other words and that are not suggested already.

    Asked about, never counted: no name stands there.
    """
    found: dict[int, Suggestion] = {}
    for one in proposed:
        if not one.is_known or one.similar is None or one.similar in suggested:
            continue
        in_title = one.quote in document.title
        source = document.title if in_title else document.text
        found.setdefault(
            one.similar,
            Suggestion(
                tag_id=one.similar,
                confidence=_ASKED,
                relevance=2,
                quote=one.quote,
                quote_start=max(0, source.find(one.quote)),
                quote_field="title" if in_title else "text",
                because={"shared": [one.name]},
            ),
        )
    return list(found.values())


def _found_in(document: Document, tagger: Tagger) -> list[Proposed]:
    title, text = document.title, document.text[:_READ]
    if tagger.vectors.topicality(split_words(f"{title}\n{text[:500]}")) < TOPICAL_FROM:
        return []
    casing = _casing_of(tagger).with_article(text)
    found = [*_from_sentences(title, text, tagger.vectors, casing), *_from_names(title, text, tagger, casing)]
    found.sort(key=lambda proposed: -proposed.worth)
    chosen: list[Proposed] = []
    seen: list[frozenset[str]] = []
    for proposed in found:
        words = frozenset(proposal_key(proposed.name).split())
        if proposed.worth < WORTH_FROM or not words:
            continue
        if not any(words <= other or other <= words for other in seen):
            seen.append(words)
            chosen.append(proposed)
    return chosen[: 2 * MOST_OF_A_LONG_TEXT]


def _chosen(found: Sequence[tuple[Proposed, Guess | None]], length: int) -> list[Proposed]:
    limit = MOST_OF_A_LONG_TEXT if length > _LONG_TEXT else MOST
    kept: list[Proposed] = []
    kinds: Counter[str] = Counter()
    for proposed, guess in found:
        if kinds[proposed.kind] >= PER_KIND or len(kept) >= limit:
            continue
        if guess is not None and guess.confidence >= SIMILAR_FROM:
            # A longer name of a known technology is that technology.
            longer = (
                proposed.kind == "technology"
                and guess.confidence >= _KNOWN_TECHNOLOGY
                and not guess.is_other_kind
            )
            proposed = replace(proposed, similar=guess.tag_id, is_known=is_sure(guess) or longer)
        if not proposed.is_known:
            kinds[proposed.kind] += 1
        kept.append(proposed)
    return kept


_casings: list[tuple[Tagger, Casing]] = []


def _casing_of(tagger: Tagger) -> Casing:
    """How the catalogue writes words; kept for the tagger in use."""
    for known, casing in _casings:
        if known is tagger:
            return casing
    small: set[str] = set()
    names: set[str] = set()
    for profile in tagger.profiles:
        for text in (*profile.names, profile.description):
            for span in split_sentences(text):
                for number, token in enumerate(tokenize(text[span.start : span.end])):
                    if token.text[0].islower():
                        small.add(token.word)
                    elif number:
                        names.add(token.word)
    casing = Casing(frozenset(small), frozenset(names - small))
    _casings[:] = [(tagger, casing)]
    return casing


def _from_sentences(title: str, text: str, vectors: Vectors, casing: Casing) -> Iterator[Proposed]:
    places = [(title, span, True) for span in split_sentences(title)]
    places += [(text, span, False) for span in split_sentences(text)[:SENTENCES_READ]]
    is_title_topical = title.count(",") < _LIST and vectors.topicality(split_words(title)) >= TOPICAL_FROM
    for source, span, in_title in places:
        sentence = source[span.start : span.end][:QUOTE_LIMIT]
        readings = read_sentence(sentence, casing)
        if not readings:
            continue
        # A sentence that names the subject is about it; another one only where the headline is about nothing else.
        by_itself = vectors.topicality(split_words(sentence)) >= TOPICAL_FROM
        if not by_itself and not is_title_topical:
            continue
        for said in readings[:PER_KIND]:
            # In a list each point speaks for itself.
            if (
                sentence.count(",") >= _LIST
                and vectors.topicality(split_words(_point(sentence, said.start))) < TOPICAL_FROM
            ):
                continue
            is_signal = said.kind == "signal"
            yield Proposed(
                kind=said.kind,
                name=said.name,
                description=sentence,
                change=said.change,
                outlook=outlook_of(sentence) if is_signal else "",
                driving_force=_driver(sentence, said.name) if is_signal else "",
                quote=sentence,
                relevance=3 if in_title else 2,
                similar=None,
                worth=round(said.worth + (0.05 if in_title else 0.0) - (0.0 if by_itself else _ASIDE), 3),
            )


def _driver(sentence: str, name: str) -> str:
    """What a sentence says drives the change, unless that is the change itself."""
    driver = driver_of(sentence)
    return "" if set(proposal_key(driver).split()) <= set(proposal_key(name).split()) else driver


def _point(sentence: str, place: int) -> str:
    """The point of a list that holds `place`."""
    start = max(sentence.rfind(mark, 0, place) for mark in ",;:") + 1
    ends = [end for end in (sentence.find(mark, place) for mark in ",;") if end >= 0]
    return sentence[start : min(ends, default=len(sentence))]


def _from_names(title: str, text: str, tagger: Tagger, casing: Casing) -> Iterator[Proposed]:
    whole = f"{title}\n{text}"
    named = list(named_things(whole, len(title), casing))
    if not named:
        return
    known = [(match.start, match.end) for match in tagger.matcher.find(split_words(whole))]
    sentences = split_sentences(whole)
    for thing in named:
        if any(thing.start < end and start < thing.end for start, end in known):
            continue
        held = Span(0, len(title)) if thing.end <= len(title) else None
        held = held or next((s for s in sentences if s.start <= thing.start and thing.end <= s.end), None)
        if (
            held is None
            or tagger.vectors.topicality(split_words(whole[held.start : held.end])) < TOPICAL_FROM
        ):
            continue
        quote = whole[held.start : held.end][:QUOTE_LIMIT]
        in_title = thing.start < len(title)
        count = whole.count(thing.name)
        yield Proposed(
            kind="technology",
            name=thing.name,
            description=quote,
            change="",
            outlook="",
            driving_force="",
            quote=quote,
            relevance=(4 if in_title else 3) if count > 4 else (3 if in_title else 2),
            similar=None,
            worth=round(thing.worth + (0.05 if count > 1 else 0.0), 3),
        )
