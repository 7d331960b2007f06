"""Working on a tag's page: editing in place, deciding on evidence, comments, signposts, reviews."""

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from signals.curation.catalogue import create_tag
from signals.curation.decisions import decide_tagging
from signals.curation.outlooks import review_outlook
from signals.curation.ratings import rate_tag
from signals.curation.signposts import add_signpost
from signals.curation.tags import edit_tag
from signals.models import (
    Change,
    Comment,
    Decision,
    OutlookReview,
    Rating,
    Role,
    Signpost,
    Tag,
    Tagging,
    TagName,
    Theme,
)
from tests.signals.web.making import make_article, make_merge, make_source, make_tag, plain

HTMX = {"HX-Request": "true"}
TODAY = timezone.now().date()


@pytest.fixture
def tag(db):
    return create_tag(
        kind="technology", name="Edge inference", description="What it is.", aliases=["On-device AI"]
    )


def seen(html: str) -> dict[str, str]:
    """What a form remembers of its fields."""
    return dict(re.findall(r'name="(seen-\w+)" value="(\w+)"', html))


def form_of(client, tag, part, **headers) -> dict[str, str]:
    return seen(client.get(f"/tags/{tag.pk}/edit/{part}/", headers=headers).content.decode())


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_field_is_edited_with_and_without_a_script(analyst, tag, headers):
    page = analyst.get(tag.get_absolute_url()).content.decode()
    assert f"/tags/{tag.pk}/edit/description/" in page
    typed = {"description": "Models run where data is.", "description_fr": ""} | form_of(
        analyst, tag, "description"
    )
    answer = analyst.post(f"/tags/{tag.pk}/edit/description/", typed, headers=headers)
    if headers:
        assert "Models run where data is." in answer.content.decode()
        assert answer["HX-Trigger"] == "tag-changed"
    else:
        assert answer["Location"] == tag.get_absolute_url()
    history = plain(analyst.get(tag.get_absolute_url()).content)
    assert "Edited: description: “What it is.” → “Models run where data is.”" in history


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_the_second_of_two_is_told_and_loses_nothing(as_role, tag, headers):
    ana, ben = as_role(Role.ANALYST), as_role(Role.ADMINISTRATOR)
    url = f"/tags/{tag.pk}/edit/outlook/"
    of_both = form_of(ana, tag, "outlook")
    ana.post(url, {"outlook": "Ana’s words", "outlook_due_on": ""} | of_both)
    told = ben.post(
        url, {"outlook": "Ben’s words", "outlook_due_on": "2031-01-01"} | of_both, headers=headers
    )
    assert told.status_code == (200 if headers else 422)
    html = told.content.decode()
    assert "analyst@example.org wrote here meanwhile" in html
    assert "Ana’s words" in html
    assert "Ben’s words" in html
    assert 'value="2031-01-01"' in html
    tag.refresh_from_db()
    assert tag.outlook == "Ana’s words"
    # Told once, saving again means it.
    ben.post(url, {"outlook": "Ben’s words", "outlook_due_on": "2031-01-01"} | seen(html))
    tag.refresh_from_db()
    assert (tag.outlook, tag.outlook_due_on.isoformat()) == ("Ben’s words", "2031-01-01")
    # A third one who wrote between is a conflict again.
    again = ben.post(url, {"outlook": "Once more", "outlook_due_on": ""} | of_both, headers=headers)
    assert "meanwhile" in again.content.decode()


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_was_typed_while_the_item_was_merged_away_is_kept_and_leads_on(analyst, people, tag, headers):
    into = make_tag("The one that stays")
    Tag.objects.filter(pk=tag.pk).update(outlook="In ten years", outlook_due_on=TODAY)
    make_merge(tag, into, people["administrator"])
    for part, typed in [
        ("description", {"description": "An hour of writing"}),
        ("names", {"alias": "An hour of writing"}),
    ]:
        address = f"/tags/{tag.pk}/edit/{part}/"
        html = analyst.post(address, typed, headers=headers).content.decode()
        assert "This item was merged into another one." in plain(html)
        assert "An hour of writing" in html
        assert into.get_absolute_url() in html
        shown = analyst.get(address, headers=headers)
        assert into.get_absolute_url() in (shown.get("Location"), shown.get("HX-Redirect"))
    said = {"text": "An hour of writing", "words": "An hour of writing", "held": "yes"}
    for panel in ("comments", "signposts", "outlook"):
        told = analyst.post(f"/tags/{tag.pk}/{panel}/", said, headers=headers, follow=True)
        assert "This item was merged into another one." in plain(told.content)
        assert not headers or "An hour of writing" in told.content.decode()


