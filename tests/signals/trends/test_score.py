"""The scorer against a slow scalar reading of the formulas, and what must hold for any counts."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from signals.trends.score import (
    FAST,
    MIDDLE,
    SLOW,
    benjamini_hochberg,
    choose_pace,
    information_component,
    ratio_bounds,
    score_history,
    score_series,
    weekly_band,
)


def scalar_scores(counts, volume, kinds, pace, tag, day):
    """Score and momentum of one tag on one day, by the recursions as they are written down."""
    rho = 0.5 ** (1 / pace.half_life)
    tags = len(counts)
    fading, fading_volume = [0.0] * tags, 0.0
    for t in range(day + 1):
        past = t - pace.lag
        for i in range(tags):
            fading[i] = rho * fading[i] + (counts[i][past] if past >= 0 else 0)
        fading_volume = rho * fading_volume + (volume[past] if past >= 0 else 0)
    alike = [i for i in range(tags) if kinds[i] == kinds[tag]]
    rate = sum(fading[i] for i in alike) / (len(alike) * fading_volume)
    shape, inverse_scale = 0.5 + fading[tag], 0.5 / rate + fading_volume
    surprises, bounds = [], []
    for window in pace.windows:
        x = sum(counts[tag][max(day - window + 1, 0) : day + 1])
        mu = shape * sum(volume[max(day - window + 1, 0) : day + 1]) / inverse_scale
        size = 1 / (1 / shape + 1 / 8)
        below = sum(math.exp(log_nb(j, size, mu)) for j in range(x))
        surprises.append(min(50.0, -math.log10(max(1 - below, 1e-12))))
        if pace is FAST:
            bounds.append(math.log2(stats.gamma.ppf(0.10, size + x, scale=1 / (size + mu))))
        else:
            ic = math.log2((x + 0.5) / (mu + 0.5))
            bounds.append(ic - 3.3 / math.sqrt(x + 0.5) - 2 / (x + 0.5) ** 1.5)
    return sum(surprises) / 3, sum(bounds) / 3


def log_nb(j, size, mu):
    return (
        math.lgamma(j + size) - math.lgamma(size) - math.lgamma(j + 1)
        + size * math.log(size / (size + mu)) + j * math.log(mu / (size + mu))
    )  # fmt: skip


@pytest.mark.parametrize("pace", [FAST, MIDDLE, SLOW], ids=lambda pace: pace.name)
def test_scores_are_those_of_the_formulas_worked_out_one_by_one(pace):
    rng = np.random.default_rng(7)
    volume = rng.poisson(40, 300)
    counts = rng.poisson(np.array([0.02, 0.4, 1.5, 3.0, 0.1])[:, None], (5, 300))
    counts[1, 290:] += 1
    kinds = np.array([0, 0, 0, 1, 1])
    history = score_history(counts, volume, kinds, pace, days=40)
    last = score_series(counts, volume, kinds, pace)
    for tag in range(5):
        for back in (0, 17):
            score, momentum = scalar_scores(
                counts.tolist(), volume.tolist(), kinds.tolist(), pace, tag, 299 - back
            )
            assert history.score[tag, 39 - back] == pytest.approx(score, abs=1e-6)
            assert history.momentum[tag, 39 - back] == pytest.approx(momentum, abs=0.005)
    assert last.score == pytest.approx(history.score[:, -1])
    assert last.expected == pytest.approx(history.expected[:, -1])


def test_the_interval_of_the_information_component_is_that_of_its_gamma_distribution():
    observed = np.array([1, 3, 10, 50, 200])
    ic, low, high = information_component(observed, observed * 0.5)
    for bound, probability in ((low, 0.025), (high, 0.975)):
        exact = np.log2(stats.gamma.ppf(probability, observed + 0.5) / (observed * 0.5 + 0.5))
        assert bound == pytest.approx(exact, abs=0.06)
    assert (low < ic).all() and (ic < high).all()


def test_two_arrays_are_enough():
    counts, volume, _kinds, _pace = drawn((4, 260, 5, FAST))
    alone = score_series(counts, volume)
    told = score_series(counts, volume, np.zeros(4), choose_pace(volume))
    assert alone.score.tolist() == told.score.tolist()


def test_the_bounds_of_a_ratio_are_quantiles_of_its_gamma_distribution():
    x, mean, size = (
        np.array([0, 0, 1, 3, 40, 400]),
        np.array([0.1, 9, 2, 0.2, 40, 100]),
        1 / (1 / 0.7 + 1 / 8),
    )
    low, high = ratio_bounds(x, mean, size)
    for bound, share in ((low, 0.1), (high, 0.9)):
        exact = np.log2(stats.gamma.ppf(share, size + x, scale=1 / (size + mean)))
        assert bound == pytest.approx(exact, abs=0.005)
    assert low[0] < 0 < high[0] and low[-1] > 1


def test_an_impossible_count_is_finite_and_capped():
    counts = np.zeros((3, 200), dtype=int)
    counts[1, :150] = 1
    counts[0, -7:] = 100_000
    scores = score_series(counts, np.full(200, 200_000), np.zeros(3))
    assert scores.score[0] == 50
    assert np.isfinite(scores.momentum).all()


catalogues = st.tuples(
    st.integers(1, 6), st.integers(1, 260), st.integers(0, 2**32 - 1), st.sampled_from([FAST, MIDDLE, SLOW])
)


def drawn(shape):
    tags, days, seed, pace = shape
    rng = np.random.default_rng(seed)
    volume = rng.negative_binomial(1, 0.05, days) * rng.integers(0, 2, days)
    share = rng.beta(0.3, 6, tags)
    counts = rng.binomial(volume[None, :], share[:, None])
    return counts, volume, rng.integers(0, 3, tags), pace


@given(catalogues)
@settings(max_examples=60, deadline=None)
def test_every_number_is_finite_whatever_the_history(shape):
    counts, volume, kinds, pace = drawn(shape)
    scores = score_history(counts, volume, kinds, pace)
    names = ("expected", "surprise", "at_least", "at_most", "ic", "score", "fall", "before", "momentum")
    for name in names:
        assert np.isfinite(getattr(scores, name)).all(), name
    assert (scores.score >= 0).all() and (scores.score <= 50).all()
    assert (scores.at_least <= scores.at_most).all()
    assert (scores.score[~scores.has_baseline] == 0).all()


@given(catalogues, st.integers(0, 27), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_one_more_mention_never_looks_less_surprising(shape, back, more):
    counts, volume, kinds, pace = drawn(shape)
    volume = volume + 20
    before = score_series(counts, volume, kinds, pace)
    risen = counts.copy()
    risen[0, max(0, volume.size - 1 - back)] += more
    after = score_series(risen, volume, kinds, pace)
    assert after.score[0] >= before.score[0] - 1e-9
    assert after.momentum[0] >= before.momentum[0] - 1e-9
    assert after.score[1:] == pytest.approx(before.score[1:])


@given(st.integers(2, 50), st.integers(1, 28), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_a_jump_in_volume_with_the_same_shares_makes_nothing_rise(factor, since, seed):
    rng = np.random.default_rng(seed)
    a_day = rng.integers(2, 8, 8)
    counts = np.repeat(a_day[:, None], 200, axis=1)
    volume = np.full(200, 60)
    counts[:, -since:] *= factor
    volume[-since:] *= factor
    scores = score_series(counts, volume, np.zeros(8))
    assert (scores.momentum < 0).all()
    assert not scores.flagged.any()
    assert (scores.score < 2).all()
    assert (scores.fall < 2).all()


def test_a_doubled_share_rises_and_a_flat_one_does_not():
    rng = np.random.default_rng(3)
    counts = rng.poisson(1.0, (40, 200))
    counts[5, -14:] += rng.poisson(3.0, 14)
    scores = score_series(counts, np.full(200, 100), np.zeros(40))
    assert scores.flagged.tolist() == [tag == 5 for tag in range(40)]
    others = np.delete(scores.momentum, 5)
    # One tag in ten may seem to have a little more than usual: that is what "at least" leaves open.
    assert scores.momentum[5] > 0.9 > 0.1 > others.max() and (others > 0).mean() < 0.1


def test_flags_follow_benjamini_and_hochberg():
    p = np.array([0.001, 0.9, 0.039, 0.02, 0.041, 0.5])
    assert benjamini_hochberg(p, 0.10).tolist() == [True, False, True, True, True, False]
    assert not benjamini_hochberg(np.array([0.2, 0.3]), 0.10).any()


def test_the_pace_follows_the_flow():
    quiet = np.zeros(300, dtype=int)
    assert choose_pace(quiet) is SLOW
    assert choose_pace(quiet + 3) is SLOW
    assert choose_pace(quiet + 10) is MIDDLE
    assert choose_pace(quiet + 20) is FAST
    young = quiet.copy()
    young[-20:] = 40
    assert choose_pace(young) is FAST


def test_the_weekly_band_holds_an_unchanged_tag_and_not_a_burst():
    rng = np.random.default_rng(11)
    counts = rng.poisson(2.0, (30, 400))
    counts[4, -7:] += 10
    band = weekly_band(counts, np.full(400, 150), np.zeros(30), weeks=12)
    inside = (band.low <= band.observed) & (band.observed <= band.high)
    assert inside.mean() > 0.93
    assert band.observed[4, -1] > band.high[4, -1]
    assert band.expected[:, 0] == pytest.approx(14, rel=0.5)
    assert np.isnan(weekly_band(counts[:, :90], np.full(90, 150), np.zeros(30)).expected[:, 0]).all()


@pytest.mark.parametrize("pace", [FAST, SLOW], ids=lambda pace: pace.name)
def test_the_weekly_band_is_the_one_of_a_plain_recursion_and_a_library_of_distributions(pace):
    rng = np.random.default_rng(12)
    counts = rng.poisson(10.0 ** rng.uniform(-3, 3, (40, 1)), (40, 500))
    volume = counts.sum(axis=0)
    band = weekly_band(counts, volume, np.zeros(40), pace, weeks=52)
    rho, faded = 0.5 ** (1 / pace.half_life), np.zeros((41, 500))
    for day, came in enumerate(np.vstack([counts, volume]).T):
        faded[:, day] = rho * faded[:, day - 1] + came if day else came
    for week, day in enumerate(range(499 - 7 * 51, 500, 7)):
        if np.isnan(band.expected[0, week]):
            continue
        past, all_past = faded[:40, day - pace.lag], faded[40, day - pace.lag]
        shape = 0.5 + past
        mean = shape * volume[day - 6 : day + 1].sum() / (0.5 * 40 * all_past / past.sum() + all_past)
        size = 1 / (1 / shape + 1 / 8)
        assert band.expected[:, week] == pytest.approx(mean)
        for bound, share in ((band.low, 0.025), (band.high, 0.975)):
            quantile = stats.nbinom.ppf(share, size, size / (size + mean))
            assert (bound[:, week] == np.maximum(quantile, 0)).all()
    assert (~np.isnan(band.expected[0])).sum() > 10


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="don't fit"):
        score_series(np.zeros((2, 5)), np.zeros(4), np.zeros(2))
    with pytest.raises(ValueError, match="negative"):
        score_series(np.full((2, 5), -1), np.zeros(5), np.zeros(2))
