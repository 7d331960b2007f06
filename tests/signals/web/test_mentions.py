"""Several analysts' scores of one mention: blind first, then the distribution; listed where they are far apart."""

from datetime import UTC, timedelta
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from signals.curation.decisions import decide_tagging, undo_decision
from signals.curation.ratings import rate_tag
from signals.models import ArticleVersion, Decision, Rating, Role, Tag, Tagging, User
from tests.signals.web.making import make_article, make_merge, make_source, make_tag, plain

HTMX = {"HX-Request": "true"}


@pytest.fixture
def others(db) -> list[User]:
    return [
        User.objects.create_user(f"{name}@example.org", role=Role.ANALYST, name=name.title())
        for name in ("bob", "cy")
    ]


@pytest.fixture
def mention(db) -> Tagging:
    return Tagging.objects.get(article=make_article(make_source(), [make_tag()]))


def say(mention, by, number, **more) -> Decision:
    verdict = "score" if number else "reject"
    return decide_tagging(
        article=mention.article, tag=mention.tag, by=by, verdict=verdict, relevancy=number, **more
    )


def addresses(mention) -> dict[str, str]:
    """Where one mention is decided on, or seen by who might."""
    return {
        "own": f"/tags/{mention.tag_id}/evidence/{mention.article_id}/",
        "tag": mention.tag.get_absolute_url(),
        "article": f"/articles/{mention.article_id}/",
        "inbox": f"/inbox/?article={mention.article_id}",
        "reviews": "/reviews/",
    }


def decide(client, mention, headers=HTMX, **typed):
    return client.post(addresses(mention)["own"], typed, headers=headers)


def triage(client, mention, **typed):
    return client.post(f"/inbox/{mention.article_id}/{mention.tag_id}/", typed, headers=HTMX)


def test_what_others_scored_shows_nowhere_one_decides_until_one_has_said_ones_own(analyst, others, mention):
    say(mention, others[0], 5)
    say(mention, others[1], 1, comment="Hardly at all.")
    blind = {name: plain(analyst.get(at).content) for name, at in addresses(mention).items()}
    for name, page in blind.items():
        assert "Median" not in page, name
        assert "Hardly at all." not in page, name
        assert "2 other scores show once you have given yours" in page or name == "reviews", name
    # Bob's 5 and Cy's 1 come to 3; what the tagger had said is 4.
    own = analyst.get(addresses(mention)["tag"]).content.decode()
    assert 'class="meter meter--guess"' in own.split('id="evidence-heading"')[1]
    assert 'aria-pressed="true">5' not in own
    decide(analyst, mention, relevancy="3")
    for name, at in addresses(mention).items():
        if name != "reviews":
            assert "Median 3 of 3 scores, spread 2, contested , yours is 3" in plain(analyst.get(at).content)
    assert "Hardly at all." in plain(analyst.get(addresses(mention)["own"]).content)


def test_accepting_says_no_number_so_it_stays_blind_and_rejecting_is_a_word(analyst, others, mention):
    say(mention, others[0], 5)
    assert "1 other score shows once" in plain(decide(analyst, mention, verdict="accept").content)
    said = plain(decide(analyst, mention, verdict="reject", why="wrong").content)
    assert "Median 5 of 1 score · 1 rejects it" in said


def test_a_viewer_sees_the_median_and_no_more(as_role, others, mention):
    say(mention, others[0], 5)
    say(mention, others[1], 2, comment="A side remark.")
    viewer = as_role(Role.VIEWER)
    for name in ("tag", "article"):
        html = viewer.get(addresses(mention)[name]).content.decode()
        assert 'class="num">4<' in html
        assert "Median" not in plain(html.encode())
        assert "A side remark." not in html
        assert addresses(mention)["own"] not in html
    assert viewer.get(addresses(mention)["own"]).status_code == 403
    assert "Contested mentions" not in plain(viewer.get("/reviews/?of=contested").content)


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_form_refuses_a_far_score_without_a_reason_and_keeps_what_was_typed(
    analyst, others, mention, headers
):
    say(mention, others[0], 5)
    answer = decide(analyst, mention, headers, relevancy="2", comment="")
    html = answer.content.decode()
    assert answer.status_code == (200 if headers else 422)
    assert "please say why" in html
    assert "Save 2 with this reason" in html
    assert Decision.objects.count() == 1
    # What they said is still not told.
    assert "Median" not in html
    decide(analyst, mention, headers, relevancy="2", comment="Only its last part.")
    assert Decision.objects.latest("pk").comment == "Only its last part."
    assert Tagging.objects.get().stated_relevancy == 4


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_form_that_is_older_than_anothers_word_is_told_keeps_its_reason_and_sent_again_counts_beside(
    analyst, others, mention, headers
):
    say(mention, others[0], 4)
    answer = decide(analyst, mention, headers, relevancy="5", seen="", comment="All of it.")
    html = answer.content.decode()
    assert answer.status_code == (200 if headers else 409)
    assert "Bob decided meanwhile: scored. " in html
    assert "All of it." in html
    seen = html.split('name="seen" value="')[1].split('"')[0]
    decide(analyst, mention, headers, relevancy="5", seen=seen, comment="All of it.")
    assert Tagging.objects.get().stated_relevancy == 5
    assert Decision.objects.filter(undone_at=None).count() == 2


