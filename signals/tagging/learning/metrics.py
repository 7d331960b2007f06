"""The figures by which models are judged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, cohen_kappa_score, label_ranking_average_precision_score

from signals.tagging.learning.names import Floats

Flags = NDArray[np.bool_]
Grades = NDArray[np.int_]


def ranking_precision(given: Flags, scores: Floats) -> float | None:
    """LRAP of (articles, tags) over articles that were given a tag; None without one."""
    scored = given.any(axis=1)
    if not scored.any():
        return None
    return float(label_ranking_average_precision_score(given[scored], scores[scored]))


def mean_average_precision(relevant: Flags, scores: Floats) -> float | None:
    """Mean over rows with something relevant of their average precision, (queries, ranked); None without one."""
    rows = np.flatnonzero(relevant.any(axis=1))
    if not len(rows):
        return None
    return float(np.mean([average_precision_score(relevant[row], scores[row]) for row in rows]))


def precision_at(relevant: Flags, scores: Floats, count: int) -> float | None:
    """Mean share of relevant ones among each row's first `count`, over rows with something relevant."""
    rows = relevant.any(axis=1)
    if not rows.any():
        return None
    first = np.argsort(-scores[rows], axis=1, kind="stable")[:, :count]
    return float(np.take_along_axis(relevant[rows], first, axis=1).mean())


def precision_and_recall(given: Flags, shown: Flags) -> tuple[float | None, float | None]:
    """Over all pairs together; None where nothing was shown, or given."""
    right = float((given & shown).sum())
    return (
        right / float(shown.sum()) if shown.any() else None,
        right / float(given.sum()) if given.any() else None,
    )


def quadratic_kappa(true: Grades, predicted: Grades) -> float:
    """Cohen's kappa with quadratic weights; 0 when both are one and the same grade throughout."""
    if len(np.union1d(true, predicted)) < 2:
        return 0.0
    return float(cohen_kappa_score(true, predicted, weights="quadratic"))


def macro_mae(true: Grades, predicted: Grades) -> float:
    """Mean absolute error, each grade that occurs counting the same."""
    errors = np.abs(true - predicted)
    return float(np.mean([errors[true == grade].mean() for grade in np.unique(true)]))


def work_saved(labels: Flags, recall: float = 0.95) -> float:
    """WSS: share of records not read when `recall` of the relevant are found, less what chance would save.

    `labels` in the order read. Cohen et al. 2006, Reducing workload in systematic review preparation.
    """
    needed = int(np.ceil(recall * labels.sum()))
    read = int(np.flatnonzero(np.cumsum(labels) >= needed)[0]) + 1
    return 1 - read / len(labels) - (1 - recall)