def test_what_a_field_cannot_be_is_said_beside_it_and_kept(analyst, tag):
    other = create_tag(kind="technology", name="Small models")
    html = analyst.post(
        f"/tags/{tag.pk}/edit/name/", {"name": "Small models", "name_fr": "Neuf"}
    ).content.decode()
    assert "already a name of" in html
    assert f'href="{other.get_absolute_url()}"' in html
    assert 'value="Neuf"' in html
    empty = analyst.post(f"/tags/{tag.pk}/edit/name/", {"name": " "}, headers=HTMX).content.decode()
    assert 'aria-invalid="true"' in empty
    for part, typed in (
        ("outlook", {"outlook_due_on": "soon"}),
        ("filing", {"kind": "idea", "status": "tracked"}),
        ("filing", {"kind": "technology", "status": "tracked", "themes": ["999"]}),
        ("description", {"description": "x" * 20_001}),
    ):
        assert analyst.post(f"/tags/{tag.pk}/edit/{part}/", typed).status_code == 422
    assert analyst.get(f"/tags/{tag.pk}/edit/nothing/").status_code == 404
    assert not Change.objects.exists()


def test_names_come_and_go_one_by_one_and_one_of_another_tag_leads_there(analyst, tag):
    other = create_tag(kind="technology", name="Small models")
    url = f"/tags/{tag.pk}/edit/names/"
    refused = analyst.post(url, {"alias": "small  MODELS"}, headers=HTMX).content.decode()
    assert f'href="{other.get_absolute_url()}"' in refused
    assert 'value="small  MODELS"' in refused
    added = analyst.post(url, {"alias": "IA locale", "language": "fr"}, headers=HTMX).content.decode()
    assert "IA locale" in added
    name = TagName.objects.get(name="On-device AI")
    analyst.post(url, {"remove": str(name.pk)})
    analyst.post(url, {"remove": str(name.pk)})
    analyst.post(url, {"remove": str(TagName.objects.get(name="Small models").pk)})
    assert set(TagName.objects.filter(tag=tag).values_list("name", flat=True)) == {
        "Edge inference",
        "IA locale",
    }
    assert TagName.objects.filter(name="Small models").exists()
    assert "no longer called “On-device AI”" in plain(analyst.get(tag.get_absolute_url()).content)


def test_undo_from_the_page_stays_on_the_page(analyst, tag):
    theme = Theme.objects.create(name="Compute", slug="compute")
    analyst.post(
        f"/tags/{tag.pk}/edit/filing/", {"kind": "issue", "status": "candidate", "themes": [theme.pk]}
    )
    tag.refresh_from_db()
    assert (tag.kind, tag.status, list(tag.themes.all())) == ("issue", "candidate", [theme])
    answer = analyst.post("/inbox/undo/", {"back": tag.get_absolute_url()})
    assert answer["Location"] == tag.get_absolute_url()
    tag.refresh_from_db()
    assert (tag.kind, tag.status, list(tag.themes.all())) == ("technology", "tracked", [])
    analyst.post(f"/tags/{tag.pk}/comments/", {"text": "Hm"})
    assert (
        analyst.post("/inbox/undo/", {"back": "//elsewhere.example/"})["Location"] == tag.get_absolute_url()
    )


