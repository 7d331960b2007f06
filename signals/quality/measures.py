"""The measures, from counts (pure): shares with their intervals, ranks, reading saved, grades, recall.

Intervals are at 95 %. docs/quality.md says of each what it means and what it can't say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Confusion = NDArray[np.int_]

# Two standard normal deviations, nearly: 95 % of its mass lie between -_Z and _Z.
_Z = 1.959963984540054
_DRAWS = 500
_SEED = 20240229


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true value lies, 19 times in 20."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """So many right of so many."""

    right: int
    of: int

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.right / self.of if self.of else None

    @property
    def interval(self) -> Interval:
        """Wilson's score interval."""
        return wilson(self.right, self.of)

    def __add__(self, other: Share) -> Share:
        return Share(self.right + other.right, self.of + other.of)


def wilson(right: int, of: int) -> Interval:
    """The score interval of a share; 0 to 1 of nothing. Wilson 1927, Probable inference, eq. of section 3."""
    if not of:
        return Interval(0.0, 1.0)
    share, z2 = right / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    # At the ends rounding would leave the share itself outside.
    return Interval(min(max(0.0, middle - half), share), max(min(1.0, middle + half), share))


@dataclass(frozen=True, slots=True)
class Band:
    """Suggestions whose certainty lay from `low` to `high`: how sure they were, how many were right.

    `said` and `brier` are sums over the suggestions of the certainty and of its squared error.
    """

    low: float
    high: float
    right: int
    of: int
    said: float
    brier: float

    @property
    def share(self) -> Share:
        """Those right."""
        return Share(self.right, self.of)

    @property
    def verdict(self) -> str:
        """'honest' when the mean certainty lies within the interval, else 'too_sure' or 'too_modest'."""
        interval, mean = self.share.interval, self.said / self.of if self.of else 0.0
        if mean > interval.high:
            return "too_sure"
        return "too_modest" if mean < interval.low else "honest"


@dataclass(frozen=True, slots=True)
class Certainty:
    """Is the certainty honest: per band, and as a Brier score (0 is best).

    `constant` is the score of always saying the overall share. Brier 1950, Verification of forecasts.
    """

    bands: list[Band]
    brier: float
    constant: float
    of: int


def certainty(bands: Sequence[Band]) -> Certainty | None:
    """The bands that hold a suggestion, with the Brier score of all; None without one."""
    held = [band for band in bands if band.of]
    of = sum(band.of for band in held)
    if not of:
        return None
    share = sum(band.right for band in held) / of
    return Certainty(held, sum(band.brier for band in held) / of, share * (1 - share), of)


@dataclass(frozen=True, slots=True)
class FirstRight:
    """Where the first right suggestion of an article stood."""

    surest: Share
    reciprocal_rank: float
    interval: Interval


def first_right(articles_at: Mapping[int, int]) -> FirstRight | None:
    """From the number of articles per place (from 1) of their first right suggestion; None of none.

    Mean reciprocal rank: Voorhees 1999, TREC-8 question answering; its interval by resampling articles.
    """
    places = np.array(sorted(articles_at), dtype=np.int_)
    counts = np.array([articles_at[place] for place in places.tolist()], dtype=np.int_)
    of = int(counts.sum())
    if not of:
        return None
    drawn = np.random.default_rng(_SEED).multinomial(of, counts / of, size=_DRAWS) @ (1 / places) / of
    low, high = np.quantile(drawn, [0.025, 0.975])
    mean = float((counts / places).sum() / of)
    return FirstRight(Share(articles_at.get(1, 0), of), mean, Interval(float(low), float(high)))


@dataclass(frozen=True, slots=True)
class ReadingSaved:
    """The share of reading left out while `recall` of the worthwhile articles are found.

    `skipped` is that share (articles after the last one needed); `wss` is less what chance would save.
    """

    skipped: float
    interval: Interval
    wss: float
    worthwhile: int
    of: int


def reading_saved(worthwhile: Flags, recall: float = 0.95) -> ReadingSaved | None:
    """From whether each article was worth reading, in the order the inbox gave; None when none was.

    Work saved over sampling: Cohen et al. 2006, Reducing workload in systematic review preparation. Its
    interval is that of a quantile by order statistics: David and Nagaraja 2003, Order statistics, 7.1.
    """
    places = np.flatnonzero(worthwhile) + 1
    found = len(places)
    if not found:
        return None
    of = len(worthwhile)

    def skipped_at(rank: int) -> float:
        return 1 - (int(places[rank - 1]) if rank <= found else of) / of

    needed = int(np.ceil(recall * found - 1e-9))
    spread = _Z * sqrt(found * recall * (1 - recall))
    early = max(1, int(np.floor(recall * found - spread)))
    late = int(np.ceil(recall * found + spread)) + 1
    skipped = skipped_at(needed)
    return ReadingSaved(
        skipped, Interval(skipped_at(late), skipped_at(early)), skipped - (1 - recall), found, of
    )


