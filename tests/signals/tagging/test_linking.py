import pytest

from signals.models import Note, NoteRow, Origin, Proposal, State, Tag, Tagging, User
from signals.tagging.linking import link_note_rows
from signals.tagging.service import tag_articles
from tests.signals.tagging.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def note(small_catalogue, article):
    one = article("A note on models", "Language models everywhere.", type="note")
    return Note.objects.create(article=one, note_key="n1", content_hash="h")


def row(note, name, *, kind="technology", relevancy=None, **columns):
    position = note.rows.filter(kind=kind).count()
    return NoteRow.objects.create(
        note=note, kind=kind, position=position, name=name, stated_relevancy=relevancy, **columns
    )


def linked(one):
    one.refresh_from_db()
    return (one.tag.name if one.tag else None, one.link)


@pytest.mark.parametrize(
    "name", ["Large Language Models (LLMs)", "LLMs", "Modèles de langage", "Grands modèles de langage (LLM)"]
)
def test_one_thing_under_many_names_is_one_tag(note, name):
    one = row(note, name, description="They write.", relevancy=4)
    link_note_rows([note.pk], now=NOW)
    assert linked(one) == ("Large language models", "confirmed")
    tagging = Tagging.objects.get()
    assert (tagging.origin, tagging.state, tagging.stated_relevancy) == (Origin.NOTE, State.CONFIRMED, 4)
    assert (tagging.quote, tagging.quote_field) == ("They write.", "note")


def test_what_is_near_is_suggested_and_what_is_new_is_proposed_with_its_full_row(note):
    near = row(note, "Large Language Models (LLMs) in hospitals", description="Models for nurses.")
    new = row(
        note,
        "Quiet ports",
        kind="signal",
        relevancy=5,
        description="Harbours go electric.",
        change="From diesel to batteries.",
        outlook="Silent harbours.",
        driving_force="Noise rules.",
    )
    nameless = row(note, None, description="Something with a description only.")
    summary = link_note_rows([note.pk], now=NOW)
    assert (summary.linked, summary.suggested, summary.proposed) == (0, 1, 1)
    assert linked(near) == ("Large language models", "suggested")
    assert linked(new) == linked(nameless) == (None, "none")
    proposal = Proposal.objects.get()
    assert (proposal.kind, proposal.name, proposal.change, proposal.outlook, proposal.driving_force) == (
        "signal", "Quiet ports", "From diesel to batteries.", "Silent harbours.", "Noise rules.",
    )  # fmt: skip
    assert proposal.evidence.get().relevancy == 5
    assert not Tagging.objects.exists()


def test_what_a_person_refused_is_not_suggested_again(note):
    one = row(note, "LLMs", refused_tags=[Tag.objects.get(name="Large language models").pk])
    link_note_rows([note.pk])
    assert linked(one)[0] != "Large language models"


def test_linking_again_changes_nothing_and_tagging_leaves_it_alone(note):
    row(note, "LLMs", relevancy=3, description="First.")
    row(note, "Large language models", relevancy=5, description="Second.")
    row(note, "Something wholly different", kind="behavior")
    link_note_rows([note.pk], now=NOW)
    rows, taggings = list(NoteRow.objects.values()), list(Tagging.objects.values())
    assert [(tagging["stated_relevancy"], tagging["quote"]) for tagging in taggings] == [(5, "Second.")]
    proposals = list(Proposal.objects.values())
    link_note_rows([note.pk])
    tag_articles([note.article_id])
    assert list(NoteRow.objects.values()) == rows
    assert list(Proposal.objects.values()) == proposals
    assert list(Tagging.objects.filter(origin=Origin.NOTE).values()) == taggings


def test_a_person_outranks_a_note(note):
    row(note, "LLMs", relevancy=5)
    User.objects.create(email="analyst@team.example")
    Tagging.objects.create(
        article=note.article, tag=Tag.objects.get(name="Large language models"), state=State.REJECTED,
        origin=Origin.PERSON, decided_at=NOW,
    )  # fmt: skip
    before = list(Tagging.objects.values())
    link_note_rows([note.pk])
    assert list(Tagging.objects.values()) == before


def test_a_row_that_left_its_note_takes_its_mention_along(note):
    one = row(note, "LLMs", relevancy=5)
    link_note_rows([note.pk])
    one.delete()
    link_note_rows([note.pk])
    assert not Tagging.objects.exists()
