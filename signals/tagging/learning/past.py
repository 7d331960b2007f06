"""What the past says of a pair: signs of an article and a tag, from articles that were tagged before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfVectorizer

from signals.tagging.learning.lately import LATELY, Lately
from signals.tagging.learning.names import NAME_FEATURES, Floats, Names, Text, read_text
from signals.tagging.vectors import character_features, word_features
from signals.tagging.words import split_words

_RIDGE: Final = 0.5
_NEIGHBOURS: Final = (3, 10, 30)
_HALF_LIVES: Final = (20.0, 90.0)
_DOUBT: Final = 4.0
"""Imaginary articles that pull a share seen in few real ones towards the tag's own."""
_KEPT: Final = 4000
"""Articles, the latest, that the past keeps: the kernel is quadratic in them."""
_RELATIVE: Final = ("ridge", "words near 10", "phrases", "name characters", "expected by name", "company")
FEATURES: Final = (
    *NAME_FEATURES,
    "ridge",
    *(f"words near {count}" for count in _NEIGHBOURS),
    "centroid",
    "phrases",
    "phrases, three best",
    "phrases in title",
    "name characters",
    "prior",
    *(f"prior, half-life {days:.0f}" for days in _HALF_LIVES),
    *(f"lately, half-life {days:.0f}" for days in LATELY),
    *(f"lately against ever, half-life {days:.0f}" for days in LATELY),
    "days since last",
    "times given",
    "named when given",
    "given when named",
    "given when named lately",
    "given when not named",
    "expected by name",
    "company",
    "tags named",
    "length of name",
    *(f"{name}, against the article's best" for name in _RELATIVE),
    *(f"{name}, rank in the article" for name in _RELATIVE),
)


@dataclass(frozen=True, slots=True)
class Issue:
    """A dated article and the tags that somebody gave it."""

    day: date
    title: str
    text: str
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Read:
    """An issue with its words counted; `words` and `characters` are what the vectors of all pasts are made of."""

    issue: Issue
    text: Text
    words: list[str]
    characters: list[str]


def read_issue(issue: Issue) -> Read:
    """Split an issue's words, once for all pasts."""
    words = split_words(f"{issue.title}\n{issue.text}")
    return Read(
        issue,
        read_text(issue.title, issue.text),
        list(word_features(words)),
        list(character_features(words)),
    )


def _as_they_are(features: list[str]) -> list[str]:
    return features


def log_odds(shares: Floats) -> Floats:
    """ln(p / (1 - p)), shares kept a thousandth away from 0 and 1."""
    kept = np.clip(shares, 1e-3, 1 - 1e-3)
    return np.asarray(np.log(kept / (1 - kept)))


