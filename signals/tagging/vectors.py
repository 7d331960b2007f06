"""Similarity of texts to tag profiles: sparse TF-IDF over words and word pairs, and over characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from signals.tagging.evidence import split_sentences
from signals.tagging.profiles import Profile
from signals.tagging.words import STOP_WORDS, Words, split_words

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

_COLUMNS_LIMIT: Final = 100_000
_NOTHING: Final = np.zeros(0, dtype=np.int32)

# Words that say "this is about AI" whatever the catalogue holds, as compared.
_TOPIC: Final = """
ai ia llm llms genai chatbot chatgpt gpt openai anthropic claude gemini deepmind deepseek mistral copilot
qwen grok llama nvidia midjourney perplexity huggingface transformer agentic agentique neural neuronal
multimodal rag mlops prompt algorithm algorithme algorithmique algorithmic robot robotic robotique xai
gpu
"""
TOPIC_WORDS: Final = frozenset(_TOPIC.split())
_TOPIC_WEIGHT: Final = 0.6

Floats = NDArray[np.float64]


def word_features(words: Words) -> list[str]:
    """Content words and pairs of neighbours, as compared."""
    return content_features(words.stems)


def content_features(stems: Iterable[str]) -> list[str]:
    """The same of words that are compared already."""
    content = [word for word in stems if word not in STOP_WORDS and len(word) > 1]
    return content + [f"{first} {second}" for first, second in pairwise(content)]


def character_features(words: Words) -> list[str]:
    """The 3- to 5-character pieces of each content word, its borders marked."""
    features: list[str] = []
    for word in words.stems:
        if word not in STOP_WORDS:
            features += _grams(word)
    return features


class Vectors:
    """The profiles as rows of two sparse matrices, and texts measured against them.

    `word_rows` and `character_rows` have one row per profile, of length 1, so that products are cosines.
    """

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self.kinds = [profile.kind for profile in profiles]
        documents = [split_words(profile.text) for profile in profiles]
        # Document frequencies over sentences: whole profiles all hold the same hundred words.
        sentences = [
            split_words(profile.text[span.start : span.end])
            for profile in profiles
            for span in split_sentences(profile.text)
        ]
        # Not at the top: it takes as long to import as the rest of a process's start, and few tag.
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._words = TfidfVectorizer(analyzer=word_features, sublinear_tf=True, dtype=np.float64)
        self._characters = TfidfVectorizer(analyzer=character_features, sublinear_tf=True, dtype=np.float64)
        self.cues = [
            frozenset(f" {' '.join(split_words(cue).stems)} " for cue in profile.hints)
            for profile in profiles
        ]
        filler = [split_words("vigie")]
        self._words.fit(sentences or filler)
        self._characters.fit(sentences or filler)
        self._columns: dict[str, NDArray[np.int32]] = {}
        self.word_rows = self.words(documents)
        self.character_rows = self.characters(documents)
        self._word_columns = csr_array(self.word_rows.T)
        self._shares = _shares(documents)

    def words(self, texts: Sequence[Words]) -> csr_array:
        """Texts as rows over words, (n, vocabulary), each of length 1."""
        return _rows(self._words, texts)

    def characters(self, texts: Sequence[Words]) -> csr_array:
        """Texts as rows over characters, (n, vocabulary), each of length 1."""
        vocabulary = self._characters.vocabulary_
        rows: list[NDArray[np.int32]] = []
        for text in texts:
            columns = [self._columns_of(word, vocabulary) for word in text.stems if word not in STOP_WORDS]
            rows.append(np.concatenate(columns) if columns else _NOTHING)
        starts = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
        columns_of_all = np.concatenate([_NOTHING, *rows])
        from sklearn.preprocessing import normalize

        matrix = csr_array(
            (np.ones(len(columns_of_all)), columns_of_all, starts), shape=(len(texts), len(vocabulary))
        )
        matrix.sum_duplicates()
        matrix.data = (1.0 + np.log(matrix.data)) * self._characters.idf_[matrix.indices]
        return csr_array(normalize(matrix, copy=False)) if len(texts) else matrix

    def _columns_of(self, word: str, vocabulary: dict[str, int]) -> NDArray[np.int32]:
        """The columns of a word's pieces, kept: texts repeat their words, and pieces are most of the work."""
        known = self._columns.get(word)
        if known is None:
            found = [vocabulary[gram] for gram in _grams(word) if gram in vocabulary]
            known = np.array(found, dtype=np.int32)
            if len(self._columns) >= _COLUMNS_LIMIT:
                self._columns.clear()
            self._columns[word] = known
        return known

    def against_all(self, rows: csr_array) -> csr_array:
        """Cosines of word rows with every profile, (n, profiles), sparse."""
        return csr_array(rows @ self._word_columns)

    def topicality(self, text: Words) -> float:
        """How much a text talks like the catalogue, 0-1: by words that many profiles share ("ai")."""
        apart = 1.0
        for word in set(text.stems):
            apart *= 1.0 - max(self._shares.get(word, 0.0), _TOPIC_WEIGHT if word in TOPIC_WORDS else 0.0)
        return 1.0 - apart

    def knows(self, word: str) -> bool:
        """Whether the catalogue uses this word (as compared)."""
        return word in self._words.vocabulary_

    def weight(self, word: str) -> float:
        """How telling a word (as compared) is: its inverse document frequency, 0 for one nobody uses."""
        column = self._words.vocabulary_.get(word)
        return 0.0 if column is None else float(self._words.idf_[column])


def _rows(vectorizer: TfidfVectorizer, texts: Sequence[Words]) -> csr_array:
    # scikit-learn refuses to transform nothing, and a catalogue may be empty.
    return csr_array(vectorizer.transform(texts) if texts else (0, len(vectorizer.vocabulary_)))


def pair_cosines(
    left: csr_array, left_rows: NDArray[np.intp], right: csr_array, right_rows: NDArray[np.intp]
) -> Floats:
    """Cosines of the pairs (left[i], right[j]) of unit rows; shape (pairs,)."""
    if not len(left_rows):
        return np.zeros(0)
    product = left[left_rows].multiply(right[right_rows])
    return np.asarray(product.sum(axis=1), dtype=np.float64).ravel()


def _shares(profiles: Sequence[Words]) -> dict[str, float]:
    """Each word's share of the profiles, squared, so that only common ground counts."""
    counts = Counter(word for profile in profiles for word in set(profile.stems) - STOP_WORDS)
    return {word: (count / len(profiles)) ** 2 for word, count in counts.items() if count > 1}


def _grams(word: str) -> list[str]:
    bordered = f" {word} "
    return [
        bordered[start : start + size]
        for size in (3, 4, 5)
        for start in range(max(1, len(bordered) - size + 1))
    ]
