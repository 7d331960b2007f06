""" "Tell me when this rises": asked for by mail, told once for each rise, at most once a day."""

import re
from datetime import timedelta
from multiprocessing.pool import ThreadPool

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction

from signals.digests.alert_requests import form_token
from signals.digests.alerts import follow_tag, send_alerts, unfollow_tag
from signals.digests.send import deliver_due
from signals.digests.subscribe import token_of
from signals.models import Alert, Delivery, Edition, Kind, Label, Subscription, Tag, TagTrend
from tests.signals.digests.conftest import MONDAY, reader


@pytest.fixture(autouse=True)
def memory(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def make_tag(name="Agents write code", label=Label.STEADY):
    tag = Tag.objects.create(kind=Kind.SIGNAL, name=name, driving_force="Cheaper chips.")
    why = {"key": "above", "articles": 63, "days": 7, "publishers": 8, "confirmed": 0, "expected": 14.2}
    why |= {"times": 2.13, "ceiling": 4.0, "age": 139}
    TagTrend.objects.create(tag=tag, as_of=MONDAY.date(), label=label, times=2.1, explanation=why)
    return tag


def becomes(tag, label):
    TagTrend.objects.filter(tag=tag).update(label=label)


def told():
    return [(sent.to[0], sent.subject) for sent in mail.outbox]


def tick(now):
    send_alerts(now=now)
    deliver_due(clock=lambda: now)


def a_day(n):
    """Looks and sends on the n-th day."""
    tick(MONDAY + timedelta(days=n))


def test_each_rise_is_told_once_and_what_falls_is_not_told(db):
    tag = make_tag(label=Label.EMERGING)
    follow_tag(reader=reader(), tag=tag, now=MONDAY)
    labels = ["emerging", "steady", "emerging", "emerging", "surging", "emerging", "fading", "surging"]
    days = []
    for day, label in enumerate(labels):
        becomes(tag, label)
        a_day(day)
        days.append(len(mail.outbox))
    assert days == [0, 0, 1, 1, 2, 2, 2, 3]
    assert "Early riser" in mail.outbox[0].subject
    assert "List-Unsubscribe-Post" in mail.outbox[0].extra_headers
    assert "Cheaper chips." in mail.outbox[0].body
    surging = mail.outbox[1].body
    assert "\nSurging\n=======\n" in surging
    assert "not covered" not in surging


def test_a_reader_gets_one_mail_a_day_and_nothing_is_forgotten(db):
    first, second, third = (make_tag(name) for name in ("One", "Two", "Three"))
    ada, bob = reader(), reader("bob@example.org", language="fr")
    for tag in (first, second, third):
        follow_tag(reader=ada, tag=tag, now=MONDAY)
    follow_tag(reader=bob, tag=first, now=MONDAY)
    becomes(first, Label.SURGING)
    becomes(second, Label.EMERGING)
    a_day(0)
    becomes(third, Label.SURGING)
    a_day(0)
    assert sorted(to for to, _ in told()) == ["ada@example.org", "bob@example.org"]
    assert {delivery.rendering.language for delivery in Delivery.objects.all()} == {"en", "fr"}
    a_day(1)
    assert [to for to, subject in told() if "Three" in subject] == ["ada@example.org"]


def test_rises_of_two_days_that_would_arrive_on_one_make_two_days_of_it(db):
    first, second = make_tag("One"), make_tag("Two")
    for tag in (first, second):
        follow_tag(reader=reader(hour=7) if tag is first else Subscription.objects.get(), tag=tag, now=MONDAY)
    becomes(first, Label.SURGING)
    # after the reader's hour: it waits for the next morning
    send_alerts(now=MONDAY + timedelta(hours=9))
    becomes(second, Label.SURGING)
    moment = MONDAY + timedelta(hours=18)
    while moment < MONDAY + timedelta(days=3):
        tick(moment)
        moment += timedelta(minutes=30)
    days = list(Delivery.objects.order_by("pk").values_list("sent_at__date", flat=True))
    assert days == [(MONDAY + timedelta(days=n)).date() for n in (1, 2)]
    assert [subject.split(":")[0] for _, subject in told()] == ["One", "Two"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_look_at_once_tell_once(transactional_db):
    tag = make_tag()
    for n in range(5):
        follow_tag(reader=reader(f"r{n}@example.org"), tag=tag, now=MONDAY)
    becomes(tag, Label.SURGING)

    def look(_):
        try:
            return send_alerts(now=MONDAY)
        finally:
            connection.close()

    with ThreadPool(4) as pool:
        assert sorted(pool.map(look, range(4))) == [0, 0, 0, 5]
    assert (Edition.objects.count(), Delivery.objects.count()) == (1, 5)


REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room on the disk'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON signals_delivery FOR EACH ROW EXECUTE FUNCTION refuse();
"""
ALLOW = "DROP TRIGGER refuse ON signals_delivery; DROP FUNCTION refuse"


def test_who_fails_while_looking_has_told_nobody_and_noted_nothing(db):
    tag = make_tag()
    follow_tag(reader=reader(), tag=tag, now=MONDAY)
    becomes(tag, Label.SURGING)
    with connection.cursor() as cursor:
        cursor.execute(REFUSE)
        with pytest.raises(DatabaseError, match="no room"), transaction.atomic():
            send_alerts(now=MONDAY)
        cursor.execute(ALLOW)
    assert not Edition.objects.exists()
    assert Alert.objects.get().last_label == Label.STEADY
    a_day(0)
    assert len(mail.outbox) == 1


def test_who_paused_is_told_when_they_are_back_and_who_left_is_not(db):
    tag = make_tag()
    away = reader("away@example.org", paused_until=(MONDAY + timedelta(days=2)).date())
    gone = reader("gone@example.org")
    for one in (away, gone):
        follow_tag(reader=one, tag=tag, now=MONDAY)
    Subscription.objects.filter(pk=gone.pk).update(unsubscribed_at=MONDAY)
    becomes(tag, Label.EMERGING)
    a_day(0)
    assert told() == []
    a_day(2)
    assert [to for to, _ in told()] == ["away@example.org"]


def test_an_alert_comes_on_no_day_of_a_pause_over_there(db):
    tag = make_tag()
    tuesday = MONDAY + timedelta(days=1)
    zone = {"hour": 20, "time_zone": "America/Los_Angeles"}
    follow_tag(reader=reader(paused_until=tuesday.date(), **zone), tag=tag, now=MONDAY)
    becomes(tag, Label.SURGING)
    send_alerts(now=tuesday.replace(hour=0))
    assert not Delivery.objects.exists(), "it is Monday there, at that hour too"
    send_alerts(now=tuesday.replace(hour=5) + timedelta(days=1))
    assert Delivery.objects.get().due_at.isoformat() == "2024-05-30T03:00:00+00:00"


def test_an_alert_waits_for_the_readers_own_hour(db):
    tag = make_tag()
    follow_tag(reader=reader(hour=7, time_zone="America/New_York"), tag=tag, now=MONDAY)
    becomes(tag, Label.SURGING)
    send_alerts(now=MONDAY)
    assert Delivery.objects.get().due_at.isoformat() == "2024-05-27T11:00:00+00:00"


def test_asking_answers_the_same_for_everybody_and_only_the_button_in_the_mail_begins(client, db):
    tag = make_tag()
    reader("known@example.org", cadence="monthly")
    reader("left@example.org", unsubscribed_at=MONDAY)
    page = f"/subscribe/alert/{form_token(tag)}/"
    assert client.get(page).status_code == 200
    assert client.get(f"/subscribe/alert/{tag.pk}/").status_code == 410
    answers = set()
    for email in ("new@example.org", "known@example.org", "left@example.org"):
        answer = client.post(page, {"email": email, "language": "en"})
        answers.add((answer.status_code, answer["Location"], answer.content))
    assert len(answers) == 1
    assert not Alert.objects.exists()
    links = {sent.to[0]: re.search(r"/subscribe/alert/confirm/\S+", sent.body)[0] for sent in mail.outbox}
    for link in links.values():
        assert client.get(link).status_code == 200
    assert not Alert.objects.exists()
    for link in [*links.values(), *links.values()]:
        assert client.post(link).status_code == 302
    assert Alert.objects.count() == 3
    cadences = dict(Subscription.objects.values_list("email", "cadence"))
    assert cadences == {
        "new@example.org": "alert",
        "known@example.org": "monthly",
        "left@example.org": "alert",
    }
    assert Subscription.objects.filter(confirmed_at=None).count() == 0
    assert client.get("/subscribe/alert/confirm/forged/").status_code == 410


def test_a_reader_follows_and_unfollows_on_their_own_page(client, db):
    tag = make_tag()
    ada = reader()
    page = f"/subscribe/yours/{token_of(ada)}/"
    assert (
        "No item is called"
        in client.post(f"{page}alerts/", {"name": "Nothing"}, follow=True).content.decode()
    )
    client.post(f"{page}alerts/", {"name": "agents WRITE code"})
    assert Alert.objects.get().tag == tag
    assert "Agents write code" in client.get(page).content.decode()
    client.post(f"{page}alerts/", {"unfollow": str(tag.pk)})
    unfollow_tag(reader=ada, tag_id=tag.pk)
    assert not Alert.objects.exists()
