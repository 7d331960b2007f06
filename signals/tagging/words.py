"""Text as words: where each stands, and the form in which it is compared."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

from signals.tagging.names import fold

# Combining marks belong to the letter before; "3.5" is one word, and so are "C++" and "C#".
_WORD: Final = re.compile(r"[\w\u0300-\u036f]+(?:(?<=\d)\.\d+\w*)*(?:\+\+|#)?")
# Where scraped text runs one line into the next: "modelsCan", "2025Signs".
_GLUED: Final = re.compile(
    r"(?<=[a-z\u00df-\u00ff]{3})(?=[A-Z\u00c0-\u00de][a-z\u00df-\u00ff])|(?<=\d{4})(?=[A-Z][a-z]{2})"
)
_CACHE_LIMIT: Final = 300_000
_KEPT: Final = 2_000
_SHORT: Final = 1_000
_SINGULAR_IN_S: Final = """
bias gas atlas canvas chaos kubernetes ethos pathos cosmos asbestos always perhaps less plus sans dans
mais news moins fois temps corps proces acces succes progres
"""
_INVARIABLE: Final = frozenset(_SINGULAR_IN_S.split())

_FUNCTION_WORDS: Final = """
a an and are as at be been but by can could did do does for from had has have he her his how i if in into
is it its just may more most new no not now of on one or our out over said she should so some such than
that the their them then there these they this to up us was we were what when where which while who why
will with would you your about after all also any because before being between both down during each even
every get like made make many much my off only other own same still through too under until using use
very via well au aux avec ce ces cet cette comme dans de des du elle elles en est et eux il ils je la le
les leur leurs lui ma mais me meme mes mon ne nos notre nous ont ou par pas plus pour qu que qui sa sans
se ses si son sont sur ta te tes ton tu un une vos votre vous c d j l m n s t y ete etre fait faire aussi
tout tous toute toutes entre vers chez dont apres avant depuis ainsi peut deux don re ve ll
"""
STOP_WORDS: Final = frozenset(_FUNCTION_WORDS.split())


class Words:
    """The words of a text: as written, as compared, and their offsets in the original."""

    __slots__ = ("_ends", "_starts", "raw", "stems", "text")

    def __init__(self, text: str, raw: list[str], stems: list[str]) -> None:
        self.text = text
        self.raw = raw
        self.stems = stems
        # Most texts are read for their words alone.
        self._starts: list[int] | None = None
        self._ends: list[int] = []

    @property
    def starts(self) -> list[int]:
        """Where each word begins."""
        return self._starts if self._starts is not None else self._place()

    @property
    def ends(self) -> list[int]:
        """Where each word has ended."""
        if self._starts is None:
            self._place()
        return self._ends

    def _place(self) -> list[int]:
        starts, ends, place = list[int](), list[int](), 0
        for word in self.raw:
            # Between words stands nothing that a word could begin with, so the next place is the word's.
            place = self.text.index(word, place)
            starts.append(place)
            place += len(word)
            ends.append(place)
        # In this order: another thread looks at the first of them.
        self._ends, self._starts = ends, starts
        return starts


class _Stems(dict[str, str]):
    """Words as compared, worked out once each: a hit costs no call of Python code."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        self[word] = result = _singular(fold(word))
        return result


class _Glued(dict[str, bool]):
    """Whether a word is several that run together, worked out once each."""

    def __missing__(self, word: str) -> bool:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        self[word] = result = _GLUED.search(word) is not None
        return result


_STEMS: Final = _Stems()
_ARE_GLUED: Final = _Glued()
_READ: Final[dict[str, Words]] = {}


def stem(word: str) -> str:
    """`word` folded and in the singular, by rules of thumb that hold for English and French alike."""
    return _STEMS[word]


def split_words(text: str) -> Words:
    """The words of `text` in order. Short texts are kept for a while, so change none of its lists."""
    known = _READ.get(text)
    if known is not None:
        return known
    raw = _WORD.findall(text)
    words = Words(text, raw, list(map(_STEMS.__getitem__, raw)))
    if len(text) <= _SHORT:
        # Whoever tags an article reads its title, its opening and its sentences several times in a row.
        if len(_READ) >= _KEPT:
            _READ.clear()
        _READ[text] = words
    return words


def unglue(words: Words, known: Container[str]) -> Words:
    """`words` with those split that run together ("modelsCan"), unless `known` holds them as they are."""
    if not any(map(_ARE_GLUED.__getitem__, words.raw)):
        return words
    split = Words(words.text, [], [])
    for raw, compared in zip(words.raw, words.stems, strict=True):
        parts = [raw] if compared in known or not _ARE_GLUED[raw] else _GLUED.split(raw)
        for part in parts:
            split.raw.append(part)
            split.stems.append(compared if len(parts) == 1 else stem(part))
    return split


def _singular(word: str) -> str:
    if len(word) <= 3 or word in _INVARIABLE or not word.isalpha():
        return word[:-1] if len(word) > 2 and word[-1] == "s" and word[:-1].isdigit() else word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes")):
        return word[:-2]
    if word == "biases":
        return "bias"
    if word.endswith("aux") and len(word) > 5:
        return word[:-3] + "al" if not word.endswith("eaux") else word[:-1]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
