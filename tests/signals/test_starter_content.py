"""The starter content that a first run shows: facts, samples and feeds, read without a database."""

import json
import re
import tomllib
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from signals.language import detect_language
from signals.notes.read import read_markdown
from signals.notes.write import write_markdown

STARTER = Path(__file__).resolve().parents[2] / "signals" / "starter"
LAST_DAY = date(2026, 6, 30)

RELEASES = tomllib.loads((STARTER / "releases.toml").read_text(encoding="utf-8"))["release"]
BRIEFS = tomllib.loads((STARTER / "briefs.toml").read_text(encoding="utf-8"))["brief"]
NOTES = sorted((STARTER / "notes").glob("*.md"))
OUTLINES = list(ET.parse(STARTER / "sources.opml").getroot().iterfind(".//outline[@xmlUrl]"))

RELEASE_FIELDS = {
    "model": str,
    "slug": str,
    "developer": str,
    "date": str,
    "weights": str,
    "licence": str,
    "context": int,
    "parameters_b": (int, float),
    "active_parameters_b": (int, float),
    "input_price": float,
    "output_price": float,
    "modalities": list,
    "family": str,
    "source": str,
    "source_name": str,
    "aliases": list,
}
REQUIRED = {"model", "slug", "developer", "date", "modalities", "source", "source_name"}


def known_since(stated: str) -> date:
    """The first day that a date, or a month, can mean."""
    return date.fromisoformat(stated if len(stated) == 10 else f"{stated}-01")


def host(url: str) -> str:
    parts = urlsplit(url)
    assert parts.scheme == "https", url
    assert parts.hostname, url
    return parts.hostname


def release(slug: str) -> dict[str, object]:
    return next(fact for fact in RELEASES if fact["slug"] == slug)


def test_every_release_states_who_when_and_where_from_and_nothing_unheard_of():
    for fact in RELEASES:
        assert fact.keys() >= REQUIRED, fact
        for field, value in fact.items():
            assert isinstance(value, RELEASE_FIELDS[field]), (fact["slug"], field, value)
            assert value not in ("", []), (fact["slug"], field)
        assert date(2020, 1, 1) <= known_since(fact["date"]) <= LAST_DAY, fact["slug"]
        assert host(fact["source"]), fact["slug"]
        assert fact.get("weights", "open") in {"open", "restricted", "closed"}, fact["slug"]


def test_an_unknown_number_is_left_out_and_never_zero():
    for fact in RELEASES:
        for field in ("context", "parameters_b", "active_parameters_b", "input_price", "output_price"):
            assert fact.get(field, 1) > 0, (fact["slug"], field)
        assert ("input_price" in fact) == ("output_price" in fact), fact["slug"]
        if "active_parameters_b" in fact:
            assert fact["active_parameters_b"] < fact["parameters_b"], fact["slug"]


def test_releases_stand_in_order_and_no_two_share_a_name():
    assert [known_since(fact["date"]) for fact in RELEASES] == sorted(
        known_since(fact["date"]) for fact in RELEASES
    )
    names = Counter(
        name
        for fact in RELEASES
        for name in {text.casefold() for text in (fact["slug"], fact["model"], *fact.get("aliases", []))}
    )
    assert [name for name, count in names.items() if count > 1] == []
    assert all(re.fullmatch(r"[a-z0-9]+(?:[.-][a-z0-9]+)*", fact["slug"]) for fact in RELEASES)


@pytest.mark.parametrize(
    "slug",
    [
        "gpt-3",
        "gpt-4",
        "gpt-4-turbo",
        "gpt-4o",
        "gpt-5",
        "gpt-oss-120b",
        "llama-1",
        "llama-2",
        "llama-3",
        "llama-4-scout",
        "mistral-7b",
        "mixtral-8x7b",
        "mixtral-8x22b",
        "deepseek-v2",
        "deepseek-v3",
        "deepseek-r1",
        "phi-3-mini",
        "zephyr-7b-beta",
        "claude-1",
        "claude-3-opus",
        "gemini-1.0",
        "gemma-1",
        "qwen-7b",
        "falcon-40b",
        "bloom",
        "opt-175b",
    ],
)
def test_the_models_that_everyone_knows_are_there(slug: str):
    assert release(slug)["source"]


