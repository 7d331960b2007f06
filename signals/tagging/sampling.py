"""A few of the hidden suggestions, drawn at random, so that what is missed can be estimated."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

SHARE: Final = 0.05
"""Of what waits in the inbox, about so much is drawn at random."""
RATE: Final = 0.09
"""A hidden pair of probability p is drawn with rate * max(p, FLOOR). A learned version has a rate of its own; with this
one the default tagger, which hides little that is likely, draws less than `SHARE`: on news .35 would be it."""
FLOOR: Final = 0.02
_RATES: Final = (0.01, 0.5)


def draw(article_id: int | None, tag_id: int, probability: float, rate: float = RATE) -> float | None:
    """The probability with which a pair is drawn, if it is; the lot of a pair is always the same."""
    if article_id is None:
        return None
    chance = rate * max(probability, FLOOR)
    key = blake2b(b"%d:%d" % (article_id, tag_id), digest_size=8).digest()
    return chance if int.from_bytes(key, "big") < chance * 2.0**64 else None


def draw_rate(shown: int, hidden: Iterable[float]) -> float:
    """The rate that makes draws from pairs of these probabilities `SHARE` of all that waits."""
    mass = sum(max(probability, FLOOR) for probability in hidden)
    wanted = shown * SHARE / (1 - SHARE)
    return round(min(_RATES[1], max(_RATES[0], wanted / mass if mass else RATE)), 4)
