"""What matters first: a decision moves what waits, in the background, and says why."""

from datetime import timedelta

import numpy as np
import pytest
from django.conf import settings

from signals.curation.decisions import decide_tagging, undo_decision
from signals.models import Article, Role, State, Tag, Tagging, User
from signals.tagging import ranking_service
from signals.tagging.ranking import Ranker, learn, read_words, telling
from signals.tagging.ranking_lessons import lesson_of
from signals.tagging.ranking_score import inbox_scores, interleave, relevance
from signals.tagging.ranking_service import refit_ranker
from signals.tagging.service import tag_articles
from tests.signals.tagging.conftest import NOW

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def analyst(db):
    return User.objects.create_user("analyst@example.org", role=Role.ANALYST)


@pytest.fixture
def waiting(small_catalogue, article):
    """Twelve articles of one day, six on chips and six on hospitals, each with a suggestion."""
    tag = Tag.objects.get(name="AI agents")
    made = {
        subject: [
            article(f"AI agents {words}, part {number}", f"{sentence} Number {number}.")
            for number in range(6)
        ]
        for subject, words, sentence in [
            ("chips", "in chip plants", "Wafer makers let agents watch the lithography machines."),
            ("hospitals", "in hospital wards", "Nurses let agents write the notes of each patient."),
        ]
    }
    tag_articles([one.pk for group in made.values() for one in group], now=NOW)
    assert Tagging.objects.filter(tag=tag, state=State.SUGGESTED).count() == 12
    return made


def scores(articles):
    return dict(Article.objects.filter(pk__in=[one.pk for one in articles]).values_list("pk", "inbox_score"))


def decide(articles, by, **said):
    tag = Tag.objects.get(name="AI agents")
    return [decide_tagging(article=one, tag=tag, by=by, now=NOW, **said) for one in articles]


def test_decisions_on_a_subject_move_what_waits_on_it_at_the_next_call(waiting, analyst):
    chips, hospitals = waiting["chips"], waiting["hospitals"]
    refit_ranker(now=NOW)
    before = scores(chips[3:] + hospitals[3:])
    decide(chips[:3], analyst, verdict="accept", relevancy=5)
    decide(hospitals[:2], analyst, verdict="reject", why="off_topic")
    summary = refit_ranker(now=NOW)
    assert (summary.is_fitted, summary.decisions, summary.articles) == (True, 5, 7)
    after = scores(chips[3:] + hospitals[3:])
    assert all(after[one.pk] > before[one.pk] for one in chips[3:])
    assert all(after[one.pk] < before[one.pk] for one in hospitals[3:])
    assert min(after[one.pk] for one in chips[3:]) > max(after[one.pk] for one in hospitals[3:])
    assert set(scores(chips[:3]).values()) == {0}


def test_an_undone_decision_is_unlearned_and_its_article_waits_in_its_place_again(waiting, analyst):
    chips, hospitals = waiting["chips"], waiting["hospitals"]
    refit_ranker(now=NOW)
    before = scores(chips + hospitals)
    decisions = decide(chips[:2], analyst, verdict="reject", why="off_topic")
    refit_ranker(now=LATER)
    assert scores(chips[2:]) != {one.pk: before[one.pk] for one in chips[2:]}
    for decision in decisions:
        undo_decision(decision=decision, by=analyst)
    refit_ranker(now=LATER + timedelta(minutes=1))
    assert scores(chips + hospitals) == pytest.approx(before, abs=0.005)


def test_nothing_new_is_not_learned_again_and_one_decision_among_many_waits_half_a_minute(waiting, analyst):
    decide([*waiting["chips"], *waiting["hospitals"][:5]], analyst, verdict="accept")
    assert refit_ranker(now=NOW).is_fitted
    assert not refit_ranker(now=LATER).is_fitted
    decide(waiting["hospitals"][5:], analyst, verdict="accept")
    assert not refit_ranker(now=NOW + timedelta(seconds=10)).is_fitted
    assert refit_ranker(now=NOW + timedelta(seconds=30)).is_fitted


def test_what_one_turn_has_no_time_to_write_the_next_ones_do(waiting, monkeypatch):
    Article.objects.update(inbox_score=0)
    monkeypatch.setattr(ranking_service, "_AT_ONCE", 5)
    assert [refit_ranker(now=NOW).moved for _ in range(4)] == [5, 5, 2, 0]
    assert not Article.objects.filter(inbox_score=0).exists()


