"""The editor's desk: what is edited, who sees what, what is final, what became of the mails."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from signals.curation.errors import CurationError
from signals.curation.undo import undo_change, undo_last
from signals.digests.desk import approve_edition
from signals.digests.editions import advance_editions
from signals.digests.ledger import claim
from signals.digests.pace import Pace
from signals.digests.periods import Week
from signals.digests.schedule import prepare_edition
from signals.digests.send import deliver_due
from signals.models import Change, Delivery, Edition, Picture, Rendering, Role, User
from tests.signals.curation.test_locks import in_a_thread, wait_for_a_waiter
from tests.signals.digests.conftest import CONTENT, reader

pytestmark = pytest.mark.usefixtures("outbox_backend")


@pytest.fixture
def people(db):
    return {
        role: User.objects.create_user(email=f"{role}@example.org", password="long enough 1", role=role)
        for role in Role.values
    }


@pytest.fixture
def log_in(client, people):
    def log_in(role):
        client.force_login(people[role], backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return log_in


@pytest.fixture
def draft(db):
    week = Week.last_full(timezone.now())
    return Edition.objects.create(
        period=week.period, starts_on=week.starts_on, ends_on=week.ends_on, content=CONTENT.params()
    )


def do(client, edition, what, **fields):
    return client.post(f"/digests/{edition.period}/desk/", {"do": what, **fields}, follow=True)


def mail_of(client, edition, query=""):
    return client.get(f"/digests/{edition.period}/mail.html{query}").content.decode()


def test_entries_are_ordered_and_left_out_and_each_edit_can_be_taken_back(log_in, draft, people):
    analyst = log_in(Role.ANALYST)
    do(analyst, draft, "down:movers:1")
    html = mail_of(analyst, draft)
    assert html.index("Mixture of experts") < html.index("Agents write code")
    do(analyst, draft, "drop:movers:1")
    assert "Agents write code" not in mail_of(analyst, draft)
    do(analyst, draft, "note", note="Read the second one.", note_fr="Lisez la seconde.")
    assert "Read the second one." in mail_of(analyst, draft)
    changes = list(Change.objects.order_by("pk"))
    assert [change.verb for change in changes] == ["edition.ordered", "edition.dropped", "edition.noted"]
    assert {change.user for change in changes} == {people[Role.ANALYST]}
    for change in reversed(changes):
        undo_change(change=change, by=people[Role.ANALYST])
    html = mail_of(analyst, draft)
    assert html.index("Agents write code") < html.index("Mixture of experts")
    assert "Read the second one." not in html


def test_what_is_approved_changes_no_more(log_in, draft, people):
    reader(hour=23, weekday=6)
    analyst = log_in(Role.ANALYST)
    do(analyst, draft, "note", note="As approved.")
    page = do(analyst, draft, "approve").content.decode()
    assert "Approved by" in page
    assert "1 reader" in page
    before = list(Rendering.objects.order_by("pk").values_list("html", "text"))
    for what in ("drop:movers:1", "up:movers:2", "note", "schedule", "approve"):
        assert "final" in do(analyst, draft, what, note="Other", send_at="").content.decode()
    with pytest.raises(CurationError, match="final"):
        undo_change(change=Change.objects.get(verb="edition.noted"), by=people[Role.ANALYST])
    assert list(Rendering.objects.order_by("pk").values_list("html", "text")) == before
    assert Delivery.objects.count() == 1
    approved = Change.objects.get(verb="edition.approved")
    assert (approved.user, approved.after["readers"]) == (people[Role.ANALYST], 1)


def test_an_approval_is_taken_back_until_the_first_mail_and_then_waits_for_another(log_in, draft, people):
    reader()
    analyst = log_in(Role.ANALYST)
    do(analyst, draft, "approve")
    page = do(analyst, draft, "hold").content.decode()
    assert "waits for somebody to approve" in page
    draft.refresh_from_db()
    assert (draft.status, draft.approved_by, draft.frozen_at) == ("draft", None, None)
    assert not Delivery.objects.exists()
    assert not Rendering.objects.exists()
    week = Week.parse(draft.period)
    prepare_edition(period=week, now=week.due_at + timedelta(hours=1))
    assert not Delivery.objects.exists(), "what somebody stopped does not go out by itself"
    assert draft.period in analyst.get("/").content.decode()
    do(analyst, draft, "approve")
    Delivery.objects.update(due_at=timezone.now())
    deliver_due()
    assert "out already" in do(analyst, draft, "hold").content.decode()
    assert Delivery.objects.get().status == "sent"
    verbs = list(Change.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["edition.approved", "edition.held", "edition.approved"]
    with pytest.raises(CurationError):
        undo_change(change=Change.objects.get(verb="edition.held"), by=people[Role.ANALYST])


def test_an_approval_is_taken_back_in_the_log_and_so_is_that_but_by_no_key(log_in, draft, people):
    reader(hour=23, weekday=6)
    analyst, ana = log_in(Role.ANALYST), people[Role.ANALYST]
    do(analyst, draft, "approve")
    with pytest.raises(CurationError, match="Nothing to undo"):
        undo_last(by=ana)
    undo_change(change=Change.objects.get(verb="edition.approved"), by=ana)
    draft.refresh_from_db()
    assert (draft.status, draft.is_held, draft.approved_by) == ("draft", True, None)
    assert not Delivery.objects.exists()
    do(analyst, draft, "approve")
    do(analyst, draft, "hold")
    undo_change(change=Change.objects.get(verb="edition.held"), by=people[Role.ADMINISTRATOR])
    draft.refresh_from_db()
    assert (draft.status, draft.approved_by) == ("approved", people[Role.ADMINISTRATOR])
    assert Delivery.objects.count() == 1
    Delivery.objects.update(attempts=1)
    with pytest.raises(CurationError, match="out already"):
        undo_change(change=Change.objects.filter(verb="edition.approved").latest("pk"), by=ana)


def test_two_editors_do_not_overwrite_each_others_note_unseen(log_in, draft):
    analyst = log_in(Role.ANALYST)
    page = analyst.get(f"/digests/{draft.period}/desk/").content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', page)[1]
    do(analyst, draft, "note", note="The first one's.", seen=seen)
    assert "meanwhile" in do(analyst, draft, "note", note="The second one's.", seen=seen).content.decode()
    draft.refresh_from_db()
    assert draft.note == "The first one's."
    assert "meanwhile" not in do(analyst, draft, "note", note=draft.note, seen=seen).content.decode()


def test_a_viewer_sees_no_edition_before_it_goes_out_and_no_desk(log_in, draft):
    reader(hour=0)
    approve_edition(edition=draft, by=User.objects.first())
    viewer = log_in(Role.VIEWER)
    for path in ("", "mail.html"):
        assert viewer.get(f"/digests/{draft.period}/{path}").status_code == 404
    assert draft.period not in viewer.get("/digests/").content.decode()
    assert viewer.get(f"/digests/{draft.period}/desk/").status_code == 403
    assert do(viewer, draft, "drop:movers:1").status_code == 403
    deliver_due()
    Edition.objects.update(status=Edition.Status.SENT)
    page = viewer.get(f"/digests/{draft.period}/").content.decode()
    assert "What became of the mails" not in page
    assert "Agents write code" in mail_of(viewer, draft)


def test_a_test_goes_to_who_asks_and_stands_in_no_ledger(log_in, draft, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    reader()
    do(log_in(Role.ANALYST), draft, "test")
    [sent] = mail.outbox
    assert sent.to == ["analyst@example.org"]
    assert sent.subject.startswith("[Test] ")
    assert "0-your-own-link-0" not in sent.message().as_string()
    assert not Delivery.objects.exists()
    assert Edition.objects.get().status == Edition.Status.DRAFT


def test_a_time_that_is_past_or_far_is_refused_and_one_ahead_holds_for_early_risers(log_in, draft, people):
    reader("early@example.org", hour=0)
    analyst = log_in(Role.ANALYST)
    for wrong, words in (
        ("2020-01-01T10:00", "past"),
        ("2999-01-01T10:00", "no news"),
        ("soon", "no moment"),
    ):
        assert words in do(analyst, draft, "schedule", send_at=wrong).content.decode()
    # Halfway to when it is news no more, so that there is such a moment on any day and hour.
    now, latest = timezone.now(), datetime.combine(draft.ends_on + timedelta(days=8), time(), UTC)
    ahead = (now + (latest - now) / 2).replace(second=0, microsecond=0) + timedelta(minutes=1)
    do(analyst, draft, "schedule", send_at=timezone.localtime(ahead).strftime("%Y-%m-%dT%H:%M"))
    assert Edition.objects.get().send_at == ahead
    approve_edition(edition=draft, by=people[Role.ANALYST])
    assert Delivery.objects.get().due_at == ahead


def test_a_preview_is_looked_at_for_any_group_in_either_light_and_as_text(log_in, draft):
    reader(kinds=["technology"])
    analyst = log_in(Role.ANALYST)
    page = analyst.get(f"/digests/{draft.period}/desk/").content.decode()
    key = next(part.split('"')[0] for part in page.split('<option value="') if "Technology" in part)
    narrowed = mail_of(analyst, draft, f"?group={key}&scheme=dark")
    assert "Mixture of experts" in narrowed
    assert "Agents write code" not in narrowed
    assert "@media all" in narrowed
    assert "@media not all" in mail_of(analyst, draft, "?scheme=light")
    text = analyst.get(f"/digests/{draft.period}/desk/?view=text&group={key}").content.decode()
    assert "MIXTURE" in text.upper()


def test_the_report_says_why_and_names_addresses_to_administrators_alone(log_in, draft):
    for name in ("ada", "bob"):
        reader(f"{name}@example.org")
    approve_edition(edition=draft, by=User.objects.first())
    first, second = Delivery.objects.order_by("pk")
    Delivery.objects.filter(pk=first.pk).update(status="failed", answer="550 <ada@example.org> no such user")
    Delivery.objects.filter(pk=second.pk).update(status="unknown", answer="timed out")
    for role, sees in ((Role.ANALYST, False), (Role.ADMINISTRATOR, True)):
        page = log_in(role).get(f"/digests/{draft.period}/").content.decode()
        assert "no such user" in page
        assert "never sent again" in page
        assert ("ada@example.org" in page) is sees


def test_the_feed_opens_with_a_persons_own_key_and_holds_what_went_out(client, log_in, draft, people):
    reader(hour=0)
    approve_edition(edition=draft, by=people[Role.ANALYST])
    page = log_in(Role.VIEWER).get("/digests/").content.decode()
    address = page.split('type="application/atom+xml"')[1].split('href="')[1].split('"')[0]
    client.logout()
    assert b"<entry>" not in client.get(address).content
    Edition.objects.update(status=Edition.Status.SENT)
    feed = client.get(address)
    assert feed.status_code == 200
    assert b"Agents write code" in feed.content
    assert client.get("/digests/feed.atom").status_code == 403
    assert client.get("/digests/feed.atom?key=forged").status_code == 403
    User.objects.filter(pk=people[Role.VIEWER].pk).update(is_active=False)
    assert client.get(address).status_code == 403


def test_pictures_of_a_sent_edition_stay(log_in, draft, people):
    reader(hour=0)
    approve_edition(edition=draft, by=people[Role.ANALYST])
    Edition.objects.update(status=Edition.Status.SENT)
    html = mail_of(log_in(Role.VIEWER), draft)
    assert "cid:" not in html
    assert html.count("data:image/png;base64,") == Picture.objects.count()


@pytest.mark.parametrize(
    ("has_reader", "why"), [(False, "It was closed without a mail"), (True, "Its mails are just going out")]
)
def test_an_approval_of_what_went_to_nobody_says_so_and_not_that_mails_are_out(
    draft, people, has_reader, why
):
    if has_reader:
        reader()
    approve_edition(edition=draft, by=people[Role.ANALYST])
    advance_editions(now=timezone.now() + timedelta(days=8))
    with pytest.raises(CurationError, match=why):
        undo_change(change=Change.objects.get(verb="edition.approved"), by=people[Role.ANALYST])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_first", [True, False])
def test_an_approval_undone_while_a_mail_is_handed_over_is_refused_or_the_mail_stays_here(
    draft, people, is_first
):
    ada = reader()
    approve_edition(edition=draft, by=people[Role.ANALYST])
    mail_of_ada, now = Delivery.objects.get(), timezone.now() + timedelta(days=8)
    taken = []

    def hand_over():
        where = {"domain": mail_of_ada.domain, "time_zone": ada.time_zone}
        taken.append(claim(mail_of_ada.pk, **where, pace=Pace(), now=now))

    def take_back():
        undo_change(change=Change.objects.get(verb="edition.approved"), by=people[Role.ANALYST])

    here, there = (hand_over, take_back) if is_first else (take_back, hand_over)
    with transaction.atomic():
        here()
        thread, failures = in_a_thread(there)
        with connection.cursor() as cursor:
            wait_for_a_waiter(cursor, unless_ended=thread)
    thread.join()
    draft.refresh_from_db()
    assert (taken != [None], draft.status) == ((True, "approved") if is_first else (False, "draft"))
    assert [str(failure) for failure in failures] == (
        ["Mails of it are out already: it can't be taken back any more."] if is_first else []
    )
