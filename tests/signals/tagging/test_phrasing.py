"""How tags are spoken of: learned from labelled texts, found without any of the tag's names."""

import json
import tomllib
from collections import Counter
from dataclasses import replace

import pytest

from signals.models import Tagging
from signals.tagging.phrasing import PHRASING, Phrasing, key_of
from signals.tagging.phrasing_training import Labelled, learn
from signals.tagging.profiles import Profile
from signals.tagging.scorer import FEATURES, PHRASED, PairModel, default_model, starter_model
from signals.tagging.service import tag_articles
from signals.tagging.tagger import Document, Tagger
from signals.tagging.training import read_profiles
from tests.signals.tagging.labelled import (
    CATALOGUE,
    TEST_SAMPLES,
    read_labels,
    read_tags,
    read_texts,
    twin_keys,
)

STRIKE, CHIPS = "issue: Work stoppages", "technology: Ovens"
PROFILES = [
    Profile(1, "issue", ("Work stoppages", "industrial action"), description="People lay down work."),
    Profile(2, "technology", ("Ovens",), description="Things that bake."),
    Profile(3, "concern", ("Nobody labelled this",)),
]
_CARRIED = (
    "Dockers walk out in {place} over AI",
    "Nurses of {place} picket their hospital's AI",
    "Drivers in {place} walk out over AI and pay",
    "Teachers picket the ministry of AI in {place}",
)
_OTHER = (
    "AI expected in {place}",
    "{place} opens a museum of AI",
    "An AI bridge for {place}",
    "{place} votes on AI and parking",
)
_PLACES = ("Larkmoor", "Belmarsh", "Ostrava", "Tilbrook", "Vessy", "Calden")


def _texts(weight=1.0, *, is_real=True):
    right = [
        Labelled(Document(title.format(place=place), ""), frozenset({STRIKE}), weight=weight, is_real=is_real)
        for place in _PLACES
        for title in _CARRIED
    ]
    wrong = [
        Labelled(Document(title.format(place=place), ""), frozenset(), weight=weight, is_real=is_real)
        for place in _PLACES
        for title in _OTHER
    ]
    return [text for pair in zip(right, wrong, strict=True) for text in pair]


def tagger_of(phrasing, profiles=PROFILES):
    weights = starter_model().weights[: -len(PHRASED)] + tuple(phrasing.pairs[name] for name in PHRASED)
    return Tagger(profiles, PairModel(weights, starter_model().intercept, phrasing))


@pytest.fixture(scope="module")
def phrasing():
    return learn(_texts(), PROFILES)


def test_a_tag_is_found_by_how_it_is_spoken_of_and_says_by_which_words(phrasing):
    [found], none = tagger_of(phrasing).suggest(
        [
            Document("Dockers picket the AI quay", "The sea is calm. They walk out at noon."),
            Document("A museum of AI", ""),
        ]
    )
    assert found.tag_id == 1
    assert "picket" in found.because["telling"]
    assert "picket" in found.quote or "walk out" in found.quote
    assert none == []
    without = Tagger(PROFILES, starter_model())
    assert without.suggest([Document("Dockers picket the AI quay", "They walk out at noon.")]) == [[]]


def test_log_odds_are_the_mean_of_the_tags_own_regression_and_the_shared_layer(phrasing):
    rows = phrasing.rows([["docker", "picket"], ["museum"]])
    own = replace(phrasing, layer=None).log_odds(rows)
    assert phrasing.log_odds(rows) == pytest.approx((own + phrasing.layer.log_odds(rows)) / 2)
    assert own[0, 0] > own[1, 0]
    assert phrasing.layer.log_odds(rows)[0, 0] > phrasing.layer.log_odds(rows)[1, 0]


def test_what_is_learned_is_the_same_again_and_is_read_as_it_was_written(phrasing, tmp_path):
    phrasing.write(tmp_path / "one.gz")
    learn(_texts(), PROFILES).write(tmp_path / "two.gz")
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()
    read = Phrasing.read(tmp_path / "one.gz")
    read.write(tmp_path / "three.gz")
    assert (tmp_path / "three.gz").read_bytes() == (tmp_path / "one.gz").read_bytes()
    document = Document("Dockers picket the AI quay", "")
    assert tagger_of(read).suggest([document]) == tagger_of(Phrasing.read(tmp_path / "three.gz")).suggest(
        [document]
    )


def test_a_tag_too_few_texts_carry_and_what_was_left_open_teach_nothing(phrasing):
    few = learn(_texts()[:14], PROFILES)
    assert (phrasing.tags, few.tags) == ((STRIKE,), ())
    left_open = [
        Labelled(text.document, frozenset(), frozenset({STRIKE}) if text.tags else frozenset())
        for text in _texts()
    ]
    assert learn(left_open, PROFILES).tags == ()


def test_a_renamed_tag_and_one_that_took_another_over_keep_their_phrasing(phrasing):
    document = Document("Dockers picket the AI quay", "")
    for names in (("Strikes", "Work stoppages"), ("Labour unrest", "pay disputes", "work-stoppages")):
        assert tagger_of(phrasing, [Profile(7, "issue", names)]).suggest([document])[0][0].tag_id == 7
    assert tagger_of(phrasing, [Profile(7, "concern", ("Work stoppages",))]).suggest([document]) == [[]]


