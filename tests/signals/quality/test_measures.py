"""The measures against examples worked out by hand, and what must hold for any counts."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.quality.measures import (
    Band,
    Share,
    certainty,
    first_right,
    found_share,
    grades,
    quadratic_kappa,
    reading_saved,
    wilson,
)
from signals.tagging.learning import metrics

counts = st.integers(1, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))
tables = st.lists(st.integers(0, 20), min_size=25, max_size=25).map(lambda c: np.array(c).reshape(5, 5))
flags = st.lists(st.booleans(), min_size=1, max_size=200).map(np.array)


def test_a_share_of_eight_in_ten_lies_where_wilson_says():
    interval = wilson(8, 10)
    assert (interval.low, interval.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 10).low == 0
    assert wilson(10, 10).high == 1
    assert Share(0, 0).value is None


@given(counts)
def test_an_interval_holds_its_share_and_shrinks_with_more_of_the_same(count):
    right, of = count
    few, many = wilson(right, of), wilson(10 * right, 10 * of)
    assert 0 <= few.low <= right / of <= few.high <= 1
    assert many.high - many.low < few.high - few.low


def test_a_band_is_honest_when_what_it_said_lies_within_what_came():
    def band(right, of, said):
        return Band(0.6, 0.8, right, of, said * of, 0)

    assert [band(70, 100, said).verdict for said in (0.7, 0.95, 0.4)] == ["honest", "too_sure", "too_modest"]


def test_certainty_is_scored_beside_always_saying_the_overall_share():
    # Two at .9 of which one is right, two at .5 of which one is right.
    bands = [
        Band(0.4, 0.6, 1, 2, 1.0, 0.25 + 0.25),
        Band(0.6, 0.8, 0, 0, 0, 0),
        Band(0.8, 1, 1, 2, 1.8, 0.01 + 0.81),
    ]
    scored = certainty(bands)
    assert (scored.brier, scored.constant, scored.of) == pytest.approx((0.33, 0.25, 4))
    assert len(scored.bands) == 2
    assert certainty([]) is None


def test_the_first_right_one_counts_by_the_inverse_of_its_place():
    first = first_right({1: 2, 2: 1, 4: 1})
    assert first.surest == Share(2, 4)
    assert first.reciprocal_rank == pytest.approx((1 + 1 + 0.5 + 0.25) / 4)
    assert first.interval.low <= first.reciprocal_rank <= first.interval.high
    assert first_right({}) is None


def test_reading_saved_is_what_comes_after_the_last_one_needed():
    worthwhile = np.array([True] * 20 + [False] * 80)
    saved = reading_saved(worthwhile)
    # 19 of the 20 are 95 %, and stand in the first 19 places.
    assert saved.skipped == pytest.approx(0.81)
    assert saved.wss == pytest.approx(0.76)
    assert reading_saved(~np.ones(5, dtype=bool)) is None


@settings(deadline=None)
@given(flags)
def test_reading_saved_agrees_with_the_measure_of_the_benchmarks(worthwhile):
    saved = reading_saved(worthwhile)
    if saved is None:
        assert not worthwhile.any()
        return
    assert saved.wss == pytest.approx(metrics.work_saved(worthwhile))
    assert 0 <= saved.interval.low <= saved.skipped <= saved.interval.high <= 1


def test_the_interval_of_reading_saved_holds_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(3)
    # A worthwhile article stands with density 2 (1 - x), others anywhere: in the long run 95 % lie before this.
    share = 0.3

    def drawn(size):
        worthwhile = random.random(size) < share
        place = np.where(worthwhile, 1 - np.sqrt(random.random(size)), random.random(size))
        return worthwhile[np.argsort(place)]

    true = reading_saved(drawn(400_000)).skipped
    held = [
        saved.interval.low <= true <= saved.interval.high
        for saved in (reading_saved(drawn(400)) for _ in range(300))
    ]
    assert 0.9 <= np.mean(held) <= 1


def test_grades_are_told_beside_always_saying_four():
    table = np.zeros((5, 5), dtype=int)
    table[3, 3], table[3, 4], table[0, 4], table[2, 2] = 6, 2, 1, 1
    told = grades(table)
    assert (told.exact, told.near) == (Share(7, 10), Share(9, 10))
    # Per stated grade: 3 exact, 4 exact, 5 off by (1 + 1 + 4) / 3.
    assert told.error == pytest.approx((0 + 0 + 2) / 3)
    assert told.constant_error == pytest.approx((1 + 0 + 1) / 3)
    assert told.rows[4] == (5, 0, 3)
    assert grades(np.zeros((5, 5), dtype=int)) is None


@settings(deadline=None)  # it imports the benchmarks' measures, which take long
@given(tables)
def test_kappa_and_error_agree_with_the_measures_of_the_benchmarks(table):
    estimated, stated = (np.repeat(grid.ravel() + 1, table.ravel()) for grid in np.indices((5, 5)))
    if not table.sum():
        return
    kappa = quadratic_kappa(table)
    assert (kappa or 0.0) == pytest.approx(metrics.quadratic_kappa(stated, estimated))
    told = grades(table)
    assert told.error == pytest.approx(metrics.macro_mae(stated, estimated))
    assert told.constant_error == pytest.approx(metrics.macro_mae(stated, np.full(len(stated), 4)))
    assert told.kappa is None or told.kappa_interval.low <= told.kappa_interval.high


def test_each_draw_stands_for_as_many_as_it_was_drawn_from():
    draws = [(0.1, True), (0.1, False), (0.05, False)]
    assert found_share(90, draws).missed == pytest.approx(10)
    assert found_share(90, draws).share == pytest.approx(0.9)
    # Half of the draws decided: each stands for twice as many.
    assert found_share(90, draws, drawn_share=0.5).missed == pytest.approx(20)
    assert found_share(90, []) is None


def test_no_miss_among_few_draws_does_not_mean_that_nothing_was_missed():
    few = found_share(100, [(0.1, False)] * 20)
    many = found_share(100, [(0.1, False)] * 2000)
    assert few.share == many.share == 1
    assert few.interval.low < 0.8


def test_what_is_found_is_estimated_without_bias():
    random = np.random.default_rng(1)
    hidden = random.random(4000) < 0.05
    chance = np.where(hidden, 0.2, 0.05)
    estimates = []
    for _ in range(200):
        is_drawn = random.random(4000) < chance
        estimates.append(found_share(500, list(zip(chance[is_drawn], hidden[is_drawn], strict=True))))
    assert np.mean([found.missed for found in estimates]) == pytest.approx(hidden.sum(), rel=0.05)
    true = 500 / (500 + hidden.sum())
    assert np.mean([found.interval.low <= true <= found.interval.high for found in estimates]) > 0.9


def test_more_found_among_the_draws_means_a_lower_share():
    shares = [found_share(100, [(0.1, n < right) for n in range(30)]).share for right in range(5)]
    assert all(more < fewer for fewer, more in pairwise(shares))
