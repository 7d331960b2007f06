"""Learning from decisions without a database."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest

from signals.tagging.grades import Grades, grade_signs
from signals.tagging.judging import hold_back, judge
from signals.tagging.learned import Learned
from signals.tagging.learning.layouts import read_issues
from signals.tagging.learning.metrics import quadratic_kappa
from signals.tagging.lessons import Lesson, learn, probabilities_of
from signals.tagging.profiles import Profile
from signals.tagging.relevance import Prominence, estimate_relevance
from signals.tagging.sampling import SHARE, draw, draw_rate
from signals.tagging.scorer import default_model
from signals.tagging.tagger import SHOWN_FROM, Document, Tagger

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def lesson(article_id, minute, *, is_right=True, **fields):
    at = DAY + timedelta(minutes=minute)
    return Lesson(article_id, "T", "", tag_id=1, is_right=is_right, at=at, **fields)


@pytest.fixture(scope="module")
def world(shared_data):
    """An editor's word on the companies in dated issues: profiles, documents, and who is in them."""
    issues = read_issues(shared_data / "ainews/dev.jsonl")["companies"]
    counts = Counter(name for issue in issues for name in issue.tags)
    number = {name: place for place, name in enumerate(sorted(n for n in counts if counts[n] >= 5))}
    profiles = [Profile(place, "technology", (name,), (), "") for name, place in number.items()]
    documents = [Document(issue.title, issue.text, place + 1) for place, issue in enumerate(issues)]
    return profiles, documents, [{number[n] for n in issue.tags if n in number} for issue in issues]


def decide(tagger, documents, truth):
    return [
        Lesson(
            document.article_id,
            document.title,
            document.text,
            suggestion.tag_id,
            suggestion.tag_id in right,
            DAY + timedelta(days=document.article_id),
            draw_probability=suggestion.draw_probability,
        )
        for document, right, found in zip(documents, truth, tagger.suggest(documents), strict=True)
        for suggestion in found
    ]


def test_what_an_editor_decided_makes_later_suggestions_better_and_their_probabilities_true(world):
    profiles, documents, truth = world
    default = Tagger(profiles, default_model())
    lessons = decide(default, documents[:200], truth[:200])
    learned = learn(lessons, profiles, default_model())
    assert Learned.from_json(learned.to_json()).to_json() == learned.to_json()
    assert learn(lessons[::-1], profiles, default_model()).to_json() == learned.to_json()
    later = decide(default, documents[200:], truth[200:])
    old = probabilities_of(later, default)
    new = probabilities_of(later, Tagger(profiles, default_model(), learned))
    judgement = judge(later, ["technology"] * len(later), old, new)
    assert judgement.is_better
    right = np.array([one.is_right for one in later])
    likely = new >= 0.8
    assert likely.sum() > 200
    assert abs(right[likely].mean() - new[likely].mean()) < 0.07
    assert abs(right[old >= 0.8].mean() - old[old >= 0.8].mean()) > 0.1


def test_decisions_that_bear_the_default_out_move_it_little_and_too_few_of_a_sort_not_at_all(world):
    profiles, documents, truth = world
    random = Random(6)
    default = Tagger(profiles, default_model())
    lessons = decide(default, documents[:100], truth[:100])
    believed = probabilities_of(lessons, default).tolist()
    lessons = [
        replace(one, is_right=random.random() < chance) for one, chance in zip(lessons, believed, strict=True)
    ]
    learned = Tagger(profiles, default_model(), learn(lessons, profiles, default_model()))
    before, after = default.score(documents[100:200]), learned.score(documents[100:200])
    moved = np.abs(before.probabilities - after.probabilities)
    assert 0 < moved.mean() < 0.1
    wrong = [one for one in lessons if not one.is_right]
    assert learn([one for one in lessons if one.is_right] + wrong[:9], profiles, default_model()) is None


def test_draws_are_few_always_the_same_and_add_up_to_what_is_hidden():
    random = Random(5)
    chances = [random.random() * SHOWN_FROM for _ in range(20_000)]
    rate = draw_rate(5000, chances)
    drawn = [draw(article, 7, chance, rate) for article, chance in enumerate(chances)]
    assert drawn == [draw(article, 7, chance, rate) for article, chance in enumerate(chances)]
    taken = [chance for chance in drawn if chance is not None]
    assert len(taken) / (5000 + len(taken)) == pytest.approx(SHARE, abs=0.01)
    assert sum(1 / chance for chance in taken) == pytest.approx(20_000, rel=0.2)
    assert draw(None, 7, 0.39) is None


def test_stated_relevances_are_learned_on_the_whole_scale():
    random = Random(2)
    rows, stated, ruled = [], [], []
    for _ in range(300):
        mentions, in_title = random.randint(1, 8), random.random() < 0.3
        prominence = Prominence(
            in_title, 0.3 * in_title, mentions, random.randint(0, 900), 1500, mentions, 0.1
        )
        # This analyst cares for how often more than for the title, and rarely gives 1 or 5.
        wish = 1 + mentions / 2 + 0.5 * in_title + random.gauss(0, 0.5)
        rows.append(grade_signs(prominence, 1.0))
        stated.append(min(5, max(1, round(wish))))
        ruled.append(estimate_relevance(prominence))
    grades = Grades.of(np.array(rows[:200]), stated[:200], [place % 5 for place in range(200)])
    assert Grades(grades.to_json()).to_json() == grades.to_json()
    given, sure = zip(*(grades.grade(row) for row in rows[200:]), strict=True)
    assert set(given) == {1, 2, 3, 4, 5}
    later = np.array(stated[200:])
    assert quadratic_kappa(later, np.array(given)) > max(0.7, quadratic_kappa(later, np.array(ruled[200:])))
    assert np.mean(sure) == pytest.approx(np.mean(later == given), abs=0.1)
    assert Grades.of(np.array(rows[:99]), stated[:99], [0] * 99) is None


def test_whole_articles_are_held_back_the_latest_and_never_what_the_version_in_use_knows():
    lessons = [lesson(number // 2, number) for number in range(100)]
    lessons += [lesson(49, 0, is_unasked=True), lesson(3, 99, is_unasked=True)]
    earlier, later = hold_back(lessons, None)
    assert [one.article_id for one in later] == [number // 2 for number in range(80, 100)]
    # A note of an article that is held back would tell, and so would one that came later.
    assert earlier == lessons[:80]
    assert {one.article_id for one in hold_back(lessons, DAY + timedelta(minutes=89))[1]} == {48, 49}
    assert hold_back(lessons, DAY + timedelta(days=1))[1] == []


def test_chance_is_no_gain_and_neither_is_showing_less_precisely():
    random = Random(4)
    lessons = [lesson(number, number, is_right=random.random() < 0.7) for number in range(200)]
    right = np.array([float(one.is_right) for one in lessons])
    kinds = ["issue"] * 100 + ["signal"] * 100
    old, noise = np.full(200, 0.7), np.array([0.7 + random.gauss(0, 0.05) for _ in lessons])
    assert judge(lessons, kinds, old, noise).why == "not_better"
    better = np.clip(0.25 + 0.7 * right, 0, 1)
    judged = judge(lessons, kinds, old, better)
    assert judged.is_better
    assert judged.measures["kinds"]["issue"]["new"]["decisions"] == 100
    assert judge(lessons, kinds, np.full(200, 0.05), np.where(right > 0, 0.39, 0.1)).why == "shows_nothing"
    careful = np.where(right > 0, 0.5, 0.3)
    assert judge(lessons, kinds, careful, np.where(right > 0, 0.95, 0.41)).why == "less_precise"
