import json
from datetime import date, timedelta
from io import StringIO
from random import Random

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from signals.tagging.learning.lately import Lately
from signals.tagging.learning.layouts import LayoutError, read_issues, read_notes
from signals.tagging.learning.metrics import (
    macro_mae,
    mean_average_precision,
    precision_and_recall,
    precision_at,
    quadratic_kappa,
    ranking_precision,
    work_saved,
)
from signals.tagging.learning.names import NAME_FEATURES, Names, read_text
from signals.tagging.learning.note_rows import rank_rows
from signals.tagging.learning.ordinal import OrdinalModel, Signs
from signals.tagging.learning.pair_model import LearnedPairs
from signals.tagging.learning.past import Issue
from signals.tagging.ranking import read_in_order, read_words

MAKERS = {
    "acme-robotics": "arms", "blue-orchard": "seeds", "corvid-labs": "models", "delta-foundry": "chips",
    "ember-grid": "turbines", "fjord-systems": "sonar",
}  # fmt: skip
FIRST = date(2025, 1, 1)
SPLIT = "2025-03-02"


def issues(count=90, seed=3):
    """A day each: two makers named, one that its product alone gives away, and noise."""
    random = Random(seed)
    for day in range(count):
        named = random.sample(sorted(MAKERS), 2)
        hinted = random.choice([maker for maker in sorted(MAKERS) if maker not in named])
        said = " and ".join(maker.replace("-", " ").title() for maker in named)
        yield {
            "date": (FIRST + timedelta(days=day)).isoformat(),
            "title": f"{said} meet",
            "text": f"{said} spoke of plans. Elsewhere {MAKERS[hinted]} grew {random.choice('xyz') * 3}.",
            "makers": [*named, hinted],
            "rare": ["once"] if day == 3 else [],
        }


def write(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def as_issue(record):
    return Issue(
        date.fromisoformat(record["date"]), record["title"], record["text"], frozenset(record["makers"])
    )


def output(*words):
    out = StringIO()
    call_command(*map(str, words), stdout=out)
    return json.loads(out.getvalue())


def test_figures_are_what_a_person_computes():
    given = np.array([[True, False, True], [False, True, False], [False, False, False]])
    scores = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1], [0.3, 0.2, 0.1]])
    # First row: 1/1 and 2/3; second: 1/2; the third has no tag and does not count.
    assert ranking_precision(given, scores) == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2) / 2)
    assert ranking_precision(given[2:], scores[2:]) is None
    assert mean_average_precision(given, scores) == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2) / 2)
    assert precision_at(given, scores, 2) == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert precision_and_recall(given, scores > 0.4) == (pytest.approx(2 / 4), pytest.approx(2 / 3))
    assert precision_and_recall(given, scores > 2) == (None, 0.0)
    true, predicted = np.array([3, 3, 3, 5]), np.array([3, 3, 4, 4])
    assert macro_mae(true, predicted) == pytest.approx((1 / 3 + 1) / 2)
    # Squared differences: seen 2; by chance (of true 3/4, 1/4 and predicted 1/2, 1/2) 4 * (3/8 + 1/2 + 1/8).
    assert quadratic_kappa(true, predicted) == pytest.approx(1 - 2 / 4)
    assert quadratic_kappa(true, np.full(4, 4)) == 0.0
    assert quadratic_kappa(np.full(4, 4), np.full(4, 4)) == 0.0
    labels = np.zeros(100, dtype=bool)
    labels[[0, 9]] = True
    assert work_saved(labels) == pytest.approx(0.9 - 0.05)


def test_a_ranking_by_names_alone_is_beaten_by_what_the_past_taught(tmp_path):
    figures = output(
        "evaluate_tagging", write(tmp_path / "i.jsonl", issues()), "--train-before", SPLIT, "--json"
    )
    assert set(figures) == {"makers", "rare"}
    makers = figures["makers"]
    assert set(makers) == {"lrap", "baseline", "precision", "recall", "tags", "articles"}
    assert (makers["tags"], makers["articles"]) == (6, 30)
    assert makers["baseline"] < 0.95 < makers["lrap"] <= 1
    assert figures["rare"] == {
        "lrap": None, "baseline": None, "precision": None, "recall": None, "tags": 0, "articles": 0
    }  # fmt: skip