def test_in_the_inbox_a_far_score_is_taken_and_the_row_asks_why(analyst, others, mention):
    say(mention, others[0], 5)
    seen = Tagging.objects.get().decided_at.isoformat()
    row = triage(analyst, mention, relevancy="1", seen=seen)
    assert row.status_code == 200
    assert "Your 1 is far from the others. Why?" in plain(row.content)
    assert "contested, without a reason" in plain(analyst.get("/reviews/").content)
    told = triage(analyst, mention, explain="1", comment="A list at its end.")
    assert "far from the others" not in plain(told.content)
    assert "without a reason" not in plain(analyst.get("/reviews/").content)
    assert [one.comment for one in Decision.objects.order_by("pk")] == ["", "A list at its end."]
    assert Tagging.objects.get().stated_relevancy == 3


def test_a_reason_typed_beside_a_score_that_comes_too_late_stays_in_the_row(analyst, others, mention):
    say(mention, others[0], 5)
    triage(analyst, mention, relevancy="1")
    seen = Tagging.objects.get().decided_at.isoformat()
    say(mention, others[0], 4)
    told = triage(analyst, mention, relevancy="2", seen=seen, comment="A “list”.")
    assert told.status_code == 409
    assert 'value="A “list”."' in told.content.decode()
    said = triage(analyst, mention, relevancy="2", comment="A “list”.")
    assert "A “list”." not in said.content.decode()


def test_a_reason_for_a_score_that_was_taken_back_meanwhile_is_refused_in_words(analyst, others, mention):
    say(mention, others[0], 5)
    triage(analyst, mention, relevancy="1")
    undo_decision(decision=Decision.objects.latest("pk"), by=others[0])
    answer = triage(analyst, mention, explain="1", comment="Why.")
    assert answer.status_code == 409
    assert "There is no score of yours" in unquote(answer["X-Reason"])


def test_the_history_of_a_mention_tells_who_said_what_why_and_what_was_taken_back(analyst, others, mention):
    first = say(mention, others[0], 5, comment="All of it.")
    say(mention, others[0], 4)
    say(mention, others[1], None, why="passing")
    undo_decision(decision=first, by=others[1])
    decide(analyst, mention, relevancy="4")
    page = plain(analyst.get(addresses(mention)["own"]).content)
    history = page.split("Who said what")[-1]
    assert "“All of it.”" in history
    assert "taken back on" in history
    assert "only in passing" in history
    assert history.index("analyst") < history.index("Cy") < history.index("Bob")


@pytest.mark.parametrize("is_undone", [True, False])
def test_a_score_that_counts_no_more_is_not_told_before_ones_own_either(analyst, others, mention, is_undone):
    first = say(mention, others[0], 5, comment="All of it.")
    if is_undone:
        undo_decision(decision=first, by=others[1])
    else:
        say(mention, others[0], None)
    blind = analyst.get(addresses(mention)["own"]).content.decode()
    assert "What others said shows once you have scored." in blind
    assert "All of it." not in blind
    decide(analyst, mention, relevancy="4")
    assert "All of it." in analyst.get(addresses(mention)["own"]).content.decode()


def test_why_somebody_rejected_shows_in_the_inbox_once_one_has_said_ones_own(analyst, others, mention):
    say(mention, others[0], 5)
    say(mention, others[1], None, why="passing")
    blind = plain(analyst.get(addresses(mention)["inbox"]).content)
    assert "rejected Cy" in blind
    assert "Cy · only in passing" not in blind
    decide(analyst, mention, verdict="reject")
    say(mention, others[1], None, why="passing")
    assert "Cy · only in passing" in plain(analyst.get(addresses(mention)["inbox"]).content)


