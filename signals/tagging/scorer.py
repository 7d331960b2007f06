"""The probability that an article carries a tag: a logistic regression over what speaks for the pair."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from signals.tagging.candidates import Candidate, Reading
from signals.tagging.matcher import Match, Name, Scope
from signals.tagging.phrasing import PHRASING, Phrasing
from signals.tagging.vectors import TOPIC_WORDS, Floats
from signals.tagging.words import STOP_WORDS, split_words

DEFAULT_MODEL: Final = Path(__file__).with_name("default_model.json")
UNPHRASED: Final = (
    "named in title",
    "named early",
    "named late",
    "mentions",
    "only with gaps",
    "doubtful name off topic",
    "cues",
    "similarity",
    "similarity unnamed",
    "characters",
    "characters unnamed",
    "topicality",
    "rule in title",
    "rule in text",
    "rule across",
    "signal",
    "behavior",
    "issue",
    "concern",
)
PHRASED: Final = (
    "phrased",
    "phrasing",
    "phrasing off topic",
    *(f"phrased, {name}" for name in UNPHRASED),
)
"""The same signs once more for tags with a phrasing, which makes a name worth less; all 0 for the others."""
FEATURES: Final = (*UNPHRASED, *PHRASED)
KINDS: Final = UNPHRASED[-4:]
_NO_PHRASING: Final = (0.0,) * len(PHRASED)
_NO_SIGNS: Final = (0.0,) * len(UNPHRASED)
_EARLY: Final = 400


@dataclass(frozen=True, slots=True)
class PairModel:
    """Weights over `FEATURES`, and an intercept, of the log-odds; and how tags are spoken of."""

    weights: tuple[float, ...]
    intercept: float
    phrasing: Phrasing | None = None

    def probabilities(self, features: Floats) -> Floats:
        """Probability of each row of `features`, (pairs, len(FEATURES)) -> (pairs,)."""
        scores = np.clip(features @ np.asarray(self.weights) + self.intercept, -30, 30)
        return np.asarray(1 / (1 + np.exp(-scores)), dtype=np.float64)


@cache
def default_model() -> PairModel:
    """The model trained on the starter catalogue alone (`training`), and the phrasing of its tags."""
    phrasing = Phrasing.read(PHRASING)
    return PairModel(
        (*(starter_model().weights[: len(UNPHRASED)]), *(phrasing.pairs[name] for name in PHRASED)),
        starter_model().intercept,
        phrasing,
    )


def starter_model() -> PairModel:
    """The model without any phrasing (`python -m signals.tagging.training`)."""
    stored = json.loads(DEFAULT_MODEL.read_text(encoding="utf-8"))
    signs = tuple(stored["weights"][name] for name in UNPHRASED)
    return PairModel((*signs, *_NO_PHRASING), stored["intercept"])


def specificity(name: Name) -> float:
    """How sure a name alone makes us, 0-1: a lone common word says little, an acronym or a phrase much."""
    if name.scope is not Scope.NAME:
        return 0.4
    words = [word for word in split_words(name.text).raw if word.lower() not in STOP_WORDS]
    if len(words) >= 3:
        return 1.0
    if len(words) == 2:
        return 0.9
    word = words[0] if words else ""
    if any(letter.isdigit() for letter in word) or name.exact is not None:
        return 0.8
    if word[:1].isupper() or len(word) >= 12:
        return 0.7
    return 0.45


@lru_cache(maxsize=100_000)
def is_beyond_doubt(name: str) -> bool:
    """Whether a name means its tag anywhere: it speaks of AI itself, or is nobody else's word."""
    words = split_words(name)
    return any(word in TOPIC_WORDS for word in words.stems) or any(
        any(letter.isdigit() for letter in word) or sum(letter.isupper() for letter in word) >= 2
        for word in words.raw
    )


def pair_features(
    reading: Reading, candidate: Candidate, characters: float, certainty: dict[Name, float]
) -> list[float]:
    """One row of features, in the order of `FEATURES`; `certainty` holds each name's specificity."""

    def best(matches: Sequence[Match]) -> float:
        return max((certainty[match.name] for match in matches), default=0.0)

    title = [match for match in candidate.title if match.name.scope is Scope.NAME]
    text = [match for match in candidate.text if match.name.scope is Scope.NAME]
    early = [match for match in text if match.start < _EARLY]
    late = [match for match in text if match.start >= _EARLY]
    named = title + text
    unnamed = 0.0 if named or candidate.ruled_title or candidate.ruled_text else 1.0
    doubtful = candidate.title + candidate.text
    doubt = 0.0 if any(is_beyond_doubt(match.name.text) for match in doubtful) else 1.0 - unnamed
    across = any(match.name.scope is Scope.OPENING for match in candidate.ruled_text)
    signs = [
        best(title),
        best(early),
        best(late),
        min(1.6, float(np.log1p(max(0, len(named) - 1)))),
        1.0 if named and all(match.name.has_gap for match in named) else 0.0,
        doubt * (1.0 - reading.topicality),
        min(1.4, float(np.log1p(candidate.cues))),
        candidate.similarity,
        candidate.similarity * unnamed,
        characters,
        characters * unnamed,
        reading.topicality,
        1.0 if candidate.ruled_title else 0.0,
        1.0 if candidate.ruled_text and not across else 0.0,
        1.0 if across else 0.0,
        *(1.0 if candidate.kind == kind else 0.0 for kind in KINDS),
    ]
    # Phrasing was learned from openings: of what is named further down, its doubt says nothing.
    if candidate.phrasing is None or (late and candidate.phrasing < 0):
        return [*signs, *_NO_PHRASING]
    elsewhere = max(0.0, candidate.phrasing) * (1.0 - reading.topicality)
    return [*_NO_SIGNS, 1.0, candidate.phrasing, elsewhere, *signs]