def test_well_known_facts_are_right():
    gpt_4o = release("gpt-4o")
    assert (gpt_4o["date"], gpt_4o["input_price"], gpt_4o["output_price"]) == ("2024-05-13", 5.0, 15.0)
    mixtral = release("mixtral-8x7b")
    assert (mixtral["parameters_b"], mixtral["active_parameters_b"]) == (46.7, 12.9)
    assert (mixtral["weights"], mixtral["licence"]) == ("open", "Apache-2.0")


def test_releases_reach_from_2020_to_the_last_day_of_the_sample():
    years = Counter(fact["date"][:4] for fact in RELEASES)
    assert set(years) == {"2020", "2021", "2022", "2023", "2024", "2025", "2026"}
    assert len(RELEASES) >= 200
    assert years["2026"] >= 35


def test_a_fact_taken_from_models_dev_is_stated_there(shared_data: Path):
    folder = shared_data / "models"
    providers = json.loads((folder / "modelsdev-api.json").read_text(encoding="utf-8")).values()
    stated: dict[str, list[dict[str, object]]] = {}
    models = json.loads((folder / "modelsdev-models.json").read_text(encoding="utf-8"))
    for listing in (models, *(provider["models"] for provider in providers)):
        for key, model in listing.items():
            stated.setdefault(key.split("/")[-1].casefold(), []).append(model)
    taken = [fact for fact in RELEASES if fact["source"] == "https://models.dev"]
    assert len(taken) > 80
    for fact in taken:
        said = [model for name in (fact["slug"], *fact.get("aliases", [])) for model in stated.get(name, [])]
        said += stated.get(fact["model"].casefold().replace(" ", "-"), [])
        assert fact["date"] in {model["release_date"] for model in said}, fact["slug"]
        assert (fact["weights"] != "closed") in {model["open_weights"] for model in said}, fact["slug"]
        if "input_price" in fact:
            prices = {(model["cost"]["input"], model["cost"]["output"]) for model in said if "cost" in model}
            assert (fact["input_price"], fact["output_price"]) in prices, fact["slug"]


def test_briefs_are_short_dated_and_from_reserved_domains():
    for brief in BRIEFS:
        assert brief.keys() == {"id", "title", "language", "published", "publisher", "url", "text"}
        assert date(2025, 9, 1) <= date.fromisoformat(brief["published"]) <= date(2026, 6, 28)
        assert brief["publisher"].endswith(".example")
        assert host(brief["url"]) == brief["publisher"]
        assert 90 <= len(brief["text"].split()) <= 220, brief["id"]
        assert brief["text"].strip().count("\n\n") >= 2, brief["id"]
    for field in ("id", "title", "url", "text"):
        assert len({brief[field] for brief in BRIEFS}) == len(BRIEFS)


def test_briefs_come_in_both_languages_from_many_publishers_and_mostly_late():
    assert Counter(brief["language"] for brief in BRIEFS) == {"en": 28, "fr": 12}
    for brief in BRIEFS:
        assert detect_language(brief["text"])[0] == brief["language"], brief["id"]
    assert len({brief["publisher"] for brief in BRIEFS}) >= 9
    early = sum(brief["published"] < "2026-03-01" for brief in BRIEFS)
    assert (early, len(BRIEFS) - early) == (13, 27)


