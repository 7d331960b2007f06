"""What people type into the search field, taken apart; nothing typed is an error.

words of a text     all of them, in any of their forms
"in this order"     a phrase
trans*              words that begin so
-word -"a phrase"   articles without it
this or that        either
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

_TERMS: Final = 16
_SHORTEST_BEGINNING: Final = 2
_SHORTEST_OPEN: Final = 3
"""A last word of so many letters may be the beginning of a longer one."""
# A quotation, closed or not, or what stands between spaces; quotation marks as French and typographers have them too.
_PIECE: Final = re.compile(r'(?P<minus>-?)(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))')
_QUOTES: Final = str.maketrans(dict.fromkeys("“”„«»", '"'))
_OR: Final = {"or", "ou"}


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand in a row (one, mostly); `is_beginning` when longer words that begin so are meant too."""

    words: str
    is_phrase: bool = False
    is_beginning: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What must all be there, and what must not."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...] = ()


def parse(text: str) -> tuple[Choice, ...]:
    """Each choice is enough for an article to be found; none when nothing is asked for."""
    choices: list[Choice] = []
    wanted: list[Term] = []
    unwanted: list[Term] = []

    def close() -> None:
        # What is only told to be without something would be nearly everything.
        if wanted:
            choices.append(Choice(tuple(wanted), tuple(unwanted)))
        wanted.clear()
        unwanted.clear()

    for count, piece in enumerate(_PIECE.finditer(text.replace("\x00", " ").translate(_QUOTES))):
        if count >= _TERMS:
            break
        if (piece["bare"] or "").casefold() in _OR and not piece["minus"]:
            close()
        elif term := _term(piece):
            (unwanted if piece["minus"] else wanted).append(term)
    close()
    return tuple(choices)


def opened(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """The same with the last word as the beginning of one; unchanged when it is none."""
    if not choices or not choices[-1].wanted:
        return choices
    *before, last = choices[-1].wanted
    if (
        last.is_phrase
        or last.is_beginning
        or len(last.words) < _SHORTEST_OPEN
        or not last.words[-1].isalpha()
    ):
        return choices
    wanted = (*before, replace(last, is_beginning=True))
    return (*choices[:-1], replace(choices[-1], wanted=wanted))


def plain_words(choices: tuple[Choice, ...]) -> str:
    """The words asked for, without signs."""
    return " ".join(term.words for choice in choices for term in choice.wanted)


def _term(piece: re.Match[str]) -> Term | None:
    if piece["quoted"] is not None:
        words = " ".join(piece["quoted"].split())
        return Term(words, is_phrase=" " in words) if _says_something(words) else None
    bare = piece["bare"]
    words = bare.strip("*")
    if not _says_something(words):
        return None
    return Term(words, is_beginning=bare.endswith("*") and len(words) >= _SHORTEST_BEGINNING)


def _says_something(words: str) -> bool:
    return any(character.isalnum() for character in words)
