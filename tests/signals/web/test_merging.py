"""Two items side by side become one on their page, and are split again there."""

import pytest
from django.urls import reverse

from signals.curation.decisions import decide_tagging
from signals.curation.ratings import rate_tag
from signals.curation.sameness import refresh_similar_tags
from signals.models import Change, Role, Tag, Theme, User
from tests.signals.web.making import make_article, make_merge, make_source, make_tag, plain

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair() -> tuple[Tag, Tag]:
    left, right = make_tag("Dependence on AI tools"), make_tag("Dependency on AI tools")
    Tag.objects.filter(pk=right.pk).update(outlook="Nobody remembers.", driving_force="Comfort.")
    make_article(make_source(), [left, right])
    make_article(make_source(), [right])
    return left, right


def test_the_page_says_what_moves_and_the_chosen_fields_stand_on_the_page_that_stays(analyst, pair):
    left, right = pair
    page = reverse("tag-merge", args=[left.pk])
    found = analyst.get(f"{page}?q=dependency").content.decode()
    assert f"{page}?with={right.pk}" in found
    html = plain(analyst.get(f"{page}?with={right.pk}").content)
    assert "From “Dependency on AI tools” to “Dependence on AI tools” go: 2 mentions" in html
    assert "1 article carries both" in html
    right.themes.add(Theme.objects.create(name="Work", slug="work"))
    chosen = {
        **{"with": right.pk, "into": "left", "name": "right", "themes": "left", "driving_force": "right"},
        **{"description": "written", "description_text": "Both in one.", "outlook": "left"},
    }
    response = analyst.post(page, chosen, follow=True)
    left.refresh_from_db()
    assert (left.name, left.description, left.outlook, left.driving_force) == (
        "Dependency on AI tools", "Both in one.", "", "Comfort.",
    )  # fmt: skip
    assert not left.themes.exists()
    assert "Merged from Dependency on AI tools" in plain(response.content)
    assert response.redirect_chain[-1][0] == left.get_absolute_url()


def test_a_text_written_beside_another_choice_is_not_lost(analyst, pair):
    left, right = pair
    page = reverse("tag-merge", args=[left.pk])
    chosen = {"with": right.pk, "into": "left", "outlook": "right", "outlook_text": "Written in vain?"}
    response = analyst.post(page, chosen)
    assert response.status_code == 409
    assert "Written in vain?" in response.content.decode()
    assert "you wrote a text" in response.content.decode()
    taken = make_tag("Overreliance")
    response = analyst.post(page, {"with": right.pk, "name": "written", "name_text": "overreliance"})
    assert (response.status_code, "already a name of “Overreliance”" in response.content.decode()) == (
        409,
        True,
    )
    assert Tag.objects.live().count() == 3
    assert taken.names.get().is_live


def test_old_addresses_lead_to_the_page_that_stays(analyst, pair, people):
    left, right = pair
    old = right.get_absolute_url()
    make_merge(right, left, people[Role.ANALYST])
    assert analyst.get(old)["Location"] == left.get_absolute_url()
    assert analyst.get(f"{old[:-1]}.csv?weeks=12")["Location"].startswith(
        left.get_absolute_url()[:-1] + ".csv"
    )
    assert analyst.get(reverse("tag-merge", args=[right.pk]))["Location"] == reverse(
        "tag-merge", args=[left.pk]
    )
    html = analyst.get(f"/articles/?tag={right.pk}").content.decode()
    assert html.count("data-row>") == 2
    assert "lay--2" in analyst.get(f"{make_tag('Third').get_absolute_url()}?with={right.pk}").content.decode()


def test_a_score_says_what_it_was_given_to_through_several_merges(analyst, people, pair):
    left, right = pair
    third = make_tag("Laziness")
    for tag in (right, third):
        rate_tag(tag=tag, by=people[Role.ANALYST], relevancy=3)
    make_merge(right, third, people[Role.ANALYST])
    make_merge(third, left, people[Role.ANALYST])
    html = plain(analyst.get(left.get_absolute_url()).content)
    assert "as “Dependency on AI tools”" in html
    assert "as “Laziness”" in html


def test_a_split_says_what_goes_back_and_what_stays(analyst, pair, people):
    left, right = pair
    first = make_merge(right, left, people[Role.ANALYST])
    second = make_merge(make_tag("Laziness"), left, people[Role.ANALYST])
    article = make_article(make_source(), [])
    decide_tagging(article=article, tag=left, by=people[Role.ANALYST], verdict="accept")
    page = reverse("tag-merged", args=[left.pk])
    html = analyst.get(page).content.decode()
    assert "2 mentions" in plain(html)
    assert "1 decision " in plain(html)
    assert reverse("tag-split", args=[left.pk, second.pk]) in html
    assert reverse("tag-split", args=[left.pk, first.pk]) not in html
    refused = analyst.post(reverse("tag-split", args=[left.pk, first.pk]), follow=True)
    assert "Laziness” was merged into it since" in refused.content.decode()
    for change in (second, first):
        analyst.post(reverse("tag-split", args=[left.pk, change.pk]))
    assert Tag.objects.live().count() == 3
    assert set(left.taggings.values_list("article", flat=True)) >= {article.pk}
    assert Change.objects.filter(verb="tag.merged", undone_at=None).count() == 0


def test_on_a_tags_page_a_similar_one_goes_with_one_press(analyst, as_role, pair):
    left, right = pair
    refresh_similar_tags()
    address = reverse("similar-decide", args=[left.pk, right.pk])
    assert address in analyst.get(left.get_absolute_url()).content.decode()
    assert address not in as_role(Role.VIEWER).get(left.get_absolute_url()).content.decode()
    said = analyst.post(address, {"verdict": "distinct", "back": left.pk}, headers={"HX-Request": "true"})
    assert (said.status_code, said.content, "X-Said" in said) == (200, b"", True)
    assert analyst.post("/inbox/undo/").status_code == 302
    assert analyst.post(address, {"into": left.pk, "back": left.pk})["Location"] == left.get_absolute_url()
    again = analyst.post(address, {"into": left.pk, "back": left.pk}, headers={"HX-Request": "true"})
    assert again.status_code == 409
    assert User.objects.count() == 3
