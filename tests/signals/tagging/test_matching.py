"""A new tag and the articles that were there before it."""

import tomllib
from pathlib import Path

import pytest
from django.utils import timezone

from signals import jobs
from signals.curation import matching as job_of_tags
from signals.curation.catalogue import add_alias, create_tag, load_catalogue
from signals.curation.matching import start_matching
from signals.curation.proposals import accept_proposal, fold_proposal
from signals.models import (
    Decision,
    DirtyMark,
    Job,
    MentionDelta,
    Note,
    NoteRow,
    Origin,
    Proposal,
    ProposalEvidence,
    State,
    Tag,
    Tagging,
    User,
)
from signals.tagging.catalogue_index import current_tagger
from signals.tagging.matching import match_articles
from signals.tagging.scorer import starter_model
from signals.tagging.service import tag_articles
from signals.tagging.sieve import Sieve, anchors, letters
from signals.tagging.tagger import Document, Tagger
from signals.tagging.words import split_words
from signals.trends.rollup import roll_up

STARTER = Path(__file__).resolve().parents[3] / "signals" / "starter"
BRIEFS = [
    Document(brief["title"], brief["text"].strip())
    for brief in tomllib.loads((STARTER / "briefs.toml").read_text())["brief"]
]
# Texts that speak of tags mostly without naming them.
DESCRIPTIONS = [
    Document("What was seen this week", row["description"])
    for row in tomllib.loads((STARTER / "catalogue.toml").read_text())["tag"][::3]
]
DOCUMENTS = BRIEFS + DESCRIPTIONS
ROUTING = {"kind": "technology", "name": "Token routing", "description": "A router sends tokens to experts."}


def said(tag_id: int) -> list[tuple]:
    columns = ["id", "tag"]
    taggings = Tagging.objects.filter(tag=tag_id).order_by("article")
    return [{name: value for name, value in row.items() if name not in columns} for row in taggings.values()]


@pytest.mark.django_db
def test_matching_a_tag_says_what_tagging_everything_anew_would(starter_catalogue, article):
    articles = [article(brief.title, brief.text) for brief in DOCUMENTS]
    tag_articles([one.pk for one in articles])
    tag_ids = list(Tag.objects.filter(taggings__isnull=False).distinct().values_list("pk", flat=True))
    wanted = {tag_id: said(tag_id) for tag_id in tag_ids}
    others = sorted(Tagging.objects.values_list("article", "tag"))
    assert sum(map(len, wanted.values())) > 100
    assert any("telling" in row["because"] for pk in tag_ids[::3] for row in wanted[pk]), "unnamed ones too"
    for tag_id in tag_ids[::3]:
        Tagging.objects.filter(tag=tag_id).delete()
        after, seen = None, 0
        while True:
            matched = match_articles([tag_id], after, seconds=0, at_once=40)
            after, seen = matched.next, seen + matched.seen
            if after is None:
                break
        assert seen == len(articles)
        assert said(tag_id) == wanted[tag_id]
    assert sorted(Tagging.objects.values_list("article", "tag")) == others


def test_what_proposals_remember_of_a_tag_in_other_words_is_asked_about(past, article):
    opening = "OpenAI and Anthropic sell chatbots and language models to banks, and banks pay for them. " * 7
    one = article("AI at work", f"{opening}\nThere is a lack of trained AI nurses.")
    tag_articles([one.pk])
    assert Proposal.objects.get(evidence__article=one, name="Lack of trained AI nurses")
    made = create_tag(kind="issue", name="Lack of trained nurses")
    assert Sieve(current_tagger(), {made.pk}).passes([Document(one.title, one.text)]) == [False]
    assert jobs.run_job(Job.objects.get()).state == "done"
    wanted = said(made.pk)
    assert [row["article_id"] for row in wanted] == [one.pk]
    Tagging.objects.filter(tag=made).delete()
    tag_articles([one.pk, *(other.pk for other in past)])
    assert said(made.pk) == wanted


@pytest.mark.django_db
def test_the_sieve_holds_most_back_and_nothing_that_the_tagger_would_give(starter_catalogue):
    assert current_tagger().has_phrasing({current_tagger().profiles[0].tag_id}), "which no sieve can tell"
    tagger = Tagger(current_tagger().profiles, starter_model())
    assert not tagger.has_phrasing({profile.tag_id for profile in tagger.profiles})
    suggestions = tagger.suggest(DOCUMENTS)
    passed = 0
    for profile in tagger.profiles:
        through = Sieve(tagger, {profile.tag_id}).passes(DOCUMENTS)
        passed += sum(through)
        for found, is_through in zip(suggestions, through, strict=True):
            assert is_through or profile.tag_id not in {one.tag_id for one in found}
    assert passed < 0.3 * len(DOCUMENTS) * len(tagger.profiles), "every one is about AI, news is not"


def test_what_a_name_must_leave_in_a_text_is_in_all_its_forms():
    forms = [
        "policies",
        "journaux",
        "réseaux",
        "biases",
        "Œuvres",
        "70s",
        "GPT-4os",
        "boxes",
        "naïve",
        "ﬁles",
    ]
    words = [word for brief in BRIEFS for word in split_words(f"{brief.title} {brief.text}").raw]
    for word in {*words, *forms}:
        for stem in split_words(word).stems:
            assert all(anchor in letters(word) for anchor in anchors(stem)), word


