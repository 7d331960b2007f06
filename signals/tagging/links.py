"""Which known tag a note's row speaks of: a probability learned from rows that a person compared with tags."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.sparse import csr_array

from signals.tagging.evidence import split_sentences
from signals.tagging.glossary import meanings
from signals.tagging.matcher import Match
from signals.tagging.profiles import GAP, name_variants
from signals.tagging.tagger import Tagger
from signals.tagging.vectors import Floats, character_features, pair_cosines
from signals.tagging.words import STOP_WORDS, Words, split_words

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

SURE_FROM: Final = 0.85
"""A link of this probability is made, unless there is a reason to doubt it."""
_RIVAL_FROM: Final = 0.3
_WHOLE_NAME_FROM: Final = 0.99
SUGGESTED_FROM: Final = 0.4
"""A link of this probability is proposed; below, the row is something new."""
DEFAULT_MODEL: Final = Path(__file__).with_name("link_model.json")
SIGNS: Final = (
    "share of its name covered",
    "name alike in letters",
    "named in its description",
    "same kind",
    "issue and concern",
    "alike in meaning",
    "nearer in meaning than the next tag",
    "tag's name in the whole row",
    "alike in letters",
    "speaks of the catalogue's subject",
)
_COVERED: Final = SIGNS.index("share of its name covered")
_MENTIONED: Final = SIGNS.index("named in its description")
_IN_LETTERS: Final = SIGNS.index("alike in letters")
_TOPICAL: Final = SIGNS.index("speaks of the catalogue's subject")
_TOPICAL_FROM: Final = 0.5
_NEAREST: Final = 6
_BATCH: Final = 128
# Words that say what sort of thing a row is, not which: they neither make two names equal nor keep them apart.
_FRAME: Final = """
ai ia emergence rise growth shift increase increased increasing growing evolution development adoption need
emerging new towards toward trend importance montee essor croissance developpement emergent nouveau nouvelle
artificial intelligence artificielle
"""
FRAME_WORDS: Final = frozenset(_FRAME.split())


@dataclass(frozen=True, slots=True)
class Row:
    """What a note's row says of itself, and the tags that a person said it is not."""

    kind: str
    name: str
    description: str
    refused: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Guess:
    """A tag a row might be, how sure we are, whether it is of another kind, whether we would ask first."""

    tag_id: int
    confidence: float
    is_other_kind: bool
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class LinkModel:
    """Weights over `SIGNS`, and an intercept, of the log-odds."""

    weights: tuple[float, ...]
    intercept: float

    def probabilities(self, signs: Floats) -> Floats:
        """Probability of each pair, (pairs, len(SIGNS)) -> (pairs,)."""
        scores = np.clip(signs @ np.asarray(self.weights) + self.intercept, -30, 30)
        return np.asarray(1 / (1 + np.exp(-scores)), dtype=np.float64)


@cache
def default_link_model() -> LinkModel:
    """The model learned from labelled rows (`python -m signals.tagging.learning.row_links`)."""
    stored = json.loads(DEFAULT_MODEL.read_text(encoding="utf-8"))
    return LinkModel(tuple(stored["weights"][sign] for sign in SIGNS), stored["intercept"])


def is_sure(guess: Guess | None) -> bool:
    """Whether a link is made without asking."""
    return guess is not None and guess.confidence >= SURE_FROM and not guess.is_doubtful


def is_worth_asking(guess: Guess | None) -> bool:
    """Whether a link is made or proposed."""
    return guess is not None and guess.confidence >= SUGGESTED_FROM


