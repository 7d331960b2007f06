"""How fast mails go out, and when: limits that hold for all senders, each reader's own hour, lateness."""

from datetime import UTC, date, datetime, timedelta
from multiprocessing.pool import ThreadPool

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from signals.digests.editions import freeze_edition
from signals.digests.ledger import claim
from signals.digests.moments import first_moment, next_hour
from signals.digests.pace import Pace
from signals.digests.schedule import run_due
from signals.digests.send import deliver_due
from signals.models import Delivery, Edition, OutboxMail, Rendering, Subscription
from tests.signals.digests.conftest import MONDAY, reader

pytestmark = pytest.mark.usefixtures("outbox_backend")


def at(moment):
    return lambda: moment


def freeze(edition, *addresses):
    for address in addresses:
        reader(address)
    freeze_edition(edition=edition, at_once=True, now=MONDAY)


def most_in_a_minute(**of):
    moments = sorted(Delivery.objects.filter(**of).exclude(sent_at=None).values_list("sent_at", flat=True))
    return max(sum(one <= other < one + timedelta(minutes=1) for other in moments) for one in moments)


def test_a_domain_at_its_limit_keeps_no_other_waiting_and_all_arrive(edition, settings):
    settings.MAILS_PER_MINUTE_AND_DOMAIN = 3
    freeze(edition, *(f"r{n}@big.example" for n in range(10)), "one@small.example", "two@small.example")
    first = deliver_due(clock=at(MONDAY))
    assert (first.sent, first.put_off) == (5, 7)
    assert Delivery.objects.filter(domain="small.example", status="sent").count() == 2
    assert not Delivery.objects.filter(status="reserved", due_at__lte=MONDAY).exists()
    for second in range(0, 600, 10):
        deliver_due(clock=at(MONDAY + timedelta(seconds=second)))
    assert Delivery.objects.filter(status="sent").count() == 12
    assert most_in_a_minute(domain="big.example") <= 3


def test_the_limit_overall_is_shared_by_turns_between_domains(edition, settings):
    settings.MAILS_PER_MINUTE = 4
    freeze(edition, *(f"r{n}@big.example" for n in range(12)), "one@small.example")
    deliver_due(clock=at(MONDAY))
    assert Delivery.objects.filter(status="sent").count() == 4
    for second in range(0, 90, 5):
        deliver_due(clock=at(MONDAY + timedelta(seconds=second)))
    assert Delivery.objects.get(domain="small.example").status == "sent"
    for second in range(90, 400, 5):
        deliver_due(clock=at(MONDAY + timedelta(seconds=second)))
    assert Delivery.objects.filter(status="sent").count() == 13
    assert most_in_a_minute() <= 4


@pytest.mark.django_db(transaction=True)
def test_several_senders_at_once_keep_to_one_limit_and_send_each_mail_once(
    transactional_db, edition, settings
):
    settings.MAILS_PER_MINUTE = 25
    freeze(edition, *(f"r{n}@d{n % 3}.example" for n in range(60)))

    def send(_):
        try:
            return deliver_due(clock=at(MONDAY)).sent
        finally:
            connection.close()

    with ThreadPool(4) as pool:
        assert sum(pool.map(send, range(4))) == 25
    assert OutboxMail.objects.count() == 25


def test_mails_come_at_each_readers_own_hour_also_where_the_clocks_change(edition):
    reader("paris@example.org", hour=7, time_zone="Europe/Paris")
    reader("tokyo@example.org", hour=7, time_zone="Asia/Tokyo")
    reader("friday@example.org", hour=18, weekday=4, time_zone="America/New_York")
    reader("nowhere@example.org", hour=7, time_zone="Mars/Olympus")
    now = MONDAY.replace(hour=1, minute=0)
    freeze_edition(edition=edition, now=now)
    due = dict(Delivery.objects.values_list("subscription__email", "due_at"))
    assert {address.partition("@")[0]: moment.isoformat()[:16] for address, moment in due.items()} == {
        "paris": "2024-05-27T05:00",
        "tokyo": "2024-05-27T01:00",
        "friday": "2024-05-31T22:00",
        "nowhere": "2024-05-27T07:00",
    }
    spring = first_moment(day=date(2026, 3, 29), weekday=6, hour=2, time_zone="Europe/Paris")
    assert spring == datetime(2026, 3, 29, 1, tzinfo=UTC)
    autumn = first_moment(day=date(2026, 10, 25), weekday=6, hour=2, time_zone="Europe/Paris")
    assert autumn == datetime(2026, 10, 25, 0, tzinfo=UTC)


