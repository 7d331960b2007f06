"""Telling that two articles are the same news.

`story_keys` are bands of MinHash signatures (Broder 1997), of the title's words and of the text's word
triples: two articles that are alike share at least one with high probability, so that an index on them
finds the candidates, and `same_story` then looks closely. With r rows in each of b bands, a pair of Jaccard
similarity s is found with probability 1 - (1 - s^r)^b.
"""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

TITLE_ALIKE: Final = 0.65
TEXT_ALIKE: Final = 0.7
WINDOW: Final = timedelta(days=4)

_TITLE_BANDS, _TITLE_ROWS = 8, 3
_TEXT_BANDS, _TEXT_ROWS = 8, 4
_TEXT_WORDS: Final = 400
_FEWEST_TITLE_WORDS: Final = 4
_FEWEST_TEXT_WORDS: Final = 20
_TITLE_KEY_LENGTH: Final = 300
_WORD = re.compile(r"[^\W_]+(?:[.,'’+#-][^\W_]+)*[+#]*")
_NUMBER = re.compile(r"\d")
_SITE_SUFFIX = re.compile(r"\s+(?:\||-|–|—|·|::?)\s+([^|–—·]{2,40})$")
_STOPS: Final = """a an the of and or to in on for with by from at as is are be its it this that how why what
    le la les l un une des du de d et ou en au aux dans sur pour par avec est sont ce cette que qui son sa"""
_STOP_WORDS: Final = frozenset(_STOPS.split())
_SEED: Final = 20230303


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is compared of an article; `when` is its publication, or when it came."""

    title: str
    text: str
    url_key: str
    publisher: str
    when: datetime


@dataclass(frozen=True, slots=True)
class StoryReason:
    """Why two articles are the same news; `alike` is a Jaccard similarity in 0 to 1."""

    kind: str
    alike: float

    def __str__(self) -> str:
        return f"{self.kind} ({self.alike:.0%})" if self.alike < 1 else self.kind


def normalised(text: str) -> str:
    """Words only, in lower case, without accents, one space apart."""
    return " ".join(_words(text))


def title_key(title: str) -> str:
    """The normalised title without a site's name at its end, cut to 300 characters."""
    return normalised(_without_site(title))[:_TITLE_KEY_LENGTH]


def content_hash(title: str, text: str) -> str:
    """SHA-256 of the normalised title and text, in hexadecimal: equal content, whatever its typography."""
    return hashlib.sha256(f"{normalised(title)}\x1f{normalised(text)}".encode()).hexdigest()


@functools.lru_cache(maxsize=4096)
def title_signature(title: str) -> frozenset[str]:
    """The words of a title that carry meaning."""
    return frozenset(_words(_without_site(title))) - _STOP_WORDS


def story_keys(title: str, text: str) -> list[int]:
    """Signed 64-bit keys; articles that are alike share at least one. At most 16, sorted, each once."""
    keys: set[int] = set()
    words = title_signature(title)
    if len(words) >= _FEWEST_TITLE_WORDS:
        keys |= _bands(words, _TITLE_BANDS, _TITLE_ROWS, salt=1)
    triples = _triples(text)
    if triples:
        keys |= _bands(triples, _TEXT_BANDS, _TEXT_ROWS, salt=2)
    return sorted(keys)


def same_story(a: Evidence, b: Evidence, window: timedelta = WINDOW) -> StoryReason | None:
    """Why `a` and `b` are the same news, or None when they are not."""
    if abs(a.when - b.when) > window:
        return None
    titles = _jaccard(title_signature(a.title), title_signature(b.title))
    first, second = _triples(a.text), _triples(b.text)
    texts = _jaccard(first, second) if first and second else None
    if a.url_key and a.url_key == b.url_key:
        # One address may hold many entries (a change log), so the address alone says nothing.
        if texts is not None and texts >= TEXT_ALIKE:
            return StoryReason("same address and text", texts)
        if texts is None and titles >= TITLE_ALIKE and _numbers(a.title) == _numbers(b.title):
            return StoryReason("same address and title", titles)
        return None
    # One publisher's articles share boilerplate, and its equal titles are a series.
    one_publisher = bool(a.publisher) and a.publisher == b.publisher
    if texts is not None and texts >= (0.9 if one_publisher or not titles else TEXT_ALIKE):
        return StoryReason("same text" if texts > 0.99 else "nearly the same text", texts)
    if one_publisher:
        return None
    if titles >= TITLE_ALIKE and _titles_tell_enough(a.title, b.title):
        return StoryReason("same title" if titles > 0.99 else "nearly the same title", titles)
    return None


def _titles_tell_enough(a: str, b: str) -> bool:
    first, second = title_signature(a), title_signature(b)
    if min(len(first), len(second)) < _FEWEST_TITLE_WORDS:
        return False
    if _numbers(a) != _numbers(b):  # "Version 1.12.2" is not "Version 1.12.3"
        return False
    only_first, only_second = first - second, second - first
    # One word exchanged for one other ("in India", "in Brazil") is a difference in what happened.
    if len(only_first) == len(only_second) == 1:
        return False
    return not (only_first and only_second) or len(first & second) >= 5


def _numbers(title: str) -> frozenset[str]:
    return frozenset(word for word in title_signature(title) if _NUMBER.search(word))


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    if not plain.isascii():
        plain = "".join(character for character in plain if not unicodedata.combining(character))
    # "l'ia" is two words; "gpt-5.2" and "c++" are one.
    return [part for word in _WORD.findall(plain) for part in word.split("'") if part]


def _without_site(title: str) -> str:
    match = _SITE_SUFFIX.search(title)
    if match and len(match[1].split()) <= 4 and len(title[: match.start()].split()) >= _FEWEST_TITLE_WORDS:
        return title[: match.start()]
    return title


@functools.lru_cache(maxsize=256)
def _triples(text: str) -> frozenset[str]:
    words = _words(text[: _TEXT_WORDS * 12])[:_TEXT_WORDS]
    if len(words) < _FEWEST_TEXT_WORDS:
        return frozenset()
    return frozenset(map(" ".join, zip(words, words[1:], words[2:], strict=False)))


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    union = len(a | b)
    return len(a & b) / union if union else 0.0


def _constants(rows: int, salt: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    random = np.random.default_rng(_SEED + salt)
    factors = random.integers(1, 2**63, size=(rows, 1), dtype=np.uint64) | np.uint64(1)
    offsets = random.integers(0, 2**63, size=(rows, 1), dtype=np.uint64)
    return factors, offsets


_HASHES: Final = {1: _constants(_TITLE_BANDS * _TITLE_ROWS, 1), 2: _constants(_TEXT_BANDS * _TEXT_ROWS, 2)}


def _bands(members: frozenset[str], bands: int, rows: int, *, salt: int) -> set[int]:
    factors, offsets = _HASHES[salt]
    hashed = np.fromiter((zlib.crc32(member.encode()) for member in members), np.uint64, len(members))
    # Multiply-shift hashing (Dietzfelbinger et al. 1997); the wrap-around of 64 bits is meant.
    lowest = ((hashed[None, :] * factors + offsets) >> np.uint64(32)).min(axis=1)
    keys: set[int] = set()
    for band in range(bands):
        content = bytes((salt, band)) + lowest[band * rows : (band + 1) * rows].tobytes()
        keys.add(int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True))
    return keys
