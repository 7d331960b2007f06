"""Articles in, suggestions out: which tags, how sure, how relevant, on what evidence. Reads no database."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_array

from signals.tagging.candidates import OPENING, Candidate, Reading, add_similar, read_article
from signals.tagging.evidence import Span, sentence_around, split_sentences
from signals.tagging.grades import grade_signs
from signals.tagging.learned import Learned
from signals.tagging.matcher import Match, Matcher, Name
from signals.tagging.memory import names_in
from signals.tagging.phrasing import Phrases
from signals.tagging.profiles import Profile
from signals.tagging.relevance import Prominence, estimate_relevance
from signals.tagging.sampling import RATE, draw
from signals.tagging.scorer import FEATURES, PairModel, pair_features, specificity
from signals.tagging.vectors import Floats, Vectors, pair_cosines
from signals.tagging.words import STOP_WORDS, split_words

DEFAULT_VERSION: Final = 1
"""The tagger that comes with the code; what was learned has higher numbers."""
SHOWN_FROM: Final = 0.4
"""Suggestions below this probability are not kept, but for a few drawn at random."""
_WORDS: Final = 4
_EVIDENCE: Final = 5000
"""Characters of a text in which the sentence is looked for that says most of what a description says."""


@dataclass(frozen=True, slots=True)
class Document:
    """What the tagger reads of an article; without an id nothing is drawn at random from what it hides."""

    title: str
    text: str
    article_id: int | None = None
    is_fact_sheet: bool = False
    """Written by us from a registry's fields: it speaks of nothing, it names."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A tag for an article, and the sentence it rests on, which stands in `quote_field` at `quote_start`.

    `because` says why (`signals.web.explanations.because` puts it into words). With a `draw_probability` it
    was drawn at random from what is hidden.
    """

    tag_id: int
    confidence: float
    relevance: int
    quote: str
    quote_start: int
    quote_field: str
    because: dict[str, Any]
    draw_probability: float | None = None
    version: int = DEFAULT_VERSION

    @property
    def reason(self) -> str:
        """Why, on one line, for those who read figures."""
        return ", ".join(f"{key} {value}" for key, value in self.because.items())


@dataclass(frozen=True, slots=True)
class Scores:
    """All (document, candidate) pairs, and their probabilities."""

    readings: list[Reading]
    pairs: list[tuple[int, Candidate]]
    probabilities: Floats
    rows: csr_array | None = None
    """The documents' words as the memory knows them; None for a tagger that learned nothing."""
    cosines: Floats | None = None
    """Of the documents with the articles that the memory keeps, (documents, kept)."""


