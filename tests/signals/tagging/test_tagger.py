import tomllib

import pytest

from signals.curation.catalogue import STARTER
from signals.tagging.scorer import FEATURES, default_model
from signals.tagging.tagger import Document, Tagger
from signals.tagging.training import read_profiles, train

CATALOGUE = tomllib.loads(STARTER.read_text(encoding="utf-8"))
EXAMPLES = tomllib.loads(STARTER.with_name("examples.toml").read_text(encoding="utf-8"))["example"]
NAMES = [row["name"] for row in CATALOGUE["tag"]]


@pytest.fixture(scope="module")
def tagger():
    return Tagger(read_profiles(CATALOGUE), default_model())


def tagged(tagger, title, text="", *, from_confidence=0.5):
    (found,) = tagger.suggest([Document(title, text)])
    return {NAMES[one.tag_id]: one for one in found if one.confidence >= from_confidence}


def test_every_quote_is_a_slice_of_its_field(tagger):
    text = (
        "L’agent d’IA a planifié. «\u00a0Les mode\u0300les de langage ouverts\u00a0», dit-elle.\nLe RAG suit."
    )
    title = "Les agents autonomes arrivent"
    (found,) = tagger.suggest([Document(title, text)])
    assert found
    for one in found:
        source = title if one.quote_field == "title" else text
        assert one.quote and source[one.quote_start : one.quote_start + len(one.quote)] == one.quote
        assert one.reason


def test_english_french_and_acronym_are_one_tag(tagger):
    for title in (
        "Large language models (LLMs) explained",
        "What LLMs can't do",
        "Les grands modèles de langage, mode d'emploi",
    ):
        assert "Large language models" in tagged(tagger, title)


def test_words_that_mean_something_else_elsewhere_are_left_alone(tagger):
    assert not tagged(
        tagger, "Immigration agents raid a warehouse", "Federal agents arrested six people on Monday."
    )
    assert not tagged(
        tagger, "Estate agents report a quiet spring", "Agents sold fewer houses than last year."
    )
    assert not tagged(
        tagger, "Un monopole sur le sel", "Le monopole de la gabelle et les inégalités sous l'Ancien Régime."
    )
    assert not tagged(tagger, "Hikers in isolation on the ridge", "Red lines on the map mark closed paths.")
    assert not tagged(
        tagger, "Clinic gets a second scanner", "Radiologists expect shorter queues for patients."
    )
    assert not tagged(tagger, "Mill to close", "Four hundred workers will lose their jobs by the autumn.")


def test_a_longer_name_of_the_same_kind_hides_the_shorter_inside_it(tagger):
    found = tagged(tagger, "Small language models run on a phone")
    assert "Small language models" in found
    assert "Large language models" not in found


def test_a_release_sentence_is_tagged_like_news(tagger):
    found = tagged(
        tagger,
        "DeepSeek released DeepSeek-V3",
        "DeepSeek released DeepSeek-V3 on 26 December 2024 as open weights. It is a mixture of experts.",
    )
    assert found["DeepSeek models"].relevance >= 4
    assert {"Mixture of experts", "Open-weight language models"} <= found.keys()


def test_the_same_text_alone_or_in_a_batch_gets_the_same_suggestions(tagger):
    documents = [
        Document("AI agents at work", "RAG and fine-tuning."),
        Document("Nothing", ""),
        Document("GPT-4o", ""),
    ]
    assert tagger.suggest(documents) == [tagger.suggest([document])[0] for document in documents]


def test_a_tagger_without_tags_and_an_empty_batch_are_fine(tagger):
    assert Tagger([], default_model()).suggest([Document("AI", "")]) == [[]]
    assert tagger.suggest([]) == []


def test_training_is_reproducible_and_trusts_names_more_than_likeness():
    small = {"tag": CATALOGUE["tag"][::4]}
    model = train(small, [], EXAMPLES)
    assert model == train(small, [], EXAMPLES)
    weights = dict(zip(FEATURES, model.weights, strict=True))
    assert weights["named in title"] > 0
    assert weights["named late"] > 0
    assert weights["doubtful name off topic"] < 0


def test_a_price_per_million_tokens_is_no_long_context(tagger):
    priced = tagged(tagger, "Lab releases Model", "The input price is 2 US dollars per million tokens.")
    assert "Long context windows" not in priced
    held = tagged(tagger, "A model that reads books", "Its context window holds 2 million tokens.")
    assert "Long context windows" in held