class Past:
    """Tagged articles up to a day, and what they say of later ones.

    `tags` are those given `least` times or more; without one there is nothing to say.
    """

    def __init__(self, reads: Sequence[Read], least: int) -> None:
        reads = sorted(reads, key=lambda read: read.issue.day)[-_KEPT:]
        counts = Counter(tag for read in reads for tag in read.issue.tags)
        self.tags = sorted(tag for tag, count in counts.items() if count >= least)
        if not self.tags:
            return
        self._days = [read.issue.day for read in reads]
        self._given = np.array(
            [[tag in read.issue.tags for tag in self.tags] for read in reads], dtype=np.float64
        ).reshape(len(reads), len(self.tags))
        ages = np.array([(self._days[-1] - day).days for day in self._days], dtype=np.float64)
        self._read_words(reads)
        self._count_names(reads, counts, ages)
        self._count_priors(ages)
        self._learn_phrases()
        self._learn_company()

    def _read_words(self, reads: Sequence[Read]) -> None:
        words, characters = [read.words for read in reads], [read.characters for read in reads]
        self._words = TfidfVectorizer(analyzer=_as_they_are, sublinear_tf=True, min_df=2)
        self._characters = TfidfVectorizer(analyzer=_as_they_are, sublinear_tf=True, min_df=2)
        # Two more, so that there is something to learn from the shortest past.
        filler = [["vigie"]] * 2
        self._word_rows = csr_array(self._words.fit(words + filler).transform(words))
        self._character_rows = csr_array(self._characters.fit(characters + filler).transform(characters))
        self._prior = self._given.mean(axis=0)
        kernel = self._kernel(self._word_rows, self._character_rows)
        centred = self._given - self._prior
        self._dual = np.linalg.solve(kernel + _RIDGE * np.eye(len(reads)), centred)
        sums = np.asarray(self._word_rows.T @ self._given).T
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        self._centroids = sums / np.maximum(lengths, 1e-9)
        # Names as texts; their own words only.
        names = [list(character_features(split_words(tag))) for tag in self.tags]
        self._name_rows = csr_array(self._characters.transform(names))

    def _kernel(self, words: csr_array, characters: csr_array) -> Floats:
        return np.asarray(
            (words @ self._word_rows.T).toarray() + (characters @ self._character_rows.T).toarray()
        )

    def _count_names(self, reads: Sequence[Read], counts: Counter[str], ages: Floats) -> None:
        rarity = {word: float(self._words.idf_[column]) for word, column in self._words.vocabulary_.items()}
        self._names = Names(self.tags, rarity, float(self._words.idf_.max()), longer=list(counts))
        measured = np.array([self._names.measure(read.text) for read in reads])
        self._measured = measured
        named, given = measured[:, :, 0], self._given
        self._recall = (named * given).sum(0) + 1.0
        self._recall /= given.sum(0) + 2.0
        overall = (named * given).sum() / max(1.0, named.sum())
        self._precision = ((named * given).sum(0) + _DOUBT * overall) / (named.sum(0) + _DOUBT)
        lately = 0.5 ** (ages / _HALF_LIVES[1])[:, None]
        self._precision_lately = ((named * given * lately).sum(0) + _DOUBT * self._precision) / (
            (named * lately).sum(0) + _DOUBT
        )
        unnamed = 1 - named
        missed = (unnamed * given).sum() / max(1.0, unnamed.sum())
        self._missed = ((unnamed * given).sum(0) + _DOUBT * missed) / (unnamed.sum(0) + _DOUBT)

    def _count_priors(self, ages: Floats) -> None:
        self._priors = []
        for days in _HALF_LIVES:
            weights = 0.5 ** (ages / days)
            self._priors.append((weights @ self._given + self._prior) / (weights.sum() + 1))
        last = np.where(self._given > 0, ages[:, None], np.inf).min(axis=0, initial=np.inf)
        self._since = np.log1p(last)
        self._times = np.log1p(self._given.sum(0))

    def _learn_phrases(self) -> None:
        """How often each tag was given to articles with a word or pair of words, (phrases, tags)."""
        present = (self._word_rows > 0).astype(np.float64)
        times = np.asarray(present.sum(axis=0), dtype=np.float64).ravel()
        self._phrases = self._lift(np.asarray(present.T @ self._given), times)

    def _learn_company(self) -> None:
        """How often each tag was given where another's name stood, (tags, tags)."""
        named = self._measured[:, :, 0]
        self._company = self._lift(named.T @ self._given, named.sum(axis=0))
        np.fill_diagonal(self._company, 0.0)

    def _lift(self, together: Floats, times: Floats) -> Floats:
        """How much a sign seen `times` raises the log-odds of each tag, (signs, tags), pulled towards 0."""
        share = (together + _DOUBT * self._prior) / (times[:, None] + _DOUBT)
        return np.asarray(log_odds(share) - log_odds(self._prior))

    def lately(self) -> Lately:
        """What `signs` follows through the articles after this past."""
        return Lately(self._days, self._given)

    def signs(self, reads: Sequence[Read], lately: Lately) -> Floats:
        """Signs of every pair, (articles, tags, len(FEATURES)); the articles' own tags are not looked at.

        `reads` are later than this past, oldest first, and go on where `lately` has been.
        """
        count, tags = len(reads), len(self.tags)
        words = csr_array(self._words.transform([read.words for read in reads]))
        characters = csr_array(self._characters.transform([read.characters for read in reads]))
        measured = np.array([self._names.measure(read.text) for read in reads])
        named = measured[:, :, 0]
        ridge = self._prior + self._kernel(words, characters) @ self._dual
        cosines = (words @ self._word_rows.T).toarray()
        near = [self._neighbours(cosines, size) for size in _NEIGHBOURS]
        best, three, title = self._phrase_signs(reads, words)
        name_characters = (characters @ self._name_rows.T).toarray()
        expected = np.where(named > 0, self._precision_lately, self._missed)
        shares = lately.follow([read.issue.day for read in reads], expected)
        company = named @ self._company / np.maximum(1.0, named.sum(axis=1, keepdims=True))

        def spread(values: Floats) -> Floats:
            return np.broadcast_to(values, (count, tags))

        columns = {
            "ridge": ridge,
            **{f"words near {size}": value for size, value in zip(_NEIGHBOURS, near, strict=True)},
            "centroid": np.asarray(words @ self._centroids.T),
            "phrases": best,
            "phrases, three best": three,
            "phrases in title": title,
            "name characters": name_characters,
            "prior": spread(self._prior),
            **{
                f"prior, half-life {days:.0f}": spread(value)
                for days, value in zip(_HALF_LIVES, self._priors, strict=True)
            },
            **{f"lately, half-life {days:.0f}": shares[:, :, place] for place, days in enumerate(LATELY)},
            **{
                f"lately against ever, half-life {days:.0f}": log_odds(shares[:, :, place])
                - log_odds(self._prior)
                for place, days in enumerate(LATELY)
            },
            "days since last": spread(self._since),
            "times given": spread(self._times),
            "named when given": spread(self._recall),
            "given when named": spread(self._precision),
            "given when named lately": spread(self._precision_lately),
            "given when not named": spread(self._missed),
            "expected by name": expected,
            "company": company,
            "tags named": np.broadcast_to(named.sum(axis=1, keepdims=True), (count, tags)),
            "length of name": spread(np.array([len(words) for words in self._names.words], dtype=np.float64)),
        }
        for name in _RELATIVE:
            values = columns[name]
            columns[f"{name}, against the article's best"] = values - values.max(axis=1, keepdims=True)
            columns[f"{name}, rank in the article"] = np.log1p((-values).argsort(axis=1).argsort(axis=1))
        rest = np.stack([columns[name] for name in FEATURES[len(NAME_FEATURES) :]], axis=2)
        return np.concatenate([measured, rest], axis=2)

    def _neighbours(self, cosines: Floats, size: int) -> Floats:
        size = min(size, cosines.shape[1])
        places = np.argpartition(-cosines, size - 1, axis=1)[:, :size]
        weights = np.take_along_axis(cosines, places, axis=1)
        weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
        return np.asarray(np.einsum("nk,nkt->nt", weights, self._given[places]))

    def _phrase_signs(self, reads: Sequence[Read], words: csr_array) -> tuple[Floats, Floats, Floats]:
        shape = (len(reads), len(self.tags))
        best, three, title = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        vocabulary = self._words.vocabulary_
        for row, read in enumerate(reads):
            columns = words.indices[words.indptr[row] : words.indptr[row + 1]]
            if len(columns):
                top = np.sort(self._phrases[columns], axis=0)[-3:]
                best[row], three[row] = top[-1], top.mean(axis=0)
            head = [
                vocabulary[word]
                for word in word_features(split_words(read.issue.title))
                if word in vocabulary
            ]
            if head:
                title[row] = self._phrases[head].max(axis=0)
        return best, three, title
