"""Articles in, suggestions out: which tags, how sure, how relevant, on what evidence. Reads no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from signals.tagging.candidates import Candidate, Reading, add_similar, read_article
from signals.tagging.evidence import Span, sentence_around, split_sentences
from signals.tagging.matcher import Match, Matcher, Name
from signals.tagging.profiles import Profile
from signals.tagging.relevance import Prominence, estimate_relevance
from signals.tagging.scorer import FEATURES, PairModel, pair_features, specificity
from signals.tagging.vectors import Floats, Vectors, pair_cosines
from signals.tagging.words import STOP_WORDS, split_words

VERSION: Final = 1
SHOWN_FROM: Final = 0.4
"""Suggestions below this probability are not kept."""
_REASON_LIMIT: Final = 400


@dataclass(frozen=True, slots=True)
class Document:
    """What the tagger reads of an article."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A tag for an article, and the sentence it rests on, which stands in `quote_field` at `quote_start`."""

    tag_id: int
    confidence: float
    relevance: int
    quote: str
    quote_start: int
    quote_field: str
    reason: str


class Tagger:
    """Knows all profiles; made once per catalogue and model, then reads batches."""

    def __init__(self, profiles: Sequence[Profile], model: PairModel) -> None:
        self.profiles = list(profiles)
        self.model = model
        self.matcher = Matcher(self.profiles)
        self.vectors = Vectors(self.profiles)
        self._certainty: dict[Name, float] = {name: specificity(name) for name in self.matcher.names()}

    def suggest(self, documents: Sequence[Document]) -> list[list[Suggestion]]:
        """For each document its suggestions, the surest first."""
        if not documents or not self.profiles:
            return [[] for _ in documents]
        readings, pairs, features = self.score_features(documents)
        probabilities = self.model.probabilities(features)
        suggestions: list[list[Suggestion]] = [[] for _ in documents]
        for (index, candidate), probability in zip(pairs, probabilities.tolist(), strict=True):
            if probability >= SHOWN_FROM:
                suggestions[index].append(
                    self._suggestion(documents[index], readings[index], candidate, probability)
                )
        for found in suggestions:
            found.sort(key=lambda suggestion: (-suggestion.confidence, suggestion.tag_id))
        return suggestions

    def score_features(
        self, documents: Sequence[Document]
    ) -> tuple[list[Reading], list[tuple[int, Candidate]], Floats]:
        """The readings, all (document, candidate) pairs, and their features, (pairs, features)."""
        readings = [read_article(self.matcher, document.title, document.text) for document in documents]
        add_similar(readings, self.vectors)
        pairs = [
            (index, candidate)
            for index, reading in enumerate(readings)
            for candidate in reading.candidates.values()
        ]
        characters = pair_cosines(
            self.vectors.characters([reading.opening for reading in readings]),
            np.array([index for index, _ in pairs], dtype=np.intp),
            self.vectors.character_rows,
            np.array([candidate.profile for _, candidate in pairs], dtype=np.intp),
        )
        rows = [
            pair_features(readings[index], candidate, float(value), self._certainty)
            for (index, candidate), value in zip(pairs, characters, strict=True)
        ]
        return readings, pairs, np.array(rows, dtype=np.float64).reshape(len(rows), len(FEATURES))

    def _suggestion(
        self, document: Document, reading: Reading, candidate: Candidate, probability: float
    ) -> Suggestion:
        field, span = self._evidence(document, reading, candidate)
        source = document.title if field == "title" else document.text
        return Suggestion(
            tag_id=self.profiles[candidate.profile].tag_id,
            confidence=round(probability, 3),
            relevance=estimate_relevance(_prominence(reading, candidate)),
            quote=source[span.start : span.end],
            quote_start=span.start,
            quote_field=field,
            reason=self._reason(reading, candidate)[:_REASON_LIMIT],
        )

    def _evidence(self, document: Document, reading: Reading, candidate: Candidate) -> tuple[str, Span]:
        text = reading.text.text
        if candidate.text:
            best = max(candidate.text, key=lambda match: (self._certainty[match.name], -match.start))
            return "text", sentence_around(text, best.start, best.end, split_sentences(text))
        if candidate.title:
            return "title", _whole(document.title, candidate.title[0])
        return self._closest(document, candidate)

    def _closest(self, document: Document, candidate: Candidate) -> tuple[str, Span]:
        """The sentence that shares the most telling words with the profile."""
        profile = set(split_words(self.profiles[candidate.profile].text).stems) - STOP_WORDS
        best, field, place = -1.0, "title", Span(0, len(document.title))
        for name, source in (("title", document.title), ("text", document.text[:5000])):
            for span in split_sentences(source):
                words = set(split_words(source[span.start : span.end]).stems) & profile
                shared = sum(self.vectors.weight(word) for word in words)
                if shared > best:
                    best, field, place = shared, name, span
        source = document.title if field == "title" else document.text
        return field, sentence_around(source, place.start, min(place.end, place.start + 1), [place])

    def _reason(self, reading: Reading, candidate: Candidate) -> str:
        if candidate.is_named:
            matches = candidate.title or candidate.text
            words = reading.title if candidate.title else reading.text
            seen = words.text[matches[0].start : matches[0].end]
            count = len(candidate.title) + len(candidate.text)
            where = "in the title" if candidate.title else "in the text"
            return f"“{seen}” {where}" + (f", {count} times in all" if count > 1 else "")
        profile = self.profiles[candidate.profile]
        shared = set(reading.opening.stems) & set(split_words(profile.text).stems) - STOP_WORDS
        telling = sorted(shared, key=lambda word: (-self.vectors.weight(word), word))[:4]
        return "Shares with it: " + ", ".join(telling)


def _whole(title: str, match: Match) -> Span:
    return sentence_around(title, match.start, match.end, [Span(0, len(title))])


def _prominence(reading: Reading, candidate: Candidate) -> Prominence:
    title = [word for word in reading.title.stems if word not in STOP_WORDS]
    return Prominence(
        in_title=bool(candidate.title),
        title_share=max((match.name.words for match in candidate.title), default=0) / max(1, len(title)),
        mentions=len(candidate.text),
        first=min((match.start for match in candidate.text), default=None),
        length=len(reading.text.text),
        paragraphs=len({reading.text.text.count("\n", 0, match.start) for match in candidate.text}),
        similarity=candidate.similarity,
    )
