"""The morning page: what is new to the person who looks, and why nothing is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.celery import QUEUES, heartbeat_key
from signals.curation.decisions import decide_tagging
from signals.models import Label, Model, Release, Role, Tag, TagTrend, TrendChange, User
from signals.rhythm import find_silence
from signals.trends.history import note_changes
from signals.web import middleware
from tests.signals.web.making import NOW, fill, make_article, make_source, make_tag, plain

YESTERDAY = NOW - timedelta(days=1)


def note(*, at: datetime, **figures) -> None:
    """The table says this of every tag from a moment on."""
    TagTrend.objects.update(**figures)
    note_changes(TagTrend.objects.all(), at=at)


def seen(people, role: str) -> User:
    return User.objects.get(pk=people[role].pk)


@pytest.fixture
def tag(db) -> Tag:
    made = make_tag("Open weights")
    source = make_source()
    source.last_success_at = NOW
    source.save()
    make_article(source, [made])
    note(at=NOW - timedelta(days=9), label=Label.STEADY, momentum=0.2, times=1.15)
    return made


@pytest.fixture
def workers(servers) -> Iterator[None]:
    """Workers that say they are there."""
    keys = [heartbeat_key(queue) for queue in QUEUES]
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.mset(dict.fromkeys(keys, "1"))
        yield
        valkey.delete(*keys)


def was_here(user: User, when: datetime) -> None:
    User.objects.filter(pk=user.pk).update(last_visit_at=when)


def test_what_is_new_stays_so_for_the_whole_visit_and_is_gone_on_the_next(people, analyst, tag, workers):
    was_here(people[Role.ANALYST], YESTERDAY)
    note(at=NOW - timedelta(hours=2), label=Label.SURGING, momentum=1.2, times=2.297)
    for _reload in range(2):
        page = plain(analyst.get("/").content)
        assert "since you were last here" in page
        assert "Open weights" in page.split("Highest")[0]
        assert "before: Not yet sure, at least ×1.1" in page
    # An hour later the visit has ended, and nothing has moved since.
    was_here(people[Role.ANALYST], NOW - timedelta(minutes=40))
    assert "Nothing moved since" in plain(analyst.get("/").content)


def test_what_is_not_above_its_usual_share_is_not_called_so(analyst, tag):
    assert "Open weights" in plain(analyst.get("/").content).split("above their usual share")[1]
    TagTrend.objects.update(momentum=-1.6, times=0.33)
    assert "above their usual share" not in plain(analyst.get("/").content)


def test_pages_of_one_visit_write_at_most_every_few_minutes(people, analyst, tag):
    analyst.get("/")
    with CaptureQueriesContext(connection) as captured:
        analyst.get("/")
        analyst.get("/tags/")
    written = [query["sql"] for query in captured if query["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]
    assert written == []


def test_of_two_requests_at_once_only_the_first_ends_the_visit_before(people, db):
    user = people[Role.VIEWER]
    was_here(user, YESTERDAY)
    first, second = seen(people, Role.VIEWER), seen(people, Role.VIEWER)
    middleware._note_visit(first, NOW)
    middleware._note_visit(second, NOW + timedelta(seconds=1))
    assert first.previous_visit_at == second.previous_visit_at == YESTERDAY


def test_a_first_visit_looks_back_a_week(analyst, tag):
    note(at=NOW - timedelta(days=3), label=Label.EMERGING, momentum=1.2, times=2.297)
    page = plain(analyst.get("/").content)
    assert "this week" in page
    assert "before: Not yet sure, at least ×1.1" in page


def test_a_change_is_noted_only_when_the_table_says_something_else(tag):
    note(at=YESTERDAY, label=Label.STEADY, momentum=0.21, times=1.16)
    assert TrendChange.objects.count() == 1
    note(at=YESTERDAY, label=Label.STEADY, momentum=0.3, times=1.23)
    note(at=NOW, label=Label.TOO_LITTLE, momentum=None, times=None)
    assert list(TrendChange.objects.order_by("noted_at").values_list("times", flat=True)) == [
        1.15,
        1.23,
        None,
    ]


def test_what_others_decided_is_told_and_what_i_did_is_not(people, analyst, tag):
    article = tag.taggings.get().article
    decide_tagging(article=article, tag=tag, by=people[Role.ANALYST], verdict="accept")
    assert "What others did" not in plain(analyst.get("/").content)
    decide_tagging(article=article, tag=tag, by=people[Role.ADMINISTRATOR], verdict="reject")
    assert "administrator@example.org 1 rejected" in plain(analyst.get("/").content)


def test_a_price_change_is_told_with_both_prices(analyst, tag):
    model = Model.objects.create(slug="maker/one", name="One", developer="Maker")
    detail = {"side": "input", "from": 3.0, "to": 2.5, "provider": "Maker"}
    Release.objects.create(model=model, event="price", event_key="p", date=NOW.date(), detail=detail)
    assert "Maker: input price from $3 to $2.5 per million tokens" in plain(analyst.get("/").content)


def test_a_source_is_quiet_when_silent_three_times_as_long_as_usual():
    now = datetime(2026, 11, 20, tzinfo=UTC)
    every_two_days = [now - timedelta(days=7 + 2 * n) for n in range(10)]
    silence = find_silence(every_two_days, now=now)
    assert silence is not None
    assert (silence.usual, silence.lasts) == (timedelta(days=2), timedelta(days=7))
    assert find_silence(every_two_days, now=now - timedelta(days=2)) is None
    # A busy feed may rest over a week-end, and four entries have no rhythm.
    busy = [now - timedelta(days=2, hours=n) for n in range(30)]
    assert find_silence(busy, now=now) is None
    assert find_silence(every_two_days[:4], now=now) is None


def test_a_quiet_source_is_named_with_its_rhythm(analyst, tag):
    source = make_source()
    source.health = "ok"
    source.save()
    for n in range(8):
        at = NOW - timedelta(days=9 + 2 * n)
        make_article(source, published_at=at, known_at=at, sort_at=at)
    assert f"{source.name} usually every 2 days, nothing for 9 days" in plain(analyst.get("/").content)


def test_an_empty_page_says_which_of_the_reasons_holds(analyst, db, request):
    assert "The workers are not running" in plain(analyst.get("/").content)
    request.getfixturevalue("workers")
    assert "Nothing to read yet" in plain(analyst.get("/").content)
    source = make_source()
    assert "Nothing has enough evidence yet" in plain(analyst.get("/").content)
    source.health = "failing"
    source.save()
    assert "No source can be read" in plain(analyst.get("/").content)


def test_what_waits_is_counted_up_to_a_bound_and_says_so(analyst, tag, monkeypatch):
    source = make_source()
    for _each in range(4):
        make_article(source, [tag])
    cache.clear()
    assert "5 suggested mentions in them" in plain(analyst.get("/").content)
    monkeypatch.setattr("signals.web.inbox_counts.MOST", 3)
    cache.clear()
    html = plain(analyst.get("/").content)
    assert "3+ articles" in html
    assert "3+ suggested mentions in them" in html


def test_the_page_asks_fifteen_questions_at_most(analyst, tag):
    fill(5)
    note(at=NOW, label=Label.SURGING, momentum=1.2, times=2.297)
    analyst.get("/")
    with CaptureQueriesContext(connection) as captured:
        analyst.get("/")
    assert len(captured) <= 15, "\n".join(query["sql"][:150] for query in captured)
