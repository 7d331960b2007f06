"""Two people at one tag in the same moment: one wins, the other is told, nothing is lost."""

import threading

import pytest
from django.db import connection

from signals.curation.catalogue import CatalogueError, create_tag
from signals.curation.errors import CurationError
from signals.curation.tags import ChangedMeanwhileError, add_name, edit_tag, seen_as
from signals.curation.undo import undo_change
from signals.models import Change, Tag, TagName, User

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works):
    """What each work, begun in the same moment, returned or raised as a refusal."""
    gate, ends = threading.Barrier(len(works)), [None] * len(works)

    def run(place, work):
        try:
            gate.wait(10)
            ends[place] = work()
        except CurationError as refused:
            ends[place] = refused
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


@pytest.fixture
def people():
    return [User.objects.create_user(f"p{number}@example.org", role="analyst") for number in range(2)]


def test_of_two_edits_of_one_field_one_is_written_and_the_other_told(people):
    tag = create_tag(kind="issue", name="Model collapse")
    seen = {"outlook": seen_as(tag, "outlook")}
    ends = at_once(
        *(
            lambda by=by: edit_tag(tag=tag, by=by, values={"outlook": f"As {by.pk} sees it"}, seen=seen)
            for by in people
        )
    )
    told = [end for end in ends if isinstance(end, ChangedMeanwhileError)]
    written = [end for end in ends if isinstance(end, Change)]
    assert (len(told), len(written)) == (1, 1)
    assert told[0].theirs == written[0].after["outlook"] == Tag.objects.get().outlook


def test_a_name_given_to_two_tags_at_once_is_one_tags(people):
    tags = [create_tag(kind="issue", name=name) for name in ("Model collapse", "Data drought")]
    ends = at_once(
        *(
            lambda pair=pair: add_name(tag=pair[0], by=pair[1], name="Synthetic spiral")
            for pair in zip(tags, people, strict=True)
        )
    )
    assert sum(isinstance(end, CatalogueError) for end in ends) == 1
    assert TagName.objects.filter(normalised="synthetic spiral").count() == Change.objects.count() == 1


def test_an_edit_undone_twice_at_once_is_undone_once(people):
    tag = create_tag(kind="issue", name="Model collapse")
    change = edit_tag(tag=tag, by=people[0], values={"outlook": "Rarer", "status": "archived"})
    ends = at_once(
        *(lambda by=by: undo_change(change=Change.objects.get(pk=change.pk), by=by) for by in people)
    )
    assert sum(isinstance(end, CurationError) for end in ends) == 1
    tag.refresh_from_db()
    assert (tag.outlook, tag.status) == ("", "tracked")
    assert TagName.objects.get().is_live
