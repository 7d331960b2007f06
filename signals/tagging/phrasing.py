"""How the starter's tags are spoken of: words that speak for each, learned from news that people labelled.

One logistic regression per tag over words, pairs of neighbours, words of the title, and which tags the article
names, and beside it a layer that all tags share; their log-odds are averaged (`phrasing_training` learns both). A tag
is known by its kind and any of its names; one that nobody labelled news for has no phrasing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from signals.tagging.candidates import Candidate, Reading
from signals.tagging.french import FRENCH, in_english, is_french, read_in_english
from signals.tagging.hidden_layer import HiddenLayer
from signals.tagging.names import normalise_name
from signals.tagging.profiles import Profile
from signals.tagging.vectors import Floats, content_features
from signals.tagging.words import STOP_WORDS

PHRASING: Final = Path(__file__).with_name("phrasing.npz")
LEAST_PHRASING: Final = -3.0
"""Log-odds from which a tag is a candidate by its phrasing alone."""
MOST_PHRASING: Final = 6.0
"""Log-odds, either way, beyond which more words say nothing more."""
_LEAST_WORDS: Final = 8
"""A text is taken to be as long as so many of the rarest words: of one or two, none is all that it says."""
_LEAST_TOPICALITY: Final = 0.3
"""An article that talks less like the catalogue, and names no tag, is of another world."""
_STEP: Final = 0.3
"""How finely weights are stored: more finely, nothing gets better."""
_MOST_STEPS: Final = 127
_IN_TITLE: Final = "^"
_BEGINS: Final = "~"
_BEGINNING: Final = 5
"""Letters by which "regulate", "regulator" and "régulation" are one."""
_TAG: Final = "\u00a7"

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Phrasing:
    """Weights of phrases, (phrases, tags), their inverse document frequencies, intercepts of the log-odds.

    `pairs` weighs the log-odds against everything else that speaks for a pair, by the names of `FEATURES`. Where
    nothing is learned yet there is no `layer`.
    """

    tags: tuple[str, ...]
    columns: Mapping[str, int]
    idf: Floats
    weights: csr_array
    intercepts: Floats
    pairs: Mapping[str, float]
    layer: HiddenLayer | None = None
    _of_tags: dict[int, tuple[NDArray[np.int32], Floats]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Phrasing:
        """What `write` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            told: dict[str, Any] = json.loads(stored["told"].tobytes())
            weights = csr_array(stored["weights"].astype(np.float32) * np.float32(_STEP))
            idf, intercepts = stored["idf"].astype(np.float64), stored["intercepts"].astype(np.float64)
            layer = HiddenLayer(
                stored["layer"],
                told["step"],
                stored["layer_biases"],
                stored["layer_outputs"],
                stored["layer_intercepts"],
            )
        columns = {phrase: column for column, phrase in enumerate(told["phrases"])}
        return cls(tuple(told["tags"]), columns, idf, weights, intercepts, told["pairs"], layer)

    def write(self, path: Path) -> None:
        """Weights in steps, a byte each, the rest as it is; the archive holds no date."""
        if (layer := self.layer) is None:
            raise ValueError("nothing is learned yet")
        steps = np.clip(np.rint(self.weights.toarray() / _STEP), -_MOST_STEPS, _MOST_STEPS).astype(np.int8)
        told = {
            "tags": self.tags,
            "phrases": list(self.columns),
            "pairs": dict(self.pairs),
            "step": layer.step,
        }
        written = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                told=np.frombuffer(written, np.uint8),
                weights=steps,
                idf=self.idf.astype(np.float32),
                intercepts=self.intercepts.astype(np.float32),
                layer=layer.inputs,
                layer_biases=layer.biases,
                layer_outputs=layer.outputs,
                layer_intercepts=layer.intercepts,
            )

    def rows(self, texts: Sequence[Iterable[str]]) -> csr_array:
        """Phrases of each text as a row over those known: (1 + log count) * idf, divided by the whole text's length.

        Words that nobody labelled a text with count in that length: a text of another world shares one word with
        a tag, and that must not be all there is of it.
        """
        starts, columns, values = [0], list[NDArray[np.int32]](), list[Floats]()
        rarest = float(self.idf.max(initial=1.0)) ** 2
        for phrases in texts:
            counts: dict[int, int] = {}
            strange = set[str]()
            for phrase in phrases:
                column = self.columns.get(phrase)
                if column is not None:
                    counts[column] = counts.get(column, 0) + 1
                elif is_word(phrase):
                    strange.add(phrase)
            row = (1 + np.log(np.array(list(counts.values()), dtype=np.float64))) * self.idf[list(counts)]
            square = max(float(row @ row) + rarest * len(strange), rarest * _LEAST_WORDS)
            values.append(row / np.sqrt(square))
            columns.append(np.array(list(counts), dtype=np.int32))
            starts.append(starts[-1] + len(counts))
        empty = np.zeros(0, np.int32)
        return csr_array(
            (np.concatenate([np.zeros(0), *values]), np.concatenate([empty, *columns]), starts),
            shape=(len(texts), len(self.columns)),
        )

    def log_odds(self, rows: csr_array) -> Floats:
        """Of every tag in every row of `rows`, (n, tags)."""
        of_each = np.asarray((rows @ self.weights).todense(), dtype=np.float64) + self.intercepts
        return of_each if self.layer is None else (of_each + self.layer.log_odds(rows)) / 2

    def worth(self, columns: NDArray[np.int32], values: Floats, tag: int) -> Floats:
        """What each phrase of one row, its columns and values, adds to a tag's log-odds."""
        known = self._of_tags.get(tag)
        if known is None:
            weights = self.weights[:, [tag]].tocsc()
            weights.sort_indices()
            # One more behind, which no column is, so that every search ends at a place.
            known = np.append(weights.indices, np.iinfo(np.int32).max), np.append(weights.data, 0.0)
            self._of_tags[tag] = known
        holders, weights_there = known
        places = np.searchsorted(holders, columns)
        own = np.where(holders[places] == columns, weights_there[places], 0.0) * values
        return own if self.layer is None else (own + self.layer.worth(columns, values, tag)) / 2


