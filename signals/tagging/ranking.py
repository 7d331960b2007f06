"""What matters first: a linear model over hashed words, learned anew from all decisions in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

COLUMNS: Final = 2**18
"""Words and pairs of neighbours share so many columns: two in a thousand collide with one that matters."""
OPENING: Final = 2500
"""How many characters of title and text are read."""
RELEVANT_WEIGHT: Final = 20.0
"""How many decisions against one in favour outweighs: the relevant are few."""
_DOUBT: Final = 1.0
_NEAR_ENOUGH: Final = 1e-3
_STEPS: Final = 200

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranker:
    """Weights of hashed words, (COLUMNS,), and the score of a text that has none of them."""

    weights: Floats
    intercept: float = 0.0

    def scores(self, rows: csr_array) -> Floats:
        """Of each row of `read_words`; above 0 is nearer to what was accepted. Shape (n,)."""
        return np.asarray(rows @ self.weights) + self.intercept

    def sparse(self, at_most: int) -> tuple[list[int], list[float]]:
        """The columns of the `at_most` strongest weights, ascending, and the weights to six digits."""
        columns = np.flatnonzero(self.weights)
        if len(columns) > at_most:
            strongest = np.argpartition(np.abs(self.weights), -at_most)[-at_most:]
            columns = np.sort(strongest)
        return columns.tolist(), [float(f"{weight:.6g}") for weight in self.weights[columns].tolist()]

    @classmethod
    def from_sparse(cls, columns: Sequence[int], weights: Sequence[float], intercept: float) -> Ranker:
        """The ranker that `sparse` wrote."""
        dense = np.zeros(COLUMNS)
        dense[np.array(columns, dtype=np.intp)] = weights
        return cls(dense, intercept)


def read_words(texts: Sequence[str]) -> csr_array:
    """Texts as rows over hashed words and pairs, (n, COLUMNS), 1 + log count, each row of length 1.

    Small words stay: "we conducted a" is how a study speaks.
    """
    if not texts:
        return csr_array(np.zeros((0, COLUMNS), dtype=np.float32))
    # Not at the top: it takes as long to import as the rest of a process's start, and few learn.
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.preprocessing import normalize

    hashing = HashingVectorizer(
        n_features=COLUMNS,
        ngram_range=(1, 2),
        strip_accents="unicode",
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    )
    rows = csr_array(hashing.transform([text[:OPENING] for text in texts]))
    rows.data = 1 + np.log(rows.data)
    return csr_array(normalize(rows, copy=False))


def telling(rows: csr_array) -> Floats:
    """How telling each column is among these rows: smoothed inverse document frequency, (COLUMNS,).

    Scaled so that a row weighted by it is about as long as before.
    """
    count = rows.shape[0]
    holders = np.bincount(rows.indices, minlength=COLUMNS)
    weights = np.log((1 + count) / (1 + holders)) + 1.0
    squares = float((rows.data.astype(np.float64) ** 2) @ (weights[rows.indices] ** 2))
    return weights * np.sqrt(count / squares) if squares else weights


def learn(
    rows: csr_array, wanted: Floats, importance: Floats, told: Floats, start: Floats | None = None
) -> tuple[Ranker, Floats]:
    """Ridge regression of `wanted` (n,) on `rows` (n, COLUMNS), an error counting `importance` times (n,).

    `told` is what `telling` says of the columns. Solved in its dual form by conjugate gradients (Hestenes and
    Stiefel 1952), time linear in the words. Also returns the dual solution, for the next time's `start`, which
    may be shorter: rows are added at the end.
    """
    scaled = csr_array((rows.data * told[rows.indices], rows.indices, rows.indptr), shape=rows.shape)
    columns = scaled.T
    noise = _DOUBT / importance

    def kernel(dual: Floats) -> Floats:
        # The bias is one more word that all texts share.
        fitted: Floats = scaled @ (columns @ dual) + dual.sum() + noise * dual
        return fitted

    dual = np.zeros(len(wanted))
    if start is not None:
        dual[: len(start)] = start
    left = wanted - kernel(dual)
    preconditioner = 1.0 / (2.0 + noise)
    direction = near = preconditioner * left
    size = float(left @ near)
    enough = _NEAR_ENOUGH * float(np.linalg.norm(wanted))
    for _ in range(_STEPS):
        if np.linalg.norm(left) <= enough:
            break
        image = kernel(direction)
        step = size / float(direction @ image)
        dual = dual + step * direction
        left = left - step * image
        near = preconditioner * left
        size, before = float(left @ near), size
        direction = near + (size / before) * direction
    return Ranker(np.asarray(columns @ dual) * told, float(dual.sum())), dual


def read_in_order(rows: csr_array, relevant: Sequence[bool], first: Sequence[int]) -> list[int]:
    """The order in which everything but `first` is read when the best is always next and always learned from."""
    told = telling(rows)
    labels = np.array(relevant, dtype=bool)
    is_left = np.ones(len(labels), dtype=bool)
    is_left[list(first)] = False
    decided, order = list(first), []
    dual = np.zeros(0)
    while is_left.any():
        known = labels[decided]
        importance = np.where(known, RELEVANT_WEIGHT, 1.0)
        ranker, dual = learn(rows[decided], np.where(known, 1.0, -1.0), importance, told, dual)
        place = int(np.where(is_left, ranker.scores(rows), -np.inf).argmax())
        is_left[place] = False
        order.append(place)
        decided.append(place)
    return order
