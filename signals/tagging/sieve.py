"""Which of many articles might carry one of a few tags: a cheap first look that lets none of them slip."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from signals.tagging.candidates import LEAST_SIMILARITY, OPENING, READ_LIMIT, read_article
from signals.tagging.profiles import GAP
from signals.tagging.tagger import Document, Tagger
from signals.tagging.words import Words, split_words, unglue

_RULE: Final = " + "
_ENDING: Final = 1
"""How many letters at its end a word as compared may have that the word as written has not ("policies")."""


class Sieve:
    """Made of a tagger for some of its tags. What it holds back the tagger would not give any of them."""

    def __init__(self, tagger: Tagger, tag_ids: Collection[int]) -> None:
        places = [place for place, profile in enumerate(tagger.profiles) if profile.tag_id in tag_ids]
        profiles = [tagger.profiles[place] for place in places]
        self._places = frozenset(places)
        self._vectors = tagger.vectors
        self._matcher = tagger.matcher
        self._anchors = sorted({anchors(name) for profile in profiles for name in profile.all_names})
        # A cue that is a rule finds a tag without any of its names.
        self._has_rules = any(_RULE in cue for profile in profiles for cue in profile.cues)
        self._columns = csr_array(tagger.vectors.word_rows[np.array(places, dtype=np.intp)].T)

    def passes(self, documents: Sequence[Document]) -> list[bool]:
        """For each document whether it might carry one of the tags."""
        through = [self._is_named(document) for document in documents]
        places = [place for place, passed in enumerate(through) if not passed]
        openings = [self._opening(documents[place]) for place in places]
        for place, nearest in zip(places, self._nearest(openings).tolist(), strict=True):
            through[place] = nearest >= LEAST_SIMILARITY
        return through

    def _is_named(self, document: Document) -> bool:
        text = document.text[:READ_LIMIT]
        plain = letters(f"{document.title}\n{text}")
        if not self._has_rules and not any(all(anchor in plain for anchor in name) for name in self._anchors):
            return False
        return not self._places.isdisjoint(read_article(self._matcher, document.title, text).candidates)

    def _nearest(self, openings: Sequence[Words]) -> NDArray[np.float64]:
        """Each opening's largest cosine with one of the tags, (n,), before it is damped."""
        if not openings or not self._columns.shape[1]:
            return np.zeros(len(openings))
        cosines = self._vectors.words(openings) @ self._columns
        return np.asarray(cosines.max(axis=1).todense(), dtype=np.float64).ravel()

    def _opening(self, document: Document) -> Words:
        """What `read_article` measures likeness on."""
        words = split_words(f"{document.title}\n{document.text[:OPENING]}")
        return unglue(words, self._matcher.vocabulary)


def anchors(name: str) -> tuple[str, ...]:
    """What a text that holds `name`, in whatever number, must hold of each of its words, as `letters`."""
    stems = [stem for part in name.split(GAP) for stem in split_words(part).stems]
    return tuple(
        sorted({letters(stem[: max(2, len(stem) - _ENDING)]) for stem in stems}, key=len, reverse=True)
    )


def letters(text: str) -> str:
    """`text` casefolded, ligatures undone and accents off; what else is not ASCII is left out."""
    if text.isascii():
        return text.casefold()
    folded = unicodedata.normalize("NFKC", text).casefold().replace("œ", "oe").replace("æ", "ae")
    return unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode("ascii")
