"""One word for each tag's movement, from its scores and evidence. Pure, so it can be replayed for any day."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from signals.trends.score import WEEK, Bools, Floats, Ints, Pace, TrendScores


class Label(StrEnum):
    """The labels, in the order in which they are tested."""

    TOO_LITTLE = "too_little"
    NEW = "new"
    SPIKE = "spike"
    SURGING = "surging"
    EMERGING = "emerging"
    FADING = "fading"
    STEADY = "steady"


RISING = frozenset({Label.SURGING, Label.EMERGING})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where labels begin and end; days, mentions, publishers, or surprise (-log10 p)."""

    floor_mentions: int = 3
    floor_publishers: int = 2
    new_days: int = 28
    enter: float = 2.0
    leave: float = 1.0
    one_source_share: float = 0.6
    active_weeks: int = 2
    replay_days: int = 56


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the scores don't hold, per tag (tags,).

    `publishers` in the longest window; `age`: days since the first mention, 0 is the last day, -1 never;
    `unseen`: days of history before the first mention; `active_weeks`: weeks of the longest window with a
    mention; `one_source`: largest share of the shortest window from one day or one publisher.
    """

    publishers: Ints
    age: Ints
    unseen: Ints
    active_weeks: Ints
    one_source: Floats


def gather_evidence(
    counts: Ints, volume: Ints, publishers: Ints, top_publisher: Ints, pace: Pace
) -> Evidence:
    """Evidence from daily counts (tags, days) and volume (days,).

    `publishers` (tags,): distinct ones in the longest window; `top_publisher` (tags,): mentions by the most
    frequent one in the shortest.
    """
    days = counts.shape[1]
    mentioned = counts > 0
    ever = mentioned.any(axis=1)
    first = mentioned.argmax(axis=1)
    started = int(np.argmax(volume > 0))
    short = counts[:, -pace.windows[0] :]
    total = np.maximum(short.sum(axis=1), 1)
    top_day = short.max(axis=1, initial=0)
    weeks = pace.windows[-1] // WEEK
    recent = np.zeros((counts.shape[0], weeks * WEEK), dtype=np.int64)
    kept = min(days, weeks * WEEK)
    recent[:, weeks * WEEK - kept :] = counts[:, days - kept :]
    return Evidence(
        publishers=publishers,
        age=np.where(ever, days - 1 - first, -1),
        unseen=np.where(ever, first - started, 0),
        active_weeks=(recent.reshape(-1, weeks, WEEK).sum(axis=2) > 0).sum(axis=1),
        one_source=np.maximum(top_day, top_publisher) / total,
    )


def replay_rising(history: TrendScores, thresholds: Thresholds = Thresholds()) -> Bools:
    """Which tags rise on the last day of a history: entered at `enter`, not left below `leave`; (tags,).

    Replayed from the counts, so a label never depends on how often somebody computed it.
    """
    rising = np.zeros(history.score.shape[0], dtype=np.bool_)
    for day in range(history.score.shape[1]):
        rising = hold_rising(rising, history.score[:, day], history.momentum[:, day], thresholds)
    return rising


def hold_rising(was: Bools, score: Floats, momentum: Floats, thresholds: Thresholds = Thresholds()) -> Bools:
    """One day's step of the hysteresis; all (tags,)."""
    enters = (score >= thresholds.enter) & (momentum > 0)
    return np.asarray(enters | (was & (score >= thresholds.leave)), dtype=np.bool_)


def label_tags(
    scores: TrendScores,
    evidence: Evidence,
    kinds: Ints,
    rising: Bools,
    thresholds: Thresholds = Thresholds(),
) -> list[Label]:
    """The label of each tag for one day's scores; `rising` from `replay_rising`, `kinds` (tags,) codes."""
    mentions = scores.counts[:, -1]
    enough = (mentions >= thresholds.floor_mentions) & (evidence.publishers >= thresholds.floor_publishers)
    young = (evidence.age >= 0) & (evidence.age < thresholds.new_days)
    # in a young installation everything is seen for the first time, which says nothing about the world
    new = young & (evidence.unseen >= thresholds.new_days)
    one_off = (
        (scores.surprise[:, 0] >= thresholds.enter)
        & (scores.before < thresholds.enter)
        & (evidence.one_source > thresholds.one_source_share)
    )
    large = mentions >= _median_by_kind(mentions, kinds, enough)
    labels = np.select(
        [
            ~enough | ~(scores.has_baseline | new),
            new,
            one_off,
            rising & large,
            rising & ~large & (evidence.active_weeks >= thresholds.active_weeks),
            (scores.ceiling < 0) & (scores.fall >= thresholds.leave),
        ],
        list(Label)[:-1],
        default=Label.STEADY,
    )
    return [Label(label) for label in labels]


def _median_by_kind(mentions: Ints, kinds: Ints, enough: Bools) -> Floats:
    """The median level of the kind, among tags with enough evidence: most of a catalogue is silent."""
    medians = np.zeros(mentions.shape, dtype=np.float64)
    for kind in np.unique(kinds):
        counted = mentions[(kinds == kind) & enough]
        medians[kinds == kind] = np.median(counted) if counted.size else 0.0
    return medians
