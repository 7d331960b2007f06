"""Who was invited, joined or was added goes back from the log, by administrators alone, and keeps what they did."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from signals.curation.errors import CurationError, GoneError
from signals.curation.invitations import accept_invitation, invite, send_again, withdraw
from signals.curation.people import (
    add_person,
    change_role,
    deactivate_person,
    ensure_first_administrator,
    find_log_in_link,
    issue_log_in_link,
    reactivate_person,
)
from signals.curation.ratings import rate_tag
from signals.curation.undo import built_since, standing, undo_change, undo_last
from signals.models import Change, Invitation, Rating, Role, User
from tests.signals.curation.test_locks import in_a_thread, wait_for_a_waiter
from tests.signals.web.making import BACKEND, make_tag, plain
from tests.signals.web.tables import differing, tables

PASSWORD = "seven-grey-herons"


@pytest.fixture
def root(people) -> User:
    return people[Role.ADMINISTRATOR]


@pytest.fixture
def noor(root):
    """Somebody who was asked to join: the invitation and its token."""
    return invite(email="noor@example.org", role="analyst", language="en", by=root)


def newest(verb) -> Change:
    return Change.objects.filter(verb=verb).latest("pk")


def works(token) -> bool:
    return Client().get(f"/join/{token}/").status_code == 200


def join(token) -> User:
    return accept_invitation(token=token, name="Noor", password=PASSWORD)


def test_a_withdrawn_invitation_is_valid_again_as_it_was(root, noor):
    invitation, token = noor
    before = tables()
    withdraw(invitation=invitation, by=root)
    assert not works(token)
    undo_change(change=newest("invitation.withdrawn"), by=root)
    assert differing(before, tables()) == {}
    assert works(token)
    undo_change(change=newest("invitation.sent"), by=root)
    assert not works(token)
    assert [change.verb for change in Change.objects.filter(undone_at=None)] == []


def test_an_invitation_that_was_sent_again_by_mistake_has_its_first_link_back(root, noor):
    invitation, first = noor
    before = tables()
    second = send_again(invitation=invitation, by=root)
    once = newest("invitation.sent_again")
    third = send_again(invitation=invitation, by=root)
    with pytest.raises(CurationError, match="take that back first"):
        undo_change(change=once, by=root)
    undo_change(change=newest("invitation.sent_again"), by=root)
    assert [works(token) for token in (first, second, third)] == [False, True, False]
    undo_change(change=once, by=root)
    assert [works(token) for token in (first, second, third)] == [True, False, False]
    assert differing(before, tables()) == {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(row::text, '') FROM signals_change row")
        assert not any(token in cursor.fetchone()[0] for token in (first,))


def test_a_first_link_that_is_too_old_does_not_come_back_in_place_of_one_that_works(root, noor):
    invitation, _first = noor
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    second = send_again(invitation=invitation, by=root)
    before = tables()
    with pytest.raises(CurationError, match="too old by now"):
        undo_change(change=newest("invitation.sent_again"), by=root)
    assert differing(before, tables()) == {}
    assert works(second)


@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [
        ("expired", "too old by now"),
        ("invited again", "was invited again since"),
        ("here", "has an account by now"),
        ("inviter gone", "no administrator any more"),
    ],
)
def test_a_withdrawn_invitation_that_would_not_work_stays_so_and_says_why(
    as_role, people, root, noor, meanwhile, words
):
    withdraw(invitation=noor[0], by=root)
    change = newest("invitation.withdrawn")
    by = root
    if meanwhile == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif meanwhile == "invited again":
        again, _token = invite(email="NOOR@example.org", role="viewer", language="en", by=root)
        assert [one.target for one in built_since(change)] == [f"invitation:{again.pk}"]
    elif meanwhile == "here":
        add_person(email="noor@example.org", by=root)
    else:
        change_role(person=people[Role.VIEWER], role=Role.ADMINISTRATOR, by=root)
        by = change_role(person=root, role=Role.ANALYST, by=root) and User.objects.get(
            pk=people[Role.VIEWER].pk
        )
    before = tables()
    with pytest.raises(CurationError, match=words):
        undo_change(change=change, by=by)
    assert differing(before, tables()) == {}
    change.refresh_from_db()
    assert change.undone_at is None
    browser = as_role("")
    browser.force_login(by, backend=BACKEND)
    page = browser.get(f"/history/{change.pk}/").content.decode()
    knowing = re.search(r'name="knowing" value="(\d+)"', page)
    answer = browser.post(f"/history/{change.pk}/undo/", {"knowing": knowing[1] if knowing else ""})
    assert answer.status_code == 409
    assert words in plain(answer.content)


def test_inviting_anew_goes_back_to_the_invitation_before(administrator, root, noor):
    before = tables()
    invite(email="noor@example.org", role="viewer", language="en", by=root)
    withdrawn, sent = newest("invitation.withdrawn"), newest("invitation.sent")
    page = plain(administrator.get(f"/history/{withdrawn.pk}/").content)
    assert "Built on it since" in page
    administrator.post(f"/history/{withdrawn.pk}/undo/", {"knowing": sent.pk, "along": "1"})
    assert works(noor[1])
    ((gone, _new),) = [differing(before, tables())["signals_invitation"]]
    assert gone == []


@pytest.mark.parametrize("way", ["accepted", "added"])
def test_undoing_that_somebody_came_closes_the_account_and_names_what_they_did(
    administrator, root, noor, way
):
    person = (
        join(noor[1])
        if way == "accepted"
        else add_person(email="noor@example.org", role="analyst", by=root)[0]
    )
    change = newest({"accepted": "invitation.accepted", "added": "person.added"}[way])
    rate_tag(tag=make_tag("Sparse attention"), by=person, relevancy=4)
    theirs = Client()
    theirs.force_login(person, backend=BACKEND)
    assert theirs.get("/inbox/").status_code == 200
    link = issue_log_in_link(user=person)

    told = administrator.post(f"/history/{change.pk}/undo/")
    assert told.status_code == 409
    assert "Sparse attention" in plain(told.content)
    assert "let in no more" in plain(told.content)
    before = tables(without={"signals_user", "signals_loginlink"})
    administrator.post(f"/history/{change.pk}/undo/", {"knowing": newest("tag.rated").pk, "along": "1"})
    assert theirs.get("/inbox/").status_code == 302
    assert differing(before, tables(without={"signals_user", "signals_loginlink"})) == {}
    assert Rating.objects.get().undone_at is None
    person.refresh_from_db()
    assert (person.is_active, person.email, person.role) == (False, "noor@example.org", "analyst")
    assert join(noor[1]) is None
    with pytest.raises(CurationError, match="let them in again"):
        invite(email="noor@example.org", role="viewer", language="en", by=root)
    assert "Undone by" in plain(administrator.get(f"/history/{change.pk}/").content)

    # Let in again they log in again: what was open once doesn't come to life.
    reactivate_person(person=person, by=root)
    assert theirs.get("/inbox/").status_code == 302
    assert find_log_in_link(token=link) is None
    undo_change(change=newest("person.reactivated"), by=root)
    person.refresh_from_db()
    assert not person.is_active
    with pytest.raises(CurationError, match="undone before"):
        undo_change(change=Change.objects.get(pk=change.pk), by=root)


def test_an_account_is_closed_as_by_deactivating_it(root):
    closed = []
    for way in ("undo", "deactivate"):
        with transaction.atomic():
            person, _new = add_person(email="noor@example.org", role="viewer", by=root)
            if way == "undo":
                undo_change(change=newest("person.added"), by=root)
            else:
                deactivate_person(person=person, by=root)
            closed.append(
                User.objects.filter(pk=person.pk).values("is_active", "role", "is_superuser", "email").get()
            )
            transaction.set_rollback(True)
    assert closed[0] == closed[1]


def test_only_administrators_close_an_account_and_the_last_one_stays(people, root):
    person, _new = add_person(email="noor@example.org", role="administrator", by=root)
    change = newest("person.added")
    with pytest.raises(CurationError, match="Only administrators"):
        undo_change(change=change, by=people[Role.ANALYST])
    deactivate_person(person=root, by=person)
    with pytest.raises(CurationError, match="last administrator"):
        undo_change(change=change, by=person)
    person.refresh_from_db()
    assert person.is_active
    reactivate_person(person=root, by=person)
    deactivate_person(person=person, by=root)
    with pytest.raises(CurationError, match="deactivated already"):
        undo_change(change=change, by=root)


def test_the_first_administrator_is_in_the_log_and_goes_only_when_another_is_there(db):
    first = ensure_first_administrator()
    change = newest("person.added")
    assert (change.user, change.target) == (None, f"person:{first.pk}")
    with pytest.raises(CurationError, match="last administrator"):
        undo_change(change=change, by=first)
    second, _new = add_person(email="ida@example.org", role="administrator", name="Ida", by=first)
    add_person(email="ida@example.org", role="administrator", name="Ida B.")
    assert newest("settings.changed").after == {"name": "Ida B."}
    undo_change(change=change, by=second)
    assert ensure_first_administrator() == second


def test_the_key_and_taking_back_several_leave_people_alone(root, noor):
    withdraw(invitation=noor[0], by=root)
    add_person(email="ida@example.org", by=root)
    with pytest.raises(CurationError, match="Nothing to undo"):
        undo_last(by=root)
    assert not standing(of=root).exists()


def test_what_came_of_nobody_any_more_is_said(root, noor):
    person = join(noor[1])
    change = newest("invitation.accepted")
    Change.objects.filter(pk=change.pk).update(user=root)
    User.objects.filter(pk=person.pk).delete()
    with pytest.raises(GoneError):
        undo_change(change=change, by=root)


@pytest.mark.django_db(transaction=True)
def test_two_who_open_an_invitation_and_invite_anew_at_once_leave_one_open():
    root = ensure_first_administrator()
    first, _token = invite(email="noor@example.org", role="viewer", language="en", by=root)
    withdraw(invitation=first, by=root)
    change = newest("invitation.withdrawn")
    with transaction.atomic():
        second, _token = invite(email="noor@example.org", role="viewer", language="en", by=root)
        thread, failures = in_a_thread(lambda: undo_change(change=change, by=root))
        with connection.cursor() as cursor:
            wait_for_a_waiter(cursor, unless_ended=thread)
    thread.join()
    assert [type(failure) for failure in failures] == [CurationError]
    assert list(Invitation.objects.open()) == [second]


@pytest.mark.django_db(transaction=True)
def test_who_joins_while_the_invitation_is_taken_back_is_in_or_is_told():
    root = ensure_first_administrator()
    _invitation, token = invite(email="noor@example.org", role="viewer", language="en", by=root)
    joined = []
    with transaction.atomic():
        undo_change(change=newest("invitation.sent"), by=root)
        thread, failures = in_a_thread(lambda: joined.append(join(token)))
        with connection.cursor() as cursor:
            wait_for_a_waiter(cursor, unless_ended=thread)
    thread.join()
    assert (failures, joined) == ([], [None])
    assert not User.objects.filter(email="noor@example.org").exists()
    assert mail.outbox == []