class Tagger:
    """Knows all profiles; made once per catalogue and model, then reads batches."""

    def __init__(
        self,
        profiles: Sequence[Profile],
        model: PairModel,
        learned: Learned | None = None,
        version: int = DEFAULT_VERSION,
    ) -> None:
        self.profiles = list(profiles)
        self.model = model
        self.learned = learned
        self.version = version
        self.matcher = Matcher(self.profiles)
        self.vectors = Vectors(self.profiles)
        self.phrases = Phrases(model.phrasing, self.profiles) if model.phrasing else None
        self._certainty: dict[Name, float] = {name: specificity(name) for name in self.matcher.names()}

    def taught(self, learned: Learned | None, version: int = DEFAULT_VERSION) -> Tagger:
        """The same with something else learned, without reading the catalogue again."""
        made = copy(self)
        made.learned, made.version = learned, version
        return made

    def has_phrasing(self, tag_ids: Collection[int]) -> bool:
        """Whether one of these tags may be found by how it is spoken of."""
        if self.phrases is None:
            return False
        has = self.phrases.has
        return any(has(index) for index, profile in enumerate(self.profiles) if profile.tag_id in tag_ids)

    def suggest(self, documents: Sequence[Document]) -> list[list[Suggestion]]:
        """For each document its suggestions, the surest first."""
        if not documents or not self.profiles:
            return [[] for _ in documents]
        scores = self.score(documents)
        rate = self.learned.draw_rate if self.learned else RATE
        suggestions: list[list[Suggestion]] = [[] for _ in documents]
        for (index, candidate), probability in zip(scores.pairs, scores.probabilities.tolist(), strict=True):
            drawn = None
            if probability < SHOWN_FROM:
                tag_id = self.profiles[candidate.profile].tag_id
                drawn = draw(documents[index].article_id, tag_id, probability, rate)
                if drawn is None:
                    continue
            suggestions[index].append(
                self._suggestion(documents[index], scores, index, candidate, probability, drawn)
            )
        for found in suggestions:
            found.sort(key=lambda suggestion: (-suggestion.confidence, suggestion.tag_id))
        return suggestions

    def score(self, documents: Sequence[Document]) -> Scores:
        """Every candidate of every document, with its probability."""
        readings, pairs, features = self.score_features(documents)
        if self.learned is None:
            return Scores(readings, pairs, self.model.probabilities(features))
        memory = self.learned.memory
        rows = memory.wording.rows([reading.opening for reading in readings])
        cosines = memory.like_these(rows)
        signs = memory.signs(
            rows,
            cosines,
            [
                (index, self.profiles[candidate.profile].tag_id, names_in(candidate))
                for index, candidate in pairs
            ],
        )
        return Scores(readings, pairs, self.learned.probabilities(features, signs), rows, cosines)

    def score_features(
        self, documents: Sequence[Document]
    ) -> tuple[list[Reading], list[tuple[int, Candidate]], Floats]:
        """The readings, all (document, candidate) pairs, and their features, (pairs, features)."""
        readings = [read_article(self.matcher, document.title, document.text) for document in documents]
        add_similar(readings, self.vectors)
        if self.phrases:
            told = zip(documents, readings, strict=True)
            self.phrases.add([reading for document, reading in told if not document.is_fact_sheet])
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
        self,
        document: Document,
        scores: Scores,
        index: int,
        candidate: Candidate,
        probability: float,
        drawn: float | None,
    ) -> Suggestion:
        reading = scores.readings[index]
        spoken = {} if candidate.is_named else self._spoken(reading, candidate)
        field, span = self._evidence(document, reading, candidate, spoken)
        source = document.title if field == "title" else document.text
        because = self._because(reading, candidate, spoken)
        relevance = estimate_relevance(prominence_of(reading, candidate))
        if self.learned is not None:
            because |= self._likeness(scores, index, candidate)
            if self.learned.grades is not None:
                signs = grade_signs(prominence_of(reading, candidate), log_odds(probability))
                relevance, because["sure"] = self.learned.grades.grade(signs)
        return Suggestion(
            tag_id=self.profiles[candidate.profile].tag_id,
            confidence=round(probability, 3),
            relevance=relevance,
            quote=source[span.start : span.end],
            quote_start=span.start,
            quote_field=field,
            because=because,
            draw_probability=drawn,
            version=self.version,
        )

    def _likeness(self, scores: Scores, index: int, candidate: Candidate) -> dict[str, Any]:
        """How many confirmed articles it is like, and the learned words that speak for the tag."""
        tag_id = self.profiles[candidate.profile].tag_id
        learned, rows, cosines = self.learned, scores.rows, scores.cosines
        if learned is None or rows is None or cosines is None or not learned.memory.can_explain(tag_id):
            return {}
        likeness = learned.memory.explain(rows[[index]], cosines[index], tag_id)
        because: dict[str, Any] = {}
        if likeness.like:
            because["like"] = likeness.like
        if likeness.words:
            because["words"] = list(likeness.words)
        return because

    def _evidence(
        self, document: Document, reading: Reading, candidate: Candidate, spoken: Mapping[str, float]
    ) -> tuple[str, Span]:
        text = reading.text.text
        if candidate.text:
            best = max(candidate.text, key=lambda match: (self._certainty[match.name], -match.start))
            return "text", sentence_around(text, best.start, best.end, split_sentences(text))
        if candidate.title:
            return "title", _whole(document.title, candidate.title[0])
        return self._closest(document, candidate, spoken)

    def _closest(
        self, document: Document, candidate: Candidate, spoken: Mapping[str, float]
    ) -> tuple[str, Span]:
        """The sentence that shares the most telling words with the profile, or speaks of the tag the most."""
        weights, read = spoken, OPENING
        if not weights:
            profile = set(split_words(self.profiles[candidate.profile].text).stems) - STOP_WORDS
            weights, read = {word: self.vectors.weight(word) for word in profile}, _EVIDENCE
        best, field, place = -math.inf, "title", Span(0, len(document.title))
        for name, source in (("title", document.title), ("text", document.text[:read])):
            for span in split_sentences(source):
                words = set(split_words(source[span.start : span.end]).stems)
                speaks = sum(weights[word] for word in words if word in weights)
                if speaks > best:
                    best, field, place = speaks, name, span
        source = document.title if field == "title" else document.text
        return field, sentence_around(source, place.start, min(place.end, place.start + 1), [place])

    def _spoken(self, reading: Reading, candidate: Candidate) -> dict[str, float]:
        """What the words of title and opening add for a tag, where it is known how that is spoken of."""
        if self.phrases is None or candidate.phrasing is None:
            return {}
        return self.phrases.worth(candidate.profile, reading)

    def _telling(self, reading: Reading, spoken: Mapping[str, float]) -> list[str]:
        """The words, as written, that speak the most for a tag by how it is spoken of; figures tell nobody why."""
        told = [word for word, weight in spoken.items() if weight > 0 and word.isalpha()]
        told.sort(key=lambda word: (-spoken[word], word))
        opening = reading.opening
        return [opening.raw[opening.stems.index(word)] for word in told[:_WORDS]]

    def _because(self, reading: Reading, candidate: Candidate, spoken: Mapping[str, float]) -> dict[str, Any]:
        """The name it goes by, where and how often; without one, the telling words it shares with the tag."""
        if candidate.is_named:
            first = (candidate.title or candidate.text)[0]
            words = reading.title if candidate.title else reading.text
            return {
                "name": words.text[first.start : first.end],
                "field": "title" if candidate.title else "text",
                "times": len(candidate.title) + len(candidate.text),
            }
        if told := self._telling(reading, spoken):
            return {"telling": told}
        profile = self.profiles[candidate.profile]
        shared = set(reading.opening.stems) & set(split_words(profile.text).stems) - STOP_WORDS
        return {"shared": sorted(shared, key=lambda word: (-self.vectors.weight(word), word))[:_WORDS]}


def log_odds(probability: float) -> float:
    """ln(p / (1 - p)), p kept a thousandth away from 0 and 1."""
    kept = min(max(probability, 0.001), 0.999)
    return float(np.log(kept / (1 - kept)))


def _whole(title: str, match: Match) -> Span:
    return sentence_around(title, match.start, match.end, [Span(0, len(title))])


def prominence_of(reading: Reading, candidate: Candidate) -> Prominence:
    """Where and how often an article names a candidate."""
    title = [word for word in reading.title.stems if word not in STOP_WORDS]
    return Prominence(
        in_title=bool(candidate.title),
        title_share=max((match.name.words for match in candidate.title), default=0) / max(1, len(title)),
        mentions=len(candidate.text),
        first=min((match.start for match in candidate.text), default=None),
        length=len(reading.text.text),
        paragraphs=len({reading.text.text.count("\n", 0, match.start) for match in candidate.text}),
        similarity=candidate.similarity,
        phrasing=candidate.phrasing,
    )
