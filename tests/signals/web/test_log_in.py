"""One way in: no other page takes a password, and nonsense in a form is refused, not a fault."""

import pytest
from django.core import mail
from django.test import Client

from signals.models import Proposal, Tag, User
from tests.signals.web.making import fill, plain


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
