"""A few of the hidden suggestions, drawn at random, so that what is missed can be estimated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np

RATE: Final = 0.11
"""A hidden pair of probability p is drawn with RATE * max(p, FLOOR): about 5 % of what waits in the inbox."""
FLOOR: Final = 0.02
LEAST: Final = 20
"""Decided draws from which a recall is estimated."""
_DRAWS: Final = 1000


def draw(article_id: int | None, tag_id: int, probability: float) -> float | None:
    """The probability with which a pair is drawn, if it is; the lot of a pair is always the same."""
    if article_id is None:
        return None
    chance = RATE * max(probability, FLOOR)
    key = blake2b(b"%d:%d" % (article_id, tag_id), digest_size=8).digest()
    return chance if int.from_bytes(key, "big") < chance * 2.0**64 else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decided pair: shown, or drawn with a known probability from what is hidden."""

    article_id: int
    is_right: bool
    draw_probability: float | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of what there is that was shown, its 90 % interval, and how many decisions say so."""

    estimate: float
    low: float
    high: float
    shown: int
    drawn: int


def estimated_recall(
    verdicts: Sequence[Verdict], *, shown_share: float = 1.0, drawn_share: float = 1.0
) -> Recall | None:
    """Recall of what is shown, each draw standing for 1 / probability hidden pairs; None with too few draws.

    The shares say how many of those shown and of those drawn were decided at all. Horvitz and Thompson
    1952, A generalization of sampling without replacement; interval by bootstrap over articles.
    """
    shown = sum(verdict.draw_probability is None for verdict in verdicts)
    drawn = len(verdicts) - shown
    if drawn < LEAST or not shown or not shown_share or not drawn_share:
        return None
    by_article: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for verdict in verdicts:
        if verdict.draw_probability is None:
            by_article[verdict.article_id][0] += verdict.is_right / shown_share
        else:
            by_article[verdict.article_id][1] += verdict.is_right / verdict.draw_probability / drawn_share
    sums = np.array([by_article[article] for article in sorted(by_article)])
    found, missed = sums.sum(axis=0)
    if not found + missed:
        return None
    random = np.random.default_rng(0)
    counts = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=_DRAWS)
    totals = counts @ sums
    shares = totals[:, 0] / np.maximum(totals.sum(axis=1), 1e-9)
    low, high = np.quantile(shares[totals.sum(axis=1) > 0], [0.05, 0.95])
    return Recall(float(found / (found + missed)), float(low), float(high), shown, drawn)
