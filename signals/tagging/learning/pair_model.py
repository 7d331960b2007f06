"""Which known tags an article carries, learned forward in time from articles that were tagged before.

At several days of the past a model of what came before looks at what came after: those pairs, seen as they
would have been seen then, teach what each sign is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from signals.tagging.learning.names import Floats
from signals.tagging.learning.past import FEATURES, Issue, Past, Read, read_issue

GIVEN_OFTEN: Final = 5
"""Times a tag was given before it is scored."""
SHOWN_FROM: Final = 0.5
_GIVEN_THEN: Final = 3
_MOMENTS: Final = (0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.92)
"""Shares of the past that stand for the whole of it while learning."""
_PAIRS: Final = 150_000
_BATCH: Final = 200
_SEEDS: Final = (0, 1, 2)
_NAMED: Final = FEATURES.index("named")
_PRIOR: Final = FEATURES.index("prior")


class LearnedPairs:
    """Learned from `issues`; `tags` are the ones it scores, in the order of the columns."""

    def __init__(self, issues: Sequence[Issue], least: int = GIVEN_OFTEN) -> None:
        if not issues:
            raise ValueError("Nothing to learn from.")
        reads = [read_issue(issue) for issue in sorted(issues, key=lambda issue: issue.day)]
        self._past = Past(reads, least)
        self.tags = self._past.tags
        self._models = _learn(*_pairs_of_the_past(reads)) if self.tags else []

    def score(self, issues: Sequence[Issue]) -> tuple[Floats, Floats]:
        """Probability and the plain score (named, then share of the past) of every pair, (issues, tags).

        Of the other issues, an issue's figures depend on the words of those of earlier days.
        """
        probabilities, plain = np.zeros((2, len(issues), len(self.tags)))
        if not self.tags:
            return probabilities, plain
        lately = self._past.lately()
        order = sorted(range(len(issues)), key=lambda place: issues[place].day)
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            signs = self._past.signs([read_issue(issues[place]) for place in places], lately)
            plain[places] = signs[:, :, _NAMED] + signs[:, :, _PRIOR]
            probabilities[places] = self._probabilities(signs)
        return probabilities, plain

    def _probabilities(self, signs: Floats) -> Floats:
        rows, tags, _ = signs.shape
        if not self._models:
            # Too short a past to learn from: how often a name meant its tag.
            return np.asarray(signs[:, :, FEATURES.index("expected by name")])
        pairs = signs.reshape(rows * tags, len(FEATURES))
        odds = sum(weight * _log_odds(model, pairs) for weight, model in self._models)
        return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30)))).reshape(rows, tags)


def _pairs_of_the_past(reads: Sequence[Read]) -> tuple[Floats, Floats]:
    signs, given = [np.zeros((0, len(FEATURES)))], [np.zeros(0)]
    for moment in _MOMENTS:
        place = int(len(reads) * moment)
        before, after = reads[:place], reads[place:]
        if not before:
            continue
        past = Past(before, _GIVEN_THEN)
        if not past.tags:
            continue
        # What a long past holds is thinned, evenly, or learning would take minutes.
        step = max(1, len(after) * len(past.tags) * len(_MOMENTS) // _PAIRS)
        after = after[::step]
        signs.append(past.signs(after, past.lately()).reshape(-1, len(FEATURES)))
        given.append(
            np.array(
                [[tag in read.issue.tags for tag in past.tags] for read in after], dtype=np.float64
            ).ravel()
        )
    return np.vstack(signs), np.concatenate(given)


def _learn(signs: Floats, given: Floats) -> list[tuple[float, Any]]:
    """The models and their weights in the mean of log-odds; none when there is nothing to tell apart."""
    if min(given.sum(), len(given) - given.sum()) < GIVEN_OFTEN:
        return []
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    models: list[tuple[float, Any]] = [(0.5, linear.fit(signs, given))]
    for seed in _SEEDS:
        trees = HistGradientBoostingClassifier(
            learning_rate=0.05,
            max_iter=200,
            max_depth=2,
            min_samples_leaf=100,
            l2_regularization=20,
            max_features=0.2,
            early_stopping=False,
            random_state=seed,
        )
        # Threads that wait for one another's core cost more than these small trees.
        with threadpool_limits(1):
            models.append((0.5 / len(_SEEDS), trees.fit(signs, given)))
    return models


def _log_odds(model: Any, pairs: Floats) -> Floats:
    if not len(pairs):
        return np.zeros(0)
    return np.asarray(model.decision_function(pairs), dtype=np.float64)
