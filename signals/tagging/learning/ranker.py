"""What matters first: articles ordered by the decisions so far, learned again after every one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfVectorizer

from signals.tagging.learning.names import Floats

_DOUBT: Final = 1.0
_RELEVANT_WEIGHT: Final = 20.0
"""How many decisions against one in favour outweighs: the relevant are few."""


class Ranker:
    """Ridge regression in its dual form: a decision adds a row to the inverse, so learning never starts over.

    A decision costs time and memory quadratic in the decisions so far.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        # Small words stay: "we conducted a" is how a study speaks.
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, strip_accents="unicode")
        self._rows = csr_array(vectorizer.fit_transform(texts))
        self._columns = csr_array(self._rows.T)
        self._kernel = np.zeros((64, len(texts)))
        self._inverse = np.zeros((64, 64))
        self._signs = np.zeros(64)
        self.decided: list[int] = []

    def decide(self, place: int, is_relevant: bool) -> None:
        """Take in a decision on the text at `place`."""
        count = len(self.decided)
        self._make_room(count + 1)
        # The bias is one more word that all texts share.
        row = np.asarray((self._rows[[place]] @ self._columns).todense()).ravel() + 1.0
        with_known = row[self.decided]
        noise = _DOUBT / (_RELEVANT_WEIGHT if is_relevant else 1.0)
        inverse = self._inverse[:count, :count]
        through = inverse @ with_known
        # Inverse of a bordered matrix, by its Schur complement.
        schur = float(row[place] + noise - with_known @ through)
        inverse += np.outer(through, through / schur)
        self._inverse[count, :count] = self._inverse[:count, count] = -through / schur
        self._inverse[count, count] = 1 / schur
        self._kernel[count] = row
        self._signs[count] = 1.0 if is_relevant else -1.0
        self.decided.append(place)

    def scores(self) -> Floats:
        """Of every text, decided or not; only their order means something."""
        count = len(self.decided)
        weights = self._inverse[:count, :count] @ self._signs[:count]
        return np.asarray(weights @ self._kernel[:count])

    def _make_room(self, count: int) -> None:
        size = len(self._signs)
        if count > size:
            self._kernel = np.vstack([self._kernel, np.zeros_like(self._kernel)])
            self._inverse = np.pad(self._inverse, ((0, size), (0, size)))
            self._signs = np.pad(self._signs, (0, size))


def read_all(ranker: Ranker, relevant: Sequence[bool], first: Sequence[int]) -> list[int]:
    """The order in which everything but `first` is read when the top one is always next."""
    for place in first:
        ranker.decide(place, relevant[place])
    is_left = np.ones(len(relevant), dtype=bool)
    is_left[list(first)] = False
    order: list[int] = []
    while is_left.any():
        place = int(np.where(is_left, ranker.scores(), -np.inf).argmax())
        order.append(place)
        is_left[place] = False
        if is_left.any():
            ranker.decide(place, relevant[place])
    return order
