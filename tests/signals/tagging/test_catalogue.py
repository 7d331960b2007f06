import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from signals.curation.catalogue import CatalogueError, add_alias, create_tag, load_catalogue
from signals.models import Tag, TagName, Theme
from signals.tagging.catalogue_index import catalogue_state
from tests.signals.tagging.conftest import SMALL

pytestmark = pytest.mark.django_db


def test_loading_twice_changes_nothing():
    first = load_catalogue(SMALL)
    assert (first.created, first.conflicts) == (6, ())
    before = list(TagName.objects.values_list("pk", "name").order_by("pk"))
    again = load_catalogue(SMALL)
    assert (again.created, again.updated, again.names) == (0, 0, 0)
    assert list(TagName.objects.values_list("pk", "name").order_by("pk")) == before
    tag = Tag.objects.get(name="Open models rival closed ones")
    assert (tag.outlook, tag.driving_force) == ("Most organisations run open models.", "Cost and control.")
    assert Theme.objects.get().tags.get().name == "Mixture of experts (MoE)"


def test_a_newer_catalogue_updates_what_nobody_touched_and_keeps_what_a_person_wrote():
    load_catalogue(SMALL)
    edited = Tag.objects.get(name="AI agents")
    edited.description = "Ours."
    edited.save()
    edited.names.filter(name="autonomous agent").delete()
    newer = SMALL.replace("AI programs that plan", "Programs that plan").replace(
        "AI models trained on text", "Models trained on text"
    )
    assert load_catalogue(newer).updated == 1
    edited.refresh_from_db()
    assert edited.description == "Ours."
    assert not edited.names.filter(name="autonomous agent").exists()
    assert Tag.objects.get(name="Large language models").description.startswith("Models trained")


def test_a_tag_that_a_person_removed_does_not_come_back():
    load_catalogue(SMALL)
    Tag.objects.get(name="Mental health").delete()
    assert load_catalogue(SMALL).created == 0


def test_a_name_belongs_to_one_tag_of_a_kind_and_may_serve_another_kind():
    tag = create_tag(kind="technology", name="Retrieval", aliases=["RAG"])
    with pytest.raises(CatalogueError, match="Retrieval"):
        create_tag(kind="technology", name="rag")
    assert create_tag(kind="issue", name="RAG").pk != tag.pk
    assert add_alias(tag=tag, name="R.A.G.").normalised == "r.a.g."
    assert add_alias(tag=tag, name="  Rag ").pk == tag.names.get(name="RAG").pk


@pytest.mark.parametrize(
    ("kind", "name"), [("technology", " - "), ("technology", "x" * 301), ("idea", "RAG")]
)
def test_what_can_not_be_a_tag_is_refused_in_words(kind, name):
    with pytest.raises(CatalogueError, match=r"\w+ .+"):
        create_tag(kind=kind, name=name)
    assert not Tag.objects.exists()


def test_a_broken_catalogue_leaves_nothing_behind():
    with pytest.raises(CatalogueError):
        load_catalogue(SMALL + '\n[[tag]]\nkind = "idea"\nname = "Odd"\n')
    assert not Tag.objects.exists()
    with pytest.raises(CatalogueError, match="can't be read"):
        load_catalogue("tag = [")


def test_the_state_of_the_catalogue_is_worked_out_once_and_never_that_of_a_change_taken_back():
    load_catalogue(SMALL)
    before = catalogue_state()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert catalogue_state() == before
    assert not any("md5" in query["sql"] for query in asked)
    undone = transaction.savepoint()
    create_tag(kind="technology", name="Optical chips")
    other = catalogue_state()
    transaction.savepoint_rollback(undone)
    assert catalogue_state() == before
    add_alias(tag=Tag.objects.get(name="AI agents"), name="agent crews")
    renamed = catalogue_state()
    assert len({before, other, renamed}) == 3
    Tag.objects.filter(name="AI agents").update(relevancy=4)
    assert catalogue_state() == renamed
    TagName.objects.filter(name="agent crews").delete()
    assert catalogue_state() == before
