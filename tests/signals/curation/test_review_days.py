"""A day that somebody gives is one of theirs, as it is where they put an article off: not one of UTC."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from signals.curation.decisions import decide_tagging
from signals.curation.errors import CurationError
from signals.curation.outlooks import review_outlook
from signals.curation.ratings import rate_tag
from signals.curation.signposts import add_signpost, see_signpost
from signals.curation.tags import edit_tag
from signals.models import Decision, Signpost, User
from signals.web.tag_reviews import count_due
from tests.signals.web.making import make_article, make_source, make_tag

pytestmark = pytest.mark.django_db
YESTERDAY, TODAY, TOMORROW = (date(2026, 11, day) for day in (22, 23, 24))
# It is the 23rd in each, and another day in UTC.
MOMENTS = [
    ("Pacific/Auckland", datetime(2026, 11, 22, 20, tzinfo=UTC)),
    ("America/Los_Angeles", datetime(2026, 11, 24, 4, tzinfo=UTC)),
]


@pytest.fixture
def ana():
    return User.objects.create_user("ana@example.org", role="analyst")


@pytest.mark.parametrize(("zone", "now"), MOMENTS)
def test_the_first_day_to_come_is_ones_own_tomorrow_and_what_was_seen_today_was_seen(ana, zone, now):
    tag = make_tag()
    article = make_article(make_source(), [tag])
    edit_tag(tag=tag, by=ana, values={"outlook": "On every phone."})

    def ask(day):
        about = {"tag": tag, "by": ana, "now": now}
        decide_tagging(article=article, verdict="accept", review_on=day, **about)
        rate_tag(relevancy=4, review_on=day, **about)
        review_outlook(held="yes", next_on=day, **about)

    signpost = add_signpost(tag=tag, by=ana, words="A first customer.")
    with timezone.override(zone):
        for asking in (
            lambda: decide_tagging(
                article=article, tag=tag, by=ana, verdict="accept", review_on=TODAY, now=now
            ),
            lambda: rate_tag(tag=tag, by=ana, relevancy=4, review_on=TODAY, now=now),
            lambda: review_outlook(tag=tag, by=ana, held="yes", next_on=TODAY, now=now),
            lambda: see_signpost(signpost=signpost, by=ana, seen_on=TOMORROW, now=now),
        ):
            with pytest.raises(CurationError, match="to come"):
                asking()
        ask(TOMORROW)
        see_signpost(signpost=signpost, by=ana, seen_on=TODAY, now=now)
    assert Signpost.objects.get().seen_on == TODAY


@pytest.mark.parametrize(("zone", "now"), MOMENTS)
def test_a_day_is_due_when_it_begins_where_one_is(ana, zone, now):
    tag = make_tag()
    for day in (YESTERDAY, TODAY, TOMORROW):
        article = make_article(make_source(), [tag])
        decide_tagging(article=article, tag=tag, by=ana, verdict="accept")
        Decision.objects.filter(article=article).update(review_on=day)
    with timezone.override(zone):
        assert count_due(ana, now=now) == 2
