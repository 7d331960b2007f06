"""The quality page: what it counts, what it does not say of too few, and what it costs."""

import csv
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from signals.curation.decisions import decide_tagging, undo_decision
from signals.models import Decision, RankerFit, Role, State, Tag, TaggerVersion, Tagging
from signals.quality.report import quality_report
from tests.signals.web.making import NOW, make_article, make_source, make_tag, plain


@pytest.fixture(autouse=True)
def _nothing_kept(db):
    cache.clear()


@pytest.fixture
def decide(people):
    """Let the analyst decide a new suggestion of a tag, or one drawn at random."""
    source = make_source()

    def decide(
        tag: Tag, verdict: str = "accept", *, at=NOW, relevancy=None, why="", confidence=0.9, draw=None
    ):
        article = make_article(source, [tag], state=State.SAMPLED if draw else State.SUGGESTED)
        Tagging.objects.filter(article=article).update(confidence=confidence, draw_probability=draw)
        return decide_tagging(
            article=article,
            tag=tag,
            by=people[Role.ANALYST],
            verdict=verdict,
            relevancy=relevancy,
            why=why,
            now=at,
        )

    return decide


def report(days=90):
    return quality_report(days=days, now=NOW)


def test_before_any_decision_the_page_says_how_to_begin_and_no_number(analyst, as_role):
    make_article(make_source(), [make_tag()])
    html = plain(analyst.get("/quality/").content)
    assert "No suggestion was decided yet" in html
    assert "1 article waits for a decision" in html
    assert "%" not in html
    viewer = as_role(Role.VIEWER).get("/quality/").content.decode()
    assert "/inbox/" not in viewer


def test_few_decisions_are_counted_and_not_turned_into_a_share(analyst, decide):
    tag = make_tag("Small models")
    for verdict in ["accept"] * 10 + ["reject"] * 2:
        decide(tag, verdict)
    html = plain(analyst.get("/quality/").content)
    assert "Of 12 suggestions decided in the last 90 days: too few" in html
    assert "too few decisions yet (12 of 30)" in html
    assert "10 of 12 right" in html


def test_enough_decisions_become_a_share_with_its_range_per_kind_tag_and_time(analyst, decide):
    tag = make_tag("Small models")
    for n in range(40):
        decide(tag, "reject" if n % 4 == 0 else "accept", why="passing" if n % 8 == 0 else "")
    html = plain(analyst.get("/quality/").content)
    assert "Of 40 suggestions decided in the last 90 days, 8 in 10 were right." in html
    assert "between 59 and 86 %" in html
    assert "5 only in passing" in html
    shares = report()
    assert {row.kind: row.judged.of for row in shares.kinds if row.judged.of} == {"technology": 40}
    assert [(row.name, row.judged.right, row.refused) for row in shares.tags] == [("Small models", 30, 10)]
    assert sum(share.of for _day, share in shares.over_time) == 40
    assert shares.certainty.of == 40


def test_a_suggestion_counts_once_by_the_last_word_on_it_and_not_when_undone(people, decide):
    tag = make_tag()
    first = decide(tag, "accept")
    decide_tagging(article=first.article, tag=tag, by=people[Role.ADMINISTRATOR], verdict="reject", now=NOW)
    assert (report().judged.right, report().judged.of) == (0, 1)
    undone = decide(tag, "reject")
    assert report().judged.of == 2
    undo_decision(decision=undone, by=people[Role.ANALYST])
    assert report().judged.of == 1


def test_what_nobody_suggested_is_no_suggestion(people, decide):
    article = make_article(make_source())
    decide_tagging(article=article, tag=make_tag(), by=people[Role.ANALYST], verdict="accept", now=NOW)
    assert report().judged.of == 0
    assert report().grades is None


def test_the_period_is_kept_to(decide):
    tag = make_tag()
    for days in (1, 40, 200, 800):
        decide(tag, at=NOW - timedelta(days=days))
    assert [report(days).judged.of for days in (30, 90, 365, None)] == [1, 2, 3, 4]


def test_the_first_right_one_counts_only_where_all_before_it_were_decided(people):
    tags = [make_tag() for _ in range(3)]
    source = make_source()

    def decided(*verdicts):
        article = make_article(source, tags)
        for place, tag in enumerate(tags):
            Tagging.objects.filter(article=article, tag=tag).update(confidence=0.9 - place / 10)
        for tag, verdict in zip(tags, verdicts, strict=True):
            if verdict:
                decide_tagging(article=article, tag=tag, by=people[Role.ANALYST], verdict=verdict, now=NOW)

    decided("accept", "reject", None)
    decided("reject", "accept", None)
    decided(None, "accept", "accept")
    decided("reject", "reject", "reject")
    assert report().counts.first_right == {1: 1, 2: 1}


def test_reading_saved_follows_the_order_of_the_inbox_on_the_day(decide):
    tag = make_tag()
    kept = [decide(tag, "accept", at=NOW - timedelta(days=80)) for _ in range(2)]
    refused = [decide(tag, "reject") for _ in range(2)]
    # 80 days raise every place by .4: what stood high then may have a lower number than what stands low now.
    Decision.objects.filter(pk__in=[d.pk for d in kept]).update(inbox_score=10.3)
    Decision.objects.filter(pk__in=[d.pk for d in refused]).update(inbox_score=10.5)
    assert report().counts.worthwhile.tolist() == [True, True, False, False]


def test_random_draws_say_what_was_missed(decide):
    tag = make_tag()
    for _ in range(30):
        decide(tag)
    for n in range(20):
        decide(tag, "accept" if n < 2 else "reject", draw=0.1, confidence=0.1)
    found = report().found
    assert (found.drawn, found.right, found.missed) == (20, 2, pytest.approx(20))
    assert found.share == pytest.approx(30 / 50)
    assert report().judged.of == 30
    assert report().tags[0].drawn.right == 2


