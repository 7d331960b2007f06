"""Many at once, putting off, claims, and words that crossed: whatever happens, nothing of it is lost or said twice."""

import threading
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from signals.curation import bulk
from signals.curation.bulk import Verdict, decide_many, stop_running
from signals.curation.claims import LASTS, claim_article, renew_claim
from signals.curation.decisions import (
    DecidedSinceError,
    decide_tagging,
    explain_rejection,
    seen_form,
    undo_decision,
)
from signals.curation.errors import CurationError
from signals.curation.snoozing import read_day, snooze_articles
from signals.curation.undo import undo_change, undo_last
from signals.curation.waiting import Waiting
from signals.jobs import run_job
from signals.models import Article, Change, Claim, Decision, Job, Role, State, Tag, Tagging, User
from tests.signals.web.making import make_article, make_source, make_tag

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def ana(db) -> User:
    return User.objects.create_user("ana@example.org", role=Role.ANALYST, name="Ana")


@pytest.fixture
def bob(db) -> User:
    return User.objects.create_user("bob@example.org", role=Role.ANALYST, name="Bob")


@pytest.fixture
def suggested(db) -> Tagging:
    return Tagging.objects.get(article=make_article(make_source(), [make_tag()]))


def decide(tagging, by, verdict, relevancy=None, **more):
    return decide_tagging(
        article=tagging.article, tag=tagging.tag, by=by, verdict=verdict, relevancy=relevancy, **more
    )


def form() -> tuple:
    tags = Tag.objects.order_by("pk").values("pk", "relevancy", "relevancy_notes")
    articles = Article.objects.order_by("pk").values("pk", "snoozed_until")
    return list(Tagging.objects.order_by("pk").values()), list(tags), list(articles)


def test_what_somebody_else_said_since_the_page_was_shown_stands_until_it_was_seen(ana, bob, suggested):
    seen = seen_form(suggested)
    decide(suggested, bob, "score", 4)
    # Without the number: Ana has not said hers.
    with pytest.raises(DecidedSinceError, match=r"Bob decided meanwhile: scored\. "):
        decide(suggested, ana, "reject", seen=seen)
    suggested.refresh_from_db()
    assert (suggested.state, Decision.objects.count(), Change.objects.count()) == (State.CONFIRMED, 1, 1)
    decide(suggested, ana, "reject", seen=seen_form(suggested))
    suggested.refresh_from_db()
    assert suggested.state == State.REJECTED


def test_saying_the_same_twice_is_one_decision_and_saying_otherwise_is_another(ana, suggested):
    first = decide(suggested, ana, "accept", seen="")
    assert decide(suggested, ana, "accept", seen="") == first
    assert decide(suggested, ana, "score", 2, seen="") != first
    assert Decision.objects.count() == Change.objects.count() == 2


def test_a_reason_is_part_of_ones_own_rejection_that_holds(ana, bob, suggested):
    decision = decide(suggested, ana, "reject")
    explained = explain_rejection(article=suggested.article, tag=suggested.tag, by=ana, why="passing")
    assert (explained.pk, explained.why) == (decision.pk, "passing")
    assert "only in passing" in Change.objects.get().title
    for by, why in [(bob, "wrong"), (ana, "because")]:
        with pytest.raises(CurationError):
            explain_rejection(article=suggested.article, tag=suggested.tag, by=by, why=why)
    undo_decision(decision=decision, by=ana)
    with pytest.raises(CurationError):
        explain_rejection(article=suggested.article, tag=suggested.tag, by=ana, why="wrong")


@pytest.mark.parametrize(
    "verdict",
    [Verdict("accept"), Verdict("score", 2), Verdict("reject", None, "passing"), Verdict(until=NOW)],
)
def test_many_at_once_are_what_one_by_one_would_be_and_one_change_to_take_back(ana, verdict):
    tags, source = [make_tag(), make_tag()], make_source()
    articles = [make_article(source, tags) for _ in range(4)]
    Tagging.objects.filter(article=articles[0], tag=tags[0]).update(confidence=None, state=State.SAMPLED)
    decide(Tagging.objects.filter(article=articles[1])[0], ana, "score", 5)
    before = form()
    chosen = Waiting(tag=tags[0].pk, articles=tuple(article.pk for article in articles[:3]))
    together = uuid.uuid4()
    done = decide_many(chosen=chosen, verdict=verdict, by=ana, together=together)
    assert decide_many(chosen=chosen, verdict=verdict, by=ana, together=together).count == done.count
    if verdict.until is None:
        said = Decision.objects.filter(pk__in=Decision.objects.order_by("-pk").values("pk")[: done.count])
        expected = [
            (pk, verdict.verdict, verdict.relevancy, verdict.why)
            for pk in Tagging.objects.filter(article__in=chosen.articles, tag=tags[0]).values_list(
                "article", flat=True
            )
        ]
        told = said.values_list("article", "verdict", "relevancy", "why")
        assert set(told) <= set(expected)
        for decision in said:
            change = Change.objects.get(target=f"decision:{decision.pk}")
            tagging = Tagging.objects.get(article=decision.article_id, tag=decision.tag_id)
            assert change.after["state"] == tagging.state
            assert change.after["decided_at"] == tagging.decided_at.isoformat()
    assert set(Change.objects.filter(undone_at=None).values_list("together", flat=True)) == {None, together}
    undo_last(by=ana)
    assert form() == before
    assert decide_many(chosen=chosen, verdict=verdict, by=ana, together=together).count == done.count
    assert form() != before