def test_an_archived_tag_is_out_of_the_table_until_it_is_asked_for(analyst, people):
    tag = make_tag("Edge inference")
    edit_tag(tag=tag, by=people[Role.ANALYST], values={"status": "archived"})
    assert "Edge inference" not in plain(analyst.get("/tags/?q=edge&moved=all").content).split("Trends", 1)[1]
    assert "Edge inference" in plain(analyst.get("/tags/?status=archived").content)
    page = plain(analyst.get(tag.get_absolute_url()).content)
    assert "archived" in page


def test_a_tag_added_by_hand_is_told_of_what_may_be_the_same_first(analyst):
    there = create_tag(
        kind="technology", name="Small language models", description="Models of few parameters."
    )
    typed = {
        "kind": "technology",
        "name": "Small language model",
        "status": "tracked",
        "outlook": "Everywhere",
    }
    told = analyst.get(
        "/tags/new/",
        {"kind": "technology", "name": typed["name"]},
        headers=HTMX | {"HX-Target": "similar-new"},
    )
    assert there.get_absolute_url() in told.content.decode()
    asked = analyst.post("/tags/new/", typed)
    html = asked.content.decode()
    assert asked.status_code == 422
    assert there.get_absolute_url() in html
    assert "Everywhere" in html
    assert Tag.objects.count() == 1
    sure = re.search(r'name="sure" value="([\d,]+)"', html)[1]
    added = analyst.post("/tags/new/", typed | {"sure": sure})
    tag = Tag.objects.get(name="Small language model")
    assert added["Location"] == tag.get_absolute_url()
    assert tag.outlook == "Everywhere"
    # The very name of another one is refused, sure or not.
    twice = analyst.post("/tags/new/", typed | {"sure": f"{sure},{tag.pk}"})
    assert "already a name of" in twice.content.decode()
    assert analyst.post("/tags/new/", {"kind": "technology"}).status_code == 422


def test_evidence_is_decided_on_where_it_stands_and_stances_are_summed_up(analyst, tag):
    source = make_source()
    articles = [make_article(source, [tag]) for _ in range(3)]
    url = f"/tags/{tag.pk}/evidence/{{}}/"
    said = analyst.post(url.format(articles[0].pk), {"stance": "contradicts"}, headers=HTMX).content.decode()
    assert "contradicts it" in said
    assert 'id="stances"' in said
    analyst.post(url.format(articles[1].pk), {"stance": "supports"}, headers=HTMX)
    analyst.post(url.format(articles[2].pk), {"relevancy": "5", "stance": ""}, headers=HTMX)
    page = analyst.get(tag.get_absolute_url()).content.decode()
    assert "1 supports , 1 contradicts" in plain(page)
    assert "analyst@example.org" in page.split('id="evidence"')[1]
    only = (
        analyst.get(tag.get_absolute_url() + "?stance=contradicts")
        .content.decode()
        .split('id="evidence-heading"')[1]
    )
    assert articles[0].title in only
    assert articles[1].title not in only
    analyst.post(url.format(articles[0].pk), {"verdict": "reject", "why": "passing"}, headers=HTMX)
    assert Decision.objects.latest("pk").why == "passing"
    assert "1 supports , 0 contradict" in plain(analyst.get(tag.get_absolute_url()).content)
    refused = analyst.post(url.format(articles[1].pk), {"stance": "perhaps"}, headers=HTMX)
    assert (refused.status_code, bool(unquote(refused["X-Reason"]))) == (409, True)
    for nothing in ({}, {"relevancy": "9"}, {"why": "wrong"}):
        assert analyst.post(url.format(articles[1].pk), nothing, headers=HTMX).status_code == 409


def test_the_article_page_decides_likewise(analyst, tag):
    article = make_article(make_source(), [tag])
    assert (
        f"/tags/{tag.pk}/evidence/{article.pk}/" in analyst.get(f"/articles/{article.pk}/").content.decode()
    )
    typed = {"from": "article", "stance": "supports", "relevancy": "2"}
    row = analyst.post(f"/tags/{tag.pk}/evidence/{article.pk}/", typed, headers=HTMX).content.decode()
    assert "supports it" in row
    assert 'id="stances"' not in row
    tagging = Tagging.objects.get()
    assert (tagging.stance, tagging.stated_relevancy, tagging.state) == ("supports", 2, "confirmed")
    back = analyst.post(f"/tags/{tag.pk}/evidence/{article.pk}/", typed)
    assert back["Location"] == f"/articles/{article.pk}/"


