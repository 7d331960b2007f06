"""One way in: no other page takes a password, guessing has a limit, and nonsense in a form is no fault."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import caches
from django.test import Client

from signals.models import Proposal, Tag, User
from tests.signals.web.making import fill, plain

LOG_IN = "/accounts/login/"
PASSWORD = "a-long-passphrase"


@pytest.fixture
def ana(db) -> User:
    caches["attempts"].clear()
    return User.objects.create_user("ana@example.org", PASSWORD, role="analyst")


def log_in(browser: Client, password: str, *, address: str = "192.0.2.1"):
    return browser.post(LOG_IN, {"login": "ana@example.org", "password": password}, REMOTE_ADDR=address)


def is_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


@pytest.mark.parametrize("role", ["", "viewer", "analyst"])
def test_the_administration_has_no_log_in_of_its_own_that_knows_no_limit_and_no_second_factor(
    as_role, people, role
):
    User.objects.create_user("root@example.org", "a-long-passphrase", role="administrator", is_superuser=True)
    browser = as_role(role)
    for page in ("/admin/login/", "/admin/"):
        browser.post(
            page, {"username": "root@example.org", "password": "a-long-passphrase", "next": "/admin/"}
        )
    mine = {str(people[role].pk)} if role else {None}
    assert {browser.session.get("_auth_user_id")} == mine


def test_nonsense_in_a_form_is_refused(analyst):
    fill(1)
    proposal, tag = Proposal.objects.latest("pk"), Tag.objects.latest("pk")
    for into in ("9" * 30, "9" * 5000, "²", "\x00"):
        analyst.post(f"/inbox/proposals/{proposal.pk}/", {"verdict": "fold", "into": into})
    for words in ("\x00", "a\x00b"):
        analyst.post(f"/tags/{tag.pk}/rate/", {"relevancy": "3", "rationale": words})
        analyst.post("/sources/add/", {"url": words})
        analyst.post("/settings/", {"name": words, "language": "en", "time_zone": "UTC"})
    analyst.post("/inbox/99999999999999999999/1/", {"verdict": "accept"})
    proposal.refresh_from_db()
    assert proposal.status == Proposal.Status.WAITING


@pytest.mark.django_db
def test_asking_for_a_new_password_writes_to_nobody_who_has_none():
    User.objects.create_user("ana@example.org", "a-long-passphrase")
    answers = [
        Client().post("/accounts/password/reset/", {"email": email}, follow=True).content
        for email in ("ana@example.org", "stranger@example.org")
    ]
    assert [message.to for message in mail.outbox] == [["ana@example.org"]]
    assert plain(answers[0]) == plain(answers[1])


@pytest.mark.parametrize("valkey", ["up", "down"])
def test_guessing_is_refused_in_words_and_the_person_still_gets_in_from_elsewhere(ana, settings, valkey):
    if valkey == "down":
        attempts = settings.CACHES["attempts"] | {"LOCATION": "redis://127.0.0.1:1/0"}
        settings.CACHES = settings.CACHES | {"attempts": attempts}
    guesser = Client()
    answers = [log_in(guesser, f"guess {number}") for number in range(11)]
    assert "Too many failed login attempts" not in plain(answers[0].content)
    assert "Too many failed login attempts" in plain(answers[-1].content)
    assert not is_in(guesser)
    # Even the right one is not heard from there any more, and everywhere else it is.
    log_in(guesser, PASSWORD)
    assert not is_in(guesser)
    owner = Client()
    assert log_in(owner, PASSWORD, address="198.51.100.7").status_code == 302
    assert is_in(owner)


def test_many_requests_at_once_get_a_page_of_ours_that_says_so(ana):
    answers = [Client().get(LOG_IN)] + [log_in(Client(), "") for _ in range(31)]
    assert answers[-1].status_code == 429
    assert "Too many attempts" in plain(answers[-1].content)


def totp(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def test_a_second_factor_is_set_up_and_asked_for_and_a_recovery_code_works_once(ana):
    # allauth keeps one once somebody looked at the page of their addresses; nobody verifies it
    EmailAddress.objects.create(user=ana, email=ana.email, primary=True, verified=False)
    browser = Client()
    log_in(browser, PASSWORD)
    assert "/accounts/2fa/" in browser.get("/settings/").content.decode()
    activate = "/accounts/2fa/totp/activate/"
    asked = browser.get(activate)
    page = browser.post(asked["Location"], {"password": PASSWORD}, follow=True).content.decode()
    assert 'src="data:image/svg+xml' in page
    secret = browser.session["mfa.totp.secret"]
    assert secret in page
    assert browser.post(activate, {"code": "000000"}).status_code == 200
    browser.post(activate, {"code": totp(secret)})
    codes = re.findall(r"\b[0-9a-f]{8}\b", browser.get("/accounts/2fa/recovery-codes/").content.decode())
    assert len(codes) == 10
    assert browser.get("/accounts/2fa/recovery-codes/download/").content.decode().split() == codes

    ask = "/accounts/2fa/authenticate/"
    for code, lets_in in (("123456", False), (codes[0], True), (codes[0], False), (codes[1], True)):
        other = Client()
        assert log_in(other, PASSWORD)["Location"].startswith(ask)
        assert not is_in(other)
        assert other.get("/tags/").status_code == 302
        other.post(ask, {"code": code})
        assert is_in(other) is lets_in


@pytest.mark.parametrize(
    "page",
    [
        "password/change/",
        "password/reset/",
        "2fa/",
        "2fa/totp/activate/",
        "email/",
        "login/",
        "reauthenticate/",
    ],
)
def test_pages_about_ones_account_stand_in_our_frame(ana, page):
    browser = Client()
    log_in(browser, PASSWORD)
    html = browser.get(f"/accounts/{page}", follow=True).content.decode()
    assert 'class="bar"' in html
    assert "<script>" not in html
    assert " style=" not in html
