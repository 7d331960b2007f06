"""A person's word on a tagging: it holds, it stays in the log, and it can be taken back in any order."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from signals.curation.decisions import decide_tagging, undo_decision
from signals.curation.errors import CurationError
from signals.curation.undo import undo_last
from signals.models import Change, Decision, DirtyMark, Origin, Role, State, Tag, Tagging, User
from tests.signals.web.making import make_article, make_source, make_tag

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def ana(db) -> User:
    return User.objects.create_user("ana@example.org", role=Role.ANALYST)


@pytest.fixture
def suggested(db) -> Tagging:
    return Tagging.objects.get(article=make_article(make_source(), [make_tag()]))


def decide(tagging, by, verdict, relevancy=None, **more):
    return decide_tagging(
        article=tagging.article, tag=tagging.tag, by=by, verdict=verdict, relevancy=relevancy, **more
    )


def form(tagging) -> dict | None:
    found = Tagging.objects.filter(article=tagging.article_id, tag=tagging.tag_id).values()
    return {name: value for name, value in found[0].items() if name != "id"} if found else None


def test_accepting_confirms_and_keeps_what_the_tagger_said(ana, suggested):
    before = form(suggested)
    decide(suggested, ana, "accept", now=NOW)
    after = form(suggested)
    assert (after["state"], after["decided_at"]) == (State.CONFIRMED, NOW)
    same = set(before) - {"state", "decided_at"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


def test_a_score_confirms_too_does_not_count_once_its_giver_rejects_and_does_again_once_they_accept(
    ana, suggested
):
    said = []
    for verdict, number in (("score", 2), ("reject", None), ("accept", None)):
        decide(suggested, ana, verdict, number)
        said.append((form(suggested)["state"], form(suggested)["stated_relevancy"]))
    assert said == [(State.CONFIRMED, 2), (State.REJECTED, None), (State.CONFIRMED, 2)]


def test_a_tag_that_nobody_suggested_is_added_as_a_persons_and_undo_removes_it(ana, suggested):
    tag = make_tag()
    decision = decide_tagging(article=suggested.article, tag=tag, by=ana, verdict="accept")
    added = Tagging.objects.get(tag=tag)
    assert (added.origin, added.state, added.stated_relevancy) == (Origin.PERSON, State.CONFIRMED, 3)
    undo_decision(decision=decision, by=ana)
    assert not Tagging.objects.filter(tag=tag).exists()


def test_a_decision_and_its_undo_are_in_the_log_and_counted_anew(ana, suggested):
    DirtyMark.objects.all().delete()
    decision = decide(suggested, ana, "reject")
    assert DirtyMark.objects.filter(tag=suggested.tag).exists()
    change = Change.objects.get()
    assert (change.user, change.target, change.undone_at) == (ana, f"decision:{decision.pk}", None)
    bob = User.objects.create_user("bob@example.org")
    undo_decision(decision=decision, by=bob, now=NOW)
    change.refresh_from_db()
    assert (change.undone_by, change.undone_at) == (bob, NOW)
    with pytest.raises(CurationError):
        undo_decision(decision=decision, by=ana)


@pytest.mark.parametrize(
    "said",
    [
        {"verdict": "maybe"},
        {"verdict": "accept", "why": "because"},
        {"verdict": "score"},
        {"verdict": "score", "relevancy": 0},
        {"verdict": "accept", "relevancy": 6},
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing_behind(ana, suggested, said):
    before = form(suggested)
    with pytest.raises(CurationError):
        decide_tagging(article=suggested.article, tag=suggested.tag, by=ana, **said)
    assert form(suggested) == before
    assert not Decision.objects.exists()
    assert not Change.objects.exists()


def test_a_merged_tag_takes_no_decision(ana, suggested):
    suggested.tag.merged_into = make_tag()
    suggested.tag.save()
    with pytest.raises(CurationError):
        decide(suggested, ana, "accept")


def test_undoing_again_and_again_walks_back_through_ones_own_changes_only(ana, suggested):
    bob = User.objects.create_user("bob@example.org")
    decide(suggested, ana, "accept")
    decide(suggested, bob, "reject")
    decide(suggested, ana, "score", 5)
    undo_last(by=ana)
    assert form(suggested)["state"] == State.REJECTED
    undo_last(by=ana)
    assert (form(suggested)["state"], form(suggested)["stated_relevancy"]) == (State.REJECTED, None)
    with pytest.raises(CurationError):
        undo_last(by=ana)
    undo_last(by=bob)
    assert form(suggested)["state"] == State.SUGGESTED


@pytest.mark.django_db(transaction=True)
def test_two_analysts_at_once_leave_one_tagging_and_two_decisions():
    ana, bob = (User.objects.create_user(f"{name}@example.org") for name in ("ana", "bob"))
    article, tag = make_article(make_source()), make_tag()
    failures = []

    def work(by, verdict):
        try:
            for _ in range(5):
                decide_tagging(article=article, tag=Tag.objects.get(pk=tag.pk), by=by, verdict=verdict)
        except Exception as failure:  # noqa: BLE001 - shown by the test
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in ((ana, "accept"), (bob, "reject"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Decision.objects.count() == 10
    last = Decision.objects.order_by("-pk")[0]
    wanted = State.CONFIRMED if last.verdict == "accept" else State.REJECTED
    assert Tagging.objects.get().state == wanted


def test_a_tag_merged_since_it_was_read_takes_no_decision_and_nothing_is_left_of_one(ana, suggested):
    Tag.objects.filter(pk=suggested.tag_id).update(merged_into=make_tag())
    with pytest.raises(CurationError):
        decide_tagging(article=suggested.article, tag=suggested.tag, by=ana, verdict="accept")
    assert not Decision.objects.exists()
    assert Tagging.objects.get(pk=suggested.pk).state == State.SUGGESTED