ZONES = ["UTC", "Europe/Paris", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"]


@given(
    now=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    hour=st.integers(0, 23),
    zone=st.sampled_from(ZONES),
)
def test_the_next_hour_is_never_past_and_at_most_a_day_and_a_clock_change_away(now, hour, zone):
    moment = next_hour(now=now, hour=hour, time_zone=zone)
    assert now <= moment <= now + timedelta(hours=25)


def test_what_is_due_on_friday_is_sent_on_friday_and_not_on_monday_after(edition):
    reader("friday@example.org", weekday=4)
    reader("gone-by@example.org", weekday=4)
    freeze_edition(edition=edition, now=MONDAY)
    friday = MONDAY + timedelta(days=4)
    late = Delivery.objects.get(subscription__email="gone-by@example.org")
    assert deliver_due(clock=at(friday - timedelta(hours=1))).sent == 0
    Delivery.objects.filter(pk=late.pk).update(due_at=friday + timedelta(days=3))
    assert deliver_due(clock=at(friday)).sent == 1
    deliver_due(clock=at(friday + timedelta(days=3)))
    late.refresh_from_db()
    assert (late.status, late.answer) == ("failed", "too late to be news")
    assert OutboxMail.objects.count() == 1


def test_a_pause_that_ends_before_the_mail_is_due_stops_nothing(edition):
    reader("back@example.org", weekday=4, paused_until=(MONDAY + timedelta(days=3)).date())
    reader("away@example.org", weekday=4, paused_until=(MONDAY + timedelta(days=9)).date())
    assert freeze_edition(edition=edition, now=MONDAY) == 1
    assert deliver_due(clock=at(MONDAY + timedelta(days=4))).sent == 1
    assert OutboxMail.objects.get().to == "back@example.org"


@pytest.mark.parametrize(
    ("zone", "weekday", "hour", "until", "gets_it"),
    [
        ("Asia/Tokyo", 0, 7, 27, True),  # on Sunday by UTC
        ("America/Los_Angeles", 6, 20, 34, False),  # on Monday by UTC
        ("America/Los_Angeles", 6, 20, 33, True),
        ("No/Where", 0, 7, 27, True),
    ],
)
def test_the_days_of_a_pause_are_the_readers_own(edition, zone, weekday, hour, until, gets_it):
    first = date(2024, 5, 1) + timedelta(days=until - 1)
    someone = reader(weekday=weekday, hour=hour, time_zone=zone, paused_until=first)
    before = MONDAY - timedelta(hours=12)
    assert freeze_edition(edition=edition, now=before) == gets_it
    if not gets_it:
        Edition.objects.update(status=Edition.Status.DRAFT)
        Rendering.objects.all().delete()
        Subscription.objects.update(paused_until=None)
        freeze_edition(edition=edition, now=before)
        Subscription.objects.update(paused_until=first)
    due = Delivery.objects.get(subscription=someone)
    taken = claim(due.pk, domain=due.domain, time_zone=zone, pace=Pace(0, 0), now=due.due_at)
    assert (taken is not None) == gets_it
    Delivery.objects.update(status=Delivery.Status.RESERVED)
    assert deliver_due(clock=at(due.due_at)).sent == gets_it
    due.refresh_from_db()
    assert due.status == (Delivery.Status.SENT if gets_it else Delivery.Status.FAILED)


def test_with_review_nothing_goes_out_that_nobody_approved(edition, settings):
    settings.DIGEST_REVIEW = True
    reader()
    for hours in (0, 24, 24 * 9):
        run_due(clock=at(MONDAY + timedelta(hours=hours)))
    assert (Edition.objects.get(pk=edition.pk).status, Delivery.objects.count()) == ("draft", 0)


def test_a_time_set_by_the_editor_is_kept_by_itself_and_expires(edition):
    reader()
    Edition.objects.update(send_at=MONDAY + timedelta(days=3))
    run_due(clock=at(MONDAY + timedelta(days=2)))
    assert not Delivery.objects.exists()
    run_due(clock=at(MONDAY + timedelta(days=6)))
    assert not Delivery.objects.exists()
    run_due(clock=at(MONDAY + timedelta(days=3, minutes=1)))
    assert OutboxMail.objects.count() == 1
