"""Whether a description is of a signal, a behavior, a technology or an issue, from its words and its manner."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_array, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from signals.tagging.learning.names import Floats

_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_ARTICLES: Final = frozenset(("the", "a", "an", "le", "la", "les", "l", "un", "une", "des"))
_MANNER_WEIGHT: Final = 0.5


class KindModel:
    """Learned from descriptions and their kinds; `kinds` is the order of the probabilities."""

    def __init__(self, descriptions: Sequence[str], kinds: Sequence[str]) -> None:
        # How a description begins tells more than what it is about, so no stop words go.
        self._vectorizers = [
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
            TfidfVectorizer(analyzer=_beginnings_and_endings, sublinear_tf=True),
        ]
        for vectorizer in self._vectorizers:
            vectorizer.fit(descriptions)
        self._model = LogisticRegression(C=5.0, max_iter=1000, class_weight="balanced")
        self._model.fit(self._rows(descriptions), list(kinds))
        self.kinds: list[str] = [str(kind) for kind in self._model.classes_]

    def probabilities(self, descriptions: Sequence[str]) -> Floats:
        """Of each kind for each description, (descriptions, kinds)."""
        return np.asarray(self._model.predict_proba(self._rows(descriptions)))

    def predict(self, descriptions: Sequence[str]) -> list[str]:
        """The likeliest kind of each."""
        return [self.kinds[place] for place in self.probabilities(descriptions).argmax(axis=1)]

    def _rows(self, descriptions: Sequence[str]) -> Any:
        manner = csr_array(np.array([_manner(text) for text in descriptions]) * _MANNER_WEIGHT)
        words = [vectorizer.transform(descriptions) for vectorizer in self._vectorizers]
        return csr_array(hstack([*words, manner]))


def _beginnings_and_endings(text: str) -> list[str]:
    tokens = [token.lower() for token in _TOKEN.findall(text)]
    if not tokens:
        return []
    first = [f"{place}<{token}" for place, token in enumerate(tokens[:3])]
    return [*first, "<" + " ".join(tokens[:2]), tokens[-1] + ">", *("-" + token[-3:] for token in tokens)]


def _manner(text: str) -> list[float]:
    """Length and sentence form, which differ between kinds more than subjects do."""
    words, lower = text.split(), text.lower()
    first = words[0].lower() if words else ""
    return [
        len(words) / 20,
        len(text) / 100,
        float(first.endswith("ing")),
        float(first in _ARTICLES),
        float(text.endswith(".")),
        text.count(",") / 3,
        sum(character.isupper() for character in text) / 10,
        float("individuals" in lower or "individus" in lower),
        float("people" in lower or "personnes" in lower),
    ]
