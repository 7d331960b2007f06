"""What a text holds that might be worth a tag: changes, practices, risks and debates, things with a name.

What the text does not say stays empty in the row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from signals.tagging.evidence import QUOTE_LIMIT, Span, split_sentences
from signals.tagging.links import SURE_FROM, Linker, Row, key
from signals.tagging.matcher import Matcher
from signals.tagging.patterns import driver_of, outlook_of, read_sentence
from signals.tagging.tagger import Tagger
from signals.tagging.vectors import Vectors
from signals.tagging.words import STOP_WORDS, Words, split_words, stem

SENTENCES_READ: Final = 80
PER_KIND: Final = 2
SIMILAR_FROM: Final = 0.4
TOPICAL_FROM: Final = 0.5
_READ: Final = 20_000
_LONG_TEXT: Final = 2500
_BESIDE: Final = 3
_HEAD_NOUNS: Final = """
model framework chip architecture protocol library engine algorithm accelerator compiler processor toolkit sdk
dataset benchmark llm modèle puce bibliothèque moteur algorithme protocole processeur
"""
_HEADS: Final = frozenset(stem(word) for word in _HEAD_NOUNS.split())
_PHRASE: Final = re.compile(
    r"\b(?:[a-z][a-z-]{3,} ){1,2}"
    r"(?:models|networks|architectures|algorithms|chips|protocols|accelerators|transformers)\b"
    r"|\b(?:modèles|réseaux|puces|algorithmes|architectures|protocoles) (?:de |d['’]|à )?"
    r"[a-zà-ÿ-]{4,}(?: [a-zà-ÿ-]{4,})?"
)
_BLAND_WORDS: Final = """
best better large larger largest big small smaller latest powerful different existing current several various these
those using other such good great popular open business role data based related called including many first second
next future recent actual real capable advanced human face faire avec pour plus capables existants actuels nouveaux
social sociaux comme economique economic training trained build building running deploying creating underlying
"""
_BLAND: Final = frozenset(stem(word) for word in _BLAND_WORDS.split())
_MONTH_NAMES: Final = """
january february march april may june july august september october november december jan feb mar apr jun jul aug
sep sept oct nov dec janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre day top
"""
_MONTHS: Final = frozenset(_MONTH_NAMES.split())


@dataclass(frozen=True, slots=True)
class Proposed:
    """A full row as a note would hold it; `similar` is the known tag it is nearest to."""

    kind: str
    name: str
    description: str
    change: str
    outlook: str
    driving_force: str
    quote: str
    relevance: int
    similar: int | None


def propose(title: str, text: str, tagger: Tagger, linker: Linker) -> list[Proposed]:
    """The few new things that a text about the catalogue's subject holds, known ones left out."""
    text = text[:_READ]
    if tagger.vectors.topicality(split_words(f"{title}\n{text[:500]}")) < TOPICAL_FROM:
        return []
    found = [*_from_sentences(title, text, tagger.vectors), *_from_names(title, text, tagger.matcher)]
    guesses = linker.guess([Row(proposed.kind, proposed.name, proposed.description) for proposed in found])
    limit = 6 if len(text) > _LONG_TEXT else 3
    kept: list[Proposed] = []
    seen: set[str] = set()
    kinds: Counter[str] = Counter()
    for proposed, guess in zip(found, guesses, strict=True):
        name = proposal_key(proposed.name)
        if name in seen or kinds[proposed.kind] >= PER_KIND or len(kept) >= limit:
            continue
        # A longer name of a known technology is that technology.
        folds_from = 0.6 if proposed.kind == "technology" else SURE_FROM
        if guess is not None and guess.confidence >= folds_from:
            continue
        seen.add(name)
        kinds[proposed.kind] += 1
        is_near = guess is not None and guess.confidence >= SIMILAR_FROM
        kept.append(replace(proposed, similar=guess.tag_id if guess is not None and is_near else None))
    return kept


def proposal_key(name: str) -> str:
    """What two wordings of one proposal share: the words as compared, without function words."""
    return " ".join(key(split_words(name)))[:300]


