"""A tagger learned from decisions: the default weights moved, signs of each tag, and calibrated probabilities.

Pure; written as JSON and read back the same. With few decisions it hardly differs from the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from signals.tagging.grades import Grades
from signals.tagging.memory import SIGNS, Memory
from signals.tagging.phrasing import phrasing_digest
from signals.tagging.sampling import RATE
from signals.tagging.scorer import FEATURES, PairModel
from signals.tagging.vectors import Floats

FORMAT: Final = 1
FOLDS: Final = 5
HEAVIEST: Final = 5.0
"""The most that a pair drawn at random may weigh: a few of them must not outvote all others."""
_PULL: Final = 3.0
"""How strongly weights are held at the default's."""
_SIGN_PULL: Final = 8.0
_SIGNS_START: Final = dict(zip(SIGNS, (0.7, 0.7, 1.0, 1.0, -1.0, 0.3), strict=True))
"""What a memory's signs are worth before anything was learned about it."""
_CALIBRATION_PULL: Final = 5.0
_STEPS: Final = 50
_LIMIT: Final = 30.0

Folds = NDArray[np.int_]


class UnreadableError(ValueError):
    """A stored model that was learned from other signs than this code knows."""


@dataclass(frozen=True, slots=True)
class Learned:
    """Weights over `FEATURES` and the memory's `SIGNS`; then `slope` and `shift` of the log-odds."""

    weights: tuple[float, ...]
    intercept: float
    slope: float
    shift: float
    memory: Memory
    grades: Grades | None
    draw_rate: float = RATE

    def probabilities(self, features: Floats, signs: Floats) -> Floats:
        """Of pairs, (pairs, len(FEATURES)) and (pairs, len(SIGNS)) -> (pairs,)."""
        odds = np.hstack([features, signs]) @ np.asarray(self.weights) + self.intercept
        return _sigmoid(self.slope * odds + self.shift)

    def to_json(self) -> dict[str, Any]:
        """All of it, weights by the names of their signs."""
        return {
            "format": FORMAT,
            "phrasing": phrasing_digest(),
            "weights": dict(zip((*FEATURES, *SIGNS), self.weights, strict=True)),
            "intercept": self.intercept,
            "calibration": [self.slope, self.shift],
            "memory": self.memory.to_json(),
            "grades": self.grades.to_json() if self.grades else None,
            "draw_rate": self.draw_rate,
        }

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Learned:
        """The same again; raises UnreadableError where it speaks of other signs than this code's."""
        weights = written.get("weights", {})
        if written.get("format") != FORMAT or set(weights) != {*FEATURES, *SIGNS}:
            raise UnreadableError("learned from other signs")
        if written.get("phrasing") != phrasing_digest():
            raise UnreadableError("learned beside another phrasing")
        try:
            grades = Grades(written["grades"]) if written["grades"] else None
        except ValueError as error:
            raise UnreadableError(str(error)) from error
        slope, shift = written["calibration"]
        return cls(
            tuple(weights[name] for name in (*FEATURES, *SIGNS)),
            written["intercept"],
            slope,
            shift,
            Memory(written["memory"]),
            grades,
            written["draw_rate"],
        )


def fit_pairs(
    default: PairModel, features: Floats, signs: Floats, right: Floats, weights: Floats, folds: Folds
) -> tuple[tuple[float, ...], float, float, float]:
    """Weights, intercept, slope and shift; `signs` must come from memories that don't know the pair's fold.

    Logistic regression with a ridge around the default weights; a sigmoid over out-of-fold log-odds, which is
    pulled towards changing nothing (Platt 1999, Probabilistic outputs for support vector machines).
    """
    rows = np.hstack([features, signs, np.ones((len(right), 1))])
    start = np.array([*default.weights, *_SIGNS_START.values(), default.intercept])
    pull = np.array([*[_PULL] * len(FEATURES), *[_SIGN_PULL] * len(SIGNS), 1.0])
    apart = rows @ start
    for fold in np.unique(folds):
        outside, inside = folds != fold, folds == fold
        if outside.any():
            apart[inside] = rows[inside] @ _logistic(
                rows[outside], right[outside], weights[outside], start, pull
            )
    sigmoid = np.column_stack([apart, np.ones(len(apart))])
    slope, shift = _logistic(
        sigmoid, right, weights, np.array([1.0, 0.0]), np.array([_CALIBRATION_PULL, 1.0])
    )
    fitted = np.round(_logistic(rows, right, weights, start, pull), 5).tolist()
    # A slope below 0 would turn the order round: then nothing was learned but how often it is right.
    return tuple(fitted[:-1]), fitted[-1], max(0.05, round(float(slope), 5)), round(float(shift), 5)


def fold_of(article_id: int) -> int:
    """The same article is always in the same fold."""
    return article_id % FOLDS


def _logistic(rows: Floats, right: Floats, weights: Floats, start: Floats, pull: Floats) -> Floats:
    """Minimise weighted log-loss + sum(pull * (w - start)^2) / 2 by Newton's steps, halved while too long."""
    found = start.copy()

    def loss(candidate: Floats) -> float:
        odds = np.clip(rows @ candidate, -_LIMIT, _LIMIT)
        fit = np.logaddexp(0, odds) - right * odds
        return float(weights @ fit + 0.5 * pull @ (candidate - start) ** 2)

    now = loss(found)
    for _ in range(_STEPS):
        chances = _sigmoid(rows @ found)
        gradient = rows.T @ (weights * (chances - right)) + pull * (found - start)
        curvature = (rows * (weights * chances * (1 - chances))[:, None]).T @ rows + np.diag(pull)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-4 and (later := loss(found - size * step)) > now:
            size /= 2
        if size <= 1e-4 or now - later < 1e-9:
            break
        found, now = found - size * step, later
    return found


def _sigmoid(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -_LIMIT, _LIMIT))), dtype=np.float64)
