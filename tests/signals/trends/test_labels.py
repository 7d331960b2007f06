"""One word per tag: the order of the labels, their floor, and that they don't flicker."""

import numpy as np
import pytest

from signals.trends.explain import Explanation, explain, say, say_times
from signals.trends.labels import Label, gather_evidence, hold, label_tags, replay_moving
from signals.trends.score import FAST, score_history, score_series


def label(rows, *, publishers=9, top_publisher=0, days=200, volume=100):
    """Labels of the last tags, `rows` of {day: count}, in a catalogue with ten ordinary ones."""
    ordinary = np.tile(np.repeat([[1, 0, 1, 0, 1]], 10, axis=0), days // 5 + 1)[:, :days]
    counts = np.vstack([ordinary, [[row.get(day - days, 0) for day in range(days)] for row in rows]])
    flow = np.full(days, volume)
    kinds = np.zeros(len(counts), dtype=int)
    evidence = gather_evidence(
        counts, flow, np.full(len(counts), publishers), np.full(len(counts), top_publisher), FAST
    )
    moving = replay_moving(score_history(counts, flow, kinds, days=56))
    return label_tags(score_series(counts, flow, kinds), evidence, kinds, moving)[10:]


def every(step, count=1, start=-200, stop=0):
    return dict.fromkeys(range(start, stop, step), count)


def test_labels_are_tested_in_their_order():
    surge = every(2) | every(1, 6, start=-14)
    cases = {
        Label.TOO_LITTLE: {-3: 1, -9: 1, -150: 1},
        Label.NEW: every(1, 4, start=-20),
        Label.SPIKE: every(2) | {-2: 15},
        Label.SURGING: surge,
        Label.EMERGING: {-190: 1, -14: 2, -10: 2, -6: 2, -1: 2},
        Label.FADING: every(1, 3, stop=-28) | {-20: 1, -10: 1, -3: 1},
        Label.STEADY: every(2),
    }
    assert label(list(cases.values())) == list(cases)


def test_one_publisher_is_too_little_however_loud():
    surge = every(1, 9, start=-20)
    assert label([surge], publishers=1) == [Label.TOO_LITTLE]
    assert label([surge], publishers=2) == [Label.NEW]


def test_a_burst_by_one_publisher_is_one_off_even_if_spread_over_days():
    burst = every(2) | every(1, 3, start=-6)
    assert label([burst]) == [Label.SURGING]
    assert label([burst], top_publisher=15) == [Label.SPIKE]


def test_a_young_installation_calls_new_only_what_it_did_not_see_for_four_weeks():
    assert label([every(1, 2, start=-10), every(2)], days=40) == [Label.NEW, Label.TOO_LITTLE]
    assert label([every(1, 2, start=-10)], days=25) == [Label.TOO_LITTLE]


def test_a_rise_is_entered_at_two_and_left_below_one():
    scores = [1.9, 2.0, 1.2, 1.0, 0.9, 1.9, 2.5]
    rising, seen = np.array([False]), []
    for score in scores:
        rising = hold(rising, np.array([score]), np.array([True]))
        seen.append(bool(rising[0]))
    assert seen == [False, True, True, True, False, False, True]


def identity(text):
    return text


def plural(one, many, n):
    return one if n == 1 else many


def sentence(**changes):
    numbers = {
        "key": "above", "articles": 14, "days": 7, "publishers": 9, "confirmed": 6, "expected": 3.1,
        "times": 2.04, "ceiling": 9.0, "age": 300,
    }  # fmt: skip
    return say(Explanation(**(numbers | changes)), gettext=identity, ngettext=plural)


def test_the_sentence_says_why_in_words():
    assert sentence() == (
        "14 articles in 7 days from 9 publishers, 6 of them confirmed; "
        "its usual share would be 3.1: at least twice as much as usual."
    )
    assert sentence(times=3.49).endswith("at least 3.4 times as much as usual.")
    assert "would be under 0.1:" in sentence(expected=0.02)
    assert sentence(key="below", ceiling=0.41).endswith("at most ×0.5 of usual.")
    assert sentence(key="usual", times=1.04).endswith("about as much as usual.")
    assert sentence(key="usual", times=1.3).endswith("not yet clearly enough to be called a rise.")
    assert sentence(key="new", articles=1, publishers=1, age=0) == (
        "1 article in 7 days from 1 publisher, 6 of them confirmed: first mentioned 1 day ago."
    )
    assert say_times(1.87, gettext=identity, number="{:.1f}".format) == "at least ×1.8 its usual share"
    assert say_times(0.2, 0.51, gettext=identity, number="{:.1f}".format) == "at most ×0.6 its usual share"


def test_an_explanation_takes_the_window_that_shows_the_rise_and_survives_storage():
    counts = np.ones((5, 200), dtype=int)
    counts[2, -7:] += 4
    scores = score_series(counts, np.full(200, 50), np.zeros(5))
    told = explain(scores, 2, Label.SURGING, publishers=(5, 6, 7), confirmed=(1, 2, 3), age=199)
    assert (told.articles, told.days, told.publishers, told.confirmed) == (35, 7, 5, 1)
    assert told.expected == pytest.approx(7, rel=0.05)
    assert told.times == pytest.approx(2 ** scores.momentum[2], abs=0.001), "the number that the table shows"
    assert Explanation.from_params(told.params()) == told
    burst = explain(scores, 0, Label.SPIKE, publishers=(5, 6, 7), confirmed=(1, 2, 3), age=199)
    assert (burst.articles, burst.days) == (7, 7), "a burst is one of the shortest window"
