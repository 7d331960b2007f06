from pathlib import Path

import pytest

from signals.tagging.learning.row_links import judge_links, learn, read_labels, same_name_only, starter
from signals.tagging.links import Row, default_link_model, is_sure, is_worth_asking

LABELS = Path(__file__).parent / "labels/rows.jsonl"


def link(kind, name, description="", refused=frozenset()):
    starting = starter()
    (guess,) = starting.linker.guess([Row(kind, name, description, refused)])
    return (None if guess is None else starting.keys[guess.tag_id]), guess


def test_rows_read_by_a_person_are_linked_rightly(shared_data):
    rows = read_labels(LABELS, shared_data / "notes/dev.jsonl", half="judge")
    figures = judge_links(rows, starter().linker.guess([one.row for one in rows]))
    baseline = judge_links(rows, same_name_only(rows))
    assert figures["rows"] > 100
    assert figures["sure_precision"] >= 0.95
    assert figures["shown_precision"] >= 0.75
    assert figures["shown_recall"] >= 0.6 > 3 * baseline["shown_recall"]
    assert figures["new_left_alone"] >= 0.9


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("Large Language Models (LLMs)", "They write."),
        ("LLMs", "Models that write text."),
        ("Modèles de langage", "Des modèles qui écrivent du texte."),
    ],
)
def test_one_tag_under_its_many_names_is_sure(name, description):
    key, guess = link("technology", name, description)
    assert key == "technology:large-language-models"
    assert is_sure(guess)


def test_a_row_filed_under_another_kind_is_still_its_tag():
    key, guess = link("concern", "Copyright infringement", "Books were used to train AI without permission.")
    assert key == "issue:copyright-and-training-data"
    assert is_sure(guess)
    assert guess.is_other_kind


def test_what_only_sounds_like_a_tag_is_asked_about_and_what_is_new_is_left_alone():
    _key, narrower = link("technology", "Large language models in hospitals", "Models for nurses.")
    assert is_worth_asking(narrower)
    assert not is_sure(narrower)
    _key, elsewhere = link("concern", "Gender discrimination", "Women-only rides may exclude drivers.")
    assert not is_sure(elsewhere)
    _key, new = link("signal", "Quiet ports", "Harbours run their cranes on batteries.")
    assert not is_worth_asking(new)


def test_the_stored_model_is_what_the_tune_half_teaches(shared_data):
    learned = learn(read_labels(LABELS, shared_data / "notes/dev.jsonl", half="tune"))
    stored = default_link_model()
    # The catalogue grows after the model was learned; its weights stay of the same size.
    assert learned.weights == pytest.approx(stored.weights, abs=1.5)
