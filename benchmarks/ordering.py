"""What is read first: after decisions, from a description alone, and how far off-topic articles sink."""

from __future__ import annotations

import csv
import json
import lzma
import random
import time
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from signals.tagging.learning.metrics import work_saved
from signals.tagging.profiles import GAP, Profile
from signals.tagging.ranking import learn, read_in_order, read_words, telling
from signals.tagging.ranking_score import inbox_scores, topicality
from signals.tagging.scorer import default_model
from signals.tagging.tagger import Document, Tagger
from signals.tagging.training import read_profiles
from signals.tagging.words import split_words

CATALOGUE: Final = Path(__file__).resolve().parents[1] / "signals/starter/catalogue.toml"
SCREENING: Final = ("Kitchenham_2010", "Nagtegaal_2019")
ASREVIEW: Final = {
    "Kitchenham_2010": {
        "recall_at_tenth": 0.509,
        "wss95": 0.670,
        "cpu_ms": 7.8,
        "by_seed": {
            "recall_at_tenth": [0.750, 0.727, 0.705, 0.159, 0.205],
            "wss95": [0.671, 0.673, 0.684, 0.657, 0.663],
        },
    },
    "Nagtegaal_2019": {
        "recall_at_tenth": 0.678,
        "wss95": 0.738,
        "cpu_ms": 12.0,
        "by_seed": {
            "recall_at_tenth": [0.670, 0.690, 0.670, 0.680, 0.680],
            "wss95": [0.735, 0.736, 0.743, 0.739, 0.736],
        },
    },
}
"""ASReview 3.0.8's default (ELAS u4) from the same five pairs of known records, one thread of the machine of 22
November 2026, until the last relevant record was read (1,124 to 1,193 labels)."""
_SEEDS: Final = range(5)
_FIRST: Final = 10
_ENOUGH_ISSUES: Final = 5
_ENOUGH_ENTRIES: Final = 3


def measure_decisions(data: Path) -> dict[str, dict[str, Any]]:
    """Records read in the order of a ranker that learns from each."""
    return {f"learn from decisions, {name}": _screening(data, name) for name in SCREENING}


def _screening(data: Path, name: str) -> dict[str, Any]:
    """One relevant and one irrelevant record known, learned again after every label; means over the seeds."""
    with lzma.open(data / f"screening/{name}.csv.xz", "rt", encoding="utf-8", newline="") as lines:
        records = list(csv.DictReader(lines))
    labels = [record["label_included"] == "1" for record in records]
    started = time.process_time()
    rows = read_words([f"{record['title']} {record['abstract']}" for record in records])
    reading = time.process_time() - started
    found, saved, milliseconds = [], [], []
    for seed in _SEEDS:
        draw = random.Random(seed)
        first = [
            draw.choice([place for place, label in enumerate(labels) if label is wanted])
            for wanted in (True, False)
        ]
        started = time.process_time()
        order = read_in_order(rows, labels, first)
        milliseconds.append(1000 * (time.process_time() - started + reading) / len(order))
        read = np.array([labels[place] for place in order])
        found.append(float(read[: int(np.ceil(0.1 * len(read)))].sum() / read.sum()))
        saved.append(float(work_saved(read)))
    return {
        "split": f"{len(records)} records, {sum(labels)} relevant, 1+1 known and left out, {len(_SEEDS)} seeds",
        "recall_at_tenth": round(float(np.mean(found)), 4),
        "wss95": round(float(np.mean(saved)), 4),
        "cpu_ms": round(float(np.mean(milliseconds)), 2),
        "by_seed": {
            "recall_at_tenth": [round(value, 3) for value in found],
            "wss95": [round(value, 3) for value in saved],
        },
        "baseline": {"recall_at_tenth": 0.1, "wss95": 0.0, "by": "reading in any order"},
        "asreview": ASREVIEW[name],
    }


