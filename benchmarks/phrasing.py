"""Learns how the starter's tags are spoken of, and writes what the tagger reads (`python -m benchmarks.phrasing`).

It needs the real data: the labels name entries of it (`signals/starter/news_labels.jsonl`), and their texts are
not part of the project. Nine minutes; on one machine the same to the last digit for the same labels.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Final

from signals.tagging.phrasing import PHRASING
from signals.tagging.phrasing_training import Labelled, learn
from signals.tagging.tagger import Document
from signals.tagging.training import read_profiles
from tests.signals.tagging.labelled import CATALOGUE, DATA, read_texts

STARTER: Final = CATALOGUE.parent
_INVENTED_WEIGHT: Final = 0.5


def read_labelled(data: Path, without: Collection[str] = ()) -> list[Labelled]:
    """Labelled news but those ids, then invented news, of AI and of everything else."""
    first, *lines = (STARTER / "news_labels.jsonl").read_text(encoding="utf-8").splitlines()
    tags: list[str] = json.loads(first)["tags"]
    rows = [row for row in map(json.loads, lines) if row["id"] not in without]
    texts = read_texts(data, {row["id"] for row in rows})
    real = [
        Labelled(
            texts[row["id"]],
            frozenset(tags[place] for place in row["tags"]),
            frozenset(tags[place] for place in row["maybe"]),
            frozenset(row.get("unread", ())),
        )
        for row in rows
    ]
    return [*real, *read_elsewhere(), *read_invented()]


def read_invented() -> list[Labelled]:
    """The starter's invented news, each weighing less than a real one."""
    lines = (STARTER / "invented_news.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Labelled(
            Document(row["title"], row["text"]),
            frozenset(row.get("tags", ())),
            frozenset(row.get("maybe", ())),
            weight=_INVENTED_WEIGHT,
            is_real=False,
        )
        for row in map(json.loads, lines)
    ]


def read_elsewhere() -> list[Labelled]:
    """Invented news of a world without AI, where the same words mean other things."""
    lines = (STARTER / "everyday_news.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return [Labelled(Document(title, text), frozenset()) for title, text in rows]


def main() -> int:
    """Write the phrasing, or say what is missing."""
    if not DATA.exists():
        print(
            f"phrasing: no {DATA.name} beside the checkout; it is not part of the project.", file=sys.stderr
        )
        return 2
    profiles = read_profiles(tomllib.loads(CATALOGUE.read_text(encoding="utf-8")))
    phrasing = learn(read_labelled(DATA), profiles)
    phrasing.write(PHRASING)
    print(json.dumps({"tags": len(phrasing.tags), "phrases": len(phrasing.columns)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
