"""Where an article stands in the inbox: the one formula, and the places of what was drawn at random.

    place = .45 relevance + .35 best + .05 doubt x relevance + days / 200

* relevance, 0-1: how much it reads like what people accept. Until decisions speak, how much it speaks like the
  catalogue; n decisions have n / (n + 20) of the say.
* best, 0-1: of its suggestions, the highest confidence x relevance / 5.
* doubt, 0-1: 1 - |2 confidence - 1| of the suggestion nearest to a toss-up: deciding it teaches most.
* days since 2020 when it came out. It never has to be written again as time passes: among equals the newer stands
  higher, and ten days weigh what .05 of a certain suggestion does.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from signals.tagging.tagger import Tagger
from signals.tagging.words import split_words

_RELEVANCE: Final = 0.45
_BEST: Final = 0.35
_DOUBT: Final = 0.05
PER_DAY: Final = 1 / 200
_HALF_SAY: Final = 20
"""So many decisions say as much as the catalogue."""
_TOPIC_OPENING: Final = 600
_EVERY: Final = 20
"""One place in so many is for what was drawn at random."""

Floats = NDArray[np.float64]


def topicality(tagger: Tagger, text: str) -> float:
    """How much the opening of a text (title first) speaks like the catalogue, 0-1."""
    return tagger.vectors.topicality(split_words(text[:_TOPIC_OPENING]))


def relevance(topicality: Floats, learned: Floats, decisions: int) -> Floats:
    """What the catalogue says (0-1) and what decisions taught (standard scores) as one number, 0-1; shape (n,)."""
    say = decisions / (decisions + _HALF_SAY)
    return (1 - say) * topicality + say / (1 + np.exp(-np.clip(learned, -30, 30)))


def inbox_scores(relevant: Floats, best: Floats, doubt: Floats, days: Floats) -> Floats:
    """The formula above for n articles; each array has shape (n,)."""
    return _RELEVANCE * relevant + _BEST * best + _DOUBT * doubt * relevant + PER_DAY * days


def interleave(scores: Floats, is_drawn: NDArray[np.bool_], newest: Floats) -> Floats:
    """Give every twentieth place to an article drawn at random, the newest first; shape (n,).

    One that stands higher by itself stays there. `newest` orders the drawn, the largest first.
    """
    drawn = np.flatnonzero(is_drawn)
    placed = scores.copy()
    others = np.sort(scores[~is_drawn])[::-1]
    if not len(drawn) or not len(others):
        return placed
    for turn, index in enumerate(drawn[np.argsort(-newest[drawn], kind="stable")].tolist()):
        placed[index] = max(placed[index], score_between(others, place_of(turn)))
    return placed


def place_of(turn: int) -> int:
    """How many articles stand before the `turn`-th drawn one, from 0: the middle of each twenty."""
    return _EVERY // 2 + turn * (_EVERY - 1)


def score_between(others: Floats, place: int) -> float:
    """A score with `place` of the others (descending) before it; below them all when there are fewer."""
    if place >= len(others):
        return float(others[-1]) - 1e-6
    return float(others[place - 1] + others[place]) / 2
