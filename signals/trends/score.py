"""How surprising is a tag's recent share of attention? Pure numpy on two arrays: mentions and volume.

The past gives every tag a gamma-distributed rate (shrunk towards the mean of its kind), so the number of
mentions in a window is negative binomial. The past ends `lag` days ago: an event can't raise the
expectation it is judged by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DISPERSION = 8.0  # k: how much a steady tag's rate itself wanders
PRIOR_SHAPE = 0.5
SURPRISE_CAP = 50.0
FALSE_SHARE = 0.10  # q of Benjamini-Hochberg: "about 1 in 10 such flags is false"
DOUBT = 0.10  # how likely a share is below its "at least", and above its "at most"
WEEK = 7


@dataclass(frozen=True, slots=True)
class Pace:
    """Window lengths, lag and half-life in days, chosen by how many stories an installation sees.

    `is_thin`: counts so small that "at least" is told by IC025, which all but ignores one or two mentions.
    """

    name: str
    windows: tuple[int, int, int]
    lag: int
    half_life: int
    is_thin: bool = True

    @property
    def min_history(self) -> int:
        """Days of history without which the lagged baseline would rest on less than four weeks."""
        return self.lag + 28


FAST = Pace("fast", (7, 14, 28), lag=28, half_life=56, is_thin=False)
MIDDLE = Pace("middle", (14, 28, 56), lag=56, half_life=112)
SLOW = Pace("slow", (28, 56, 112), lag=112, half_life=224)
PACES = {pace.name: pace for pace in (FAST, MIDDLE, SLOW)}


@dataclass(frozen=True, slots=True)
class TrendScores:
    """Scores of all tags. `...` is nothing for one day, or (days,) for a history.

    Per window, shape (tags, ..., 3): `counts`, `expected` (mentions), `surprise` (-log10 p), and log2 of how
    many times its usual share a tag has: `at_least`, `at_most` (`ratio_bounds`), and `ic`, `ic025`, `ic975`
    (`information_component`). Volume per window: (..., 3). Per tag, shape (tags, ...): `score` (mean
    surprise), `fall` (the same for too few mentions), `before` (surprise of the longest window without the
    shortest), `momentum` (mean `at_least`), `ceiling` (mean `at_most`), `flagged` (Benjamini-Hochberg within
    the kind), `has_baseline`. Where there is no baseline every score is 0.
    """

    pace: Pace
    counts: Ints
    volume: Ints
    expected: Floats
    surprise: Floats
    at_least: Floats
    at_most: Floats
    ic: Floats
    ic025: Floats
    ic975: Floats
    score: Floats
    fall: Floats
    before: Floats
    momentum: Floats
    ceiling: Floats
    flagged: Bools
    has_baseline: Bools


@dataclass(frozen=True, slots=True)
class WeeklyBand:
    """Mentions per seven days, oldest first, the last week ending on the last day; all (tags, weeks).

    `expected`, and the interval `low`..`high` that holds 95 % of the weeks of a tag whose share is unchanged;
    nan where there is no baseline.
    """

    observed: Ints
    expected: Floats
    low: Floats
    high: Floats


def choose_pace(volume: npt.ArrayLike) -> Pace:
    """The pace for a daily volume (days,): fast from 20 stories a day, slow below 5, by the last 112 days."""
    recent = np.trim_zeros(np.asarray(volume, dtype=np.int64), "f")[-SLOW.lag :]
    a_day = float(recent.mean()) if recent.size else 0.0
    if a_day >= 20:
        return FAST
    return SLOW if a_day < 5 else MIDDLE


def score_series(
    counts: npt.ArrayLike,
    volume: npt.ArrayLike,
    kinds: npt.ArrayLike | None = None,
    pace: Pace | None = None,
) -> TrendScores:
    """Score the last day.

    `counts` (tags, days) and `volume` (days,) are mentions and (story, publisher) pairs per day, whole
    numbers; `kinds` (tags,) any integer codes, by default all one kind; `pace` by default what the volume
    calls for. Raises ValueError when shapes disagree or a count is negative.
    """
    n, v, kind = _checked(counts, volume, kinds)
    return _squeeze(_score(n, v, kind, pace or choose_pace(v), days=1))


def score_history(
    counts: npt.ArrayLike,
    volume: npt.ArrayLike,
    kinds: npt.ArrayLike | None = None,
    pace: Pace | None = None,
    *,
    days: int | None = None,
) -> TrendScores:
    """Score each of the last `days` days (default all) as it was on that day; otherwise as `score_series`."""
    n, v, kind = _checked(counts, volume, kinds)
    return _score(n, v, kind, pace or choose_pace(v), days=v.size if days is None else min(days, v.size))


def weekly_band(
    counts: npt.ArrayLike,
    volume: npt.ArrayLike,
    kinds: npt.ArrayLike,
    pace: Pace = FAST,
    *,
    weeks: int = 12,
    members: Ints | None = None,
) -> WeeklyBand:
    """Mentions of the last `weeks` weeks and what an unchanged share would have given (see WeeklyBand).

    `members` (tags,) says how many tags each row stands for, by default one: the rest of a kind may be summed.
    """
    n, v, kind = _checked(counts, volume, kinds)
    ends = v.size - 1 - WEEK * np.arange(weeks)[::-1]
    known = ends[ends >= 0]
    baseline = _baseline(n, v, kind, pace, known, members)
    shape = (n.shape[0], weeks)
    observed = np.zeros(shape, dtype=np.int64)
    expected, low, high = (np.full(shape, np.nan) for _ in range(3))
    at = slice(weeks - known.size, weeks)
    observed[:, at] = _window_sums(n, known, (WEEK,))[..., 0]
    mean, size = _predict(baseline, _window_sums(v, known, (WEEK,))[..., 0])
    expected[:, at] = mean
    low[:, at] = _quantile(0.025, mean, size)
    high[:, at] = _quantile(0.975, mean, size)
    for values in (expected, low, high):
        values[:, at][~baseline.known] = np.nan
    return WeeklyBand(observed, expected, low, high)


def information_component(observed: npt.ArrayLike, expected: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """IC, IC025 and IC975: log2 of shrunk observed to expected, and its 95 % credibility interval; any shape.

    Norén, Hopstadius, Bate (2013), "Shrinkage observed-to-expected ratios for robust and transparent
    large-scale pattern discovery", Stat Methods Med Res 22(1):57-69. The interval is their closed form for
    the quantiles of a gamma distribution of shape observed + 1/2; it is within 0.06 of them from 1 to 200.
    """
    shrunk = np.asarray(observed, dtype=np.float64) + 0.5
    ic = np.log2(shrunk / (np.asarray(expected, dtype=np.float64) + 0.5))
    root = shrunk**-0.5
    cube = shrunk**-1.5
    return ic, ic - 3.3 * root - 2.0 * cube, ic + 2.4 * root - 0.5 * cube


def ratio_bounds(
    observed: npt.ArrayLike, mean: npt.ArrayLike, size: npt.ArrayLike, doubt: float = DOUBT
) -> tuple[Floats, Floats]:
    """log2 of at least, and at most, how many times its usual share a tag has; any shape.

    Before looking, the ratio is gamma of mean 1 and shape `size`, the one that makes the number of mentions
    negative binomial with this mean and size; having seen `observed`, gamma of shape size + observed and rate
    size + mean. The bounds are its `doubt` and 1 - `doubt` quantiles (DuMouchel 1999, "Bayesian data mining in
    large frequency tables", Am Stat 53(3):177-190, with one component instead of two).
    """
    x, mu, a = _floats(observed, mean, size)
    rate = np.log2(a + mu)
    return _log2_quantile(a + x, doubt) - rate, _log2_quantile(a + x, 1 - doubt) - rate


def _log2_quantile(shape: Floats, share: float) -> Floats:
    """log2 of the quantile of gamma distributions of rate 1.

    Wilson and Hilferty's cube root from shape 2 (within .005), a table of exact values below.
    """
    large = np.maximum(shape, _SMALL_SHAPES[-1])
    ninth = 1 / (9 * large)
    quantile = large * (1 - ninth + special.ndtri(share) * np.sqrt(ninth)) ** 3
    small = np.interp(shape, _SMALL_SHAPES, np.log2(special.gammaincinv(_SMALL_SHAPES, share)))
    return np.asarray(np.where(shape < _SMALL_SHAPES[-1], small, np.log2(quantile)), dtype=np.float64)


# A tag without a past and without a mention has the smallest shape there is: 1 / (1 / .5 + 1 / 8).
_SMALL_SHAPES = np.geomspace(0.4, 2.0, 400)


def tail_surprise(observed: npt.ArrayLike, mean: npt.ArrayLike, size: npt.ArrayLike) -> Floats:
    """-log10 P(X >= observed), at most 50, for X negative binomial with this mean and size; any shape."""
    x, mu, a = _floats(observed, mean, size)
    p = np.ones(x.shape)
    # the special function is the whole cost, and most of a catalogue is silent
    some = x > 0
    p[some] = special.betainc(x[some], a[some], mu[some] / (a[some] + mu[some]))
    return _capped(p)


def absence_surprise(observed: npt.ArrayLike, mean: npt.ArrayLike, size: npt.ArrayLike) -> Floats:
    """-log10 P(X <= observed), at most 50; 0 where that is no less than the mean; any shape."""
    x, mu, a = _floats(observed, mean, size)
    p = np.ones(x.shape)
    few = x < mu
    # of most of a catalogue nothing is seen, and that needs no special function
    none = few & (x == 0)
    p[none] = (1.0 + mu[none] / a[none]) ** -a[none]
    few &= ~none
    p[few] = special.betaincc(x[few] + 1.0, a[few], mu[few] / (a[few] + mu[few]))
    return _capped(p)


def benjamini_hochberg(p: npt.ArrayLike, q: float = FALSE_SHARE) -> Bools:
    """Which hypotheses to flag so that about a share q of the flags is false; p (tests, ...), along axis 0.

    Benjamini and Hochberg (1995), J R Stat Soc B 57(1):289-300.
    """
    values = np.asarray(p, dtype=np.float64)
    tests = values.shape[0]
    if tests == 0:
        return np.zeros(values.shape, dtype=np.bool_)
    ordered = np.sort(values, axis=0)
    steps = np.arange(1, tests + 1).reshape((tests,) + (1,) * (values.ndim - 1))
    cutoff: Floats = np.where(ordered <= q * steps / tests, ordered, -1.0).max(axis=0)
    return np.asarray(values <= cutoff, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class _Baseline:
    """Gamma posterior of each tag's share on some days: shape, rate, and is there one; all (tags, days)."""

    shape: Floats
    rate: Floats
    known: Bools


def _checked(
    counts: npt.ArrayLike, volume: npt.ArrayLike, kinds: npt.ArrayLike | None
) -> tuple[Ints, Ints, Ints]:
    n = np.asarray(counts, dtype=np.int64)
    v = np.asarray(volume, dtype=np.int64)
    kind = np.zeros(n.shape[:1], dtype=np.int64) if kinds is None else np.asarray(kinds, dtype=np.int64)
    if n.ndim != 2 or v.shape != n.shape[1:] or kind.shape != n.shape[:1] or v.size == 0:
        raise ValueError(f"counts {n.shape}, volume {v.shape} and kinds {kind.shape} don't fit together")
    if (n < 0).any() or (v < 0).any():
        raise ValueError("counts and volume can't be negative")
    return n, v, kind


def _window_sums(series: Ints, ends: Ints, windows: tuple[int, ...]) -> Ints:
    """Sums of the `windows` days up to each of `ends`: (..., days) gives (..., ends, windows)."""
    zero = np.zeros((*series.shape[:-1], 1), dtype=np.int64)
    cumulated = np.concatenate([zero, np.cumsum(series, axis=-1)], axis=-1)
    starts = np.maximum(ends[:, None] + 1 - np.asarray(windows)[None, :], 0)
    return np.asarray(cumulated[..., ends + 1][..., None] - cumulated[..., starts], dtype=np.int64)


def _faded(series: Ints, ends: Ints, pace: Pace) -> Floats:
    """The exponentially fading sum of a series (..., days), `lag` days before each of `ends`, which ascend."""
    rho = 0.5 ** (1.0 / pace.half_life)
    at = ends - pace.lag
    if ends.size == 1:
        past = series[..., : max(int(at[0]) + 1, 0)].astype(np.float64)
        return np.asarray(past @ rho ** np.arange(past.shape[-1] - 1, -1, -1.0))[..., None]
    # From one end to the next: scipy's filter is as quick, but importing it takes longer than a page may.
    days = series.astype(np.float64)
    weights = rho ** np.arange(days.shape[-1] - 1, -1, -1.0)
    faded = np.zeros((*series.shape[:-1], ends.size))
    held, reached = np.zeros(series.shape[:-1]), 0
    for place, day in enumerate(at.tolist()):
        if day >= reached:
            span = day + 1 - reached
            held = held * rho**span + days[..., reached : day + 1] @ weights[-span:]
            reached = day + 1
        faded[..., place] = held
    return faded


def _quantile(share: float, mean: Floats, size: Floats) -> Floats:
    """The least number that a negative binomial one of this mean and size stays at or below with that chance.

    A gamma of the same mean and variance says where to look; scipy.stats has the same numbers, but importing it
    takes longer than a page may.
    """
    mean, size = (values.copy() for values in _floats(np.maximum(mean, 1e-12), size))
    chance = size / (size + mean)
    near = special.gammaincinv(mean * chance, share) / chance
    found = np.maximum(np.floor(near), 0.0)
    while (low := special.betainc(size, found + 1.0, chance) < share).any():
        found[low] += 1.0
    while (high := (found > 0) & (special.betainc(size, np.maximum(found, 1.0), chance) >= share)).any():
        found[high] -= 1.0
    return np.asarray(found, dtype=np.float64)


def _baseline(n: Ints, v: Ints, kind: Ints, pace: Pace, ends: Ints, members: Ints | None = None) -> _Baseline:
    b = _faded(n, ends, pace)
    e = _faded(v, ends, pace)
    base_rate = np.zeros_like(b)
    for code in np.unique(kind):
        of_kind = kind == code
        base_rate[of_kind] = _ratio(
            b[of_kind].sum(axis=0), (of_kind if members is None else members[of_kind]).sum() * e
        )
    started = int(np.argmax(v > 0)) if v.any() else v.size
    enough = ends + 1 - started >= pace.min_history
    known = np.asarray((base_rate > 0) & enough[None, :], dtype=np.bool_)
    rate = np.where(known, _ratio(PRIOR_SHAPE, np.where(known, base_rate, 1.0)) + e, 1.0)
    return _Baseline(PRIOR_SHAPE + b, rate, known)


def _predict(baseline: _Baseline, window_volume: Ints) -> tuple[Floats, Floats]:
    """Mean and size of the negative binomial number of mentions in windows of this volume."""
    mean = baseline.shape * window_volume / baseline.rate
    return mean, 1.0 / (1.0 / baseline.shape + 1.0 / DISPERSION)


def _score(n: Ints, v: Ints, kind: Ints, pace: Pace, *, days: int) -> TrendScores:
    ends = np.arange(v.size - days, v.size)
    x = _window_sums(n, ends, pace.windows)
    volume = _window_sums(v, ends, pace.windows)
    baseline = _baseline(n, v, kind, pace, ends)
    known = baseline.known[..., None]
    wide = _Baseline(baseline.shape[..., None], baseline.rate[..., None], known)
    mean, size = _predict(wide, volume)
    expected = np.where(known, mean, 0.0)
    surprise = np.where(known, tail_surprise(x, mean, size), 0.0)
    fall = np.where(known, absence_surprise(x, mean, size), 0.0)
    ic, ic025, ic975 = (np.where(known, values, 0.0) for values in information_component(x, mean))
    at_least, at_most = ic025, ic975
    if not pace.is_thin:
        at_least, at_most = (np.where(known, values, 0.0) for values in ratio_bounds(x, mean, size))
    mean_before, size_before = _predict(baseline, volume[..., -1] - volume[..., 0])
    before = tail_surprise(x[..., -1] - x[..., 0], mean_before, size_before)
    score = surprise.mean(axis=-1)
    flagged = np.zeros(score.shape, dtype=np.bool_)
    for code in np.unique(kind):
        flagged[kind == code] = benjamini_hochberg(10.0 ** -score[kind == code])
    return TrendScores(
        pace=pace,
        counts=x,
        volume=volume,
        expected=expected,
        surprise=surprise,
        at_least=at_least,
        at_most=at_most,
        ic=ic,
        ic025=ic025,
        ic975=ic975,
        score=score,
        fall=fall.mean(axis=-1),
        before=np.where(baseline.known, before, 0.0),
        momentum=at_least.mean(axis=-1),
        ceiling=at_most.mean(axis=-1),
        flagged=flagged,
        has_baseline=baseline.known,
    )


def _squeeze(scores: TrendScores) -> TrendScores:
    """The only day of a history, without the axis of days."""
    fields: dict[str, Any] = {
        name: getattr(scores, name)[:, 0] for name in TrendScores.__dataclass_fields__ if name not in _NO_TAGS
    }
    return TrendScores(pace=scores.pace, volume=scores.volume[0], **fields)


_NO_TAGS = frozenset({"pace", "volume"})


def _ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> Floats:
    """above / below, 0 where below is 0."""
    top, bottom = _floats(above, below)
    ratio = np.zeros(top.shape)
    np.divide(top, bottom, out=ratio, where=bottom > 0)
    return ratio


def _floats(*values: npt.ArrayLike) -> tuple[Floats, ...]:
    """The arrays as float64, broadcast to one shape."""
    return np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))


def _capped(p: Floats) -> Floats:
    return np.asarray(-np.log10(np.clip(p, 10.0**-SURPRISE_CAP, 1.0)), dtype=np.float64)
