"""Which tags an article might carry: those it names, and those it resembles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from signals.tagging.matcher import Match, Matcher, Scope
from signals.tagging.profiles import Profile
from signals.tagging.vectors import Vectors
from signals.tagging.words import STOP_WORDS, Words, split_words, unglue

READ_LIMIT: Final = 20_000
"""Characters of a text in which names are looked for."""
OPENING: Final = 500
"""Characters of a text that similarity is measured on."""
NEAREST: Final = 10
"""Tags that are candidates by similarity alone."""
LEAST_SIMILARITY: Final = 0.05


@dataclass(slots=True)
class Candidate:
    """A tag that an article might carry, by its place among the profiles, and what speaks for it."""

    profile: int
    kind: str
    title: list[Match] = field(default_factory=list)
    text: list[Match] = field(default_factory=list)
    ruled_title: list[Match] = field(default_factory=list)
    ruled_text: list[Match] = field(default_factory=list)
    cues: int = 0
    similarity: float = 0.0
    phrasing: float | None = None
    """Log-odds by how the tag is spoken of (`signals.tagging.phrasing`); None where nobody learned that."""

    @property
    def is_named(self) -> bool:
        """One of its names stands in the article, or one of its rules is met."""
        return bool(self.title or self.text)


@dataclass(slots=True)
class Reading:
    """An article's words, and its candidates by profile."""

    title: Words
    text: Words
    opening: Words
    candidates: dict[int, Candidate]
    topicality: float = 0.0
    """How much it talks like the catalogue, 0-1."""
    hidden: set[int] = field(default_factory=set)
    """Profiles whose names stand only inside longer names of others: it speaks of those, not of these."""
    is_french: bool = False
    phrases: tuple[NDArray[np.int32], NDArray[np.float64]] | None = None
    """Its phrases' columns and values in a row (`signals.tagging.phrasing`), where that was read."""

    @property
    def named(self) -> int:
        """How many tags it names."""
        return sum(candidate.is_named for candidate in self.candidates.values())


def read_article(matcher: Matcher, title: str, text: str) -> Reading:
    """The names in an article, those that stand inside another's longer name left out."""
    text = text[:READ_LIMIT]
    known = matcher.vocabulary
    title_words, text_words = unglue(split_words(title), known), unglue(split_words(text), known)
    opening = unglue(split_words(f"{title}\n{text[:OPENING]}"), known)
    reading = Reading(title_words, text_words, opening, {})
    for words, in_title in ((title_words, True), (text_words, False)):
        found_names = matcher.find(words)
        outermost = _outermost(found_names, matcher)
        if len(outermost) < len(found_names):
            kept = {id(match) for match in outermost}
            reading.hidden.update(match.name.profile for match in found_names if id(match) not in kept)
        for match in outermost:
            candidate = _candidate(reading, match.name.profile, matcher.profiles)
            (candidate.title if in_title else candidate.text).append(match)
    ruled = matcher.find_rules(title_words, text_words, OPENING)
    for found, in_title in zip(ruled, (True, False), strict=True):
        for match in found:
            candidate = _candidate(reading, match.name.profile, matcher.profiles)
            known_matches = candidate.title if in_title else candidate.text
            # A rule says where a tag is spoken of in other words, or lends weight to its name.
            (candidate.ruled_title if in_title else candidate.ruled_text).append(match)
            if not known_matches or known_matches[-1].name.scope is not Scope.NAME:
                known_matches.append(match)
    reading.hidden -= reading.candidates.keys()
    return reading


def _candidate(reading: Reading, place: int, profiles: Sequence[Profile]) -> Candidate:
    known = reading.candidates.get(place)
    if known is None:
        known = reading.candidates[place] = Candidate(place, profiles[place].kind)
    return known


def add_similar(readings: Sequence[Reading], vectors: Vectors) -> csr_array:
    """Give every reading its similarities, and candidates that it only resembles; returns its word rows."""
    rows = vectors.words([reading.opening for reading in readings])
    cosines = vectors.against_all(rows)
    # One row of all profiles, filled and emptied again: thousands of tags resemble every text a little.
    likeness = np.zeros(len(vectors.kinds))
    for index, reading in enumerate(readings):
        share = _known_share(reading.opening, vectors)
        start, end = cosines.indptr[index], cosines.indptr[index + 1]
        columns, values = cosines.indices[start:end], cosines.data[start:end] * share
        reading.topicality = vectors.topicality(reading.opening)
        likeness[columns] = values
        for candidate in reading.candidates.values():
            candidate.similarity = float(likeness[candidate.profile])
        likeness[columns] = 0.0
        count = min(NEAREST, len(values))
        for place in np.argpartition(-values, count - 1)[:count] if count else []:
            profile, value = int(columns[place]), float(values[place])
            if value >= LEAST_SIMILARITY and profile not in reading.candidates:
                reading.candidates[profile] = Candidate(profile, vectors.kinds[profile], similarity=value)
        # Cues support what is a candidate already: thousands of tags share the same few.
        spoken = f" {' '.join(reading.opening.stems)} "
        for candidate in reading.candidates.values():
            candidate.cues = sum(cue in spoken for cue in vectors.cues[candidate.profile])
    return rows


def _known_share(words: Words, vectors: Vectors) -> float:
    """Damping for texts that share few words with the catalogue: unit rows ignore what they don't know."""
    content = [word for word in words.stems if word not in STOP_WORDS and len(word) > 1]
    if not content:
        return 0.0
    return float(np.sqrt(sum(map(vectors.knows, content)) / len(content)))


def _outermost(matches: list[Match], matcher: Matcher) -> list[Match]:
    names = [match for match in matches if not match.name.has_gap]
    if len(names) < 2:
        return matches
    profiles = matcher.profiles
    return [
        match
        for match in matches
        if not any(
            other.start <= match.start
            and match.end <= other.end
            and other.end - other.start > match.end - match.start
            and other.name.profile != match.name.profile
            and profiles[other.name.profile].kind == profiles[match.name.profile].kind
            for other in names
        )
    ]