def _from_sentences(title: str, text: str, vectors: Vectors) -> Iterator[Proposed]:
    places = [(title, span, True) for span in split_sentences(title)]
    places += [(text, span, False) for span in split_sentences(text)[:SENTENCES_READ]]
    for source, span, in_title in places:
        sentence = source[span.start : span.end][:QUOTE_LIMIT]
        said = read_sentence(sentence)
        if said is None or vectors.topicality(split_words(f"{title} {sentence}")) < TOPICAL_FROM:
            continue
        is_signal = said.kind == "signal"
        yield Proposed(
            kind=said.kind,
            name=said.name,
            description=sentence,
            change=said.change,
            outlook=outlook_of(sentence) if is_signal else "",
            driving_force=driver_of(sentence) if is_signal else "",
            quote=sentence,
            relevance=3 if in_title else 2,
            similar=None,
        )


def _from_names(title: str, text: str, matcher: Matcher) -> Iterator[Proposed]:
    whole = f"{title}\n{text}"
    words = split_words(whole)
    known = [(match.start, match.end) for match in matcher.find(words)]
    counts: Counter[str] = Counter()
    places: dict[str, Span] = {}
    for span in [*_proper_names(words), *_phrases(whole)]:
        if any(span.start < end and start < span.end for start, end in known):
            continue
        shared = proposal_key(whole[span.start : span.end])
        counts[shared] += 2 if span.start < len(title) else 1
        places.setdefault(shared, span)
    sentences = split_sentences(whole)
    for shared, count in counts.most_common():
        if count < 2 or not shared:
            continue
        place = places[shared]
        quote = next(
            (whole[s.start : s.end] for s in sentences if s.start <= place.start and place.end <= s.end), ""
        )[:QUOTE_LIMIT]
        name = whole[place.start : place.end]
        in_title = place.start < len(title)
        yield Proposed(
            kind="technology",
            name=name[:1].upper() + name[1:],
            description=quote,
            change="",
            outlook="",
            driving_force="",
            quote=quote,
            relevance=(4 if in_title else 3) if count > 4 else (3 if in_title else 2),
            similar=None,
        )


def _proper_names(words: Words) -> Iterator[Span]:
    """Names with a version or capitals inside, near a word that says what sort of thing they are."""
    position = 0
    while position < len(words.raw):
        end = position
        while end < len(words.raw) and _continues(words, position, end):
            end += 1
        if end == position:
            position += 1
            continue
        run = words.raw[position:end]
        near = words.stems[max(0, position - _BESIDE) : position] + words.stems[end : end + _BESIDE]
        if len(run) <= 4 and _is_product(run) and not _HEADS.isdisjoint(near):
            yield Span(words.starts[position], words.ends[end - 1])
        position = end


def _continues(words: Words, first: int, place: int) -> bool:
    word = words.raw[place]
    if place == first:
        return word[0].isupper() or _has_inner_capital(word)
    joined = words.text[words.ends[place - 1] : words.starts[place]] in (" ", "-")
    return joined and (word[0].isupper() or word[0].isdigit() or _has_inner_capital(word))


def _is_product(run: Sequence[str]) -> bool:
    if any(stem(word) in _MONTHS or stem(word) in _HEADS for word in run):
        return False
    has_word = any(word[0].isalpha() and len(word) > 2 for word in run)
    has_version = any(
        any(c.isdigit() for c in word) and not (word.isdigit() and len(word) > 2) for word in run
    )
    return has_word and (has_version or any(_has_inner_capital(word) for word in run))


def _has_inner_capital(word: str) -> bool:
    return not word.isupper() and sum(letter.isupper() for letter in word[1:]) >= 1 and word[-1] != "s"


def _phrases(text: str) -> Iterator[Span]:
    for match in _PHRASE.finditer(text):
        if not any(word in _BLAND or word in STOP_WORDS for word in split_words(match[0]).stems):
            yield Span(match.start(), match.end())
