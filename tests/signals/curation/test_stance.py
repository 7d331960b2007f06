"""What an article says of a tag's claim: part of a decision, and gone with it."""

import pytest

from signals.curation.decisions import decide_tagging, undo_decision
from signals.curation.errors import CurationError
from signals.models import Article, Decision, Role, Tagging, User
from signals.tagging.service import tag_articles
from tests.signals.web.making import make_article, make_source, make_tag


@pytest.fixture
def ana(db) -> User:
    return User.objects.create_user("ana@example.org", role=Role.ANALYST)


@pytest.fixture
def tagging(db) -> Tagging:
    return Tagging.objects.get(article=make_article(make_source(), [make_tag("Edge inference")]))


def decide(tagging, by, **said) -> Decision:
    return decide_tagging(article=tagging.article, tag=tagging.tag, by=by, **{"verdict": "accept", **said})


def stance(tagging) -> str:
    return Tagging.objects.get(article=tagging.article_id, tag=tagging.tag_id).stance


def test_the_last_word_holds_whoever_says_nothing_of_it_leaves_it_and_it_can_be_taken_back(ana, tagging):
    said = []
    for word in ("contradicts", "supports", "", "unsaid"):
        decide(tagging, ana, stance=word)
        said.append(stance(tagging))
    assert said == ["contradicts", "supports", "supports", ""]


def test_undone_in_any_order_the_stance_is_what_the_decisions_that_hold_say(ana, tagging):
    first = decide(tagging, ana, stance="supports")
    second = decide(tagging, ana, stance="contradicts")
    third = decide(tagging, ana, verdict="score", relevancy=4)
    undo_decision(decision=second, by=ana)
    assert stance(tagging) == "supports"
    undo_decision(decision=first, by=ana)
    assert stance(tagging) == ""
    undo_decision(decision=third, by=ana)
    assert (stance(tagging), Tagging.objects.get().state) == ("", "suggested")


def test_a_snapshot_of_before_there_were_stances_restores_to_none(ana, tagging):
    decision = decide(tagging, ana, stance="supports")
    Decision.objects.update(
        before={name: value for name, value in decision.before.items() if name != "stance"}
    )
    undo_decision(decision=decision, by=ana)
    assert stance(tagging) == ""


def test_tagging_again_leaves_the_stance_alone(ana, tagging):
    Article.objects.update(text="Edge inference is what this is about. Edge inference again.")
    decide(tagging, ana, stance="contradicts")
    tag_articles([tagging.article_id])
    kept = Tagging.objects.get(article=tagging.article_id, tag=tagging.tag_id)
    assert (kept.stance, kept.state) == ("contradicts", "confirmed")


def test_a_stance_that_is_none_is_refused_and_nothing_is_kept(ana, tagging):
    with pytest.raises(CurationError):
        decide(tagging, ana, stance="perhaps")
    assert not Decision.objects.exists()
