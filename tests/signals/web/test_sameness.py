"""Pairs of tags, and rows of notes, judged on their pages."""

import pytest
from django.urls import reverse

from signals.curation.sameness import refresh_if_due, refresh_similar_tags
from signals.models import DistinctTags, NoteRow, Role, SimilarTags, State, Tag
from tests.signals.web.making import make_article, make_row, make_source, make_tag

pytestmark = pytest.mark.django_db
LIST = "/tags/similar/"


@pytest.fixture
def pair() -> tuple[Tag, Tag]:
    one, other = make_tag("Dependence on AI tools"), make_tag("Dependency on AI tools")
    for _ in range(3):
        make_article(make_source(), [one, other], state=State.CONFIRMED)
    refresh_similar_tags()
    return one, other


def test_two_tags_that_look_alike_are_shown_with_the_reason_and_made_one(as_role, pair):
    analyst, (one, other) = as_role(Role.ANALYST), pair
    html = analyst.get(LIST).content.decode()
    assert "names that mean nearly the same; 3 of 3 articles are the same" in html
    assert one.get_absolute_url() in analyst.get(other.get_absolute_url()).content.decode()
    address = reverse("similar-decide", args=[one.pk, other.pk])
    analyst.post(address, {"into": one.pk})
    other.refresh_from_db()
    assert other.merged_into == one
    assert analyst.get(other.get_absolute_url())["Location"] == one.get_absolute_url()
    assert address not in analyst.get(LIST).content.decode()
    assert analyst.post("/inbox/undo/")["Location"] == LIST
    other.refresh_from_db()
    assert other.merged_into is None


def test_what_is_not_the_same_is_not_asked_again_until_that_is_undone(as_role, pair):
    analyst, (one, other) = as_role(Role.ANALYST), pair
    address = reverse("similar-decide", args=[one.pk, other.pk])
    analyst.post(address, {"verdict": "distinct"})
    assert DistinctTags.objects.get().first == one
    assert address not in analyst.get(LIST).content.decode()
    assert refresh_similar_tags() == 0
    analyst.post("/inbox/undo/")
    assert refresh_similar_tags() == 1


def test_pairs_are_looked_for_again_only_when_the_catalogue_has_changed(pair):
    assert refresh_if_due() == 1
    assert refresh_if_due() is None
    make_tag("Dependence on tools of AI")
    assert refresh_if_due() == 3
    assert SimilarTags.objects.count() == 3


def test_a_row_is_a_tag_or_not_or_another_by_its_name(as_role):
    analyst, tag, other = as_role(Role.ANALYST), make_tag("Chat models"), make_tag("Speech models")
    article = make_article(make_source(), type="note")
    yes, no, another = (make_row(article, tag, name=f"Row of words {n}") for n in range(3))
    html = analyst.get("/inbox/links/").content.decode()
    assert analyst.get(f"/inbox/links/?row={no.pk}").content.decode().count("card proposal") == 1
    assert html.count("Chat models") >= 3
    assert reverse("inbox-link", args=[yes.pk]) in analyst.get(f"/articles/{article.pk}/").content.decode()
    assert (
        reverse("inbox-link", args=[yes.pk])
        not in as_role(Role.VIEWER).get(f"/articles/{article.pk}/").content.decode()
    )
    analyst = as_role(Role.ANALYST)
    analyst.post(reverse("inbox-link", args=[yes.pk]), {"verdict": "accept"})
    analyst.post(reverse("inbox-link", args=[no.pk]), {"verdict": "refuse"})
    analyst.post(reverse("inbox-link", args=[another.pk]), {"verdict": "other", "tag": "speech MODELS"})
    assert list(NoteRow.objects.order_by("pk").values_list("tag", "link")) == [
        (tag.pk, "confirmed"), (None, "none"), (other.pk, "confirmed"),
    ]  # fmt: skip
    response = analyst.post(
        reverse("inbox-link", args=[no.pk]), {"verdict": "other", "tag": "Nothing so called"}, follow=True
    )
    assert "Nothing so called" in response.content.decode()