def test_what_the_later_articles_are_tagged_with_changes_no_prediction():
    records = list(map(as_issue, issues()))
    before, after = records[:60], records[60:]
    blank = [Issue(issue.day, issue.title, issue.text, frozenset()) for issue in after]
    model = LearnedPairs(before)
    scores, plain = model.score(after)
    again, plain_again = model.score(blank)
    assert np.array_equal(scores, again) and np.array_equal(plain, plain_again)
    # Nor do the articles of its day and later, nor the order in which they are asked about.
    first, _ = model.score(after[:7])
    assert np.allclose(scores[:7], first)
    backwards, _ = model.score(after[::-1])
    assert np.allclose(scores, backwards[::-1])


def test_what_is_given_lately_is_known_from_tags_and_then_guessed_from_days_before():
    lately = Lately([FIRST, FIRST + timedelta(days=20)], np.array([[1.0, 0.0], [0.0, 0.0]]))
    days = [FIRST + timedelta(days=days) for days in (40, 40, 60)]
    shares = lately.follow(days, np.array([[0.0, 1.0], [0.0, 0.5], [1.0, 1.0]]))
    # A half-life of 20 days; beside the articles an average one, (1/2, 0), that does not age.
    weights = 1 / 4 + 1 / 2
    assert shares[0, :, 0] == pytest.approx([(1 / 4 + 1 / 2) / (weights + 1), 0])
    assert np.array_equal(shares[1], shares[0])
    weights = 1 / 8 + 1 / 4 + 2 / 2
    assert shares[2, :, 0] == pytest.approx([(1 / 8 + 1 / 2) / (weights + 1), 1.5 / 2 / (weights + 1)])


def test_a_name_that_goes_on_as_another_is_told_from_one_that_ends():
    names = Names(["gpt-4", "claude"], {}, 1.0, longer=["llama-3-mini"])
    ends, goes_on = NAME_FEATURES.index("ends as this name"), NAME_FEATURES.index("goes on as another name")
    for text, expected in (
        ("GPT-4 is slow", (1, 0)), ("GPT-4 mini is fast", (0, 1)), ("GPT4 2025-01 is new", (0, 1)),
        ("GPT-4, once GPT-4 mini", (1, 1 / 2)), ("still on GPT-4", (1, 0)), ("none", (0, 0)),
    ):  # fmt: skip
        found = names.measure(read_text("", text))[0]
        assert (found[ends], found[goes_on]) == expected, text
    # A title ends what it names.
    assert names.measure(read_text("About GPT-4", "Mini cars"))[0, ends] == 1


@pytest.mark.parametrize("count", [1, 6, 14])
def test_a_short_past_still_ranks_what_is_named_first(count):
    records = list(map(as_issue, issues()))
    model = LearnedPairs(records[:count], least=1)
    scores, _ = model.score(records[60:])
    assert scores.shape == (30, len(model.tags))
    assert np.isfinite(scores).all() and (scores >= 0).all() and (scores <= 1).all()


def test_fields_may_be_missing_and_a_broken_line_is_named(tmp_path):
    path = write(
        tmp_path / "i.jsonl",
        [
            {"date": "2025-01-02T08:00:00Z", "title": None, "makers": ["a", " "]},
            {"date": "2025-01-01", "makers": None},
        ],
    )
    assert read_issues(path) == {
        "makers": [
            Issue(date(2025, 1, 1), "", "", frozenset()),
            Issue(date(2025, 1, 2), "", "", frozenset({"a"})),
        ]
    }
    for line, message in (
        ('{"date": "soon"}', "line 1: no date"),
        ("\n{", "line 2"),
        ("[]", "not an object"),
        ('{"date": ' + "[" * 100_000, "line 1: nested too deeply"),
        ("\n", "is empty"),
        ('{"date": "2025-01-01", "makers": []}', "no issue lists tags"),
        ("\xff", "UTF-8"),
    ):
        path.write_bytes(line.encode("latin-1"))
        with pytest.raises(LayoutError, match=message):
            read_issues(path)
        with pytest.raises(CommandError, match=r"i\.jsonl"):
            call_command("evaluate_tagging", str(path), "--train-before", SPLIT)
    with pytest.raises(CommandError, match="'soon' is no day"):
        call_command("evaluate_tagging", str(path), "--train-before", "soon")
    with pytest.raises(CommandError, match="No such family"):
        call_command(
            "evaluate_tagging", str(write(path, issues(9))), "--train-before", SPLIT, "--family", "odd"
        )


