"""Subscribing and leaving: nothing happens by GET, nobody learns who is subscribed, no log-in is met."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from signals.digests.editions import advance_editions, freeze_edition
from signals.digests.links import evidence_token, subscription_token
from signals.digests.send import deliver_due
from signals.digests.subscribe import expire_unconfirmed
from signals.models import (
    Article,
    Decision,
    Delivery,
    Fact,
    Kind,
    Model,
    OutboxMail,
    OutlookReview,
    Rating,
    Release,
    Subscription,
    Tag,
    Tagging,
    User,
)
from signals.trends.history import end_of
from tests.signals.digests.conftest import MONDAY, WEEK, publish, reader
from tests.signals.digests.test_content import FULL

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("outbox_backend")]

CHOICES = {
    "language": "en",
    "kinds": ["signal"],
    "least_relevancy": "2",
    "cadence": "weekly",
    "weekday": "0",
    "hour": "7",
    "time_zone": "Europe/Paris",
}


@pytest.fixture
def stranger():
    return Client(enforce_csrf_checks=True)


def ask(email, **client):
    return Client(**client).post(reverse("subscribe"), {"email": email} | CHOICES)


def link_in(mail):
    found = re.search(re.escape(django_settings.PUBLIC_URL) + r"(\S+)", mail.text)
    return found[1]


def newest():
    return OutboxMail.objects.first()


def test_the_link_in_the_mail_shows_a_button_and_the_button_subscribes():
    ask("ada@example.org")
    link = link_in(newest())
    client = Client()
    for _ in range(2):
        assert b"Yes, send it" in client.get(link).content
        assert not Subscription.objects.active().exists()
    assert b"You are subscribed" in client.post(link).content
    confirmed = Subscription.objects.active().get()
    assert (confirmed.kinds, confirmed.least_relevancy) == (["signal"], 2)
    assert confirmed.consent_version
    assert confirmed.confirmed_at


def test_the_answer_is_the_same_for_every_address():
    reader("known@example.org")
    reader("left@example.org", unsubscribed_at=MONDAY)
    reader("waiting@example.org", confirmed_at=None)
    answers = [ask(f"{who}@example.org") for who in ("known", "KNOWN", "left", "waiting", "unknown")]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, "/subscribe/asked/")}
    assert OutboxMail.objects.count() == 5
    known = Subscription.objects.get(email="known@example.org")
    assert (known.kinds, known.least_relevancy) == ([], 1), "a stranger changed a reader's wishes"
    assert Subscription.objects.count() == 4


def test_an_address_gets_three_such_mails_an_hour_and_a_client_may_ask_twenty_times():
    for _ in range(5):
        assert ask("ada@example.org").status_code == 302
    assert OutboxMail.objects.count() == 3
    for n in range(15):
        assert ask(f"a{n}@example.org").status_code == 302
    assert ask("one@example.org").status_code == 429
    assert ask("one@example.org", REMOTE_ADDR="198.51.100.7").status_code == 302


def test_without_valkey_a_first_request_works_and_no_second_mail_goes_out(settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
    for _ in range(3):
        assert ask("ada@example.org").status_code == 302
    assert OutboxMail.objects.count() == 1


def test_an_address_that_nobody_confirms_is_forgotten_after_a_week():
    ask("ada@example.org")
    expire_unconfirmed(now=timezone.now() + timedelta(days=6))
    assert Subscription.objects.exists()
    expire_unconfirmed(now=timezone.now() + timedelta(days=8))
    assert not Subscription.objects.exists()
    assert Client().post(link_in(newest())).status_code == 410


def test_an_old_confirmation_does_not_bring_back_who_left():
    ask("ada@example.org")
    link = link_in(newest())
    Client().post(link)
    gone = reverse("unsubscribe", args=[subscription_token(Subscription.objects.get().pk)])
    Client().post(gone)
    assert Client().post(link).status_code == 410
    assert not Subscription.objects.active().exists()


ONE_CLICK = "List-Unsubscribe=One-Click"
MULTIPART = '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (ONE_CLICK, "application/x-www-form-urlencoded"),
        (MULTIPART, "multipart/form-data; boundary=b"),
        ("torn", "multipart/form-data; boundary=b"),
        ("torn", "multipart/form-data"),
        ("", "application/octet-stream"),
    ],
)
def test_one_click_unsubscribes_whatever_the_body_without_cookies_or_redirects(stranger, body, content_type):
    link = reverse("unsubscribe", args=[subscription_token(reader().pk)])
    for _ in range(2):
        answer = stranger.post(link, data=body, content_type=content_type)
        assert answer.status_code == 200
        assert not answer.cookies
    assert Subscription.objects.get().unsubscribed_at


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("x=" + "y" * 4_000_000, "application/x-www-form-urlencoded"),
        ("&".join(f"a{n}=1" for n in range(2000)), "application/x-www-form-urlencoded"),
    ],
)
def test_one_click_minds_no_body_however_large(stranger, body, content_type):
    link = reverse("unsubscribe", args=[subscription_token(reader().pk)])
    assert stranger.post(link, data=body, content_type=content_type).status_code == 200
    assert Subscription.objects.get().unsubscribed_at


def test_who_gets_alerts_alone_may_ask_for_the_digest_too():
    alone = reader("ada@example.org", cadence="alert")
    ask("ada@example.org")
    assert "get the digest already" not in newest().subject
    assert b"You are subscribed" in Client().post(link_in(newest())).content
    alone.refresh_from_db()
    assert (alone.cadence, alone.kinds) == ("weekly", ["signal"])


def test_a_token_that_is_not_ours_does_nothing(stranger):
    pk = reader().pk
    for token in (f"{pk}", f"{pk}:x", subscription_token(pk)[:-1] + "_", "~~~"):
        assert stranger.get(reverse("unsubscribe", args=[token])).status_code == 410
        stranger.post(reverse("unsubscribe", args=[token]))
        assert stranger.get(reverse("subscription", args=[token])).status_code == 410
        assert stranger.get(reverse("subscription-confirm", args=[token])).status_code == 410
        assert stranger.get(reverse("digest-evidence", args=[token])).status_code == 410
    assert Subscription.objects.active().exists()


def test_preferences_change_by_the_link_alone():
    someone = reader()
    link = reverse("subscription", args=[subscription_token(someone.pk)])
    shown = Client().get(link).content.decode()
    assert "ada@example.org" in shown
    wishes = CHOICES | {
        "language": "fr",
        "kinds": ["issue", "signal"],
        "least_relevancy": "3",
        "is_paused": "on",
    }
    assert Client().post(link, wishes).status_code == 302
    someone.refresh_from_db()
    kept = (someone.language, someone.kinds, someone.least_relevancy, someone.is_paused)
    assert kept == ("fr", ["issue", "signal"], 3, True)
    assert '<html lang="fr"' in Client().get(link).content.decode()
    assert b"errorlist" in Client().post(link, wishes | {"kinds": ["nonsense"]}).content


def test_who_asks_to_be_forgotten_is_in_no_table_any_more(edition):
    someone = reader()
    freeze_edition(edition=edition, now=MONDAY)
    deliver_due(clock=lambda: MONDAY)
    link = reverse("subscription-forget", args=[subscription_token(someone.pk)])
    assert Client().get(link).status_code == 405
    assert Client().post(link).status_code == 200
    assert not Subscription.objects.exists()
    assert not OutboxMail.objects.exists()
    assert Delivery.objects.get().status == "sent"


def test_a_prefetcher_that_gets_every_link_of_a_mail_changes_nothing(source, edition):
    ana = User.objects.create_user("ana@lab.example", role="analyst")
    tag = Tag.objects.create(kind=Kind.SIGNAL, name="Agents write code", outlook="All code is written so.")
    publish(source, {WEEK.starts_on: {tag: 2}}, many=2)
    article = Article.objects.all()[0]
    known = {"known_at": end_of(WEEK.starts_on)}
    Decision.objects.create(
        article=article, tag=tag, user=ana, verdict="accept", stance="contradicts", **known
    )
    Tagging.objects.filter(article=article).update(stance="contradicts")
    Rating.objects.create(tag=tag, user=ana, relevancy=4, rationale="It is in production.", **known)
    review = OutlookReview.objects.create(
        tag=tag, user=ana, due_on=WEEK.starts_on, held="partly", outlook=tag.outlook, words="Half of it."
    )
    heron = Model.objects.create(slug="heron", name="Heron 2")
    release, price = (
        Release.objects.create(
            model=heron, event=event, event_key=event, date=WEEK.starts_on, detail={"from": None, "to": 3.5}
        )
        for event in ("released", "price")
    )
    own = {"tag": tag.pk}
    edition.content = replace(
        FULL,
        movers=(replace(FULL.movers[0], **own),) * 9,
        risers=(replace(FULL.risers[0], **own),),
        contradictions=(replace(FULL.contradictions[0], **own, article=article.pk),),
        rescored=(replace(FULL.rescored[0], **own),),
        reviewed=(replace(FULL.reviewed[0], **own, review=review.pk),),
        due=(replace(FULL.due[0], **own),),
        releases=(replace(FULL.releases[0], release=release.pk),),
        prices=(replace(FULL.prices[0], release=price.pk),),
    ).params()
    edition.save()
    someone = reader()
    freeze_edition(edition=edition, now=MONDAY)
    deliver_due(clock=lambda: MONDAY)
    mail = newest()
    before = everything()
    links = set(re.findall(re.escape(django_settings.PUBLIC_URL) + r"([^\s\"<>]*)", mail.html + mail.text))
    said = {}
    while links - said.keys():
        link = sorted(links - said.keys())[0]
        for verb in ("head", "get"):
            answer = getattr(Client(), verb)(link or "/")
            assert answer.status_code == 200, link
            assert not answer.cookies or set(answer.cookies) <= {"csrftoken"}
        said[link] = answer.content.decode()
        assert "Log in" not in said[link]
        links |= set(re.findall(r'href="(/(?:subscribe|d)/[^"]*)"', said[link]))
    assert everything() == before
    assert Subscription.objects.active().filter(pk=someone.pk).exists()
    pages = " ".join(said.values())
    for words in ("It is in production.", "Half of it.", "contradicts it", "unknown", "3.5", "<q "):
        assert words in pages
    assert len(said) >= 10


def everything():
    """Every row of every table."""
    return {model: list(model.objects.order_by("pk").values()) for model in apps.get_models()}


def test_a_claim_leads_to_its_quotes_as_known_then(source, edition):
    tag = Tag.objects.create(kind=Kind.SIGNAL, name="Agents write code", driving_force="Cheaper chips.")
    publish(source, {WEEK.starts_on: {tag: 2}, MONDAY.date(): {tag: 1}})
    page = Client().get(reverse("digest-evidence", args=[evidence_token("tag", WEEK.period, tag.pk)]))
    assert page.content.decode().count("<q ") == 2
    assert "Log in" not in page.content.decode()
    for gone in (("tag", "2024-05-22", tag.pk), ("tag", WEEK.period, 10**9), ("nonsense", WEEK.period, 1)):
        link = reverse("digest-evidence", args=[evidence_token(*gone)])
        assert Client().get(link).status_code == 410
    release = Release.objects.create(
        model=Model.objects.create(slug="heron", name="Heron 2"), event_key="heron", date=WEEK.starts_on
    )
    token = evidence_token("release", WEEK.period, release.pk)
    assert b"Heron 2" in Client().get(reverse("digest-evidence", args=[token])).content


def test_the_facts_behind_a_release_are_told_in_words(edition):
    model = Model.objects.create(slug="heron", name="Heron 2")
    for field, value, origin in (
        ("context", 262144, "us"),
        ("released_on", "2023-11-05", "us"),
        ("released_on", "2023-11", "them"),
        ("weights", "open", "us"),
    ):
        Fact.objects.create(model=model, field=field, value=value, rank=Fact.Rank.CURATED, origin=origin)
    release = Release.objects.create(model=model, event_key="heron", date=WEEK.starts_on)
    link = reverse("digest-evidence", args=[evidence_token("release", WEEK.period, release.pk)])
    page = " ".join(strip_tags(Client().get(link).content.decode()).split())
    for words in ("Context262,144 us", "Released5 Nov 2023 us", "Released2023-11 them", "Weightsopen us"):
        assert words in page


def test_the_archive_shows_what_was_sent_and_previews_are_for_analysts(edition):
    analyst, viewer = Client(), Client()
    analyst.force_login(User.objects.create_user("a@example.org", role="analyst"))
    viewer.force_login(User.objects.create_user("v@example.org"))
    page, mail = (reverse(name, args=[WEEK.period]) for name in ("digest", "digest-mail"))
    assert b"not sent yet" in analyst.get(page).content
    assert viewer.get(page).status_code == 404
    assert Client().get(page).status_code == 302
    freeze_edition(edition=edition, now=MONDAY)
    advance_editions(now=MONDAY)
    assert b"Agents write code" in viewer.get(page).content
    framed = viewer.get(mail)
    assert b"0-your-own-link-0" not in framed.content
    assert "sandbox" in framed["Content-Security-Policy"]
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    assert WEEK.period in viewer.get(reverse("digests")).content.decode()
    assert analyst.get(reverse("digest", args=["nonsense"])).status_code == 404
