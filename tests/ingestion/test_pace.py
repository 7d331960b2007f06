"""When to look again, and why then."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ingestion.pace import LONGEST, SHORTEST, Hints, next_after_failure, next_check, pause_asked

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)  # a Tuesday
HOUR = timedelta(hours=1)


def check(hints=None, fresh_for=None, now=NOW):
    return next_check(hints or Hints(), now=now, fresh_for=fresh_for, rng=Random(1))


def paced(gap, count=10):
    return Hints.of_dates([NOW - gap * n for n in range(1, count)], NOW)


def test_a_busy_feed_is_read_more_often_than_a_slow_one_within_bounds():
    busy, daily, slow = (check(paced(gap)) for gap in (HOUR / 4, 24 * HOUR, 720 * HOUR))
    assert busy.interval == SHORTEST
    assert timedelta(hours=5) < daily.interval < timedelta(hours=7)
    assert slow.interval == LONGEST
    assert "24 hours" in daily.reason


def test_a_feed_that_fell_silent_is_read_less_and_less():
    hints = paced(HOUR)
    assert check(hints).interval < check(hints, now=NOW + 24 * HOUR).interval


def test_what_the_feed_asks_for_outweighs_its_pace_but_not_a_day():
    hints = paced(HOUR)
    assert check(hints, fresh_for=6 * HOUR).interval == 6 * HOUR
    assert "fresh for 6 hours" in check(hints, fresh_for=6 * HOUR).reason
    assert check(Hints(ttl=3 * HOUR)).interval == 3 * HOUR
    assert check(Hints(update_period=12 * HOUR)).interval == 12 * HOUR
    assert check(hints, fresh_for=8760 * HOUR).interval == LONGEST


def test_hours_and_days_the_publisher_rules_out_are_left_out():
    hints = Hints(ttl=HOUR, skip_hours=frozenset(range(12, 20)), skip_days=frozenset({1}))
    at = check(hints).at
    assert (at.weekday(), at.hour) == (2, 0)
    assert check(Hints(skip_hours=frozenset(range(24)))).at < NOW + 2 * HOUR


def test_hints_survive_the_database_because_a_304_brings_none():
    hints = Hints(HOUR, 2 * HOUR, frozenset({1, 2}), frozenset({6}), NOW, NOW - HOUR, 2)
    assert Hints.from_json(hints.as_json()) == hints
    assert Hints.from_json({}) == Hints()


@given(st.integers(0, 2**31), st.timedeltas(timedelta(0), timedelta(days=4000)), st.integers(0, 40))
def test_whatever_happens_the_next_check_comes_within_a_day_and_not_at_once(seed, span, failures):
    hints = Hints(ttl=span, newest=NOW - span, oldest=NOW - 2 * span, dated=5)
    for at in (
        next_check(hints, now=NOW, fresh_for=span, rng=Random(seed)).at,
        next_after_failure(failures + 1, now=NOW, retry_after=None, rng=Random(seed)).at,
    ):
        assert NOW + SHORTEST <= at <= NOW + LONGEST


def test_a_host_that_counts_our_requests_is_left_in_peace_when_none_are_left():
    assert pause_asked({"ratelimit-remaining": "0", "ratelimit-reset": "30"}, NOW) == timedelta(seconds=30)
    later = str(int(NOW.timestamp()) + 90)
    assert pause_asked({"x-ratelimit-remaining": "0", "x-ratelimit-reset": later}, NOW) == timedelta(
        seconds=90
    )
    assert pause_asked({"ratelimit-remaining": "4", "ratelimit-reset": "30"}, NOW) is None
