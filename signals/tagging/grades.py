"""Relevance 1 to 5 as people state it: one ridge score, cut where the grades change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from signals.tagging.relevance import Prominence, estimate_relevance
from signals.tagging.vectors import Floats

SIGNS: Final = (
    "rule",
    "in title",
    "share of title",
    "mentions",
    "first",
    "not in text",
    "length",
    "paragraphs",
    "similarity",
    "log-odds",
)
LEAST: Final = 100
"""Stated relevances from which grades are learned."""
_RIDGE: Final = 5.0
_EVENNESS: Final = 0.6
"""1 gives out grades as often as they were stated, 0 all alike: rare grades are worth telling apart."""
_RARE: Final = 0.04
"""No grade is thought rarer than this, so that estimates use the whole scale."""


def grade_signs(prominence: Prominence, log_odds: float) -> list[float]:
    """One row, in the order of `SIGNS`."""
    first = prominence.first
    return [
        float(estimate_relevance(prominence)),
        float(prominence.in_title),
        prominence.title_share,
        float(np.log1p(prominence.mentions)),
        0.0 if first is None else first / max(1.0, float(prominence.length)),
        float(first is None),
        float(np.log1p(prominence.length)) / 10,
        float(np.log1p(prominence.paragraphs)),
        prominence.similarity,
        min(4.0, max(-4.0, log_odds)) / 4,
    ]


class Grades:
    """Learned from stated relevances, or as it was written down."""

    def __init__(self, written: Mapping[str, Any]) -> None:
        self._written = written
        if set(written["weights"]) != set(SIGNS):
            raise ValueError("learned from other signs of relevance")
        self._weights = np.array([written["weights"][name] for name in SIGNS], dtype=np.float64)
        self._intercept = float(written["intercept"])
        self._cuts = np.array(written["cuts"], dtype=np.float64)
        self._right = [float(share) for share in written["right"]]

    @classmethod
    def of(cls, signs: Floats, stated: Sequence[int], folds: Sequence[int]) -> Grades | None:
        """From rows of `SIGNS`; those of one fold don't judge each other. None when there are too few."""
        grades = np.array(stated, dtype=np.float64)
        if len(grades) < LEAST or len(set(stated)) < 2:
            return None
        parts = np.array(folds)
        apart = np.full(len(grades), float(grades.mean()))
        for fold in sorted(set(folds)):
            weights, intercept = _fit(signs[parts != fold], grades[parts != fold])
            apart[parts == fold] = signs[parts == fold] @ weights + intercept
        shares = np.array([np.mean(grades == grade) for grade in range(1, 6)])
        often = np.maximum(shares, _RARE) ** _EVENNESS
        cuts = np.quantile(apart, np.cumsum(often / often.sum())[:-1])
        given = 1 + np.searchsorted(cuts, apart)
        # Shrunk: of a grade that was hardly ever estimated nobody knows how often it is right.
        usual = float(np.mean(given == grades))
        right = [
            (float(np.sum((given == grade) & (grades == grade))) + 5 * usual)
            / (float(np.sum(given == grade)) + 5)
            for grade in range(1, 6)
        ]
        weights, intercept = _fit(signs, grades)
        return cls(
            {
                "weights": {
                    name: round(float(weight), 5) for name, weight in zip(SIGNS, weights, strict=True)
                },
                "intercept": round(intercept, 5),
                "cuts": np.round(cuts, 5).tolist(),
                "right": [round(share, 3) for share in right],
                "stated": len(grades),
            }
        )

    def to_json(self) -> dict[str, Any]:
        """What makes the same grades again."""
        return dict(self._written)

    def grade(self, signs: Sequence[float]) -> tuple[int, float]:
        """1 to 5, and how often that grade was the stated one."""
        score = float(np.asarray(signs) @ self._weights + self._intercept)
        grade = 1 + int(np.searchsorted(self._cuts, score))
        return grade, self._right[grade - 1]


def _fit(signs: Floats, grades: Floats) -> tuple[Floats, float]:
    centre, mean = signs.mean(axis=0), float(grades.mean())
    apart = signs - centre
    weights = np.linalg.solve(apart.T @ apart + _RIDGE * np.eye(signs.shape[1]), apart.T @ (grades - mean))
    return np.asarray(weights), mean - float(centre @ weights)
