"""Which known tag a note's row speaks of: its name, equal or nearly; else what it describes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from signals.tagging.matcher import Match
from signals.tagging.profiles import GAP, Profile, name_variants
from signals.tagging.tagger import Tagger
from signals.tagging.vectors import character_features
from signals.tagging.words import STOP_WORDS, Words, split_words

SURE_FROM: Final = 0.85
"""A link of this confidence is made."""
SUGGESTED_FROM: Final = 0.55
"""A link of this confidence is proposed; below, the row is something new."""
_ELSEWHERE: Final = 0.75
"""How much a likeness in another kind is worth."""
_NARROWER: Final = 0.8
# Words that say what sort of thing a row is, not which: they neither make two names equal nor keep them apart.
_FRAME: Final = """
ai ia emergence rise growth shift increase increased increasing growing evolution development adoption need
emerging new towards toward trend importance montee essor croissance developpement emergent nouveau nouvelle
artificial intelligence artificielle
"""
FRAME_WORDS: Final = frozenset(_FRAME.split())


@dataclass(frozen=True, slots=True)
class Row:
    """What a note's row says of itself."""

    kind: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Guess:
    """A tag a row might be, how sure we are, and whether it is of another kind than the row."""

    tag_id: int
    confidence: float
    is_other_kind: bool


class Linker:
    """Knows all names; made from the tagger of the same catalogue."""

    def __init__(self, tagger: Tagger) -> None:
        self._tagger = tagger
        self._owners: list[int] = []
        names: list[Words] = []
        self._equal: dict[tuple[str, tuple[str, ...]], int] = {}
        for index, profile in enumerate(tagger.profiles):
            for name in profile.all_names:
                words = split_words(name.replace(GAP, " "))
                self._equal.setdefault((profile.kind, key(words)), index)
                names.append(words)
                self._owners.append(index)
        # Not at the top: it takes as long to import as the rest of a process's start, and few tag.
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._characters = TfidfVectorizer(analyzer=character_features, sublinear_tf=True)
        self._names = csr_array(self._characters.fit_transform(names or [split_words("vigie")]).T)

    def guess(self, rows: Sequence[Row]) -> list[Guess | None]:
        """For each row the tag it most likely is, None when nothing is near."""
        if not rows or not self._tagger.profiles:
            return [None for _ in rows]
        named = [split_words(row.name) for row in rows]
        whole = [split_words(f"{row.name}. {row.description}") for row in rows]
        likeness = csr_array(self._characters.transform(named) @ self._names)
        cosines = self._tagger.vectors.against_all(self._tagger.vectors.words(whole))
        return [
            self._best(row, words, _row(likeness, place), _row(cosines, place))
            for place, (row, words) in enumerate(zip(rows, named, strict=True))
        ]

    def _best(
        self, row: Row, words: Words, likeness: dict[int, float], cosines: dict[int, float]
    ) -> Guess | None:
        for variant in name_variants(row.name) if row.name else ():
            equal = self._equal.get((row.kind, key(split_words(variant))))
            if equal is not None:
                return Guess(self._tagger.profiles[equal].tag_id, 1.0, False)
        alike: dict[int, float] = {}
        for place, value in likeness.items():
            owner = self._owners[place]
            alike[owner] = max(alike.get(owner, 0.0), value)
        covered = self._coverage(words)
        scored = [
            (self._confidence(profile, row, alike, covered, cosines), profile)
            for profile in alike.keys() | covered.keys() | cosines.keys()
        ]
        if not scored:
            return None
        confidence, best = max(scored, key=lambda pair: (pair[0], -pair[1]))
        profile = self._tagger.profiles[best]
        return Guess(profile.tag_id, round(confidence, 3), profile.kind != row.kind)

    def _confidence(
        self,
        index: int,
        row: Row,
        alike: dict[int, float],
        covered: dict[int, float],
        cosines: dict[int, float],
    ) -> float:
        name = max(alike.get(index, 0.0), 0.9 * covered.get(index, 0.0))
        described = min(1.0, cosines.get(index, 0.0) / 0.5)
        confidence = 0.65 * name + 0.35 * described if row.name else 0.8 * described
        # A name that says more than the tag's ("... in hospitals") is something narrower, however alike.
        says_more = covered.get(index, 0.0) < 1.0 and alike.get(index, 0.0) < 0.9
        likeness = 1.0 if self._kind(index) == row.kind else _ELSEWHERE
        return min(_NARROWER if says_more else 0.99, confidence) * likeness

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

    def _kind(self, index: int) -> str:
        profile: Profile = self._tagger.profiles[index]
        return profile.kind


def key(words: Words) -> tuple[str, ...]:
    """A name's telling words, in order: two names with the same are the same name."""
    telling = tuple(word for word in words.stems if word not in STOP_WORDS and word not in FRAME_WORDS)
    return telling or tuple(words.stems)


def _row(matrix: csr_array, place: int) -> dict[int, float]:
    start, end = matrix.indptr[place], matrix.indptr[place + 1]
    values = np.asarray(matrix.data[start:end])
    return dict(zip(matrix.indices[start:end].tolist(), values.tolist(), strict=True))
