"""Scoring a tag on its page."""

import pytest

from signals.curation.ratings import rate_tag
from signals.models import Rating, Role
from tests.signals.web.making import make_tag, plain

HTMX = {"HX-Request": "true"}


@pytest.fixture
def tag(db):
    return make_tag()


def test_what_others_said_shows_once_you_have_said_yours(analyst, people, tag):
    rate_tag(tag=tag, by=people[Role.ADMINISTRATOR], relevancy=4, rationale="Three customers asked")
    before = analyst.get(tag.get_absolute_url()).content.decode()
    assert "Three customers asked" not in before
    assert "Median" not in before
    after = analyst.post(f"/tags/{tag.pk}/rate/", {"relevancy": "3"}, headers=HTMX).content.decode()
    assert "Three customers asked" in after
    assert "Median 3.5 of 2 raters" in plain(after)


def test_a_viewer_sees_the_scores_and_no_buttons(as_role, people, tag):
    rate_tag(tag=tag, by=people[Role.ANALYST], relevancy=4)
    html = as_role(Role.VIEWER).get(tag.get_absolute_url()).content.decode()
    assert "Median 4 of 1 rater" in plain(html)
    assert 'name="relevancy"' not in html


def test_far_from_the_others_is_refused_until_it_says_why_and_keeps_the_choice(analyst, people, tag):
    rate_tag(tag=tag, by=people[Role.ADMINISTRATOR], relevancy=5)
    url = f"/tags/{tag.pk}/rate/"
    refused = analyst.post(url, {"relevancy": "1"}, headers=HTMX).content.decode()
    assert "please say why" in refused
    assert 'value="1" aria-pressed="true"' in refused
    assert "required" in refused
    assert Rating.objects.count() == 1
    assert "please say why" in analyst.post(url, {"relevancy": "1"}, follow=True).content.decode()
    analyst.post(url, {"relevancy": "1", "rationale": "Nobody here uses it"}, headers=HTMX)
    tag.refresh_from_db()
    assert (tag.relevancy, tag.relevancy_raters) == (3.0, 2)


@pytest.mark.parametrize("number", ["", "0", "6", "abc", "1.5", "²"])
def test_a_score_that_is_none_is_refused(analyst, tag, number):
    assert analyst.post(f"/tags/{tag.pk}/rate/", {"relevancy": number}, headers=HTMX).status_code == 200
    assert not Rating.objects.exists()
