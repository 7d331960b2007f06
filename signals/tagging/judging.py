"""Is one tagger better than another on decisions that neither has seen?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from signals.tagging.lessons import Lesson, weigh
from signals.tagging.tagger import SHOWN_FROM
from signals.tagging.vectors import Floats

HELD_BACK: Final = 0.2
"""The latest share of decisions that a new version is judged on."""
_SURE: Final = 0.1
"""How often a gain may be mere chance."""
_DRAWS: Final = 1000
_EDGE: Final = 0.01
"""Probabilities are kept this far from 0 and 1: one sure mistake must not decide alone."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Figures of both on the same decisions, and whether the new one is better by more than chance."""

    is_better: bool
    why: str
    """"" or not_better, less_precise, shows_nothing."""
    measures: dict[str, Any]


def hold_back(lessons: Sequence[Lesson], seen_until: datetime | None) -> tuple[list[Lesson], list[Lesson]]:
    """The earlier ones to learn from, and the latest to judge by, all of an article on the same side.

    What the version in use learned from is never held back, and half of what is new to it never is: else the
    new version would know less, or nothing more.
    """
    asked = [lesson for lesson in lessons if not lesson.is_unasked]
    first: dict[int, datetime] = {}
    for lesson in asked:
        first[lesson.article_id] = min(lesson.at, first.get(lesson.article_id, lesson.at))
    new = [a for a in first if seen_until is None or first[a] > seen_until]
    sizes: dict[int, int] = defaultdict(int)
    for lesson in asked:
        sizes[lesson.article_id] += 1
    room = min(HELD_BACK * len(asked), sum(sizes[article] for article in new) / 2)
    later: set[int] = set()
    for article in sorted(new, key=lambda article: (first[article], article), reverse=True):
        if room < sizes[article]:
            break
        room -= sizes[article]
        later.add(article)
    since = min((first[article] for article in later), default=None)
    earlier = [
        lesson
        for lesson in lessons
        if lesson.article_id not in later and (since is None or not lesson.is_unasked or lesson.at < since)
    ]
    return earlier, [lesson for lesson in asked if lesson.article_id in later]


def judge(lessons: Sequence[Lesson], kinds: Sequence[str], old: Floats, new: Floats) -> Judgement:
    """Compare probabilities, (lessons,) each: log-loss better by more than chance, precision no worse."""
    right = np.array([float(lesson.is_right) for lesson in lessons])
    weights = np.array([weigh(lesson) for lesson in lessons])
    gains = weights * (_losses(right, old) - _losses(right, new))
    gain, least = _mean_gain(gains, [lesson.article_id for lesson in lessons])
    before, after = _figures(right, weights, old), _figures(right, weights, new)
    measures: dict[str, Any] = {
        "old": before,
        "new": after,
        "gain": round(gain, 5),
        "gain_at_least": round(least, 5),
        "kinds": {
            kind: {
                "old": _figures(right[own], weights[own], old[own]),
                "new": _figures(right[own], weights[own], new[own]),
            }
            for kind in sorted(set(kinds))
            for own in [np.array([other == kind for other in kinds])]
        },
    }
    why = ""
    if least <= 0:
        why = "not_better"
    elif after["precision"] is None:
        why = "shows_nothing"
    elif before["precision"] is not None and after["precision"] < before["precision"]:
        why = "less_precise"
    return Judgement(not why, why, measures)


def _losses(right: Floats, said: Floats) -> Floats:
    kept = np.clip(said, _EDGE, 1 - _EDGE)
    return np.asarray(-(right * np.log(kept) + (1 - right) * np.log(1 - kept)))


def _mean_gain(gains: Floats, articles: Sequence[int]) -> tuple[float, float]:
    """Mean gain of a decision, and its lower bound by a paired bootstrap over articles."""
    by_article: dict[int, float] = defaultdict(float)
    for article, gain in zip(articles, gains.tolist(), strict=True):
        by_article[article] += gain
    if not by_article:
        return 0.0, 0.0
    sums = np.array([by_article[article] for article in sorted(by_article)])
    random = np.random.default_rng(0)
    counts = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=_DRAWS)
    return float(gains.sum() / len(gains)), float(np.quantile(counts @ sums, _SURE) / len(gains))


def _figures(right: Floats, weights: Floats, said: Floats) -> dict[str, Any]:
    """Weighted log-loss and Brier score; precision and recall of what is shown, None where nothing is."""
    shown = said >= SHOWN_FROM
    hit = float((weights * right)[shown].sum())
    total = float(weights.sum())
    return {
        "decisions": len(right),
        "shown": int(shown.sum()),
        "log_loss": round(float((weights * _losses(right, said)).sum()) / total, 5) if total else None,
        "brier": round(float((weights * (said - right) ** 2).sum()) / total, 5) if total else None,
        "precision": round(hit / float(weights[shown].sum()), 4) if shown.any() else None,
        "recall": round(hit / float((weights * right).sum()), 4) if right.any() else None,
    }