class Phrases:
    """The phrasing of one catalogue's tags."""

    def __init__(self, phrasing: Phrasing, profiles: Sequence[Profile]) -> None:
        self._phrasing = phrasing
        known: dict[Key, int] = {}
        for place, tag in enumerate(phrasing.tags):
            known[key_of(tag)] = place
        self._of: dict[int, list[int]] = {}
        for index, profile in enumerate(profiles):
            keys = ((profile.kind, normalise_name(name)) for name in profile.names)
            # One that others were merged into is spoken of as each of them.
            if places := sorted({known[key] for key in keys if key in known}):
                self._of[index] = places
        self._profiles = list(self._of)
        self._kinds = [profiles[index].kind for index in self._profiles]
        self._places = [place for places in self._of.values() for place in places]
        self._starts = np.cumsum([0, *map(len, self._of.values())])[:-1]

    def has(self, profile: int) -> bool:
        """Whether this profile has a phrasing."""
        return profile in self._of

    def add(self, readings: Sequence[Reading]) -> None:
        """Give every candidate with a phrasing its log-odds, and candidates that phrasing alone makes likely."""
        if not self._of or not readings:
            return
        rows = self._phrasing.rows([self.read(reading) for reading in readings])
        for row, reading in enumerate(readings):
            here = slice(rows.indptr[row], rows.indptr[row + 1])
            reading.phrases = rows.indices[here], rows.data[here]
        of_places = self._phrasing.log_odds(rows)[:, self._places]
        odds = np.clip(np.maximum.reduceat(of_places, self._starts, axis=1), -MOST_PHRASING, MOST_PHRASING)
        for reading, found in zip(readings, odds, strict=True):
            # "Chips", "agents", "memory": elsewhere the words of the catalogue mean other things.
            if reading.topicality < _LEAST_TOPICALITY and not reading.named:
                continue
            for column in np.flatnonzero(found >= LEAST_PHRASING).tolist():
                index = self._profiles[column]
                if index not in reading.candidates and index not in reading.hidden:
                    reading.candidates[index] = Candidate(index, self._kinds[column])
            for column, index in enumerate(self._profiles):
                candidate = reading.candidates.get(index)
                if candidate is not None and index not in reading.hidden:
                    candidate.phrasing = float(found[column])

    def read(self, reading: Reading) -> list[str]:
        """Its phrases; whether it is French is noted.

        Words, their beginnings and pairs of title and opening, words of the title, and the tags that are named. Words
        of a French text are read in English, and its pairs both ways round: an adjective stands first there.
        """
        stems, titles = reading.opening.stems, reading.title.stems
        reading.is_french = is_french(reading.opening)
        if reading.is_french:
            stems, titles = read_in_english(stems), read_in_english(titles)
        opening = content_features(stems)
        if reading.is_french:
            opening += [" ".join(reversed(pair.split(" "))) for pair in opening if " " in pair]
        title = [_IN_TITLE + word for word in content_features(titles) if " " not in word]
        return [*opening, *filter(None, map(_beginning, opening)), *title, *self._named(reading)]

    def worth(self, profile: int, reading: Reading) -> dict[str, float]:
        """What each word of the opening, as compared, adds to the log-odds of a profile, as `add` read it."""
        if reading.phrases is None or profile not in self._of:
            return {}
        columns, values = reading.phrases
        each = [self._phrasing.worth(columns, values, tag) for tag in self._of[profile]]
        # Of those that were merged into one, as the one that it speaks for the most.
        worth = dict(zip(columns.tolist(), max(each, key=np.sum).tolist(), strict=True))
        found: dict[str, float] = {}
        for word in set(reading.opening.stems) - STOP_WORDS:
            said = in_english(word) if reading.is_french else (word,)
            phrases = [phrase for one in said for phrase in (one, _beginning(one), _IN_TITLE + one)]
            there = [self._phrasing.columns.get(phrase) for phrase in phrases]
            if known := [worth[column] for column in there if column in worth]:
                found[word] = sum(known)
        return found

    def _named(self, reading: Reading) -> list[str]:
        found = []
        for index, candidate in reading.candidates.items():
            for place in self._of.get(index, ()):
                if candidate.title:
                    found.append(f"{_TAG}{place} in title")
                if candidate.is_named:
                    found.append(f"{_TAG}{place}")
                if candidate.ruled_title or candidate.ruled_text:
                    found.append(f"{_TAG}{place} by rule")
        return found


def is_word(phrase: str) -> bool:
    """Whether a phrase is a word of the text itself."""
    return phrase[0] not in (_BEGINS, _IN_TITLE, _TAG) and " " not in phrase


def _beginning(word: str) -> str:
    """What a longer word begins with, as a phrase; nothing for a short one and for pairs."""
    return f"{_BEGINS}{word[:_BEGINNING]}" if len(word) > _BEGINNING and " " not in word else ""


@cache
def phrasing_digest() -> str:
    """Of what is shipped: what was learned beside another phrasing doesn't fit this one."""
    return hashlib.sha256(PHRASING.read_bytes() + FRENCH.read_bytes()).hexdigest()[:16]


def key_of(tag: str) -> Key:
    """Kind and name, as compared, of a tag that is written "kind: name"."""
    kind, _, name = tag.partition(": ")
    return kind, normalise_name(name)
