"""What sentences propose, in English and French; how wordings of one thing meet; what rises."""

from datetime import timedelta

import pytest

from signals.models import Proposal, State, Tag, Tagging
from signals.tagging.likeness import is_same, likeness, proposal_key
from signals.tagging.named import named_things
from signals.tagging.patterns import driver_of, read_sentence
from signals.tagging.phrases import Casing
from signals.tagging.proposals import Proposed
from signals.tagging.proposing import keep_proposals
from signals.tagging.service import tag_articles
from tests.signals.tagging.conftest import NOW

PLAIN = Casing(frozenset({"jobs", "software", "of", "clerks"}), frozenset({"openai"}))


@pytest.mark.parametrize(
    ("sentence", "kind", "name", "change"),
    [
        (
            "Clinics are moving from paper forms to AI triage desks, staff say.",
            "signal", "Shift from paper forms to AI triage desks", "From paper forms to AI triage desks",
        ),
        (
            "La radio passe d'une écoute passive à une écoute guidée par l'IA.",
            "signal", "Passage d'une écoute passive à une écoute guidée", "D'une écoute passive à une écoute guidée",
        ),
        ("The rapid spread of voice clones worries banks.", "signal", "Spread of voice clones", ""),
        (
            "AI agents are replacing travel clerks.",
            "signal", "AI agents replacing travel clerks", "From travel clerks to AI agents",
        ),
        (
            "Many teachers now use chatbots to grade essays.",
            "behavior", "Teachers use chatbots to grade essays", "",
        ),
        (
            "Les lycéens et étudiants utilisent des agents IA pour réviser.",
            "behavior", "Étudiants utilisent agents IA pour réviser", "",
        ),
        ("There is a serious shortage of training chips, which hurts labs.", "issue", "Shortage of training chips", ""),
        ("La pénurie de puces mémoire continue.", "issue", "Pénurie de puces mémoire", ""),
        (
            "Nurses voice growing fears about automated triage, a union says.",
            "concern", "Fears of automated triage", "",
        ),
        ("Forums drown in widening AI slop.", "concern", "AI slop", ""),
    ],
)  # fmt: skip
def test_a_sentence_makes_a_row_whose_name_ends_where_the_clause_does(sentence, kind, name, change):
    said = {(one.kind, one.name, one.change) for one in read_sentence(sentence, PLAIN)}
    assert (kind, name, change) in said


@pytest.mark.parametrize(
    "sentence",
    [
        "Job growth in machine learning slowed.",  # no growth of machine learning
        "Police arrested a man over a phone scam.",  # nobody says that a machine did it
        "The end of the week brought rain.",
        "It covers the rise of",
        "OpenAI is replacing its chairs.",
    ],
)
def test_what_only_looks_like_it_makes_none(sentence):
    assert [said for said in read_sentence(sentence, PLAIN) if said.worth >= 0.5] == []


def test_a_driving_force_is_there_only_where_the_text_gives_the_cause():
    assert driver_of("Use grows, driven by cheaper chips, and goes on.") == "cheaper chips"
    assert driver_of("Use grows and goes on.") == ""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("OrchardBot is a self-hosted AI agent for farms.", ["OrchardBot"]),
        ("Une équipe publie un modèle baptisé Mirabelle.", ["Mirabelle"]),
        ("They train with Selective Layer Freezing (SLF). SLF is fast.", ["Selective Layer Freezing (SLF)"]),
        ("Marta Olsen is a lawyer who likes AI models.", []),
        ("Contoso, a leading AI service provider, grew.", []),
        ("The Institute of Machine Ethics (IME) met. IME liked it.", []),
    ],
)
def test_a_technology_is_told_by_what_is_said_of_it(text, names):
    assert [named.name for named in named_things(f"\n{text}", 0, PLAIN) if named.worth >= 0.5] == names


def test_wordings_of_one_thing_are_one_and_versions_are_not():
    def alike(kind, one, other):
        return is_same(kind, likeness(proposal_key(one), proposal_key(other)))

    assert proposal_key("Shortage of memory chips") == proposal_key("Memory chip shortages")
    assert alike("issue", "Shortage of memory chips", "Memory shortage")
    assert alike("concern", "Mass surveillance", "Mass domestic surveillance")
    assert not alike("issue", "Ban on phones", "Ban on drones")
    assert not alike("technology", "Mirabelle 2", "Mirabelle 3")
    assert not alike("technology", "Agent Harbour", "Agent Harness")


def proposed(name, kind="issue", **columns):
    return Proposed(
        kind=kind, name=name, description="", change="", outlook="", driving_force="", quote=name,
        relevance=3, similar=None, **columns,
    )  # fmt: skip


@pytest.mark.django_db
def test_what_publishers_word_differently_is_one_that_rises_above_what_one_said(article):
    days = [NOW - timedelta(days=number) for number in (9, 5, 1)]
    one, two, alone = (
        article(f"News {number}", publisher=f"{number}.example", sort_at=day)
        for number, day in enumerate(days)
    )
    keep_proposals({one.pk: [proposed("Shortage of memory chips")]}, now=NOW)
    keep_proposals(
        {two.pk: [proposed("Memory chip shortages worldwide")], alone.pk: [proposed("Ban on drones")]},
        now=NOW,
    )
    first, last = Proposal.objects.shown().risen_first()
    assert (first.name, first.publishers_count, first.stories_count) == ("Shortage of memory chips", 2, 2)
    assert (first.first_seen_at, first.last_seen_at) == (days[0], days[1])
    assert last.rising > 0 and last.name == "Ban on drones"


@pytest.mark.django_db
def test_what_was_rejected_does_not_come_back_in_slightly_other_words(article):
    one, two = article("One"), article("Two")
    keep_proposals({one.pk: [proposed("Shortage of memory chips")]}, now=NOW)
    Proposal.objects.update(status=Proposal.Status.REJECTED)
    assert keep_proposals({two.pk: [proposed("Memory chips shortage worldwide")]}, now=NOW) == 0
    assert not Proposal.objects.shown().exists()


@pytest.mark.django_db
def test_what_nobody_repeats_for_long_is_out_of_sight_until_it_is_said_again(article):
    old = article("Old", sort_at=NOW - timedelta(days=90))
    keep_proposals({old.pk: [proposed("Ban on drones")]}, now=NOW)
    keep_proposals({article("New", sort_at=NOW).pk: [proposed("Lack of nurses")]}, now=NOW)
    assert [one.name for one in Proposal.objects.shown()] == ["Lack of nurses"]
    keep_proposals({article("Newer", sort_at=NOW).pk: [proposed("Drone ban")]}, now=NOW)
    assert {one.name for one in Proposal.objects.shown()} == {"Ban on drones", "Lack of nurses"}


@pytest.mark.django_db
def test_a_known_tag_in_other_words_is_a_suggestion_that_is_asked_about(small_catalogue, article):
    one = article("Routing", "An AI lab describes routers. QuickMix is a mixture of AI experts model.")
    tag_articles([one.pk], now=NOW)
    again = list(Tagging.objects.values_list("pk", "confidence"))
    tag_articles([one.pk], now=NOW)
    assert list(Tagging.objects.values_list("pk", "confidence")) == again
    assert not Proposal.objects.filter(name__iexact="mixture of experts").exists()
    assert not Tagging.objects.exclude(state__in=[State.SUGGESTED, State.SAMPLED]).exists()
    assert Tag.objects.count() == 6
