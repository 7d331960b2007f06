"""Which tag a note's row is, as people say; and what a name that they accepted is good for."""

import pytest

from signals.curation.aliases import is_name_like
from signals.curation.catalogue import create_tag
from signals.curation.decisions import decide_tagging
from signals.curation.errors import CurationError
from signals.curation.links import accept_link, refuse_link
from signals.curation.undo import undo_last
from signals.models import Job, Note, NoteRow, Origin, State, Tag, Tagging, TagName, User
from signals.tagging.linking import link_note_rows
from tests.signals.web.making import make_article, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@example.org")


@pytest.fixture
def tag() -> Tag:
    return create_tag(kind="technology", name="Large language models", description="Models that write text.")


@pytest.fixture
def row(tag) -> NoteRow:
    article = make_article(make_source(), type="note", language="fr")
    note = Note.objects.create(article=article, note_key="n", content_hash="h")
    return NoteRow.objects.create(
        note=note, kind="concern", position=0, name="Text machines", description="They write.",
        stated_relevancy=4, tag=tag, link="suggested", link_confidence=0.6,
    )  # fmt: skip


def world(row):
    row.refresh_from_db()
    return (
        (row.tag_id, row.link, row.link_confidence, row.refused_tags),
        list(TagName.objects.order_by("pk").values()),
        list(Tagging.objects.values_list("article", "tag", "state", "stated_relevancy")),
    )


def test_an_accepted_link_tags_the_article_and_its_name_is_looked_for_in_past_articles(ana, row, tag):
    before = world(row)
    accept_link(row=row, by=ana)
    row.refresh_from_db()
    assert (row.tag, row.link) == (tag, "confirmed")
    tagging = Tagging.objects.get()
    assert (tagging.tag, tagging.origin, tagging.state, tagging.stated_relevancy) == (
        tag, Origin.NOTE, State.CONFIRMED, 4,
    )  # fmt: skip
    alias = TagName.objects.get(name="Text machines")
    assert (alias.tag, alias.origin, alias.is_alias, alias.language) == (tag, "learned", True, "fr")
    assert Job.objects.filter(kind="match_tags", arguments={"tags": [tag.pk]}).exists()
    undo_last(by=ana)
    assert world(row) == before


def test_a_refused_link_is_not_suggested_again_until_that_is_undone(ana, row, tag):
    row.name = "Large language models"
    row.save()
    before = world(row)
    refuse_link(row=row, by=ana)
    link_note_rows([row.note_id])
    row.refresh_from_db()
    assert (row.tag, row.refused_tags) == (None, [tag.pk])
    undo_last(by=ana)
    assert world(row) == before


def test_another_tag_than_the_suggested_one_can_be_named(ana, row, tag):
    other = create_tag(kind="issue", name="Machines that write")
    accept_link(row=row, by=ana, tag=other)
    row.refresh_from_db()
    assert (row.tag, row.refused_tags) == (other, [tag.pk])
    assert TagName.objects.get(name="Text machines").tag == other


def test_a_link_can_be_taken_back_only_as_long_as_nobody_decided_on_top_of_it(ana, row):
    ben = User.objects.create_user("ben@example.org")
    accept_link(row=row, by=ana)
    refuse_link(row=row, by=ben)
    with pytest.raises(CurationError, match="decided on since"):
        undo_last(by=ana)
    undo_last(by=ben)
    undo_last(by=ana)


def test_what_is_gone_since_does_not_stand_before_what_was_done_earlier(ana, row, tag):
    article, other = make_article(make_source(), [tag]), make_article(make_source(), [tag])
    decide_tagging(article=article, tag=tag, by=ana, verdict="accept")
    accept_link(row=row, by=ana)
    decide_tagging(article=other, tag=tag, by=ana, verdict="accept")
    row.delete()
    other.delete()
    undo_last(by=ana)
    assert Tagging.objects.get(article=article).state == "suggested"
    with pytest.raises(CurationError, match="Nothing"):
        undo_last(by=ana)


def test_another_live_tags_name_never_becomes_an_alias(ana, row):
    create_tag(kind="issue", name="Text machines")
    accept_link(row=row, by=ana)
    assert TagName.objects.filter(name="Text machines").count() == 1


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("Chat models", True),
        ("LLMs", True),
        ("GPT-3.5", True),
        ("Modèles de langage", True),
        ("Emergence", False),
        ("Growth of AI", False),
        ("Hallucinations", False),
        ("Models write. People read.", False),
        ("A shift from people who write to machines that write for them", False),
        ("", False),
    ],
)
def test_only_what_can_be_found_in_a_text_is_a_name(name, is_one):
    assert is_name_like(name) is is_one