def measure_descriptions(
    data: Path, labels: Sequence[Any], texts: Sequence[Document]
) -> dict[str, dict[str, Any]]:
    """Articles ranked for a tag by what its row in the starter catalogue says, without a label."""
    with CATALOGUE.open("rb") as file:
        catalogue = tomllib.load(file)
    profiles = read_profiles(catalogue)
    descriptions = [row["description"] for row in catalogue["tag"]]
    issues = [json.loads(line) for line in (data / "ainews/dev.jsonl").read_text("utf-8").splitlines()]
    given: dict[str, set[int]] = defaultdict(set)
    for place, issue in enumerate(issues):
        for name in [*issue["topics"], *issue["companies"]]:
            given[_key(name)].add(place)
    of_issues = {
        index: set().union(*(given.get(_key(name), set()) for name in profile.all_names if GAP not in name))
        for index, profile in enumerate(profiles)
    }
    named = {f"{profile.kind}: {profile.names[0]}": index for index, profile in enumerate(profiles)}
    of_entries: dict[int, set[int]] = defaultdict(set)
    for place, label in enumerate(labels):
        for name in label.required:
            if name in named:
                of_entries[named[name]].add(place)
    return {
        "no label, ainews": {
            "split": f"ainews/dev, {len(issues)} issues; tracked topics, companies given {_ENOUGH_ISSUES} times",
            **_first_found(
                [f"{issue['title']}. {issue['text']}" for issue in issues],
                {index: places for index, places in of_issues.items() if len(places) >= _ENOUGH_ISSUES},
                profiles,
                descriptions,
            ),
        },
        "no label, entries": {
            "split": f"{len(labels)} labelled entries; tags that {_ENOUGH_ENTRIES} or more carry",
            **_first_found(
                [f"{text.title}. {text.text}" for text in texts],
                {index: places for index, places in of_entries.items() if len(places) >= _ENOUGH_ENTRIES},
                profiles,
                descriptions,
            ),
        },
    }


def _first_found(
    texts: Sequence[str],
    relevant: Mapping[int, set[int]],
    profiles: Sequence[Profile],
    descriptions: Sequence[str],
) -> dict[str, Any]:
    rows = read_words(texts)
    told = telling(rows)
    ranks: dict[str, list[float]] = defaultdict(list)
    for index, places in relevant.items():
        name = profiles[index].names[0]
        said = {
            "catalogue_row": profiles[index].text,
            "description_and_name": f"{name}. {descriptions[index]}",
            "description": descriptions[index],
        }
        for what, words in said.items():
            ranker, _dual = learn(read_words([words]), np.ones(1), np.ones(1), told)
            order = np.argsort(-ranker.scores(rows), kind="stable").tolist()
            ranks[what].append(1 + next(rank for rank, place in enumerate(order) if place in places))
        ranks["chance"].append((len(texts) + 1) / (len(places) + 1))
    figures = {
        what: {
            "median_first": float(np.median(found)),
            "within_ten": round(float(np.mean(np.array(found) <= _FIRST)), 3),
        }
        for what, found in ranks.items()
    }
    return {
        "tags": len(relevant),
        **figures["catalogue_row"],
        "description_and_name": figures["description_and_name"],
        "description": figures["description"],
        "baseline": {**figures["chance"], "by": "the expected rank in any order"},
    }


def measure_off_topic(labels: Sequence[Any], texts: Sequence[Document]) -> dict[str, dict[str, Any]]:
    """How far articles that are not about the catalogue's subject sink, before anybody decided anything."""
    with CATALOGUE.open("rb") as file:
        tagger = Tagger(read_profiles(tomllib.load(file)), default_model())
    found = tagger.suggest(texts)
    is_on = np.array([not label.off_topic for label in labels])
    waits = np.array([bool(suggestions) for suggestions in found])
    best = np.array([max((s.confidence * s.relevance / 5 for s in of), default=0.0) for of in found])
    doubt = np.array([max((1 - abs(2 * s.confidence - 1) for s in of), default=0.0) for of in found])
    speaks = np.array([topicality(tagger, f"{text.title}. {text.text}") for text in texts])
    before = np.array([max((s.relevance for s in of), default=0) for of in found], dtype=np.float64)
    scores = inbox_scores(speaks, best, doubt, np.zeros(len(texts)))
    return {
        "off topic sinks": {
            "split": f"{len(labels)} labelled entries, {int((~is_on).sum())} off topic; no decisions, all of one day",
            "auc": round(_auc(scores, is_on), 3),
            "off_topic_waiting": round(float((~is_on[waits]).mean()), 3),
            "baseline": {
                "auc": round(_auc(before, is_on), 3),
                "off_topic_waiting": round(float((~is_on).mean()), 3),
                "by": "the highest estimated relevance; every article waiting",
            },
        }
    }


def _auc(scores: np.ndarray[Any, Any], is_good: np.ndarray[Any, Any]) -> float:
    """The chance that a good one stands above a bad one, ties half (Mann-Whitney)."""
    above = scores[is_good][:, None] - scores[~is_good][None, :]
    return float(((above > 0) + 0.5 * (above == 0)).mean())


def _key(name: str) -> str:
    return " ".join(split_words(name.replace("-", " ")).stems)
