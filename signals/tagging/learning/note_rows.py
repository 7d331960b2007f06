"""Which rows belong to which note, by what they say alone: the rows ranked for every note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_array
from scipy.special import logsumexp
from sklearn.feature_extraction.text import TfidfVectorizer

from signals.tagging.learning.names import Floats
from signals.tagging.vectors import character_features
from signals.tagging.words import STOP_WORDS, Words, split_words

_SHARPNESS: Final = 20.0
_KINSHIP: Final = 1.0


def content_words(words: Words) -> list[str]:
    """The words that say something, as compared."""
    return [word for word in words.stems if word not in STOP_WORDS and len(word) > 1]


def rank_rows(notes: Sequence[str], rows: Sequence[str]) -> Floats:
    """Scores of rows for notes, (notes, rows), higher is likelier; natural logarithms of shares.

    A row belongs to one note, so the notes compete for it: that sinks rows which are near to everything.
    Rows near to the likely rows of a note are its rows too.
    """
    note_words, row_words = [split_words(text) for text in notes], [split_words(text) for text in rows]
    spaces = [_vectors(analyzer, note_words, row_words) for analyzer in (content_words, character_features)]
    near = np.asarray(sum((of_notes @ of_rows.T).toarray() for of_notes, of_rows in spaces))
    shares = np.exp(_compete(near))
    likely = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
    # Each row's likeness to the likely rows, itself left out.
    kin = sum(
        np.asarray((likely @ of_rows) @ of_rows.T) - likely * of_rows.power(2).sum(axis=1)
        for _, of_rows in spaces
    )
    return _compete(near + _KINSHIP * np.asarray(kin))


def character_baseline(notes: Sequence[str], rows: Sequence[str]) -> Floats:
    """Cosines of character TF-IDF alone, (notes, rows)."""
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    vectorizer.fit([*notes, *rows])
    return np.asarray((vectorizer.transform(notes) @ vectorizer.transform(rows).T).toarray())


def _vectors(analyzer: Any, notes: Sequence[Words], rows: Sequence[Words]) -> tuple[csr_array, csr_array]:
    vectorizer = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True)
    vectorizer.fit([*notes, *rows])
    return csr_array(vectorizer.transform(notes)), csr_array(vectorizer.transform(rows))


def _compete(scores: Floats) -> Floats:
    sharp = scores * _SHARPNESS
    return np.asarray(sharp - logsumexp(sharp, axis=0, keepdims=True))
