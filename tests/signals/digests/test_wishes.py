"""Saying what one wants, with and without JavaScript; seeing, taking along and deleting what is kept."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from signals.curation.catalogue import create_tag
from signals.digests.editions import freeze_edition
from signals.digests.links import subscription_token
from signals.digests.send import deliver_due
from signals.digests.suppression import is_suppressed, suppress_address
from signals.models import Alert, Kind, OutboxMail, Subscription, Suppression, Tag, Theme
from tests.signals.digests.conftest import MONDAY, reader
from tests.signals.digests.test_subscriptions import CHOICES, ask, link_in, newest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("outbox_backend")]


@pytest.fixture
def tags(settings):
    settings.PUBLIC_READ_ONLY = True
    return [create_tag(kind=Kind.SIGNAL, name=name) for name in ("Agents write code", "Agents book travel")]


@pytest.fixture
def theme():
    return Theme.objects.create(name="Work", slug="work")


def mine(someone, name="subscription"):
    return reverse(name, args=[subscription_token(someone.pk)])


def test_all_wishes_are_kept_from_asking_to_confirming(tags, theme):
    wishes = CHOICES | {
        "email": "ada@example.org",
        "kinds": ["signal", "release"],
        "themes": [theme.pk],
        "tags": [tags[1].pk, tags[0].pk],
        "cadence": "monthly",
        "weekday": "4",
        "hour": "18",
        "time_zone": "America/Argentina/Buenos_Aires",
    }
    assert Client().post(reverse("subscribe"), wishes).status_code == 302
    # what stood there before the button was pressed does not count
    Subscription.objects.update(weekday=1, themes=[], cadence="weekly")
    page = Client().post(link_in(newest())).content.decode()
    assert "on Friday at 18:00 (America/Argentina/Buenos Aires)" in page
    kept = Subscription.objects.get()
    assert (kept.kinds, kept.themes) == (["release", "signal"], [theme.pk])
    assert kept.tags == sorted(tag.pk for tag in tags)
    assert (kept.cadence, kept.weekday, kept.hour) == ("monthly", 4, 18)
    assert kept.time_zone == "America/Argentina/Buenos_Aires"


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": ""},
        {"weekday": "7"},
        {"hour": "24"},
        {"cadence": "hourly"},
        {"cadence": "alert"},
        {"themes": ["999"]},
        {"tags": ["999"]},
        {"tags": ["x"]},
        {"tags": ["9" * 40]},
        {"kinds": ["nonsense"]},
        {"least_relevancy": "6"},
    ],
)
def test_what_cannot_be_wished_is_said_and_nothing_is_kept(wrong, settings):
    settings.PUBLIC_READ_ONLY = True
    page = Client().post(reverse("subscribe"), CHOICES | {"email": "ada@example.org"} | wrong)
    assert page.status_code == 200
    assert b"errorlist" in page.content
    assert not Subscription.objects.exists()
    assert not OutboxMail.objects.exists()


def test_tags_are_found_and_chosen_without_javascript_and_nothing_typed_is_lost(tags):
    typed = CHOICES | {"email": "ada@example.org", "hour": "18", "tags": [tags[1].pk], "find": "agents"}
    for how in ({"look": "1"}, {}):
        page = Client().post(reverse("subscribe"), typed | how).content.decode()
        assert re.search(rf'value="{tags[1].pk}" checked', page)
        assert re.search(rf'name="tags" value="{tags[0].pk}">', page)
        assert 'value="ada@example.org"' in page
        assert '<option value="18" selected>' in page
        assert '<option value="Europe/Paris" selected>' in page
        assert re.search(r'name="kinds" value="signal"[^>]*checked', page)
        assert "errorlist" not in page
        assert not Subscription.objects.exists(), "looking for a tag is not asking for the digest"
    done = typed | {"found": "agents", "tags": [tag.pk for tag in tags]}
    assert Client().post(reverse("subscribe"), done).status_code == 302
    assert len(Subscription.objects.get().tags) == 2


def test_the_part_that_javascript_asks_for_keeps_what_is_ticked(tags):
    part = Client().get(reverse("subscribe-tags"), {"find": "travel", "tags": [tags[0].pk, "x", "9" * 30]})
    assert re.findall(r'value="(\d+)"( checked)?', part.content.decode()) == [
        (str(tags[0].pk), " checked"),
        (str(tags[1].pk), ""),
    ]
    assert "No other item" in Client().get(reverse("subscribe-tags"), {"find": "zzzz"}).content.decode()


@pytest.mark.parametrize(
    "words",
    ["\0", "'", "\\\\%_", "(", '"', " ", "a" * 5000, "\ud800".encode("utf-8", "replace").decode(), "é'; --"],
)
def test_whatever_is_looked_for_gets_an_answer(words, tags):
    assert Client().get(reverse("subscribe-tags"), {"find": words}).status_code == 200
    assert Client().post(reverse("subscribe"), {"find": words, "look": "1"}).status_code == 200


def test_the_form_asks_the_database_no_more_when_the_catalogue_is_large(django_assert_max_num_queries, theme):
    Tag.objects.bulk_create(Tag(kind=Kind.SIGNAL, name=f"Tag {n}") for n in range(5000))
    with django_assert_max_num_queries(8):
        page = Client().get(reverse("subscribe"))
    assert len(page.content) < 120_000


def test_where_reading_needs_a_log_in_strangers_see_no_names_and_readers_do(tags, settings):
    settings.PUBLIC_READ_ONLY = False
    looked = {"find": "agents", "look": "1", "tags": [tags[0].pk]}
    part = reverse("subscribe-tags")
    assert Client().get(part, looked).status_code == 302
    asked = CHOICES | looked | {"email": "ada@example.org"}
    for answer in (Client().get(reverse("subscribe"), looked), Client().post(reverse("subscribe"), asked)):
        assert answer.status_code in (200, 302)
        assert b"Agents" not in answer.content
    someone = reader("bob@example.org")
    for answer in (
        Client().get(mine(someone, "subscription-tags"), looked),
        Client().post(mine(someone), CHOICES | looked),
    ):
        assert b"Agents book travel" in answer.content
    forged = reverse("subscription-tags", args=["forged"])
    assert Client().get(forged, looked).status_code == 410


def test_more_than_fifty_tags_are_refused_in_words(settings):
    settings.PUBLIC_READ_ONLY = True
    tags = Tag.objects.bulk_create(Tag(kind=Kind.SIGNAL, name=f"Tag {n}") for n in range(51))
    page = Client().post(
        reverse("subscribe"), CHOICES | {"email": "a@example.org", "tags": [t.pk for t in tags]}
    )
    assert b"Up to 50 items" in page.content
    client = Client()
    client.post(reverse("subscribe"), CHOICES | {"email": "a@example.org", "tags": [t.pk for t in tags[:50]]})
    link = link_in(newest())
    assert len(link) < 1500
    assert client.post(link).status_code == 200
    assert len(Subscription.objects.get().tags) == 50


def test_a_pause_is_until_a_day_or_until_further_notice():
    someone = reader()
    tomorrow = timezone.now().date() + timedelta(days=2)
    assert Client().post(mine(someone), CHOICES | {"paused_until": tomorrow.isoformat()}).status_code == 302
    someone.refresh_from_db()
    assert (someone.is_paused, someone.paused_until) == (False, tomorrow)
    assert f'value="{tomorrow}"' in Client().get(mine(someone)).content.decode()
    yesterday = (timezone.now() - timedelta(days=2)).date().isoformat()
    for wrong in (yesterday, "2024-02-31", "soon"):
        assert b"errorlist" in Client().post(mine(someone), CHOICES | {"paused_until": wrong}).content
    Subscription.objects.update(paused_until=yesterday)
    assert Client().post(mine(someone), CHOICES | {"paused_until": yesterday}).status_code == 302
    someone.refresh_from_db()
    assert someone.paused_until is None, "a pause that is over stands in nobody's way"


def test_all_that_is_kept_is_shown_and_taken_along_by_the_same_link(edition, tags):
    someone = reader(tags=[tags[0].pk], least_relevancy=2, time_zone="Asia/Tokyo")
    Alert.objects.create(subscription=someone, tag=tags[1])
    freeze_edition(edition=edition, now=MONDAY)
    deliver_due(clock=lambda: MONDAY + timedelta(days=1))
    answer = Client().get(mine(someone, "subscription-data"))
    assert answer["Content-Disposition"].startswith("attachment")
    kept = json.loads(answer.content)
    assert kept["subscription"]["email"] == "ada@example.org"
    assert kept["subscription"]["tags"] == ["Agents write code"]
    assert set(kept["subscription"]) == {field.name for field in Subscription._meta.concrete_fields}
    assert [alert["tag"] for alert in kept["alerts"]] == ["Agents book travel"]
    assert [mail["edition"] for mail in kept["mails"]] == ["2024-W21"]
    assert kept["never_written_to"] is None
    page = Client().get(mine(someone)).content.decode()
    for words in ("ada@example.org", "Asia/Tokyo", "Agents book travel", "2024-W21", "data.json"):
        assert words in page
    Client().post(mine(someone, "subscription-forget"))
    assert Client().get(mine(someone, "subscription-data")).status_code == 410
    assert not Alert.objects.exists()
    assert not OutboxMail.objects.exists()


def test_a_bounce_is_lifted_by_a_fresh_confirmation_and_by_nothing_else(settings):
    early = ask("ada@example.org") and link_in(newest())
    Client().post(early)
    suppress_address(address="ADA@example.org", reason="550 no such user", now=timezone.now())
    assert Client().post(early).status_code == 410, "an old link"
    someone = Subscription.objects.get()
    Client().post(mine(someone), CHOICES)
    someone.refresh_from_db()
    assert someone.suppressed_at
    assert is_suppressed("ada@example.org")
    before = OutboxMail.objects.count()
    answers = {ask("ada@example.org")["Location"] for _ in range(2)}
    assert answers == {"/subscribe/asked/"}
    assert OutboxMail.objects.count() == before + 1, "once a day at most"
    assert is_suppressed("ada@example.org"), "asking alone lifts nothing"
    link = link_in(newest())
    assert Client().get(link).status_code == 200
    assert is_suppressed("ada@example.org")
    assert Client().post(link).status_code == 200
    assert not is_suppressed("ada@example.org")
    assert Subscription.objects.active().exists()


def test_who_was_forgotten_and_refused_begins_anew_only_by_confirming():
    someone = reader()
    suppress_address(address=someone.email, reason="550 no such user", now=timezone.now())
    Client().post(mine(someone, "subscription-forget"))
    assert Suppression.objects.exists(), "the code stays"
    ask("ada@example.org")
    assert is_suppressed("ada@example.org")
    Client().post(link_in(newest()))
    assert not Suppression.objects.exists()
