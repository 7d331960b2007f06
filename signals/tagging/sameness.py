"""Which tags of a catalogue may be one and the same: by names, by descriptions, by where they are seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from signals.tagging.glossary import meanings
from signals.tagging.links import key
from signals.tagging.names import normalise_name
from signals.tagging.profiles import GAP, name_variants
from signals.tagging.vectors import Floats, character_features, pair_cosines
from signals.tagging.words import Words, split_words

LIKE_FROM: Final = 0.6
"""Pairs of this likeness are worth a person's look."""
_CANDIDATES: Final = 8
_BATCH: Final = 500
_SHARED_FROM: Final = 3
_TOO_COMMON: Final = 0.05
_SURPRISING: Final = 3.0
_NUMBERED_LIKENESS: Final = 0.4
_OWNERS: Final = 10
_ALIKE_FROM: Final = 0.4
_NAMED_FROM: Final = 0.6
# How likely two are one that share a name, before their descriptions are compared.
_AS_NAME: Final = 0.7
_AS_ALIAS: Final = 0.5

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class TagText:
    """A tag as it is compared: its own names, the French ones apart; `places` are its articles."""

    tag_id: int
    kind: str
    name: str
    name_fr: str = ""
    aliases: tuple[str, ...] = ()
    description: str = ""
    description_fr: str = ""
    places: frozenset[int] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Alike:
    """Two tags, the smaller id first, how likely they are one (0-1), and why: a code and its numbers."""

    first: int
    second: int
    likeness: float
    code: str
    shared: int = 0
    of: int = 0


def find_alike(tags: Sequence[TagText], *, places_in_all: int = 0) -> list[Alike]:
    """Pairs that may be one tag, the likeliest first. `places_in_all`: how many articles there are."""
    if len(tags) < 2:
        return []
    names = [_read_names(tag) for tag in tags]
    own = [split_words(tag.name) for tag in tags]
    french = [split_words(tag.name_fr) for tag in tags]
    described = [split_words(f"{tag.name}. {tag.description} {tag.description_fr}") for tag in tags]
    letters = _vectors([*own, *french], character_features)
    meaning = _vectors([*own, *french], meanings)
    whole = _vectors(described, meanings)
    pairs = sorted(
        {
            *_equal_pairs(names),
            *_seen_together(tags),
            *_nearest(letters[: len(tags)]),
            *_nearest(letters[len(tags) :]),
            *_nearest(whole),
        }
    )
    if not pairs:
        return []
    first, second = np.array(pairs, dtype=np.intp).T
    spelt = _of_names(letters, first, second, len(tags))
    meant = _of_names(meaning, first, second, len(tags))
    alike = pair_cosines(whole, first, whole, second)
    found = [
        _compare(tags[one], tags[other], names[one], names[other], letter, word, text, places_in_all)
        for (one, other), letter, word, text in zip(
            pairs, spelt.tolist(), meant.tolist(), alike.tolist(), strict=True
        )
    ]
    kept = [pair for pair in found if pair.likeness >= LIKE_FROM]
    return sorted(kept, key=lambda pair: (-pair.likeness, pair.first, pair.second))


def _vectors(texts: Sequence[Words], analyzer: Callable[[Words], list[str]]) -> csr_array:
    from sklearn.feature_extraction.text import TfidfVectorizer

    # One more text, taken away again, so that there is something to count.
    vectorizer = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True)
    return csr_array(vectorizer.fit_transform([*texts, split_words("vigie")]))[: len(texts)]


def _of_names(rows: csr_array, first: Places, second: Places, tags: int) -> Floats:
    """The highest cosine between the names of each pair, in any two languages; (pairs,)."""
    best = np.zeros(len(first))
    for left in (0, tags):
        for right in (0, tags):
            best = np.maximum(best, pair_cosines(rows, first + left, rows, second + right))
    return best


def _equal_pairs(names: Sequence[_Names]) -> set[tuple[int, int]]:
    """Pairs with a name whose telling words are the same."""
    owners: dict[tuple[str, ...], list[int]] = {}
    for place, own in enumerate(names):
        for words in own.all:
            owners.setdefault(words, []).append(place)
    return {pair for places in owners.values() if len(places) <= _OWNERS for pair in combinations(places, 2)}


