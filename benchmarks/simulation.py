"""A made-up history of tags with known events in it, for judging what finds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

TAGS: Final = 3000
DAYS: Final = 420
EVENTS: Final = 450
BLIPS: Final = 900
MENTIONS_A_DAY: Final = 0.45
"""Mean over tags at `USUAL_VOLUME` stories a day; other paces have the same shares."""
USUAL_VOLUME: Final = 60.0
FIRST_EVENT: Final = 150
"""No event begins before this day, so that every method has a past to compare with."""
KINDS: Final = 5
_NEW_LASTS: Final = 49

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Mentions (tags, days), volume (days,), kinds (tags,), where an event is (tags, days), and the events.

    `events` holds (tag, first day, last day) in its rows.
    """

    counts: Ints
    volume: Ints
    kinds: Ints
    is_event: Bools
    events: Ints


def simulate(*, seed: int, stories: float, wander: float | None = None) -> Simulation:
    """One history at a mean of `stories` a day.

    Shares are log-normal over tags. With `wander` each tag's share also goes up and down from month to month, by a
    gamma of that shape and mean 1, which is no event. Volume has week-ends and two jumps, as when feeds are added.
    Events are of equal parts steps, logistic rises (both three to ten times the usual, four to ten weeks) and tags
    that were never seen before; blips are single days.
    """
    random = np.random.default_rng(seed)
    volume = _volume(random, stories)
    share = random.lognormal(0.0, 0.8, TAGS)
    share *= MENTIONS_A_DAY / USUAL_VOLUME / share.mean()
    days = np.arange(DAYS)
    factor = np.ones((TAGS, DAYS))
    if wander is not None:
        months = random.gamma(wander, 1 / wander, (TAGS, DAYS // 28 + 2))
        left, between = days // 28, (days % 28) / 28
        factor = months[:, left] * (1 - between) + months[:, left + 1] * between
    is_event = np.zeros((TAGS, DAYS), dtype=np.bool_)
    rows: list[tuple[int, int, int]] = []
    for number, tag in enumerate(random.choice(TAGS, EVENTS, replace=False)):
        start = int(random.integers(FIRST_EVENT, DAYS - 28))
        end = min(DAYS, start + int(random.integers(28, 71)))
        height = float(random.uniform(3.0, 10.0))
        if number % 3 == 0:
            factor[tag, start:end] *= height
        elif number % 3 == 1:
            rise = float(random.uniform(14, 42))
            curve = 1 / (1 + np.exp(-8 * ((days[start:end] - start) / rise - 0.5)))
            factor[tag, start:end] *= 1 + (height - 1) * curve
        else:
            factor[tag, :start] = 0.0
            end = min(DAYS, start + _NEW_LASTS)
        is_event[tag, start:end] = True
        rows.append((int(tag), start, end - 1))
    counts = random.poisson(share[:, None] * factor * volume[None, :])
    where = random.integers(0, TAGS, BLIPS), random.integers(0, DAYS, BLIPS)
    loud = 1 + random.poisson(share[where[0]] * volume[where[1]] * random.uniform(5, 15, BLIPS))
    counts[where] += np.where(factor[where] > 0, loud, 0)
    return Simulation(
        counts.astype(np.int64),
        volume,
        np.asarray(random.integers(0, KINDS, TAGS), dtype=np.int64),
        is_event,
        np.array(rows, dtype=np.int64).reshape(-1, 3),
    )


def _volume(random: np.random.Generator, stories: float) -> Ints:
    days = np.arange(DAYS)
    level = np.where(days % 7 >= 5, 0.45, 1.22)
    for first, times in ((120, 1.3), (280, 1.6)):
        level = level * np.where(days >= first, times, 1.0)
    level *= random.gamma(40.0, 1 / 40.0, DAYS)
    return np.asarray(random.poisson(stories * level / level.mean()), dtype=np.int64)