def test_the_inbox_is_put_in_order_at_least_every_minute():
    ticks = [
        tick
        for tick in settings.CELERY_BEAT_SCHEDULE.values()
        if tick["task"] == "signals.tasks.refit_ranker"
    ]
    assert [tick["schedule"] <= 60 for tick in ticks] == [True]


def test_a_new_article_has_its_place_before_anybody_decides(waiting, article, analyst):
    decide(waiting["chips"][:4], analyst, verdict="accept", relevancy=5)
    decide(waiting["hospitals"][:4], analyst, verdict="reject", why="off_topic")
    refit_ranker(now=NOW)
    new = [
        article("AI agents in a third chip plant", "Engineers let agents write the notes of each wafer."),
        article("AI agents in a third hospital ward", "Nurses let agents write the notes of each patient."),
    ]
    tag_articles([one.pk for one in new], now=NOW)
    liked, disliked = (scores([one])[one.pk] for one in new)
    assert liked > disliked > 0


def test_a_decision_records_the_place_at_which_it_was_made(waiting, analyst):
    refit_ranker(now=NOW)
    one = waiting["chips"][0]
    surer = Tag.objects.get(name="Small language models")
    Tagging.objects.create(article=one, tag=surer, confidence=1.0, estimated_relevancy=3)
    (decision,) = decide([one], analyst, verdict="accept")
    assert decision.inbox_score == scores([one])[one.pk]
    places = (
        Tagging.objects.filter(article=one).order_by("-confidence", "pk").values_list("tag__name", flat=True)
    )
    assert decision.position == list(places).index("AI agents") + 1


def test_every_twentieth_place_is_for_an_article_drawn_at_random():
    rising = np.arange(100.0)
    drawn = np.zeros(100, dtype=bool)
    drawn[:4] = True
    placed = interleave(rising, drawn, newest=rising)
    order = np.argsort(-placed)
    assert [int(np.flatnonzero(order == one)[0]) for one in (3, 2, 1, 0)] == [10, 30, 50, 70]
    assert np.array_equal(placed[4:], rising[4:])


@pytest.mark.parametrize(
    ("said", "wanted", "importance"),
    [
        ([("accept", 4, ""), ("reject", 3, "wrong")], 1, 20),
        ([("score", 2, "")], -1, 1),
        ([("reject", 4, "off_topic"), ("reject", 4, "wrong")], -1, 5),
        ([("reject", 4, "duplicate")], None, None),
    ],
)
def test_what_decisions_say_of_an_article(said, wanted, importance):
    assert lesson_of(said) == (None if wanted is None else (wanted, importance))


def test_learning_solves_the_ridge_regression_it_promises():
    texts = [
        "agents plan the work",
        "plums are dear this year",
        "agents buy plums",
        "a year of work",
        "un an",
    ]
    rows, told = read_words(texts), np.linspace(0.5, 2, read_words(texts).shape[1])
    wanted, importance = np.array([1.0, -1, 1, -1, -1]), np.array([20.0, 1, 10, 1, 5])
    ranker, _dual = learn(rows, wanted, importance, told)
    used = np.unique(rows.indices)
    features = np.hstack([rows.toarray()[:, used] * told[used], np.ones((5, 1))])
    weighted = features.T * importance
    solved = np.linalg.solve(weighted @ features + np.eye(len(used) + 1), weighted @ wanted)
    assert ranker.scores(rows) == pytest.approx(features @ solved, abs=0.01)


def test_a_ranker_is_the_same_after_it_was_kept():
    rows = read_words(["one of many words", "and others"])
    ranker, _dual = learn(rows, np.array([1.0, -1.0]), np.ones(2), telling(rows))
    columns, weights = ranker.sparse(1000)
    again = Ranker.from_sparse(columns, weights, ranker.intercept)
    assert again.scores(rows) == pytest.approx(ranker.scores(rows), abs=1e-5)


def test_ten_days_weigh_less_than_reading_like_what_is_accepted():
    ones = np.ones(2)
    relevant = relevance(np.array([0.8, 0.8]), np.array([2.0, -2.0]), decisions=100)
    liked_and_old, disliked_and_new = inbox_scores(relevant, ones, ones * 0, np.array([0.0, 10.0]))
    assert liked_and_old > disliked_and_new