def test_more_than_one_waits_for_are_a_job_that_survives_being_killed_and_is_one_change(
    ana, bob, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    monkeypatch.setattr(bulk, "_BATCH", 2)
    tag, source = make_tag(), make_source()
    articles = [make_article(source, [tag]) for _ in range(5)]
    before = form()
    together = uuid.uuid4()
    done = decide_many(chosen=Waiting(), verdict=Verdict("reject"), by=ana, together=together)
    again = decide_many(chosen=Waiting(), verdict=Verdict("reject"), by=ana, together=together)
    assert (done.count, done.job, done.job.total) == (0, again.job, 5)
    # What came later, and what somebody decided meanwhile, is not meant.
    late = make_article(source, [tag])
    decide(Tagging.objects.get(article=articles[4]), bob, "accept")
    job = run_job(done.job)
    assert (job.state, job.done) == (Job.State.DONE, 4)
    states = dict(Tagging.objects.values_list("article", "state"))
    assert [states[article.pk] for article in [*articles, late]] == [
        *["rejected"] * 4,
        "confirmed",
        "suggested",
    ]
    undo_last(by=ana)
    undo_last(by=bob)
    late.delete()
    assert form() == before


def test_what_was_not_begun_is_stopped_by_undoing(ana, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    tag, source = make_tag(), make_source()
    for _ in range(3):
        make_article(source, [tag])
    done = decide_many(chosen=Waiting(), verdict=Verdict("reject"), by=ana, together=uuid.uuid4())
    assert stop_running(by=ana) == done.job
    assert run_job(done.job).state == Job.State.CANCELLED
    assert stop_running(by=ana) is None
    assert not Decision.objects.exists()


def test_nothing_to_decide_and_verdicts_that_make_no_sense_are_refused(ana, suggested):
    for chosen, verdict in [
        (Waiting(kind="issue"), Verdict("accept")),
        (Waiting(articles=(0,)), Verdict("accept")),
        (Waiting(), Verdict("maybe")),
        (Waiting(), Verdict("score")),
        (Waiting(), Verdict("accept", 9)),
        (Waiting(), Verdict("reject", None, "because")),
    ]:
        with pytest.raises(CurationError):
            decide_many(chosen=chosen, verdict=verdict, by=ana, together=uuid.uuid4())
    assert not Decision.objects.exists()


def test_what_is_put_off_waits_again_on_its_day_and_each_undo_leads_back_in_any_order(ana, bob, suggested):
    article = suggested.article
    days = [NOW + timedelta(days=number) for number in (1, 7)]
    snooze_articles(articles=[article.pk], by=ana, until=days[0], now=NOW)
    snooze_articles(articles=[article.pk], by=bob, until=days[1], now=NOW)
    assert snooze_articles(articles=[article.pk], by=bob, until=days[1], now=NOW) == 0
    assert not Waiting().listed(NOW).exists()
    assert Waiting().listed(days[1]).get() == article
    first, second = Change.objects.order_by("pk")
    undo_change(change=first, by=ana)
    article.refresh_from_db()
    assert article.snoozed_until == days[1]
    undo_change(change=second, by=bob)
    article.refresh_from_db()
    assert article.snoozed_until is None
    with pytest.raises(CurationError):
        undo_change(change=Change.objects.get(pk=first.pk), by=ana)


@pytest.mark.parametrize("said", ["", "yesterday", "2026-03-02", "2026-02-30", "2028-01-01", "0000-00-00"])
def test_a_day_that_is_none_or_not_to_come_is_refused(said):
    with pytest.raises(CurationError):
        read_day(said, today=date(2026, 3, 2))
    assert read_day("week", today=date(2026, 3, 2)) == date(2026, 3, 9)


def test_a_claim_holds_for_some_minutes_goes_along_and_keeps_nobody_from_deciding(ana, bob, suggested):
    article, other = suggested.article, make_article(make_source(), [suggested.tag])
    assert claim_article(article=article, by=ana, now=NOW) is None
    assert claim_article(article=article, by=bob, now=NOW) == ana
    assert list(Waiting(unclaimed_by_others_of=bob.pk).listed(NOW)) == [other]
    assert set(Waiting(unclaimed_by_others_of=ana.pk).listed(NOW)) == {article, other}
    decide(suggested, bob, "accept")
    renew_claim(article_id=article.pk, by=ana, now=NOW + timedelta(minutes=4))
    assert claim_article(article=article, by=bob, now=NOW + LASTS) == ana
    assert claim_article(article=article, by=bob, now=NOW + timedelta(minutes=4) + LASTS) is None
    claim_article(article=other, by=bob, now=NOW)
    assert list(Claim.objects.values_list("article", "user")) == [(other.pk, bob.pk)]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_claim_or_decide_at_the_same_moment_one_wins():
    people = [User.objects.create_user(f"p{number}@example.org", role=Role.ANALYST) for number in range(4)]
    tagging = Tagging.objects.get(article=make_article(make_source(), [make_tag()]))
    barrier, won, told, failures = threading.Barrier(len(people)), [], [], []

    def work(by):
        try:
            barrier.wait()
            if claim_article(article=tagging.article, by=by) is None:
                won.append(by)
            barrier.wait()
            decide(tagging, by, "accept", seen="")
        except DecidedSinceError as error:
            told.append(error)
        except Exception as failure:  # noqa: BLE001 - shown by the test
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(by,)) for by in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (len(won), len(told), Decision.objects.count()) == (1, 3, 1)