def test_scores_are_compared_with_the_estimates(decide):
    tag = make_tag()
    for relevancy in (4, 4, 3, 1):
        decide(tag, "score", relevancy=relevancy)
    told = report().grades
    assert (told.exact.right, told.near.right, told.of) == (2, 3, 4)


def test_a_tags_refused_suggestions_are_one_click_away_with_passage_and_reason(analyst, decide):
    tag = make_tag("Small models")
    decide(tag, "reject", why="off_topic")
    page = analyst.get("/quality/").content.decode()
    assert f'href="/quality/tags/{tag.pk}/"' in page
    html = analyst.get(f"/quality/tags/{tag.pk}/").content.decode()
    assert "A sentence about it." in html
    assert "off topic" in html
    assert analyst.get("/quality/tags/999999/").status_code == 404


def test_tags_are_sorted_by_what_is_proven(analyst, decide):
    once, often = make_tag("Decided once"), make_tag("Decided often")
    decide(once)
    for n in range(12):
        decide(often, "reject" if n == 0 else "accept")

    def order(sort):
        html = analyst.get(f"/quality/?sort={sort}", headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in html
        return sorted(["Decided once", "Decided often"], key=html.index)

    assert order("agreement") == ["Decided often", "Decided once"]
    assert order("name") == ["Decided often", "Decided once"]
    assert order("-name") == ["Decided once", "Decided often"]


@pytest.mark.parametrize("query", ["?days=x", "?days=-1", "?sort=%00", "?page=zzz", "?days=0&sort=--name"])
def test_nonsense_in_the_address_is_ignored(analyst, decide, query):
    decide(make_tag())
    assert analyst.get(f"/quality/{query}").status_code == 200


def test_the_same_numbers_as_csv_and_json(analyst, decide):
    tag = make_tag("=Small models")
    decide(tag)
    decide(tag, "reject", why="wrong")
    rows = list(csv.DictReader(analyst.get("/quality.csv").content.decode().splitlines()))
    assert [(row["name"], row["decided"], row["right"], row["wrong"]) for row in rows] == [
        ("'=Small models", "2", "1", "1")
    ]
    told = analyst.get("/quality.json?days=0").json()
    assert told["precision"]["decisions"] == 2
    assert told["kinds"]["technology"]["precision"]["right"] == 1
    assert told["wss_95"]["articles"] == 2 if told["wss_95"] else True


def test_the_page_costs_the_same_however_much_was_decided(analyst, decide):
    def queries():
        cache.clear()
        analyst.get("/settings/")
        with CaptureQueriesContext(connection) as captured:
            assert analyst.get("/quality/?days=0").status_code == 200
        return len(captured)

    TaggerVersion.objects.create(number=2, status="refused")
    decide(make_tag())
    few = queries()
    for n in range(10):
        decide(make_tag(), "accept" if n % 2 else "reject")
        TaggerVersion.objects.create(number=3 + n, status="refused")
    assert queries() == few
    assert few < 17


def test_the_ranker_and_the_versions_say_what_they_learned_from_and_why_they_are_used(analyst, as_role):
    RankerFit.objects.create(decisions=140, fitted_at=NOW - timedelta(minutes=3))
    figures = {"old": {"precision": 0.7, "recall": 0.5}, "new": {"precision": 0.8, "recall": 0.6}}
    start = (NOW - timedelta(days=400)).isoformat()
    staged = {"start": start, "tags": {}, "replaced": 1}
    TaggerVersion.objects.create(
        number=2,
        status="active",
        decisions=210,
        held_back=40,
        active_at=NOW,
        measures=figures | {"why": "", "compared_with": 1, "staged": staged},
    )
    TaggerVersion.objects.create(
        number=3,
        status="refused",
        decisions=320,
        held_back=60,
        measures=figures | {"why": "not_better", "compared_with": 2},
    )
    html = plain(analyst.get("/quality/").content)
    assert "not better" in html
    TaggerVersion.objects.filter(number=3).update(measures=figures | {"why": "given_up", "compared_with": 2})
    stopped = plain(analyst.get("/quality/").content)
    assert "It was stopped before it was used." in stopped
    assert "not better" not in stopped
    assert "from 140 decisions" in html
    assert "On 40 decisions kept aside 80 % of its suggestions were right, version 1: 70 %." in html
    assert "Not better by more than chance." in html
    assert html.count("Go back to the one before") == 1
    assert "Version 1 suggests again" in html
    assert "Go back" not in as_role(Role.VIEWER).get("/quality/").content.decode()


def test_one_click_goes_back_to_the_tagger_before(analyst):
    staged = {"start": (NOW - timedelta(days=400)).isoformat(), "tags": {}, "replaced": 1}
    version = TaggerVersion.objects.create(
        number=2, status="active", active_at=NOW, measures={"staged": staged}
    )
    html = analyst.post("/quality/take-back/", follow=True).content.decode()
    version.refresh_from_db()
    assert version.status == TaggerVersion.Status.TAKEN_BACK
    assert "The version before suggests again" in html
    html = analyst.post("/quality/take-back/", follow=True).content.decode()
    assert "the version that came with Vigie" in html


def test_a_stranger_reads_none_of_it_even_where_reading_is_public(as_role, settings):
    settings.PUBLIC_READ_ONLY = True
    for url in ("/quality/", "/quality.csv", "/quality.json", f"/quality/tags/{make_tag().pk}/"):
        assert as_role("").get(url).status_code == 302, url