def test_comments_are_said_withdrawn_by_who_wrote_them_and_told_in_the_history(as_role, tag):
    ana, ben = as_role(Role.ANALYST), as_role(Role.ADMINISTRATOR)
    article = make_article(make_source())
    url = f"/tags/{tag.pk}/comments/"
    shown = ana.post(
        url, {"text": "Sales talk?", "article": f"https://vigie.example/articles/{article.pk}/"}, headers=HTMX
    )
    assert article.title in shown.content.decode()
    comment = Comment.objects.get()
    kept = ana.post(url, {"text": "Typed", "article": "nowhere"}, headers=HTMX).content.decode()
    assert "no such article" in kept
    assert ">Typed<" in kept
    assert f'name="withdraw" value="{comment.pk}"' not in ben.get(tag.get_absolute_url()).content.decode()
    assert "Only who wrote it" in ben.post(url, {"withdraw": comment.pk}, headers=HTMX).content.decode()
    ana.post(url, {"withdraw": comment.pk}, headers=HTMX)
    page = plain(ben.get(tag.get_absolute_url()).content)
    assert "Comment withdrawn" in page
    assert Comment.objects.get().undone_at is not None


def test_a_due_outlook_asks_whether_it_held_and_stands_on_the_page_of_reviews(analyst, people, tag):
    ana = people[Role.ANALYST]
    due = TODAY - timedelta(days=3)
    edit_tag(tag=tag, by=ana, values={"outlook": "On every phone", "outlook_due_on": due})
    assert "Edge inference" in plain(analyst.get("/reviews/").content)
    page = analyst.get(tag.get_absolute_url()).content.decode()
    assert "did it hold?" in page
    typed = {
        "held": "partly",
        "words": "Half of them",
        "seen": re.search(r'name="seen" value="(\w+)"', page)[1],
    }
    refused = analyst.post(f"/tags/{tag.pk}/outlook/", typed | {"next_on": "2001-01-01"}, headers=HTMX)
    assert "Half of them" in refused.content.decode()
    assert not OutlookReview.objects.exists()
    later = (TODAY + timedelta(days=400)).isoformat()
    told = plain(analyst.post(f"/tags/{tag.pk}/outlook/", typed | {"next_on": later}, headers=HTMX).content)
    assert "it held in part" in told
    tag.refresh_from_db()
    assert tag.outlook_due_on.isoformat() == later
    assert "Edge inference" not in plain(analyst.get("/reviews/").content)
    edit_tag(tag=tag, by=ana, values={"outlook": "On some phones"})
    assert "On every phone" in analyst.get(tag.get_absolute_url()).content.decode().split('id="signposts"')[1]


def test_a_signpost_is_put_up_and_seen_in_an_article(analyst, people, tag):
    edit_tag(tag=tag, by=people[Role.ANALYST], values={"outlook": "On every phone"})
    article = make_article(make_source())
    url = f"/tags/{tag.pk}/signposts/"
    analyst.post(url, {"words": "A phone runs a 30B model"}, headers=HTMX)
    signpost = Signpost.objects.get()
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    for bad in ({"seen_on": tomorrow}, {"seen_on": "soon"}, {"article": "999999"}):
        assert 'role="alert"' in analyst.post(url, {"seen": signpost.pk} | bad, headers=HTMX).content.decode()
    shown = analyst.post(
        url, {"seen": signpost.pk, "article": f"{article.pk}"}, headers=HTMX
    ).content.decode()
    assert "seen on" in shown
    assert article.title in shown
    assert "Signpost seen: Edge inference: A phone runs a 30B model" in plain(
        analyst.get(tag.get_absolute_url()).content
    )