@pytest.fixture
def past(small_catalogue, article):
    texts = ["Token routing picks the experts.", "Rain is expected.", "Token routing again, with AI agents."]
    articles = [article(text, text) for text in texts]
    tag_articles([one.pk for one in articles])
    return articles


def test_a_new_tag_is_found_in_the_past_and_counted(past, settings):
    made = create_tag(**ROUTING)
    job = jobs.run_job(Job.objects.get())
    assert (job.state, job.done, job.total, job.result["created"]) == ("done", 3, 3, 2)
    assert sorted(made.taggings.values_list("article", flat=True)) == [past[0].pk, past[2].pk]
    assert DirtyMark.objects.filter(tag=made).exists()
    roll_up()
    assert MentionDelta.objects.filter(tag=made).exists()


def test_what_a_person_decided_stands(past):
    made = create_tag(**ROUTING)
    user = User.objects.create_user("a@example.org")
    for one, verdict, state in ((past[0], "reject", State.REJECTED), (past[1], "accept", State.CONFIRMED)):
        Decision.objects.create(article=one, tag=made, user=user, verdict=verdict)
        Tagging.objects.create(
            article=one, tag=made, state=state, origin=Origin.PERSON, decided_at=timezone.now()
        )
    before = list(Tagging.objects.order_by("pk").values())
    assert jobs.run_job(Job.objects.get()).result["created"] == 1
    assert list(Tagging.objects.filter(pk__lte=before[-1]["id"]).order_by("pk").values()) == before


def test_tags_made_one_after_another_share_the_job_that_still_waits(past):
    first = create_tag(**ROUTING)
    second = create_tag(kind="technology", name="Rain gauges")
    job = Job.objects.get()
    assert job.arguments == {"tags": [first.pk, second.pk]}
    assert job.title == "2 tags matched with past articles"
    assert jobs.run_job(job).state == "done"


def test_a_new_name_starts_over_and_what_knew_only_the_old_ones_ends(past):
    made = create_tag(**ROUTING)
    under_way = jobs.claim_job()
    add_alias(tag=made, name="rain")
    assert Job.objects.get(pk=under_way.pk).is_cancel_asked
    assert not jobs.run_batch(under_way)
    again = Job.objects.exclude(pk=under_way.pk).get()
    assert jobs.run_job(again).state == "done"
    assert made.taggings.count() == 3


def test_rows_of_notes_that_nothing_was_linked_to_are_linked(past):
    note = Note.objects.create(article=past[1], note_key="n", content_hash="n")
    row = NoteRow.objects.create(
        note=note, kind="technology", position=0, name="Token routing", stated_relevancy=5
    )
    made = create_tag(**ROUTING)
    job = jobs.run_job(Job.objects.get())
    assert (job.done, job.total, job.result["notes"]) == (4, 4, 1)
    row.refresh_from_db()
    assert (row.tag, row.link) == (made, NoteRow.Link.CONFIRMED)
    tagging = Tagging.objects.get(article=past[1], tag=made)
    assert (tagging.state, tagging.origin, tagging.stated_relevancy) == ("confirmed", "note", 5)
    made.refresh_from_db()
    assert made.relevancy == 5


def test_accepting_or_folding_a_proposal_looks_for_it_in_the_past(past):
    user = User.objects.create_user("a@example.org")
    for name in ("Token routing", "Rain gauge"):
        proposal = Proposal.objects.create(kind="technology", name=name, normalised=name.lower())
        ProposalEvidence.objects.create(proposal=proposal, article=past[0])
    made = accept_proposal(proposal=Proposal.objects.get(name="Token routing"), by=user)
    assert Job.objects.get().made_by == user
    jobs.run_job(Job.objects.get())
    assert made.taggings.filter(article=past[2], state=State.SUGGESTED).exists()
    fold_proposal(proposal=Proposal.objects.get(name="Rain gauge"), into=made, by=user)
    assert Job.objects.filter(state="waiting").get().arguments == {"tags": [made.pk]}


def test_a_catalogue_is_one_job_and_the_first_one_none(db, article):
    load_catalogue()
    assert not Job.objects.exists()
    article("Token routing")
    load_catalogue('[[tag]]\nkind = "issue"\nname = "One"\n[[tag]]\nkind = "issue"\nname = "Two"\n')
    assert len(Job.objects.get().arguments["tags"]) == 2
    load_catalogue('[[tag]]\nkind = "issue"\nname = "One"\n[[tag]]\nkind = "issue"\nname = "Two"\n')
    assert Job.objects.count() == 1


def test_a_tag_that_goes_away_takes_its_job_with_it(past):
    made = create_tag(**ROUTING)
    made.delete()
    assert jobs.run_job(Job.objects.get()).state == "done"
    archived = create_tag(kind="issue", name="Token routing", status=Tag.Status.ARCHIVED)
    assert start_matching(tag_ids=[archived.pk]) is None
    archived.status = Tag.Status.TRACKED
    archived.save()
    assert start_matching(tag_ids=[archived.pk]).kind == job_of_tags.KIND
