"""Ratings: the latest of each rater counts, the median is the tag's, reasons are asked where they matter."""

from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signals.curation.errors import CurationError
from signals.curation.ratings import latest_ratings, needs_rationale, rate_tag, undo_rating
from signals.models import Change, Rating, State, Tagging, User
from tests.signals.web.making import make_article, make_source, make_tag


@pytest.fixture
def raters(db) -> list[User]:
    return [User.objects.create_user(f"r{n}@example.org") for n in range(4)]


def relevance(tag) -> tuple:
    tag.refresh_from_db()
    return tag.relevancy, tag.relevancy_raters, tag.relevancy_spread


RATINGS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=9)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RATINGS, st.data())
def test_a_tags_relevance_is_the_median_of_each_raters_latest_that_holds(raters, given_ratings, data):
    tag = make_tag()
    made = [rate_tag(tag=tag, by=raters[who], relevancy=n, rationale="why") for who, n in given_ratings]
    gone = data.draw(st.sets(st.sampled_from(range(len(made)))))
    for at in gone:
        undo_rating(rating=made[at], by=raters[0])
    latest = {who: n for at, (who, n) in enumerate(given_ratings) if at not in gone}
    found = relevance(tag)
    assert found[:2] == (median(latest.values()) if latest else None, len(latest))
    assert (found[2] is None) == (len(latest) < 3)
    assert {rating.user_id for rating in latest_ratings(tag)} == {raters[who].pk for who in latest}
    assert Rating.objects.filter(tag=tag).count() == len(made)


@pytest.mark.parametrize(("numbers", "spread"), [((4, 4, 5), 0.5), ((1, 3, 5), 2.0), ((2, 2, 2, 2), 0.0)])
def test_the_spread_is_the_interquartile_range(raters, numbers, spread):
    tag = make_tag()
    for by, number in zip(raters, numbers, strict=False):
        rate_tag(tag=tag, by=by, relevancy=number, rationale="why")
    assert relevance(tag)[2] == spread


def test_a_reason_is_asked_two_away_from_ones_own_last_word_or_from_the_median(raters):
    tag = make_tag()
    ana, bob, *_ = raters
    assert not needs_rationale(tag=tag, by=ana, relevancy=5)
    rate_tag(tag=tag, by=ana, relevancy=4)
    tag.refresh_from_db()
    asked = {n: needs_rationale(tag=tag, by=bob, relevancy=n) for n in range(1, 6)}
    assert asked == {1: True, 2: True, 3: False, 4: False, 5: False}
    with pytest.raises(CurationError):
        rate_tag(tag=tag, by=bob, relevancy=2, rationale="  ")
    rate_tag(tag=tag, by=bob, relevancy=2, rationale="Seen it fail")
    with pytest.raises(CurationError):
        rate_tag(tag=tag, by=ana, relevancy=2)
    assert relevance(tag)[:2] == (3.0, 2)


@pytest.mark.parametrize("number", [0, 6, -1])
def test_there_is_no_such_number(raters, number):
    with pytest.raises(CurationError):
        rate_tag(tag=make_tag(), by=raters[0], relevancy=number, rationale="why")
    assert not Rating.objects.exists()
    assert not Change.objects.exists()


def test_until_somebody_rates_a_tag_the_notes_speak_and_again_once_the_rating_is_undone(raters):
    tag, source = make_tag(), make_source()
    for number in (2, 4, 5):
        article = make_article(source, [tag], state=State.CONFIRMED)
        Tagging.objects.filter(article=article).update(stated_relevancy=number)
    rating = rate_tag(tag=tag, by=raters[0], relevancy=1, rationale="why")
    assert relevance(tag)[:2] == (1.0, 1)
    undo_rating(rating=rating, by=raters[0])
    assert relevance(tag)[:2] == (4.0, 0)
    assert tag.relevancy_notes == 3
    with pytest.raises(CurationError):
        undo_rating(rating=rating, by=raters[0])
