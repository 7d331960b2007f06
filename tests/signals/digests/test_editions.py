"""What an edition says, and that equal wishes are rendered once."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from signals.digests import outbox
from signals.digests.choose import choose_content
from signals.digests.content import Content
from signals.digests.editions import freeze_edition
from signals.digests.periods import Week
from signals.digests.render import render
from signals.digests.schedule import run_due
from signals.digests.wishes import Wishes
from signals.models import Delivery, Edition, Model, OutboxMail, Release, Rendering
from signals.tasks import trim_outbox
from signals.trends.rollup import drain_marks
from tests.signals.digests.conftest import CONTENT, MONDAY, WEEK, publish, reader

pytestmark = pytest.mark.usefixtures("outbox_backend")


def at_monday():
    return MONDAY


def test_weeks_are_iso_weeks_also_at_the_turn_of_the_year():
    assert Week.of(date(2026, 1, 1)).period == "2026-W01"
    assert Week.of(date(2027, 1, 3)).period == "2026-W53"
    assert Week.parse("2026-W53").ends_on == date(2027, 1, 3)
    for wrong in ("2026-W54", "2025-W53", "2026W01", "2026-W1", "next"):
        with pytest.raises(ValueError):
            Week.parse(wrong)


def test_an_edition_is_the_difference_between_two_sundays_whatever_came_later(moving_world, source):
    publish(source, {date(2024, 5, 27): {moving_world[2]: 22}})
    drain_marks()
    content = choose_content(WEEK)
    assert (content.as_of, content.before) == ("2024-05-26", "2024-05-19")
    said = {move.name: move for move in content.movers + content.risers}
    assert set(said) == {"Agents write code", "Mixture of experts"}
    agents = said["Agents write code"]
    assert (agents.label_before, agents.times > 1.5) == ("steady", True)
    assert [(r.model, r.on) for r in content.releases] == [("Heron 2", "2024-05-22")]
    assert [s.name for s in content.gaps.unwell] == ["Broken feed"]
    assert (content.gaps.articles, content.gaps.headline_only) == (154, 22)


def test_content_survives_the_database(edition):
    edition.refresh_from_db()
    assert Content.from_params(edition.content) == CONTENT


@pytest.mark.parametrize(
    ("kinds", "least", "names"),
    [
        ([], 1, ["Agents write code", "Mixture of experts", "Energy demand"]),
        (["technology"], 1, ["Mixture of experts"]),
        ([], 3, ["Agents write code"]),
        (["concern"], 1, []),
    ],
)
def test_wishes_cut_an_edition_down(kinds, least, names):
    chosen = CONTENT.chosen(Wishes("en", tuple(kinds), least_relevancy=least))
    assert [move.name for move in chosen.movers + chosen.risers] == names


@pytest.mark.parametrize(
    ("language", "title", "bound"),
    [("en", "Agents write code", "×2.1 its usual"), ("fr", "Des agents écrivent du code", "2,1 fois ")],
)
def test_both_parts_of_a_mail_say_the_same(language, title, bound):
    mail = render(CONTENT, WEEK.period, language)
    assert title in mail.subject
    for part in (mail.html, mail.text):
        for words in (title, bound, "Heron 2", "Broken feed", "Cheaper chips."):
            assert words in part
    links = re.compile(r"https?://[^\s\"<]+")
    assert set(links.findall(mail.html)) == set(links.findall(mail.text))
    assert "prefers-color-scheme: dark" in mail.html
    assert '<meta name="color-scheme" content="light dark">' in mail.html
    assert 'class="preview" style="display: none' in mail.html


def test_the_fullest_mail_is_under_80_kilobytes():
    long = replace(CONTENT.movers[0], name="word " * 60, change="word " * 60, driving_force="word " * 400)
    release = replace(CONTENT.releases[0], model="m" * 200, developer="d" * 200, licence="l" * 200)
    full = replace(CONTENT, movers=(long,) * 60, risers=(long,) * 60, releases=(release,) * 60)
    assert len(render(full.chosen(Wishes("fr")), WEEK.period, "fr").html.encode()) < 80_000


def test_a_name_from_a_note_cannot_break_out_of_the_mail():
    hostile = replace(CONTENT.movers[0], name="<script>x</script>\r\nBcc: a@b.example")
    mail = render(replace(CONTENT, movers=(hostile,)), WEEK.period, "en")
    assert "<script>" not in mail.html
    assert not {"\r", "\n"} & set(mail.subject)


def test_equal_wishes_are_rendered_once_and_queries_do_not_grow_with_readers(
    edition, django_assert_max_num_queries
):
    for n in range(60):
        reader(f"r{n}@example.org", kinds=["signal"] if n % 2 else [], language="fr" if n % 3 else "en")
    with django_assert_max_num_queries(8):
        assert freeze_edition(edition=edition) == 60
    assert Rendering.objects.count() == 4
    assert freeze_edition(edition=edition) == 0
    assert Delivery.objects.count() == 60


def test_who_did_not_confirm_left_paused_or_was_refused_is_not_in_the_audience(edition):
    reader("in@example.org")
    reader("unconfirmed@example.org", confirmed_at=None)
    reader("left@example.org", unsubscribed_at=MONDAY)
    reader("refused@example.org", suppressed_at=MONDAY)
    reader("paused@example.org", is_paused=True)
    freeze_edition(edition=edition)
    assert Delivery.objects.get().subscription.email == "in@example.org"


def test_a_reader_for_whose_wishes_nothing_happened_gets_no_mail(edition):
    edition.content = replace(CONTENT, releases=()).params()
    edition.save()
    reader(kinds=["concern"])
    assert freeze_edition(edition=edition) == 0


def test_an_empty_edition_is_not_sent(source, tags):
    publish(source, {date(2024, 5, 22): {tags[0]: 1}})
    reader()
    run_due(clock=at_monday)
    assert Edition.objects.get().status == Edition.Status.EMPTY
    assert not OutboxMail.objects.exists()


def test_the_tick_sends_on_monday_morning_once_and_never_days_late(source, db):
    Release.objects.create(
        model=Model.objects.create(slug="heron", name="Heron"), event_key="heron", date=date(2024, 5, 22)
    )
    publish(source, {date(2024, 5, 22): {}}, many=1)
    reader()
    run_due(clock=lambda: MONDAY - timedelta(hours=7))
    assert not Edition.objects.exists()
    assert run_due(clock=at_monday).sent == 1
    assert run_due(clock=at_monday).sent == 0
    assert Edition.objects.get().status == Edition.Status.SENT
    Delivery.objects.all().delete()
    Edition.objects.all().delete()
    run_due(clock=lambda: MONDAY + timedelta(days=2))
    assert not Edition.objects.exists()
    assert OutboxMail.objects.count() == 1


def test_the_tick_sends_no_sample(source, tags):
    publish(source, {date(2024, 5, 22): {tags[0]: 1}}, is_sample=True)
    Release.objects.create(
        model=Model.objects.create(slug="heron", name="Heron"), event_key="heron", date=date(2024, 5, 22)
    )
    reader()
    run_due(clock=at_monday)
    assert not Edition.objects.exists()


def test_the_command_looks_first_then_sends_once(edition, capsys):
    reader()
    call_command("send_digest", "--week", "2024-W21", "--dry-run")
    assert "would go to 1 readers" in capsys.readouterr().out
    assert not Delivery.objects.exists()
    for expected in ("1 reserved, 1 sent", "0 reserved, 0 sent"):
        call_command("send_digest", "--week", "2024-W21")
        assert expected in capsys.readouterr().out
    assert OutboxMail.objects.count() == 1


def test_old_mails_leave_the_outbox_in_batches_and_nobody_gets_one_twice(edition, monkeypatch):
    monkeypatch.setattr(outbox, "_BATCH", 2)
    reader()
    call_command("send_digest", "--week", "2024-W21")
    sent = list(Rendering.objects.order_by("pk").values())
    for _ in range(4):
        OutboxMail.objects.create(to="r@example.org", subject="Confirm")
    now = timezone.now()
    OutboxMail.objects.update(created_at=now - timedelta(days=91))
    young = OutboxMail.objects.create(to="r@example.org", subject="New", created_at=now - timedelta(days=89))
    trim_outbox()
    assert OutboxMail.objects.get() == young
    assert Delivery.objects.get().status == Delivery.Status.SENT
    assert list(Rendering.objects.order_by("pk").values()) == sent
    call_command("send_digest", "--week", "2024-W21")
    assert OutboxMail.objects.get() == young
