"""When two wordings of a proposal are one: the same telling words, or nearly."""

from __future__ import annotations

import re
from typing import Final

from signals.tagging.links import FRAME_WORDS
from signals.tagging.words import STOP_WORDS, split_words, stem

_SAME_FROM: Final = 0.72
# Names of things differ by a letter or a word more often than sentences about one thing do.
_SAME_NAME_FROM: Final = 0.9
_KEY_LIMIT: Final = 300
# One word for each way of saying what happens; the first of a line stands for all.
_SAYINGS: Final = """
lack shortage scarcity manque penurie crunch
ban prohibition interdiction crackdown banned banning moratorium curb
lawsuit sue sued suing suit plainte proces
fear worry concern crainte inquietude peur preoccupation anxiety warning
risk danger threat risque menace
debate controversy row dispute polemique controverse debat
surge boom explosion flambee soar
shift transition passage move pivot
fall decline recul declin demise
backlash opposition protest pushback
vulnerability flaw faille bug
flux era ere age
attack attaque
model modele
hallucination confabulation
"""
_SAME_WORD: Final = {
    stem(other): stem(line.split()[0]) for line in _SAYINGS.strip().splitlines() for other in line.split()
}
# Wordings that add nothing to which thing is meant.
_EMPTY: Final = FRAME_WORDS | {
    stem(word)
    for word in (
        "using",
        "generated",
        "powered",
        "driven",
        "based",
        "related",
        "de",
        "l",
        "d",
        "like",
        "instead",
    )
}


def proposal_key(name: str) -> str:
    """What two wordings of one proposal share: the words as compared, in one order, without function words."""
    stems = [_SAME_WORD.get(word, word) for word in split_words(name).stems]
    telling = [word for word in stems if word not in STOP_WORDS and word not in _EMPTY and word != "s"]
    return " ".join(sorted(dict.fromkeys(telling or stems)))[:_KEY_LIMIT]


def likeness(key: str, other: str) -> float:
    """How alike two keys are, 0-1: shared words, and words that share most of their letters; figures must agree."""
    mine, theirs = set(key.split()), set(other.split())
    if not mine or not theirs or _figures(mine) != _figures(theirs):
        return 0.0
    shared = mine & theirs
    left, right = sorted(mine - shared), sorted(theirs - shared)
    near = 0.0
    for word in left:
        best = max(((_letters(word, rest), rest) for rest in right), default=(0.0, ""))
        if best[0] >= 0.6:
            near += best[0]
            right.remove(best[1])
    total = len(mine) + len(theirs)
    return (2 * len(shared) + 2 * near) / total


def is_same(kind: str, alike: float) -> bool:
    """Whether two proposals of a kind with this likeness are one."""
    return alike >= (_SAME_NAME_FROM if kind == "technology" else _SAME_FROM)


def _figures(words: set[str]) -> set[str]:
    return {word for word in words if re.search(r"\d", word)}


def _letters(word: str, other: str) -> float:
    """Likeness of two words by their pieces of three letters; 1 for the same word."""
    mine, theirs = _pieces(word), _pieces(other)
    return 2 * len(mine & theirs) / max(1, len(mine) + len(theirs))


def _pieces(word: str) -> set[str]:
    padded = f"  {word} "
    return {padded[place : place + 3] for place in range(len(padded) - 2)}