SUBJECTS = {
    "tides": "harbour turbines moored in the estuary", "looms": "weaving patterns drafted for silk looms",
    "bees": "hive sensors that weigh honey", "glass": "furnaces melting recycled bottle glass",
    "clay": "kilns firing glazed stoneware clay", "ice": "glacier cores drilled from ancient ice",
}  # fmt: skip


def notes():
    for number, (subject, words) in enumerate(SUBJECTS.items()):
        yield {
            "id": str(number),
            "title": f"About {subject}",
            "summary": f"A report on {words}.",
            "keywords": [subject],
            "signals": [
                {"name": f"Rise of {subject}", "description": f"Growing demand for {words}.", "relevancy": 5}
            ],
            "behaviors": [
                {"name": None, "description": f"People now prefer {words} at home.", "relevancy": 4}
            ],
            "technologies": [
                {"name": "Large Language Models (LLMs)", "description": f"A device with {words}."}
            ],
            "issues": [
                {"name": subject, "description": f"There is no agreed rule for {words}.", "relevancy": "3"}
            ],
            "concerns": [{"name": "Loss", "description": "", "relevancy": 3.0}] if number else None,
        }


def test_rows_find_their_note_and_kinds_and_grades_are_learned_from_other_notes(tmp_path):
    figures = output("evaluate_notes", write(tmp_path / "n.jsonl", notes()), "--json")
    assert list(figures) == [
        "map", "p10", "baseline_map", "kinds_f1", "qwk", "macro_mae", "constant_macro_mae", "rows_linked"
    ]  # fmt: skip
    assert figures["map"] == figures["kinds_f1"] == 1.0
    assert figures["p10"] == pytest.approx(0.4)
    assert figures["qwk"] > 0.8 and figures["macro_mae"] < 0.2 < figures["constant_macro_mae"]
    assert figures["rows_linked"] == 6


def test_notes_without_rows_or_grades_give_no_figures_rather_than_wrong_ones(tmp_path):
    figures = output("evaluate_notes", write(tmp_path / "n.jsonl", [{"id": "1", "title": "Alone"}]), "--json")
    assert figures.pop("rows_linked") == 0
    assert set(figures.values()) == {None}
    records = [{**note, "signals": [{"name": "nan", "relevancy": float("nan")}, "odd"]} for note in notes()]
    texts, rows = read_notes(write(tmp_path / "n.jsonl", records))
    assert len(texts) == 6
    assert {(row.relevancy, row.listed) for row in rows if row.kind == "signal"} == {(None, 1)}


def test_a_row_near_to_every_note_ranks_below_one_that_is_near_to_one():
    shared = "models data systems"
    notes = [f"{shared} orchards", f"{shared} harbours", f"{shared} looms"]
    scores = rank_rows(notes, [f"{shared} {shared}", "orchards in spring", "harbours at night", "silk looms"])
    assert scores[:, 1:].argmax(axis=1).tolist() == [0, 1, 2]
    assert (scores[:, 0] < scores[:, 1:].max(axis=1)).all()


def test_grades_are_given_out_rather_than_collapsing_to_the_commonest():
    random = np.random.default_rng(1)
    grades = random.choice([3, 4, 5], p=[0.1, 0.5, 0.4], size=300)
    numbers = np.column_stack([grades + random.normal(0, 3, 300), random.normal(0, 1, 300)])
    signs = Signs(["words alike"] * 300, numbers)
    model = OrdinalModel(signs, grades, np.arange(300) // 10)
    shares = np.bincount(model.predict(signs), minlength=6)[3:] / 300
    assert (shares > 0.08).all()


def test_what_matters_is_read_first_and_everything_once():
    texts = [f"{record['title']} {record['text']}" for record in issues()]
    relevant = ["arms" in text for text in texts]
    first = [relevant.index(True), relevant.index(False)]
    order = read_in_order(read_words(texts), relevant, first)
    assert sorted([*order, *first]) == list(range(len(texts)))
    left = sum(relevant) - 1
    # By chance it would be about a third.
    assert sum(relevant[place] for place in order[: 2 * left]) > 0.8 * left