@pytest.mark.parametrize(
    "topic",
    [
        r"\bagents\b",
        r"unattended|autonomous agents|agents? autonomes?",
        r"coding agents",
        r"compact models?|local models|small language models|modèles? compacts?",
        r"data centres?|centres? de données",
        r"energy consumption|consommation d'énergie",
        r"open[- ]weights|poids ouverts",
        r"falling (?:token )?prices|baisse des prix|prix ayant baissé",
        r"copyright|droit d'auteur",
        r"AI Act",
        r"prompt injection|injection de prompt",
        r"hybrid",
        r"benchmark|evaluation|évaluation|bancs d'essai",
        r"mixture of experts|\bMoE\b",
    ],
)
def test_a_topic_that_lives_has_three_briefs_by_two_publishers_in_the_last_112_days(topic: str):
    telling = [
        brief
        for brief in BRIEFS
        if brief["published"] > "2026-03-10"
        and re.search(topic, brief["title"] + brief["text"], re.IGNORECASE)
    ]
    assert len(telling) >= 3
    assert len({brief["publisher"] for brief in telling}) >= 2


@pytest.mark.parametrize("topic", [r"prompt engineering", r"\bRAG\b|retrieval-augmented generation"])
def test_a_topic_that_fades_was_talked_about_early_only(topic: str):
    days = [brief["published"] for brief in BRIEFS if re.search(topic, brief["title"] + brief["text"])]
    assert len(days) >= 4
    assert all(day < "2026-03-10" for day in days)


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_a_sample_note_reads_and_writes_back_the_same(path: Path):
    text = path.read_text(encoding="utf-8")
    note = read_markdown(text)
    assert write_markdown(note) == text
    assert note.page == path.name[:10].replace("-", "")
    assert date(2025, 10, 1) <= date.fromisoformat(path.name[:10]) <= LAST_DAY
    assert host(note.link or "").endswith(".example")
    assert host(note.page_link or "").endswith(".example")
    assert note.category and note.type and note.summary and note.keywords and note.themes
    rows = Counter(row.kind for row in note.rows)
    assert rows["signal"] >= 4
    assert min(rows["behavior"], rows["technology"], rows["issue"]) >= 3
    for row in note.rows:
        assert row.name and row.description and row.relevancy
        if row.kind == "signal":
            assert row.change and row.outlook and row.driving_force


def test_sample_notes_use_the_whole_scale_both_languages_and_concerns():
    notes = [read_markdown(path.read_text(encoding="utf-8")) for path in NOTES]
    assert len(notes) == 12
    assert {row.relevancy for note in notes for row in note.rows} == {1, 2, 3, 4, 5}
    assert Counter(detect_language(note.summary or "")[0] for note in notes) == {"en": 8, "fr": 4}
    assert any(row.kind == "concern" for note in notes for row in note.rows)


def test_no_brief_and_no_note_tells_the_same_address():
    links = [brief["url"] for brief in BRIEFS]
    links += [read_markdown(path.read_text(encoding="utf-8")).link or "" for path in NOTES]
    assert len(set(links)) == len(links)


def test_the_starter_pack_is_foldered_and_every_address_is_secure_and_unique():
    root = ET.parse(STARTER / "sources.opml").getroot()
    folders = [outline.get("text") for outline in root.iterfind("./body/outline")]
    assert folders == ["News", "Research", "Policy", "Vendors", "Tools", "Registries"]
    assert len(list(root.iterfind("./body/outline/outline"))) == len(OUTLINES) >= 40
    addresses = [outline.get("xmlUrl", "") for outline in OUTLINES]
    assert len(set(addresses)) == len(addresses)
    for outline in OUTLINES:
        assert host(outline.get("xmlUrl", "")) and host(outline.get("htmlUrl", ""))
        assert outline.get("title")
        assert outline.get("type") in {"rss", "modelsdev"}
    assert {outline.get("language") for outline in OUTLINES} == {"en", "fr"}
    assert [o.get("xmlUrl") for o in OUTLINES if o.get("type") == "modelsdev"] == [
        "https://models.dev/api.json"
    ]
