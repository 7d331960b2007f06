import tomllib
from collections import Counter
from pathlib import Path

import pytest

from signals.tagging.names import normalise_name

CATALOGUE = Path(__file__).parents[2] / "signals" / "starter" / "catalogue.toml"
LEAST_TAGS = {"technology": 50, "signal": 30, "behavior": 25, "issue": 25, "concern": 10}
LONGEST_NAME = 70


def names_of(tag):
    return [tag["name"], tag["name_fr"], *tag["aliases"], *tag["aliases_fr"]]


@pytest.fixture(scope="module")
def catalogue():
    return tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))


def test_every_kind_has_enough_tags_to_fill_a_trend_table(catalogue):
    counts = Counter(tag["kind"] for tag in catalogue["tag"])
    assert counts.keys() == LEAST_TAGS.keys()
    assert {kind for kind, least in LEAST_TAGS.items() if counts[kind] < least} == set()


def test_every_tag_is_complete_in_both_languages(catalogue):
    texts = ("name", "name_fr", "description", "description_fr")
    incomplete = [
        tag.get("name")
        for tag in catalogue["tag"]
        if not all(tag.get(field, "").strip() for field in texts)
        or tag["description"] == tag["description_fr"]
        or not tag["aliases"]
        or not tag["cues"]
        or max(len(tag["name"]), len(tag["name_fr"])) > LONGEST_NAME
    ]
    assert incomplete == []


def test_signals_and_only_signals_say_what_changes_and_why(catalogue):
    for tag in catalogue["tag"]:
        said = [bool(tag.get(field, "").strip()) for field in ("change", "outlook", "driving_force")]
        assert said == [tag["kind"] == "signal"] * 3, tag["name"]
        if tag["kind"] == "signal":
            assert tag["change"].startswith("From ") and " to " in tag["change"], tag["name"]


def test_no_name_or_alias_belongs_to_two_tags_of_one_kind(catalogue):
    owners = {}
    for tag in catalogue["tag"]:
        for name in names_of(tag):
            owners.setdefault((tag["kind"], normalise_name(name)), set()).add(tag["name"])
    assert {key: tags for key, tags in owners.items() if len(tags) > 1} == {}


def test_a_tag_lists_each_of_its_names_once(catalogue):
    repeated = {
        tag["name"]: [
            name for name, times in Counter(map(normalise_name, names_of(tag)[2:])).items() if times > 1
        ]
        for tag in catalogue["tag"]
    }
    assert {name: names for name, names in repeated.items() if names} == {}


def test_themes_are_defined_once_and_all_used(catalogue):
    defined = [theme["name"] for theme in catalogue["theme"]]
    used = {name for tag in catalogue["tag"] for name in tag["themes"]}
    assert len(set(defined)) == len(defined)
    assert all(theme["name_fr"] and theme["description"] for theme in catalogue["theme"])
    assert used == set(defined)


def test_aliases_are_long_enough_to_be_matched_literally(catalogue):
    short = [
        (tag["name"], name)
        for tag in catalogue["tag"]
        for name in names_of(tag)
        if len(normalise_name(name)) < 3
    ]
    assert short == []
