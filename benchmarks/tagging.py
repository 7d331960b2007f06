"""How well tags are found, rows ranked, sorted and graded, and decisions learned from: `make bench NAME=tagging`.

Every figure comes with the split it was measured on, what a trivial rule gets there, and the floor below which
the benchmark ends with 1. The floors are what was measured last, less a little for other machines' rounding.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any, Final

from benchmarks.facets import measure_facets

# Two libraries that each start a thread per core make one another slower, and CPU times say nothing.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
ROW_LABELS: Final = Path(__file__).resolve().parents[1] / "tests/signals/tagging/labels/rows.jsonl"
SCREENING: Final = ("Kitchenham_2010", "Nagtegaal_2019")
SPLITS: Final = {"2025-01-01": "train before 2025-01-01", "2025-04-01": "train before 2025-04-01"}
FLOORS: Final = {
    "keywords of a note": {"f1": 0.41, "exact_f1": 0.22},
    "themes of a note": {"precision": 0.52},
    "category of a note": {"accuracy": 0.72, "macro_recall": 0.75},
    "type of a note": {"accuracy": 0.77, "macro_recall": 0.66},
    "link companies, train before 2025-01-01": {"lrap": 0.855},
    "link models, train before 2025-01-01": {"lrap": 0.82},
    "link topics, train before 2025-01-01": {"lrap": 0.655},
    "rank a note's rows": {"map": 0.845},
    "kind of a description": {"macro_f1": 0.66},
    "relevance of a row": {"kappa": 0.24},
    "link_rows": {"sure_precision": 0.95, "sure_recall": 0.3, "shown_precision": 0.77, "shown_recall": 0.6},
    "learn from decisions, Kitchenham_2010": {"recall_at_tenth": 0.54, "wss95": 0.645},
    "learn from decisions, Nagtegaal_2019": {"recall_at_tenth": 0.65, "wss95": 0.72},
    "no label, ainews": {"within_ten": 0.93},
    "no label, entries": {"within_ten": 0.95},
    "off topic sinks": {"auc": 0.9},
    "suggestions, first sample, signal": {"precision": 0.84, "recall": 0.685},
    "suggestions, first sample, behavior": {"precision": 0.781, "recall": 0.5},
    "suggestions, first sample, technology": {"precision": 0.932, "recall": 0.807},
    "suggestions, first sample, issue": {"precision": 0.741, "recall": 0.551},
    "suggestions, first sample, concern": {"precision": 0.777, "recall": 0.388},
    "suggestions, second sample, signal": {"precision": 0.725, "recall": 0.58},
    "suggestions, second sample, behavior": {"precision": 0.764, "recall": 0.565},
    "suggestions, second sample, technology": {"precision": 0.949, "recall": 0.844},
    "suggestions, second sample, issue": {"precision": 0.847, "recall": 0.639},
    "suggestions, second sample, concern": {"precision": 0.9, "recall": 0.857},
}
CEILINGS: Final[dict[str, dict[str, float]]] = {
    "relevance of a row": {"macro_mae": 0.62},
    "no label, ainews": {"median_first": 10},
    "no label, entries": {"median_first": 10},
}


def main() -> int:
    """Measure and print one JSON object; 1 when a figure is below its floor, 2 without the data."""
    needed = [DATA / "ainews/dev.jsonl", DATA / "notes/dev.jsonl"]
    needed += [DATA / "news/dev.jsonl.xz", DATA / "feeds/history.tar.xz"]
    needed += [DATA / f"screening/{name}.csv.xz" for name in SCREENING]
    missing = [path.relative_to(DATA.parent).as_posix() for path in needed if not path.exists()]
    if missing:
        print(
            f"tagging: no {', '.join(missing)} beside the checkout. The real data is not part of the project.",
            file=sys.stderr,
        )
        return 2
    tasks: dict[str, dict[str, Any]] = {}
    for measure in (
        measure_suggestions,
        measure_notes,
        measure_rows,
        measure_links,
        measure_order,
        measure_facets,
    ):
        started = time.monotonic()
        tasks |= measure()
        print(f"{measure.__name__}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    below = [
        f"{task}: {name} {tasks[task][name]}, floor {floor}"
        for task, floors in FLOORS.items()
        for name, floor in floors.items()
        if tasks[task][name] < floor
    ]
    below += [
        f"{task}: {name} {tasks[task][name]}, at most {ceiling}"
        for task, ceilings in CEILINGS.items()
        for name, ceiling in ceilings.items()
        if tasks[task][name] > ceiling
    ]
    for task in tasks:
        tasks[task]["floor"] = {**FLOORS.get(task, {}), **CEILINGS.get(task, {})}
    for line in below:
        print(f"worse than recorded: {line}", file=sys.stderr)
    print(json.dumps({"failed": bool(below), "worse": below, "tasks": tasks}))
    return 1 if below else 0


def measure_suggestions() -> dict[str, dict[str, Any]]:
    """What is shown for entries labelled by hand, by a tagger that no decision taught."""
    from tests.signals.tagging.labelled import (
        TEST_SAMPLES,
        count,
        named_tags,
        read_documents,
        read_labels,
        suggested_tags,
    )

    tasks = {}
    for which, path in zip(("first", "second"), TEST_SAMPLES, strict=True):
        labels = read_labels(path)
        documents = read_documents(labels, DATA)
        named = count(labels, named_tags(documents))
        for kind, score in count(labels, suggested_tags(documents)).items():
            tasks[f"suggestions, {which} sample, {kind}"] = {
                "split": f"{len(labels)} entries of news/dev and feeds/history at random, not learned from",
                **score.as_json(),
                "baseline": {**named[kind].as_json(), "by": "a name or alias stands there, word for word"},
            }
    return tasks


def measure_links() -> dict[str, dict[str, Any]]:
    """Articles linked to known tags, forward in time."""
    from signals.tagging.learning.evaluation import evaluate_family
    from signals.tagging.learning.layouts import read_issues

    families = read_issues(DATA / "ainews/dev.jsonl")
    tasks = {}
    for day, words in SPLITS.items():
        for family, issues in families.items():
            figures = evaluate_family(issues, date.fromisoformat(day))
            baseline = {"lrap": figures.pop("baseline"), "by": "named, then share of the past"}
            tasks[f"link {family}, {words}"] = {
                "split": f"ainews/dev, {words}, test from then to 2025-06, tags given 5 times or more before",
                **figures,
                "baseline": baseline,
            }
    return tasks


def measure_notes() -> dict[str, dict[str, Any]]:
    """Rows ranked, sorted into kinds, graded, linked."""
    from signals.tagging.learning.evaluation import evaluate_notes
    from signals.tagging.learning.layouts import read_notes

    notes, rows = read_notes(DATA / "notes/dev.jsonl")
    figures = evaluate_notes(notes, rows)
    ranked = sum(row.kind != "concern" for row in rows)
    kinds = [row.kind for row in rows if row.kind != "concern"]
    commonest = max(kinds.count(kind) for kind in kinds) / len(kinds)
    return {
        "rank a note's rows": {
            "split": f"notes/dev, all {len(notes)} notes, {ranked} rows without concerns, nothing learned from labels",
            "map": figures["map"],
            "p10": figures["p10"],
            "baseline": {"map": figures["baseline_map"], "by": "character TF-IDF"},
        },
        "kind of a description": {
            "split": "notes/dev, 5 folds by note",
            "macro_f1": figures["kinds_f1"],
            "baseline": {
                "macro_f1": round(2 * commonest / (1 + commonest) / len(set(kinds)), 4),
                "by": "always the commonest kind",
            },
        },
        "relevance of a row": {
            "split": "notes/dev, scored rows of all kinds, 5 folds by note",
            "kappa": figures["qwk"],
            "macro_mae": figures["macro_mae"],
            "baseline": {
                "kappa": 0.0,
                "macro_mae": figures["constant_macro_mae"],
                "by": "always the median",
            },
        },
        "link rows to the starter catalogue": {
            "split": f"notes/dev, all {len(rows)} rows; how many are linked for sure, not how many rightly",
            "rows_linked": figures["rows_linked"],
            "baseline": None,
        },
    }


def measure_rows() -> dict[str, dict[str, Any]]:
    """Rows linked to the starter catalogue, against a person's reading of them."""
    from signals.tagging.learning.row_links import judge_links, read_labels, same_name_only, starter

    rows = read_labels(ROW_LABELS, DATA / "notes/dev.jsonl", half="judge")
    figures = judge_links(rows, starter().linker.guess([one.row for one in rows]))
    baseline = judge_links(rows, same_name_only(rows))
    same = ("sure_precision", "sure_recall", "shown_precision", "shown_recall", "new_left_alone")
    return {
        "link_rows": {
            "split": "notes/dev, the judge half of 300 rows drawn at random; learned from the other half's notes",
            **figures,
            "baseline": {**{name: baseline[name] for name in same}, "by": "the same name, of any kind"},
        }
    }


def measure_order() -> dict[str, dict[str, Any]]:
    """What is read first: after decisions, by a description alone, and what sinks."""
    from benchmarks import ordering
    from tests.signals.tagging.labelled import TEST_LABELS, read_documents, read_labels

    labels = read_labels(TEST_LABELS)
    documents = read_documents(labels, DATA)
    return {
        **ordering.measure_decisions(DATA),
        **ordering.measure_descriptions(DATA, labels, documents),
        **ordering.measure_off_topic(labels, documents),
    }


if __name__ == "__main__":
    sys.exit(main())
