"""People: asked to join by a link that works once, given roles, let go without losing what they did."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from signals.curation.errors import CurationError
from signals.curation.invitations import invite
from signals.curation.people import add_person, change_role, deactivate_person, hash_token
from signals.curation.undo import undo_change
from signals.models import Change, Invitation, Role, User
from tests.signals.web.making import BACKEND, plain

PASSWORD = "seven-grey-herons"


@pytest.fixture
def asked(administrator) -> str:
    """The link that was sent to somebody new."""
    administrator.post("/people/invite/", {"email": "Noor@example.org", "role": "analyst", "language": "fr"})
    return re.search(r"/join/\S+", mail.outbox[-1].body)[0]


def test_an_invitation_is_looked_at_accepted_once_and_logs_in(asked):
    assert mail.outbox[0].to == ["Noor@example.org"]
    browser = Client()
    for _ in range(2):
        page = browser.get(asked)
        assert "no-store" in page["Cache-Control"]
        assert "Noor@example.org" in page.content.decode()
        assert '<html lang="fr"' in page.content.decode()
    assert not User.objects.filter(email__iexact="noor@example.org").exists()
    joined = browser.post(asked, {"name": "Noor", "password": PASSWORD})
    assert (joined.status_code, joined["Location"]) == (302, "/")
    person = User.objects.get(email__iexact="noor@example.org")
    assert (person.role, person.name, person.language) == (Role.ANALYST, "Noor", "fr")
    assert person.check_password(PASSWORD)
    assert browser.get("/inbox/").status_code == 200
    assert Client().get(asked).status_code == 410
    assert Client().post(asked, {"password": PASSWORD}).status_code == 410


def test_a_weak_password_is_refused_and_the_invitation_stays_open(asked):
    for weak in ("short", "password1", "noor@example.org", ""):
        assert Client().post(asked, {"password": weak}).status_code == 422
    assert Invitation.objects.open().count() == 1
    assert not User.objects.filter(email__iexact="noor@example.org").exists()


def test_only_a_hash_of_the_link_is_kept(asked):
    token = asked.rstrip("/").rpartition("/")[2]
    assert Invitation.objects.get().token_hash == hash_token(token)
    for table in ("signals_invitation", "signals_change"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT string_agg(row::text, '') FROM {table} row")
            assert token not in cursor.fetchone()[0]


@pytest.mark.parametrize("how", ["expired", "withdrawn", "sent again", "invited again", "inviter gone"])
def test_a_link_stops_working_when_it_should(administrator, asked, how):
    pk = Invitation.objects.get().pk
    if how == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif how == "withdrawn":
        administrator.post(f"/people/invitations/{pk}/", {"what": "withdraw"})
    elif how == "sent again":
        administrator.post(f"/people/invitations/{pk}/", {"what": "again"})
    elif how == "inviter gone":
        User.objects.update(role=Role.ANALYST)
    else:
        administrator.post(
            "/people/invite/", {"email": "noor@example.org", "role": "viewer", "language": "en"}
        )
    assert Client().get(asked).status_code == 410
    assert Client().post(asked, {"password": PASSWORD}).status_code == 410
    if how in {"sent again", "invited again"}:
        newest = re.search(r"/join/\S+", mail.outbox[-1].body)[0]
        assert Client().post(newest, {"password": PASSWORD}).status_code == 302


def test_the_screen_says_the_same_of_an_address_that_is_known(administrator, people):
    said = []
    for email in ("viewer@example.org", "stranger@example.org"):
        answer = administrator.post(
            "/people/invite/", {"email": email, "role": "administrator", "language": "en"}, follow=True
        )
        said.append(re.search(r"Sent to [^<]*", answer.content.decode())[0].replace(email, ""))
    assert said[0] == said[1]
    assert "you have an account" in mail.outbox[0].body
    assert User.objects.get(email="viewer@example.org").role == Role.VIEWER


def test_an_address_whose_account_is_closed_is_not_sent_to_a_log_in_that_refuses_it(administrator, people):
    root, gone = people[Role.ADMINISTRATOR], people[Role.VIEWER]
    deactivate_person(person=gone, by=root)
    asked = {"email": "VIEWER@example.org", "role": "viewer", "language": "en"}
    answer = administrator.post("/people/invite/", asked)
    assert answer.status_code == 422
    assert "This address has an account that is deactivated: let them in again" in plain(answer.content)
    assert f"Let in again : {gone}" in plain(answer.content)
    assert mail.outbox == []
    assert not Invitation.objects.exists()
    administrator.post(f"/people/{gone.pk}/", {"what": "reactivate"})
    administrator.post("/people/invite/", asked)
    assert "you have an account" in mail.outbox[0].body


def test_whoever_was_let_in_otherwise_meanwhile_is_not_logged_in_by_the_link(asked):
    User.objects.create_user("noor@example.org", "another-passphrase")
    browser = Client()
    assert browser.post(asked, {"password": PASSWORD}).status_code == 410
    assert "_auth_user_id" not in browser.session
    assert User.objects.get(email="noor@example.org").check_password("another-passphrase")


@pytest.mark.parametrize("what", [{"what": "deactivate"}, {"what": "role", "role": "analyst"}])
def test_the_last_administrator_stays_one(administrator, people, what):
    root = people[Role.ADMINISTRATOR]
    gone = User.objects.create_user("gone@example.org", role=Role.ADMINISTRATOR, is_active=False)
    answer = administrator.post(f"/people/{root.pk}/", what, follow=True)
    assert "This is the last administrator" in plain(answer.content)
    root.refresh_from_db()
    assert (root.role, root.is_active) == (Role.ADMINISTRATOR, True)
    with pytest.raises(CurationError):
        add_person(email=root.email, role=Role.VIEWER)
    change_role(person=people[Role.ANALYST], role=Role.ADMINISTRATOR, by=root)
    administrator.post(f"/people/{root.pk}/", what)
    root.refresh_from_db()
    assert (root.role, root.is_active) != (Role.ADMINISTRATOR, True)
    assert not gone.is_active


def test_a_demotion_is_not_undone_into_no_administrator_at_all(people):
    root, ana = people[Role.ADMINISTRATOR], people[Role.ANALYST]
    promoted = change_role(person=ana, role=Role.ADMINISTRATOR, by=root)
    deactivate_person(person=root, by=ana)
    ana.refresh_from_db()
    with pytest.raises(CurationError):
        undo_change(change=promoted, by=ana)
    ana.refresh_from_db()
    assert ana.is_administrator


def test_whoever_is_deactivated_is_out_at_once_and_what_they_did_stays(administrator, people):
    ana = people[Role.ANALYST]
    browser = Client()
    browser.force_login(ana, backend=BACKEND)
    assert browser.get("/tags/").status_code == 200
    Change.objects.create(user=ana, verb="tag.rated", target="rating:0", title="What Ana did")
    administrator.post(f"/people/{ana.pk}/", {"what": "deactivate"})
    assert browser.get("/tags/").status_code == 302
    log = plain(administrator.get(f"/history/?person={ana.pk}").content)
    assert "What Ana did" in log
    administrator.post(f"/people/{ana.pk}/", {"what": "reactivate"})
    browser.force_login(ana, backend=BACKEND)
    assert browser.get("/inbox/").status_code == 200


def test_an_analyst_can_not_undo_their_own_demotion(as_role, people):
    ana = people[Role.ANALYST]
    promoted = change_role(person=people[Role.VIEWER], role=Role.ANALYST, by=people[Role.ADMINISTRATOR])
    with pytest.raises(CurationError):
        undo_change(change=promoted, by=ana)
    assert as_role(Role.ANALYST).post(f"/history/{promoted.pk}/undo/").status_code == 404
    root = as_role(Role.ADMINISTRATOR)
    assert root.post(f"/history/{promoted.pk}/undo/").status_code == 302
    assert User.objects.get(pk=people[Role.VIEWER].pk).role == Role.VIEWER


def test_a_mail_server_that_refuses_loses_no_invitation(administrator, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False
    answer = administrator.post(
        "/people/invite/", {"email": "noor@example.org", "role": "viewer", "language": "en"}, follow=True
    )
    assert "The mail server refused" in answer.content.decode()
    assert "noor@example.org" in answer.content.decode()
    assert Invitation.objects.open().count() == 1


def test_two_invitations_of_one_address_leave_one_that_is_open(people):
    root = people[Role.ADMINISTRATOR]
    first = invite(email="noor@example.org", role="viewer", language="en", by=root)
    second = invite(email="NOOR@example.org", role="analyst", language="en", by=root)
    assert first is not None
    assert second is not None
    assert list(Invitation.objects.open()) == [second[0]]
