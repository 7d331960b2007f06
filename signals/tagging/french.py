"""French words read as the English ones that news uses, so that French news share what English news taught."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from signals.language import detect_language
from signals.tagging.words import STOP_WORDS, Words, stem

FRENCH: Final = Path(__file__).with_name("french.tsv")
"""A French word as compared, a tab, one or two English words; sorted."""
_LEAST_KNOWN: Final = 2


def is_french(words: Words) -> bool:
    """Whether a text is in French: by its function words, or, of a few words without any, by those that are known."""
    language, _sure = detect_language(words.text)
    if language is not None:
        return language == "fr"
    content = [word for word in words.stems if word not in STOP_WORDS and word.isalpha()]
    known = sum(word in _glossary() for word in content)
    return known >= _LEAST_KNOWN and known * 2 >= len(content)


def read_in_english(stems: Iterable[str]) -> list[str]:
    """Words as compared of a French text as those of an English one; those that nobody translated as they are."""
    return [said for word in stems for said in in_english(word)]


def in_english(word: str) -> tuple[str, ...]:
    """What a French word is in English, as compared; itself where nobody translated it."""
    return _glossary().get(word) or (word,)


@cache
def _glossary() -> Mapping[str, tuple[str, ...]]:
    lines = FRENCH.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines)
    return {french: tuple(map(stem, english.split())) for french, english in pairs}