def test_what_a_longer_name_hides_is_not_found_by_its_words_either(phrasing):
    profiles = [Profile(1, "issue", ("Work stoppages",)), Profile(4, "issue", ("Planned work stoppages",))]
    document = Document("Planned work stoppages", "Dockers picket the AI and walk out.")
    said = tagger_of(phrasing, profiles).suggest([document])
    assert said == Tagger(profiles, starter_model()).suggest([document])
    assert said[0][0].tag_id == 4


def test_of_another_world_nothing_is_found_by_words_alone(phrasing):
    text = "They walk out at noon."
    assert tagger_of(phrasing).suggest([Document("Dockers picket the quay", text)]) == [[]]
    [found] = tagger_of(phrasing).suggest([Document("Industrial action at the quay", text)])
    assert [one.tag_id for one in found] == [1]


def test_a_tag_without_phrasing_is_scored_as_without_the_file():
    profiles = [Profile(1, "issue", ("Quokka census",)), Profile(2, "technology", ("Zephyr looms",))]
    documents = [Document("Quokka census begins", "Zephyr looms hum."), Document("Zephyr looms", "A census.")]
    with_file = Tagger(profiles, default_model()).score(documents).probabilities
    assert with_file.tolist() == Tagger(profiles, starter_model()).score(documents).probabilities.tolist()
    assert len(default_model().weights) == len(FEATURES)


def test_the_shipped_phrasing_speaks_of_tags_of_the_catalogue():
    phrasing, known = Phrasing.read(PHRASING), set(read_tags())
    assert set(phrasing.tags) <= known
    assert {key_of(tag)[0] for tag in phrasing.tags} == {
        "signal",
        "behavior",
        "technology",
        "issue",
        "concern",
    }


def test_labels_that_are_learned_from_are_none_of_those_that_are_judged_by():
    first, *rows = (CATALOGUE.parent / "news_labels.jsonl").read_text(encoding="utf-8").splitlines()
    tags = json.loads(first)["tags"]
    assert set(tags) <= set(read_tags())
    labels = [json.loads(row) for row in rows]
    ids = {label["id"] for label in labels}
    assert len(ids) == len(labels)
    for sample in TEST_SAMPLES:
        assert ids.isdisjoint(label.id for label in read_labels(sample))
    for label in labels:
        assert not set(label["tags"]) & set(label["maybe"])
        assert all(place < len(tags) for place in (*label["tags"], *label["maybe"]))


def test_no_copy_of_what_is_judged_by_is_learned_from_under_another_id(shared_data):
    texts = read_texts(shared_data)
    judged = [label.id for sample in TEST_SAMPLES for label in read_labels(sample)]
    keys = set().union(*(twin_keys(texts[one]) for one in judged))
    _, *rows = (CATALOGUE.parent / "news_labels.jsonl").read_text(encoding="utf-8").splitlines()
    learned = [twin_keys(texts[json.loads(row)["id"]]) for row in rows]
    assert len(keys) > 500
    assert not [found for found in learned if found & keys]
    counted = Counter(key for found in learned for key in found)
    assert counted.most_common(1)[0][1] == 1, "and each entry is learned from once"


def test_a_word_alone_is_not_all_that_a_text_says():
    tagger = Tagger(read_profiles(tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))), default_model())
    for title in ("OpenAI", "ChatGPT", "Robots"):
        [found] = tagger.suggest([Document(title, "")])
        for one in found:
            profile = tagger.profiles[one.tag_id]
            assert profile.kind == "technology", (title, profile.names[0])


def test_everyday_news_has_a_title_and_a_text_a_line_and_is_told_once():
    lines = (CATALOGUE.parent / "everyday_news.tsv").read_text(encoding="utf-8").splitlines()
    assert all(line.count("\t") == 1 and line.split("\t")[0].strip() for line in lines)
    assert len(set(lines)) == len(lines) > 1000


def test_invented_news_name_tags_of_the_catalogue_and_are_told_once():
    lines = (CATALOGUE.parent / "invented_news.jsonl").read_text(encoding="utf-8").splitlines()
    rows, known = [json.loads(line) for line in lines], set(read_tags())
    for row in rows:
        tags, maybe = set(row.get("tags", ())), set(row.get("maybe", ()))
        assert tags | maybe <= known
        assert not tags & maybe
    assert len({(row["title"], row["text"]) for row in rows}) == len(rows)


@pytest.mark.django_db
def test_a_fact_sheet_about_a_model_speaks_of_no_change(starter_catalogue, article):
    title = "What does open even mean? Licence body proposes a definition for AI"
    text = "Publishing weights without training data would not qualify under the draft, which splits the committee."
    news, sheet = article(title, text), article(title, text, type="release")
    tag_articles([news.pk, sheet.pk])
    told = [one.article_id for one in Tagging.objects.all() if "telling" in one.because]
    assert news.pk in told
    assert sheet.pk not in told