class Linker:
    """Knows all names and descriptions; made from the tagger of the same catalogue."""

    def __init__(self, tagger: Tagger, model: LinkModel | None = None) -> None:
        # Not at the top: it takes as long to import as the rest of a process's start, and few tag.
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._tagger = tagger
        self._model = model
        names: list[Words] = []
        starts: list[int] = []
        self._equal: dict[tuple[str, tuple[str, ...]], int] = {}
        for index, profile in enumerate(tagger.profiles):
            starts.append(len(names))
            for name in profile.all_names:
                words = split_words(name.replace(GAP, " "))
                self._equal.setdefault((profile.kind, key(words)), index)
                names.append(words)
        self._starts = np.array(starts, dtype=np.intp)
        filler = [split_words("vigie")]
        self._letters = TfidfVectorizer(analyzer=character_features, sublinear_tf=True)
        self._names_in_letters = csr_array(self._letters.fit_transform(names or filler).T)
        # Frequencies over sentences: whole profiles all hold the same hundred words.
        sentences = [
            split_words(profile.text[span.start : span.end])
            for profile in tagger.profiles
            for span in split_sentences(profile.text)
        ]
        self._meanings = TfidfVectorizer(analyzer=meanings, sublinear_tf=True).fit(sentences or filler)
        self._names_in_meaning = _columns(self._meanings, names)
        self._profiles_in_meaning = _columns(
            self._meanings, [split_words(profile.text) for profile in tagger.profiles]
        )
        self._kinds = np.array([profile.kind for profile in tagger.profiles])
        self._ids = np.array([profile.tag_id for profile in tagger.profiles], dtype=np.int64)

    def guess(self, rows: Sequence[Row]) -> list[Guess | None]:
        """For each row the tag it most likely is, None when nothing is near."""
        if not self._tagger.profiles:
            return [None for _ in rows]
        guesses: list[Guess | None] = []
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            found: list[list[tuple[float, int, Floats]]] = [[] for _ in batch]
            pairs, signs = self.signs(batch)
            probabilities = (self._model or default_link_model()).probabilities(signs)
            for (place, profile), probability, values in zip(
                pairs, probabilities.tolist(), signs, strict=True
            ):
                if self._tagger.profiles[profile].tag_id not in batch[place].refused:
                    found[place].append((probability, profile, values))
            guesses += [
                self._of_equal_name(row) or self._likeliest(row, near)
                for row, near in zip(batch, found, strict=True)
            ]
        return guesses

    def signs(self, rows: Sequence[Row]) -> tuple[list[tuple[int, int]], Floats]:
        """All pairs (row, profile) worth looking at, and what speaks for each, (pairs, len(SIGNS))."""
        if not rows:
            return [], np.zeros((0, len(SIGNS)))
        named = [split_words(row.name) for row in rows]
        described = [split_words(row.description) for row in rows]
        whole = [split_words(f"{row.name}. {row.description}") for row in rows]
        letters = self._best_name(self._letters, named, self._names_in_letters)
        names = self._best_name(self._meanings, named, self._names_in_meaning)
        inside = self._best_name(self._meanings, whole, self._names_in_meaning)
        profiles = np.asarray(
            (csr_array(self._meanings.transform(whole)) @ self._profiles_in_meaning).todense()
        )
        vectors = self._tagger.vectors
        pairs: list[tuple[int, int]] = []
        signs: list[tuple[float, ...]] = []
        for place, row in enumerate(rows):
            covered = self._coverage(named[place])
            mentions = self._mentions(described[place])
            near = {*covered, *mentions}
            for scores in (letters[place], names[place], profiles[place]):
                near.update(_nearest(scores))
            order = np.sort(profiles[place])[-2:]
            topical = vectors.topicality(whole[place])
            for profile in sorted(near):
                own = float(profiles[place, profile])
                next_best = float(order[0] if own >= order[-1] else order[-1]) if len(order) > 1 else 0.0
                kinds = {row.kind, self._tagger.profiles[profile].kind}
                pairs.append((place, profile))
                signs.append(
                    (
                        covered.get(profile, 0.0),
                        float(letters[place, profile]),
                        float(min(3, mentions.get(profile, 0))),
                        float(len(kinds) == 1),
                        float(kinds == {"issue", "concern"}),
                        own,
                        own - next_best,
                        float(inside[place, profile]),
                        0.0,
                        topical,
                    )
                )
        told = np.array(signs, dtype=np.float64).reshape(len(pairs), len(SIGNS))
        # Of these pairs only: of all, it would take longer than everything else together.
        places = np.array(pairs, dtype=np.intp).reshape(len(pairs), 2)
        told[:, _IN_LETTERS] = pair_cosines(
            vectors.characters(whole), places[:, 0], vectors.character_rows, places[:, 1]
        )
        return pairs, told

    def _likeliest(self, row: Row, near: list[tuple[float, int, Floats]]) -> Guess | None:
        if not near:
            return None
        near.sort(key=lambda pair: (-pair[0], pair[1]))
        probability, profile, signs = near[0]
        known = self._tagger.profiles[profile]
        # "Gender discrimination" among drivers has a tag's name and nothing to do with it. A row that may as
        # well be another tag, or that has no name of this one, is for a person to tell; and so is one whose name
        # says more than a technology's ("Large language models in hospitals").
        is_doubtful = (
            signs[_TOPICAL] < _TOPICAL_FROM
            or (len(near) > 1 and near[1][0] >= _RIVAL_FROM)
            or not (signs[_COVERED] or signs[_MENTIONED])
            or (known.kind == "technology" and signs[_COVERED] < _WHOLE_NAME_FROM)
        )
        return Guess(
            known.tag_id, round(min(0.99, probability), 3), known.kind != row.kind, bool(is_doubtful)
        )

    def _of_equal_name(self, row: Row) -> Guess | None:
        for variant in name_variants(row.name) if row.name else ():
            equal = self._equal.get((row.kind, key(split_words(variant))))
            if equal is not None:
                tag_id = self._tagger.profiles[equal].tag_id
                return None if tag_id in row.refused else Guess(tag_id, 1.0, False)
        return None

    def _best_name(self, vectorizer: TfidfVectorizer, texts: Sequence[Words], names: csr_array) -> Floats:
        """Cosine of each text with the nearest name of each profile, (texts, profiles)."""
        likeness = np.asarray((csr_array(vectorizer.transform(texts)) @ names).todense())
        return np.asarray(np.maximum.reduceat(likeness, self._starts, axis=1))

    def _mentions(self, words: Words) -> dict[int, int]:
        counts: dict[int, int] = {}
        for match in self._tagger.matcher.find(words):
            counts[match.name.profile] = counts.get(match.name.profile, 0) + 1
        return counts

    def _coverage(self, words: Words) -> dict[int, float]:
        """For each profile named in a row's name, the share of the name's telling words that it covers."""
        telling = [
            (stem, start, end)
            for stem, start, end in zip(words.stems, words.starts, words.ends, strict=True)
            if stem not in STOP_WORDS and stem not in FRAME_WORDS
        ]
        found: dict[int, list[Match]] = {}
        for match in self._tagger.matcher.find(words):
            found.setdefault(match.name.profile, []).append(match)
        return {
            # "OpenAI GPT-3": a cue beside the name says nothing more than the name.
            profile: sum(
                any(m.start <= start and end <= m.end for m in matches)
                or f" {stem} " in self._tagger.vectors.cues[profile]
                for stem, start, end in telling
            )
            / max(1, len(telling))
            for profile, matches in found.items()
        }


def key(words: Words) -> tuple[str, ...]:
    """A name's telling words, in order: two names with the same are the same name."""
    telling = tuple(word for word in words.stems if word not in STOP_WORDS and word not in FRAME_WORDS)
    return telling or tuple(words.stems)


def _columns(vectorizer: TfidfVectorizer, texts: Sequence[Words]) -> csr_array:
    # scikit-learn refuses to transform nothing, and a catalogue may be empty.
    return csr_array(vectorizer.transform(texts).T if texts else (len(vectorizer.vocabulary_), 0))


def _nearest(scores: Floats) -> Iterator[int]:
    """The few profiles with the highest scores above 0."""
    count = min(_NEAREST, len(scores))
    for profile in np.argpartition(scores, -count)[-count:].tolist():
        if scores[profile] > 0:
            yield profile