def test_ones_own_due_scores_are_listed_and_those_of_others_stay_unseen(analyst, people, tag):
    ana, ben = people[Role.ANALYST], people[Role.ADMINISTRATOR]
    for by in (ana, ben):
        rate_tag(tag=tag, by=by, relevancy=4, rationale=f"{by} says so", review_on=TODAY + timedelta(days=1))
    Rating.objects.update(review_on=TODAY)
    page = plain(analyst.get("/reviews/").content)
    assert "analyst@example.org says so" in page
    assert "administrator@example.org" not in page
    rate_tag(tag=tag, by=ana, relevancy=4)
    assert "None of your scores is due" in plain(analyst.get("/reviews/").content)


def test_a_day_to_look_again_comes_with_the_score_and_a_refused_one_is_kept(analyst, tag):
    url = f"/tags/{tag.pk}/rate/"
    kept = analyst.post(url, {"relevancy": "4", "review_on": "2001-01-01"}, headers=HTMX).content.decode()
    assert 'value="2001-01-01"' in kept
    assert "please" not in kept
    later = (TODAY + timedelta(days=90)).isoformat()
    analyst.post(url, {"relevancy": "4", "review_on": later}, headers=HTMX)
    assert Rating.objects.get().review_on.isoformat() == later


def test_agreed_or_contested_is_said_from_three_ratings_on(analyst, people, tag):
    for role, score in ((Role.ADMINISTRATOR, 5), (Role.VIEWER, 5)):
        rate_tag(tag=tag, by=people[role], relevancy=score)
    page = analyst.post(f"/tags/{tag.pk}/rate/", {"relevancy": "1", "rationale": "Not here"}, headers=HTMX)
    assert "Median 5 of 3 raters, spread 2, contested" in plain(page.content)
    rows = re.findall(r'<th scope="row">(\d)</th>.*?<td class="num">(\d)</td>', page.content.decode())
    assert rows == [("5", "2"), ("4", "0"), ("3", "0"), ("2", "0"), ("1", "1")]


def test_neither_viewers_nor_strangers_see_a_form(as_role, people, settings, tag):
    settings.PUBLIC_READ_ONLY = True
    ana = people[Role.ANALYST]
    edit_tag(tag=tag, by=ana, values={"outlook": "On every phone", "outlook_due_on": TODAY})
    add_signpost(tag=tag, by=ana, words="A phone runs a 30B model")
    article = make_article(make_source(), [tag])
    decide_tagging(article=article, tag=tag, by=ana, verdict="accept", stance="contradicts")
    for role in (Role.VIEWER, ""):
        client = as_role(role)
        for url in (tag.get_absolute_url(), f"/articles/{article.pk}/", "/reviews/"):
            html = client.get(url).content.decode().split("<main")[1].split("</main")[0]
            assert 'method="post"' not in html, url
            assert "/edit/" not in html, url
        assert "contradicts it" in client.get(tag.get_absolute_url()).content.decode()
        assert client.get("/tags/new/").status_code == (403 if role else 302)
        assert client.get(f"/tags/{tag.pk}/edit/name/").status_code == (403 if role else 302)


def test_the_page_asks_no_more_however_much_was_said(analyst, people, tag):
    ana = people[Role.ANALYST]
    edit_tag(tag=tag, by=ana, values={"outlook": "On every phone"})
    source = make_source()

    def say(number: int) -> int:
        analyst.post(f"/tags/{tag.pk}/comments/", {"text": f"Comment {number}"})
        add_signpost(tag=tag, by=ana, words=f"Signpost {number}")
        review_outlook(tag=tag, by=ana, held="too_early", words=f"Review {number}")
        article = make_article(source, [tag])
        decide_tagging(article=article, tag=tag, by=ana, verdict="accept", stance="supports")
        counts = []
        for _ in range(2):  # what is kept for seconds may be asked for anew once
            with CaptureQueriesContext(connection) as asked:
                html = analyst.get(tag.get_absolute_url()).content.decode()
            counts.append(len(asked))
        assert f"Comment {number}" in html
        return min(counts)

    few = say(0)
    assert [say(number) for number in range(1, 8)] == [few] * 7