@dataclass(frozen=True, slots=True)
class Grades:
    """Estimated against stated relevance, 1 to 5.

    `table` counts (estimated, stated); `error` is the mean absolute error with each stated grade counting
    the same, `constant_error` that of always saying 4.
    """

    table: list[list[int]]
    exact: Share
    near: Share
    kappa: float | None
    kappa_interval: Interval | None
    error: float
    constant_error: float

    @property
    def of(self) -> int:
        """How many were scored."""
        return self.exact.of

    @property
    def rows(self) -> list[tuple[int, int, int]]:
        """Each grade with how often it was estimated, and how often stated."""
        return [(g + 1, sum(self.table[g]), sum(row[g] for row in self.table)) for g in range(5)]


def grades(table: Confusion, constant: int = 4) -> Grades | None:
    """From counts (5 estimated, 5 stated); None of nothing."""
    of = int(table.sum())
    if not of:
        return None
    apart = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    stated = table.sum(axis=0)
    occurs = stated > 0
    per_grade = (table * apart).sum(axis=0)[occurs] / stated[occurs]
    always = np.abs(np.arange(1, 6) - constant)[occurs]
    kappa = quadratic_kappa(table)
    interval = None
    if kappa is not None:
        drawn = np.random.default_rng(_SEED).multinomial(of, table.ravel() / of, size=_DRAWS)
        kappas = _kappas(drawn.reshape(-1, 5, 5))
        low, high = np.nanquantile(kappas, [0.025, 0.975])
        interval = Interval(float(low), float(high))
    return Grades(
        table=[[int(count) for count in row] for row in table],
        exact=Share(int(np.trace(table)), of),
        near=Share(int(table[apart <= 1].sum()), of),
        kappa=kappa,
        kappa_interval=interval,
        error=float(per_grade.mean()),
        constant_error=float(always.mean()),
    )


def quadratic_kappa(table: Confusion) -> float | None:
    """Cohen's kappa with quadratic weights of a square table; None where all is one and the same grade.

    Cohen 1968, Weighted kappa.
    """
    kappa = float(_kappas(table[np.newaxis])[0])
    return None if np.isnan(kappa) else kappa


def _kappas(tables: Confusion) -> NDArray[np.float64]:
    """The kappa of each of (n, grades, grades), (n,); nan where all is one and the same grade."""
    size = tables.shape[1]
    weights = np.subtract.outer(np.arange(size), np.arange(size)) ** 2
    rows, columns = tables.sum(axis=2), tables.sum(axis=1)
    by_chance = np.einsum("ni,nj,ij->n", rows, columns, weights)
    seen = (tables * weights).sum(axis=(1, 2)) * tables.sum(axis=(1, 2))
    kappas = np.full(len(tables), np.nan)
    np.divide(seen, by_chance, out=kappas, where=by_chance > 0)
    return np.asarray(1 - kappas, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Found:
    """The share of what articles carry that was suggested, from pairs drawn at random among the rest."""

    share: float
    interval: Interval
    missed: float
    drawn: int
    right: int


def found_share(
    suggested_right: float, drawn: Sequence[tuple[float, bool]], *, drawn_share: float = 1.0
) -> Found | None:
    """From the number of right suggestions, and of each decided draw its probability and whether it was right.

    The number missed is the sum of 1/probability over those right, with variance the sum of
    (1 - probability)/probability^2: Horvitz and Thompson 1952, for independent draws; `drawn_share` of the
    draws were decided. When none was right, at most 3 of n are (rule of three). None without a draw.
    """
    if not drawn:
        return None
    chances = np.array([chance for chance, _right in drawn], dtype=np.float64) * drawn_share
    right = np.array([is_right for _chance, is_right in drawn], dtype=np.bool_)
    missed = float((1 / chances[right]).sum())
    if right.any():
        half = _Z * sqrt(float(((1 - chances[right]) / chances[right] ** 2).sum()))
        # Fewer than those seen cannot have been missed.
        few, many = max(float(right.sum()), missed - half), missed + half
    else:
        few, many = 0.0, 3 * float((1 / chances).mean())

    def share(misses: float) -> float:
        total = suggested_right + misses
        return suggested_right / total if total else 0.0

    return Found(share(missed), Interval(share(many), share(few)), missed, len(drawn), int(right.sum()))