def test_contested_mentions_and_those_older_than_the_text_are_listed_until_somebody_looks(
    analyst, others, mention
):
    other = Tagging.objects.get(article=make_article(make_source(), [make_tag()]))
    say(mention, others[0], 5)
    say(other, others[0], 5)
    say(other, others[1], 1)
    for number, (text, days) in enumerate((("Before.", -1), (other.article.text, 1), ("Older.", 1))):
        ArticleVersion.objects.create(
            article=(mention, other, mention)[number].article,
            number=number,
            title="T",
            text=text,
            replaced_at=timezone.now() + timedelta(days=days),
        )
    page = analyst.get("/reviews/").content.decode()
    contested, outdated = page.split('id="contested"')[1].split('id="outdated"')
    assert str(other.tag) in contested
    assert str(mention.tag) not in contested
    assert str(mention.tag) in outdated
    assert str(other.tag) not in outdated
    assert "has a new text since" in plain(analyst.get(addresses(mention)["own"]).content)
    ArticleVersion.objects.update(replaced_at=timezone.now() - timedelta(minutes=1))
    decide(analyst, mention, relevancy="5")
    say(other, others[1], 5)
    page = plain(analyst.get("/reviews/").content)
    assert str(mention.tag) not in page
    assert str(other.tag) not in page
    assert "No text changed after somebody decided on it." in page


def test_another_title_is_no_other_text_and_an_archived_item_asks_nobody_to_look_again(
    analyst, others, mention
):
    say(mention, others[0], 5)
    say(mention, others[1], 1)
    version = ArticleVersion.objects.create(
        article=mention.article,
        number=1,
        title="Old",
        text=mention.article.text,
        replaced_at=timezone.now() + timedelta(days=1),
    )
    assert "has a new text since" not in plain(analyst.get(addresses(mention)["own"]).content)
    ArticleVersion.objects.filter(pk=version.pk).update(text="Before.")
    assert "has a new text since" in plain(analyst.get(addresses(mention)["own"]).content)
    assert plain(analyst.get("/reviews/").content).count(mention.tag.name) == 2
    Tag.objects.update(status=Tag.Status.ARCHIVED)
    assert mention.tag.name not in plain(analyst.get("/reviews/").content)


TODAY = timezone.now().astimezone(UTC).date()


def test_a_day_to_look_again_is_said_with_the_word_and_leads_back_to_the_mention_when_it_comes(
    analyst, people, others, mention
):
    own = addresses(mention)["own"]
    later = (TODAY + timedelta(days=30)).isoformat()
    say(mention, others[0], 4, review_on=TODAY + timedelta(days=5))
    assert "to be looked at again on" not in plain(analyst.get(own).content)
    decide(analyst, mention, {}, verdict="accept", review_on=later, **{"from": "mention"})
    blind = plain(analyst.get(own).content)
    assert "You want to look again on" in blind
    assert "to be looked at again on" not in blind
    decide(analyst, mention, {}, relevancy="4", review_on=later, comment="In May.", **{"from": "mention"})
    history = plain(analyst.get(own).content).split("Who said what")[-1]
    assert history.count("to be looked at again on") == 3
    reviews = plain(analyst.get("/reviews/").content)
    assert "None of your words on mentions is due" in reviews
    assert "1 more within 90 days" in reviews
    assert "Review on" in plain(analyst.get("/history/").content)
    Decision.objects.update(review_on=TODAY)
    page = analyst.get("/reviews/").content.decode().split('id="words"')[1].split('id="contested"')[0]
    assert own in page
    assert "You said 4 on" in page
    assert "“In May.”" in page
    assert page.count("data-row>") == 1  # not Bob's
    assert "To look at again 1" in plain(analyst.get("/inbox/").content)
    Tag.objects.update(status=Tag.Status.ARCHIVED)
    assert "None of your words on mentions is due" in plain(analyst.get("/reviews/").content)


def test_undo_stays_on_the_mentions_page_takes_the_day_along_and_leads_on_where_the_mention_goes_too(
    analyst, people, mention
):
    other = make_tag()
    later = (TODAY + timedelta(days=30)).isoformat()
    for tag, leads_to in ((mention.tag, 200), (other, 302)):
        own = f"/tags/{tag.pk}/evidence/{mention.article_id}/"
        if tag == other:
            decide_tagging(article=mention.article, tag=tag, by=people["analyst"], verdict="accept")
        else:
            analyst.post(own, {"relevancy": "4", "review_on": later, "from": "mention"})
        assert analyst.post("/inbox/undo/", {"back": own})["Location"] == own
        answer = analyst.get(own)
        assert answer.status_code == leads_to
        assert "You want to look again" not in plain(answer.content)
    assert answer["Location"] == f"/articles/{mention.article_id}/"


