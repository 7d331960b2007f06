"""Proposed tags: made into one, folded into one, or dropped; and all as it was after undo."""

import pytest

from signals.curation.catalogue import create_tag
from signals.curation.decisions import decide_tagging
from signals.curation.errors import CurationError
from signals.curation.proposals import Wording, accept_proposal, fold_proposal, reject_proposal
from signals.curation.ratings import rate_tag
from signals.curation.undo import undo_last
from signals.models import Proposal, State, Tag, Tagging, TagName, User
from tests.signals.web.making import make_article, make_proposal, make_source, make_tag


@pytest.fixture
def ana(db) -> User:
    return User.objects.create_user("ana@example.org")


@pytest.fixture
def proposal(db) -> Proposal:
    return make_proposal(make_article(make_source()), "Expert routing", description="What it is.")


def world() -> tuple:
    return (
        list(Tag.objects.order_by("pk").values_list("pk", "name")),
        list(TagName.objects.order_by("pk").values_list("pk", "name", "is_live")),
        list(Tagging.objects.order_by("article_id", "tag_id").values_list("article_id", "tag_id", "state")),
        list(
            Proposal.objects.order_by("pk").values_list("pk", "status", "tag_id", "decided_by", "decided_at")
        ),
    )


def test_accepted_it_is_a_tag_with_its_words_on_the_articles_it_was_seen_in(ana, proposal):
    tag = accept_proposal(proposal=proposal, by=ana)
    assert (tag.name, tag.description, tag.status) == ("Expert routing", "What it is.", Tag.Status.TRACKED)
    tagging = Tagging.objects.get(tag=tag)
    assert (tagging.state, tagging.stated_relevancy) == (State.CONFIRMED, None)
    assert tagging.quote == "A sentence about it."


def test_folded_its_name_leads_to_the_tag_and_its_articles_carry_it(ana, proposal):
    into = make_tag("Mixture of experts")
    fold_proposal(proposal=proposal, into=into, by=ana)
    assert into.names.filter(name="Expert routing", is_live=True).exists()
    assert Tagging.objects.get().tag == into


def test_folding_leaves_what_a_person_rejected_rejected(ana, proposal):
    into = make_tag()
    article = proposal.evidence.get().article
    decide_tagging(article=article, tag=into, by=ana, verdict="reject")
    fold_proposal(proposal=proposal, into=into, by=ana)
    assert Tagging.objects.get().state == State.REJECTED


@pytest.mark.parametrize("what", ["accept", "fold", "fold into its own name", "reject"])
def test_undo_leaves_everything_as_it_was(ana, proposal, what):
    into = make_tag("Expert routing" if "own name" in what else "Mixture of experts")
    before = world()
    if what == "accept":
        accept_proposal(proposal=proposal, by=ana)
    elif what == "reject":
        reject_proposal(proposal=proposal, by=ana)
    else:
        fold_proposal(proposal=proposal, into=into, by=ana)
    assert world() != before
    undo_last(by=ana)
    assert world() == before


def test_a_name_that_a_live_tag_has_is_no_new_tag(ana, proposal):
    create_tag(kind=proposal.kind, name="Routing", aliases=["expert routing"])
    before = world()
    with pytest.raises(CurationError):
        accept_proposal(proposal=proposal, by=ana)
    assert world() == before


def test_decided_once_it_is_decided(ana, proposal):
    reject_proposal(proposal=proposal, by=ana)
    before = world()
    for again in (
        lambda: accept_proposal(proposal=proposal, by=ana),
        lambda: reject_proposal(proposal=proposal, by=ana),
        lambda: fold_proposal(proposal=proposal, into=make_tag("Other"), by=ana),
    ):
        with pytest.raises(CurationError):
            again()
    assert world()[2:] == before[2:]


def test_nothing_is_folded_into_a_tag_that_was_merged_away(ana, proposal):
    gone = make_tag()
    gone.merged_into = make_tag()
    gone.save()
    with pytest.raises(CurationError):
        fold_proposal(proposal=proposal, into=gone, by=ana)


@pytest.mark.parametrize("use", ["rated", "decided on"])
def test_a_new_tag_that_people_used_since_is_not_undone_away(ana, proposal, use):
    bob = User.objects.create_user("bob@example.org")
    tag = accept_proposal(proposal=proposal, by=ana)
    if use == "rated":
        rate_tag(tag=tag, by=bob, relevancy=4)
    else:
        decide_tagging(article=proposal.evidence.get().article, tag=tag, by=bob, verdict="reject")
    before = world()
    with pytest.raises(CurationError):
        undo_last(by=ana)
    assert world() == before
    undo_last(by=bob)
    tag.refresh_from_db()


def test_a_new_tag_on_which_every_decision_was_taken_back_is_undone_away(ana, proposal):
    before = world()
    tag = accept_proposal(proposal=proposal, by=ana)
    decide_tagging(article=proposal.evidence.get().article, tag=tag, by=ana, verdict="score", relevancy=5)
    rate_tag(tag=tag, by=ana, relevancy=4)
    for _ in range(3):
        undo_last(by=ana)
    assert world() == before


def test_undoing_a_fold_leaves_what_a_person_decided_on_since(ana, proposal):
    bob = User.objects.create_user("bob@example.org")
    into = make_tag()
    fold_proposal(proposal=proposal, into=into, by=ana)
    decide_tagging(article=proposal.evidence.get().article, tag=into, by=bob, verdict="score", relevancy=5)
    undo_last(by=ana)
    assert Tagging.objects.get().stated_relevancy == 5


def test_what_waited_there_is_confirmed_by_folding_and_waits_again_after_undo(ana, proposal):
    into = make_tag("Mixture of experts")
    article = proposal.evidence.get().article
    Tagging.objects.create(article=article, tag=into, state=State.SUGGESTED, confidence=0.6)
    before = world()
    fold_proposal(proposal=proposal, into=into, by=ana)
    assert Tagging.objects.get().state == State.CONFIRMED
    undo_last(by=ana)
    assert world() == before


@pytest.mark.parametrize("what", ["accept", "fold"])
def test_the_same_thing_of_another_kind_folds_along_as_a_question(ana, proposal, what):
    into = make_tag("Mixture of experts")
    other = make_proposal(make_article(make_source()), "Expert routing 2")
    Proposal.objects.filter(pk=other.pk).update(kind="issue", normalised=proposal.normalised)
    before = world()
    if what == "accept":
        into = accept_proposal(proposal=proposal, by=ana)
    else:
        fold_proposal(proposal=proposal, into=into, by=ana)
    other.refresh_from_db()
    assert (other.status, other.tag) == (Proposal.Status.FOLDED, into)
    assert Tagging.objects.get(article=other.evidence.get().article).state == State.SUGGESTED
    undo_last(by=ana)
    assert world() == before


def test_a_proposal_is_accepted_as_corrected_and_stays_as_proposed(ana, proposal):
    # A form may hold what no column can.
    wording = Wording(kind="signal", name=" Routing\x00 rises ", change="\x00")
    tag = accept_proposal(proposal=proposal, by=ana, wording=wording)
    proposal.refresh_from_db()
    assert (tag.kind, tag.name, tag.description) == ("signal", "Routing rises", "What it is.")
    assert (proposal.kind, proposal.name) == ("technology", "Expert routing")
