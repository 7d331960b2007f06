"""Triage: what a decision costs, what it shows, and what undo brings back."""

import re
import socket
import threading
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from signals.curation.catalogue import create_tag
from signals.models import Article, Change, Claim, Decision, Proposal, RankerFit, Role, State, Tag, Tagging
from signals.web import inbox_counts
from tests.signals.web.making import fill, make_article, make_proposal, make_source, make_tag, plain

HTMX = {"HX-Request": "true"}


@pytest.fixture
def suggested(db) -> Tagging:
    cache.clear()
    return Tagging.objects.get(article=make_article(make_source(), [make_tag()]))


def address(tagging: Tagging) -> str:
    return f"/inbox/{tagging.article_id}/{tagging.tag_id}/"


def test_a_decision_is_one_request_of_few_queries_however_much_waits(analyst, suggested):
    fill(20)
    with CaptureQueriesContext(connection) as captured:
        response = analyst.post(address(suggested), {"verdict": "accept"}, headers=HTMX)
    assert response.status_code == 200
    # Two of them ask who is asking; savepoints are no questions.
    asked = [query for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= 16, "\n".join(query["sql"][:90] for query in asked)
    suggested.refresh_from_db()
    assert suggested.state == State.CONFIRMED


def test_the_inbox_asks_few_questions_however_much_waits(analyst, suggested, django_assert_max_num_queries):
    fill(20)  # one fewer where there are pages of them
    analyst.get("/inbox/")
    with django_assert_max_num_queries(16):
        analyst.get("/inbox/")


def test_deciding_the_last_suggestion_offers_the_next_article_and_corrects_the_counts(analyst, suggested):
    make_article(make_source(), [suggested.tag])
    html = analyst.post(address(suggested), {"relevancy": "2"}, headers=HTMX).content.decode()
    suggested.refresh_from_db()
    assert (suggested.state, suggested.stated_relevancy) == (State.CONFIRMED, 2)
    assert "data-next" in html
    assert 'data-left="0"' in html
    assert "1 article waits" in plain(html)
    assert 'id="menu-waiting">1<' in html


def test_without_a_script_a_decision_goes_back_to_the_article_until_it_is_done(analyst, suggested):
    second = make_tag()
    Tagging.objects.create(article=suggested.article, tag=second, confidence=0.6, estimated_relevancy=3)
    first = analyst.post(address(suggested), {"verdict": "reject"})
    assert first["Location"] == f"/inbox/?article={suggested.article_id}"
    last = analyst.post(f"/inbox/{suggested.article_id}/{second.pk}/", {"verdict": "accept"})
    assert last["Location"] == "/inbox/"


@pytest.mark.parametrize(
    "said",
    [{}, {"verdict": "maybe"}, {"relevancy": "9"}, {"verdict": "score"}, {"verdict": "accept", "why": "zzz"}],
)
def test_a_refused_decision_changes_nothing_and_says_why(analyst, suggested, said):
    response = analyst.post(address(suggested), said, headers=HTMX)
    assert response.status_code == 409
    assert unquote(response["X-Reason"])
    assert analyst.post(address(suggested), said, follow=True).content.count(b'class="error"') == 1
    suggested.refresh_from_db()
    assert suggested.state == State.SUGGESTED
    assert not Decision.objects.exists()


def test_undo_brings_the_suggestion_back_and_leads_to_it(analyst, suggested):
    analyst.post(address(suggested), {"verdict": "reject"}, headers=HTMX)
    assert "Nothing waits" in analyst.get("/inbox/").content.decode()
    response = analyst.post("/inbox/undo/", headers=HTMX)
    assert response.status_code == 204
    assert f"/inbox/?article={suggested.article_id}" in response["HX-Location"]
    assert suggested.tag.name in unquote(response["X-Said"])
    suggested.refresh_from_db()
    assert suggested.state == State.SUGGESTED
    html = analyst.get("/inbox/", headers=HTMX).content.decode()
    assert suggested.article.title in html


def test_there_is_only_ones_own_to_undo(analyst, as_role, suggested):
    as_role(Role.ADMINISTRATOR).post(address(suggested), {"verdict": "accept"})
    response = analyst.post("/inbox/undo/", headers=HTMX)
    assert (response.status_code, unquote(response["X-Reason"])) == (409, "Nothing to undo.")


def test_an_article_that_is_decided_can_still_be_read_and_decided_anew(analyst, suggested):
    analyst.post(address(suggested), {"verdict": "reject"})
    html = analyst.get(f"/inbox/?article={suggested.article_id}").content.decode()
    assert "All decided" in html
    analyst.post(address(suggested), {"verdict": "accept"})
    suggested.refresh_from_db()
    assert suggested.state == State.CONFIRMED


def test_the_list_stands_in_the_order_of_its_scores_and_says_why(analyst, suggested):
    drawn = make_article(make_source(), [suggested.tag], state=State.SAMPLED, inbox_score=2)
    Tagging.objects.filter(pk=suggested.pk).update(because={"field": "title"})
    RankerFit.objects.create(extra={"alike": [suggested.article_id]})
    words = plain(analyst.get("/inbox/").content)
    assert words.index(drawn.title) < words.index(suggested.article.title)
    assert "1 suggestion · drawn at random" in words
    assert "1 suggestion · named in the title · like what you accepted" in words


def test_a_snoozed_article_waits_elsewhere(analyst, suggested):
    article = suggested.article
    article.snoozed_until = article.known_at.replace(year=2999)
    article.save()
    assert "Nothing waits" in analyst.get("/inbox/").content.decode()


def test_the_quoted_sentence_is_marked_in_the_text(analyst, suggested):
    html = analyst.get("/inbox/").content.decode()
    assert "<p>An opening sentence. <mark>A sentence about it.</mark> A closing one.</p>" in html


def test_a_proposal_becomes_a_tag_an_alias_or_nothing_and_each_can_be_undone(analyst, suggested):
    article = suggested.article
    new, same, noise = (make_proposal(article, name) for name in ("New thing", "Same routing trick", "Noise"))
    for proposal, said in [
        (new, {"verdict": "accept"}),
        (same, {"verdict": "fold", "into": suggested.tag_id}),
        (noise, {"verdict": "reject"}),
    ]:
        response = analyst.post(f"/inbox/proposals/{proposal.pk}/", said, headers=HTMX)
        assert response.status_code == 200
        assert "Track it" not in response.content.decode()
    assert Tag.objects.filter(name="New thing", taggings__article=article).exists()
    assert suggested.tag.names.filter(name="Same routing trick").exists()
    assert (
        analyst.post(f"/inbox/proposals/{noise.pk}/", {"verdict": "accept"}, headers=HTMX).status_code == 409
    )
    for _ in range(3):
        assert analyst.post("/inbox/undo/").status_code == 302
    assert set(Proposal.objects.values_list("status", flat=True)) == {"waiting"}
    assert not Tag.objects.filter(name="New thing").exists()
    assert not suggested.tag.names.filter(name="Same routing trick").exists()


def test_folding_into_nothing_is_refused(analyst, suggested):
    proposal = make_proposal(suggested.article)
    for into in ("", "0", "abc", "9" * 30, "²"):
        said = {"verdict": "fold", "into": into}
        assert analyst.post(f"/inbox/proposals/{proposal.pk}/", said, headers=HTMX).status_code == 409, into


def test_the_page_of_proposals_leaves_the_texts_of_articles_in_the_database(analyst):
    make_proposal(make_article(make_source(), text="Only these words."))
    with CaptureQueriesContext(connection) as captured:
        assert analyst.get("/inbox/proposals/").status_code == 200
    assert not [query for query in captured if '"signals_article"."text"' in query["sql"]]


def listed(analyst, query: str) -> list[str]:
    html = analyst.get(f"/inbox/?{query}").content.decode()
    return re.findall(r'<span class="title"[^>]*>([^<]*)</span>', html)


def test_filters_narrow_the_list_and_what_all_that_match_means(analyst, people, suggested):
    cache.clear()
    other = create_tag(kind="issue", name="Court cases", description="What courts say.")
    french = make_article(make_source(), [other, suggested.tag], title="Le tribunal", language="fr")
    drawn = make_article(french.source, [other], title="Drawn", state=State.SAMPLED)
    first = suggested.article.title
    for query, titles in {
        "kind=issue": {"Le tribunal", "Drawn"},
        f"tag={suggested.tag_id}": {first, "Le tribunal"},
        f"source={french.source_id}": {"Le tribunal", "Drawn"},
        "language=fr": {"Le tribunal"},
        "q=tribunal": {"Le tribunal"},
        "drawn=1": {"Drawn"},
        "kind=nonsense&tag=x&source=%00&free=2": {first, "Le tribunal", "Drawn"},
        "kind=technology&drawn=1": set(),
    }.items():
        assert set(listed(analyst, query)) == titles, query
    Claim.objects.all().delete()
    Claim.objects.create(article=drawn, user=people["administrator"], until=timezone.now() + timedelta(1))
    assert set(listed(analyst, "free=1")) == {first, "Le tribunal"}
    said = {"all": "1", "verdict": "reject", "why": "wrong"}
    assert analyst.post("/inbox/many/?kind=issue&language=fr", said).status_code == 302
    decision = Decision.objects.get()
    assert (decision.article, decision.tag, decision.why) == (french, other, "wrong")


def test_a_form_sent_again_is_one_go_and_the_same_form_for_others_is_another(analyst, suggested):
    second = make_article(make_source(), [suggested.tag])
    said = {"together": "5ddb5d1e-7a4e-4f5f-9a2e-5b1c2f1f0d11", "verdict": "accept"}
    for article in (suggested.article, suggested.article, second):
        answer = analyst.post("/inbox/many/", said | {"article": article.pk}, headers=HTMX)
        assert unquote(answer["X-Said"]) == "1 suggestion decided."
    assert Decision.objects.count() == 2
    assert Change.objects.values("together").distinct().count() == 2


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("many/", {"verdict": "accept"}),
        ("many/", {"verdict": "accept", "article": "x,²,-1"}),
        ("many/", {"all": "1", "verdict": "maybe"}),
        ("many/", {"all": "1", "until": "day", "day": "yesterday"}),
        ("{article}/snooze/", {"until": "day"}),
        ("{article}/snooze/", {"until": "day", "day": "1999-01-01"}),
        ("{article}/tag/", {}),
        ("{article}/tag/", {"name": "nothing is called so"}),
        ("{article}/tag/", {"tag": "9" * 17}),
        ("{article}/{tag}/", {"why": "wrong"}),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_with_and_without_a_script(analyst, suggested, path, said):
    where = "/inbox/" + path.format(article=suggested.article_id, tag=suggested.tag_id)
    answer = analyst.post(where, said, headers=HTMX)
    assert answer.status_code == 409
    assert unquote(answer["X-Reason"])
    assert analyst.post(where, said, follow=True).content.count(b'class="error"') == 1
    assert not Change.objects.exists()


def test_a_row_that_somebody_decided_meanwhile_is_sent_as_it_is_now(analyst, as_role, suggested):
    as_role(Role.ADMINISTRATOR).post(address(suggested), {"relevancy": "2", "seen": ""}, headers=HTMX)
    answer = analyst.post(address(suggested), {"verdict": "reject", "seen": ""}, headers=HTMX)
    assert answer.status_code == 409
    assert "administrator@example.org decided meanwhile: scored. " in unquote(answer["X-Reason"])
    seen = re.search(r'name="seen" value="([^"]+)"', answer.content.decode())[1]
    assert (
        analyst.post(address(suggested), {"verdict": "reject", "seen": seen}, headers=HTMX).status_code == 200
    )
    suggested.refresh_from_db()
    assert suggested.state == State.REJECTED


def test_what_is_left_is_counted_up_to_a_bound_and_the_pace_is_of_this_sitting(
    analyst, people, suggested, monkeypatch
):
    for _ in range(3):
        make_article(make_source(), [suggested.tag])
    assert "4 articles wait, 4 suggestions" in plain(analyst.get("/inbox/").content)
    cache.clear()
    monkeypatch.setattr(inbox_counts, "MOST", 2)
    assert "2+ articles wait, 2+ suggestions" in plain(analyst.get("/inbox/").content)
    now = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
    for minutes in (30, 29, 3, 2.5, 2, 1.5, 1):
        Decision.objects.create(
            article=suggested.article,
            tag=suggested.tag,
            user=people["analyst"],
            verdict="accept",
            made_at=now - timedelta(minutes=minutes),
        )
    pace = inbox_counts.pace_of(people["analyst"], now=now)
    assert (pace.today, round(pace.per_minute, 2)) == (7, round(5 / 3, 2))
    assert (pace.minutes_for(1), pace.minutes_for(3)) == (1, None)
    assert inbox_counts.pace_of(people["administrator"], now=now) == inbox_counts.Pace(0, None)


def test_a_name_finds_the_item_in_either_language_and_says_when_it_may_be_several(analyst, suggested):
    wanted = create_tag(
        kind="technology",
        name="Mixture of experts",
        aliases=["MoE"],
        description="Experts.",
        name_fr="Mélange d\u2019experts",
    )
    create_tag(kind="technology", name="Mixture of agents", description="Agents.")
    where = f"/inbox/{suggested.article_id}/tag/"
    offered = plain(analyst.get("/inbox/items/?name=mélange d'expe").content)
    assert "Mixture of experts" in offered
    assert not plain(analyst.get("/inbox/items/?name=%00").content).strip()
    refused = unquote(analyst.post(where, {"name": "mixture"}, headers=HTMX)["X-Reason"])
    assert "Which one is meant" in refused
    assert analyst.post(where, {"name": "moe"}, headers=HTMX).status_code == 200
    assert Tagging.objects.get(article=suggested.article, tag=wanted).state == State.CONFIRMED


def test_a_cache_that_hangs_is_not_waited_for(db, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes every call, and answers none
        place = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings.CACHES = {**settings.CACHES, "default": {**settings.CACHES["default"], "LOCATION": place}}
        hanging_up = threading.Timer(20, silent.close)
        hanging_up.start()
        assert inbox_counts.count_left().articles == 0
        assert hanging_up.is_alive()
        hanging_up.cancel()


def test_what_waits_is_counted_anew_once_the_sample_goes_and_once_it_is_back(administrator, suggested):
    def in_menu():
        return re.search(r'id="menu-waiting"[^>]*>(\d*)<', administrator.get("/tags/").content.decode())[1]

    Article.objects.update(is_sample=True)
    assert in_menu() == "1"
    administrator.post("/settings/remove-sample/")
    assert in_menu() in {"", "0"}
    administrator.post(f"/history/{Change.objects.get(verb='sample.removed').pk}/undo/")
    assert in_menu() == "1"
