"""How often each tag was given of late, also when nobody has tagged for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np

from signals.tagging.learning.names import Floats

LATELY: Final = (20.0, 60.0)
"""Half-lives in days."""


class Lately:
    """Shares of articles with each tag, younger ones counting more, followed forward in time.

    Begins with tagged articles, oldest first. The untagged ones after them count as their expected tags, so
    that a tag whose name is met more and more rises, and one that is forgotten sinks, long after the last label.
    """

    def __init__(self, days: Sequence[date], given: Floats) -> None:
        self._half_lives = np.array(LATELY)[:, None]
        self._prior = given.mean(axis=0)
        self._day = days[0]
        # One imaginary article like the average one, which does not age.
        self._sums, self._weights = np.zeros((len(LATELY), len(self._prior))), np.zeros_like(self._half_lives)
        self._today, self._count = np.zeros_like(self._prior), 0
        self.follow(days, given)
        self._end_day()

    def follow(self, days: Sequence[date], expected: Floats) -> Floats:
        """Shares before each article's day, (articles, tags, len(LATELY)); none sees one of its day or later.

        `days` ascend, and go on from the call before; `expected` is (articles, tags).
        """
        shares = np.zeros((*expected.shape, len(LATELY)))
        for place, day in enumerate(days):
            if day > self._day:
                self._end_day()
                fade = 0.5 ** ((day - self._day).days / self._half_lives)
                self._sums, self._weights, self._day = self._sums * fade, self._weights * fade, day
            shares[place] = ((self._sums + self._prior) / (self._weights + 1)).T
            self._today = self._today + expected[place]
            self._count += 1
        return shares

    def _end_day(self) -> None:
        self._sums, self._weights = self._sums + self._today, self._weights + self._count
        self._today, self._count = np.zeros_like(self._prior), 0