@pytest.mark.parametrize(
    ("number", "day", "words"),
    [
        ("4", "2001-01-01", "has to be to come"),
        ("4", "soon", "“soon” is no day"),
        ("", "2999-01-01", "Press what you say of it"),  # Enter in the date
    ],
)
def test_a_day_that_is_none_or_past_or_comes_alone_is_refused_in_words_and_all_that_was_typed_stays(
    analyst, mention, number, day, words
):
    typed = {"relevancy": number, "review_on": day, "comment": "Kept.", "from": "mention"}
    answer = decide(analyst, mention, {}, **typed)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert words in html
    assert f'value="{day}"' in html
    assert ">Kept.</textarea>" in html
    assert not Decision.objects.exists()


def test_days_of_many_mentions_are_paged_and_ask_no_more_the_more_there_are(analyst, people):
    source, tag = make_source(), make_tag()
    asked = []
    for count in (12, 48):
        for article in [make_article(source, [tag]) for _ in range(count)]:
            decide_tagging(
                article=article,
                tag=tag,
                by=people["analyst"],
                verdict="reject",
                review_on=TODAY + timedelta(days=1),
            )
        Decision.objects.update(review_on=TODAY)
        for at in ("/reviews/", "/reviews/?of=words"):
            with CaptureQueriesContext(connection) as captured:
                page = plain(analyst.get(at).content)
            asked.append(len(captured))
    assert asked[0] == asked[2]
    assert asked[1] == asked[3]
    assert "Page 1 of 2" in page
    assert "You rejected it on" in page
    assert "All 60" in plain(analyst.get("/reviews/").content)


def test_what_is_coming_is_counted_whole_where_only_the_first_are_named(analyst, people, monkeypatch):
    monkeypatch.setattr("signals.web.views.tag_desk._COMING", 2)
    source, tag = make_source(), make_tag()
    for article in [make_article(source, [tag]) for _ in range(3)]:
        day = TODAY + timedelta(days=7)
        decide_tagging(article=article, tag=tag, by=people["analyst"], verdict="reject", review_on=day)
    for other in (make_tag(), make_tag(), tag):
        rate_tag(tag=other, by=people["analyst"], relevancy=3, review_on=TODAY + timedelta(days=7))
    page = plain(analyst.get("/reviews/").content)
    assert page.count("3 more within 90 days") == 2
    assert page.count("The first 2 are named.") == 2
    Rating.objects.update(review_on=TODAY)
    html = analyst.get("/reviews/").content.decode()
    assert 'Your scores <span class="count">3</span>' in html
    assert "The first 2 are named." in plain(html.encode())


def test_pages_of_contested_mentions_ask_no_more_the_more_there_are(analyst, others):
    source, tag = make_source(), make_tag()
    asked = []
    for count in (2, 58):
        for article in [make_article(source, [tag]) for _ in range(count)]:
            for by, number in zip(others, (1, 5), strict=True):
                decide_tagging(article=article, tag=tag, by=by, verdict="score", relevancy=number)
        for at in ("/reviews/", "/reviews/?of=contested"):
            with CaptureQueriesContext(connection) as captured:
                page = plain(analyst.get(at).content)
            asked.append(len(captured))
    assert asked[:2] == asked[2:]
    assert "Page 1 of 2" in page
    assert "All 60" in plain(analyst.get("/reviews/").content)
    assert "Page 2 of 2" in plain(analyst.get("/reviews/?of=contested&page=2").content)


def test_the_page_of_a_mention_that_is_none_or_whose_item_was_merged_away_leads_on_or_is_not_there(
    analyst, people, mention
):
    into = make_tag()
    assert analyst.get(f"/tags/{into.pk}/evidence/{mention.article_id}/").status_code == 404
    make_merge(mention.tag, into, people["administrator"])
    answer = analyst.get(addresses(mention)["own"])
    assert answer["Location"] == f"/tags/{into.pk}/evidence/{mention.article_id}/"
    refused = decide(analyst, mention, relevancy="4")
    assert (refused.status_code, Decision.objects.count()) == (409, 0)
