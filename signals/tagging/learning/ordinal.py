"""Relevance 1 to 5 of a note's rows: one ridge score, cut where grades change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_array, hstack
from scipy.stats import rankdata
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

from signals.tagging.learning.layouts import SECTIONS, NoteRow, NoteText
from signals.tagging.learning.metrics import Grades
from signals.tagging.learning.names import Floats

_RIDGE: Final = 20.0
_FOLDS: Final = 4
_EVENNESS: Final = 0.6
"""1 gives out grades as often as they were given, 0 all alike: rare grades are worth telling apart."""
_KINDS: Final = tuple(SECTIONS.values())


@dataclass(frozen=True, slots=True)
class Signs:
    """What a relevance is read from: words, and numbers (rows, signs)."""

    words: list[str]
    numbers: Floats


def row_signs(notes: Sequence[NoteText], rows: Sequence[NoteRow]) -> Signs:
    """Likeness to the note, length, both also among the note's rows; kind; place in the note's list."""
    said = [f"{row.name}. {row.description}" for row in rows]
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    vectorizer.fit([*(f"{note.title}. {note.text}" for note in notes), *said, "vigie"])
    own = [row.note for row in rows]
    spoken = vectorizer.transform(said)
    whole = vectorizer.transform([f"{note.title}. {note.text}" for note in notes])[own]
    titles = vectorizer.transform([note.title for note in notes])[own]
    plain = np.column_stack(
        [
            np.asarray(spoken.multiply(whole).sum(axis=1)).ravel(),
            np.asarray(spoken.multiply(titles).sum(axis=1)).ravel(),
            np.array([len(text) / 200 for text in said]),
        ]
    )
    places = [
        [row.place / 5, row.place == 0, row.place / max(1, row.listed - 1), row.listed / 5] for row in rows
    ]
    kinds = [[0.5 * (row.kind == kind) for kind in _KINDS] for row in rows]
    return Signs(said, np.column_stack([plain, 0.5 * _ranks(plain, np.array(own)), places, kinds]))


def _ranks(values: Floats, groups: Grades) -> Floats:
    ranks = np.zeros_like(values)
    for group in np.unique(groups):
        inside = groups == group
        ranks[inside] = (rankdata(values[inside], axis=0) - 1) / max(1, inside.sum() - 1)
    return ranks


class OrdinalModel:
    """Learned from graded rows, of which those of one `group` never judge each other."""

    def __init__(self, signs: Signs, grades: Grades, groups: Grades) -> None:
        numbers = np.unique(groups, return_inverse=True)[1]
        folds = min(_FOLDS, int(numbers.max()) + 1)
        apart = np.full(len(grades), float(grades.mean()))
        for fold in range(folds if folds > 1 else 0):
            outside, inside = np.flatnonzero(numbers % folds != fold), np.flatnonzero(numbers % folds == fold)
            apart[inside] = _Score(signs, grades, outside)(signs, inside)
        self._score = _Score(signs, grades, np.arange(len(grades)))
        self._grades, counts = np.unique(grades, return_counts=True)
        weights = (counts / counts.sum()) ** _EVENNESS
        self._cuts = np.quantile(apart, np.cumsum(weights / weights.sum())[:-1])

    def predict(self, signs: Signs) -> Grades:
        """The grade of each row."""
        scores = self._score(signs, np.arange(len(signs.words)))
        return np.asarray(self._grades[np.searchsorted(self._cuts, scores)])


class _Score:
    """One number per row, learned from the given rows."""

    def __init__(self, signs: Signs, grades: Grades, rows: Any) -> None:
        self._vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
        self._vectorizer.fit([signs.words[row] for row in rows] + ["vigie vigie"] * 2)
        self._ridge = Ridge(alpha=_RIDGE).fit(self._matrix(signs, rows), grades[rows])

    def __call__(self, signs: Signs, rows: Any) -> Floats:
        return np.asarray(self._ridge.predict(self._matrix(signs, rows)), dtype=np.float64)

    def _matrix(self, signs: Signs, rows: Any) -> Any:
        words = self._vectorizer.transform([signs.words[row] for row in rows])
        return csr_array(hstack([words, csr_array(signs.numbers[rows])]))
