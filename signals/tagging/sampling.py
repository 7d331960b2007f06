"""A few of the hidden suggestions, drawn at random, so that what is missed can be estimated."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

RATE: Final = 0.09
"""A hidden pair of probability p is drawn with RATE * max(p, FLOOR): about 5 % of what waits in the inbox."""
FLOOR: Final = 0.02


def draw(article_id: int | None, tag_id: int, probability: float) -> float | None:
    """The probability with which a pair is drawn, if it is; the lot of a pair is always the same."""
    if article_id is None:
        return None
    chance = RATE * max(probability, FLOOR)
    key = blake2b(b"%d:%d" % (article_id, tag_id), digest_size=8).digest()
    return chance if int.from_bytes(key, "big") < chance * 2.0**64 else None