def _seen_together(tags: Sequence[TagText]) -> set[tuple[int, int]]:
    """Pairs that share most of the articles of the one that has fewer."""
    owners = [place for place, tag in enumerate(tags) for _ in tag.places]
    columns = {
        article: column for column, article in enumerate(sorted(set().union(*(t.places for t in tags))))
    }
    if not columns:
        return set()
    places = [columns[article] for tag in tags for article in tag.places]
    seen = csr_array((np.ones(len(places)), (owners, places)), shape=(len(tags), len(columns)))
    counts = np.array([len(tag.places) for tag in tags])
    together = csr_array(seen @ seen.T).tocoo()
    smaller = np.minimum(counts[together.coords[0]], counts[together.coords[1]])
    is_close = (together.data >= _SHARED_FROM) & (together.data >= smaller / 2)
    is_close &= together.coords[0] < together.coords[1]
    return set(zip(together.coords[0][is_close].tolist(), together.coords[1][is_close].tolist(), strict=True))


def _nearest(rows: csr_array) -> Iterator[tuple[int, int]]:
    """Pairs of rows where one is among the nearest of the other; columns that many rows have don't count."""
    frequency = np.bincount(rows.indices, minlength=rows.shape[1])
    rare = csr_array(rows[:, frequency <= max(20, _TOO_COMMON * rows.shape[0])])
    columns = csr_array(rare.T)
    for start in range(0, rare.shape[0], _BATCH):
        near: Floats = np.asarray(csr_array(rare[start : start + _BATCH] @ columns).todense())
        own = np.arange(len(near))
        near[own, start + own] = 0.0
        count = min(_CANDIDATES, near.shape[1])
        top = np.argpartition(near, -count, axis=1)[:, -count:]
        for place, others in enumerate(top):
            for other in others[near[place, others] > 0].tolist():
                yield min(start + place, other), max(start + place, other)


def _compare(
    one: TagText,
    other: TagText,
    names: _Names,
    other_names: _Names,
    spelt: float,
    meant: float,
    described: float,
    places_in_all: int,
) -> Alike:
    shared = len(one.places & other.places)
    of = min(len(one.places), len(other.places))
    expected = len(one.places) * len(other.places) / places_in_all if places_in_all else 0.0
    together = 0.0
    if shared >= _SHARED_FROM and shared >= _SURPRISING * expected:
        together = shared / (len(one.places) + len(other.places) - shared)
    named = max(spelt, 0.9 * meant)
    likeness, code = 0.65 * named + 0.35 * described, "names" if spelt >= meant else "meaning"
    if described > named and named < _NAMED_FROM:
        code = "described"
    if equal := _equal_name(names, other_names):
        certain = _AS_ALIAS if equal == "name_is_alias" else _AS_NAME
        likeness, code = max(likeness, certain + (1 - certain) * described), equal
    if together:
        with_places = 0.5 * likeness + 0.75 * together
        if with_places > likeness:
            # The articles are told anyway; what else is alike is worth more words.
            likeness, code = with_places, code if likeness >= _ALIKE_FROM else "together"
    # "GPT-4" and "GPT-5" are two, however alike.
    if names.numbers != other_names.numbers:
        likeness = min(likeness, _NUMBERED_LIKENESS)
    low, high = sorted((one.tag_id, other.tag_id))
    return Alike(low, high, round(min(1.0, likeness), 3), code, shared, of)


def _equal_name(one: _Names, other: _Names) -> str:
    """Which of their names are equal, as a code; that both have one alias is no sign (kinds share them)."""
    if one.name == other.name:
        return "same_name"
    if one.name_fr and one.name_fr == other.name_fr:
        return "same_french_name"
    if one.words == other.words:
        return "same_words"
    return "name_is_alias" if one.own & other.all or other.own & one.all else ""


@dataclass(frozen=True, slots=True)
class _Names:
    """A tag's names as they are compared: whole, as telling words, and the numbers in its own name."""

    name: str
    name_fr: str
    words: tuple[str, ...]
    own: frozenset[tuple[str, ...]]
    all: frozenset[tuple[str, ...]]
    numbers: frozenset[str]


def _read_names(tag: TagText) -> _Names:
    words = split_words(tag.name)
    own = frozenset(_keys((tag.name, tag.name_fr)))
    return _Names(
        normalise_name(tag.name),
        normalise_name(tag.name_fr),
        key(words),
        own,
        own.union(_keys(tag.aliases)),
        frozenset(word for word in words.stems if any(letter.isdigit() for letter in word)),
    )


def _keys(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    for name in names:
        for variant in name_variants(name) if name else ():
            yield key(split_words(variant.replace(GAP, " ")))
