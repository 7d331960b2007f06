"""Real-looking prose in English and French, drawn with a seed from the starter content's own words.

A few words are in every text and most are rare, as in language: the starter's words by how often they stand
there, then thousands that are made of syllables.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from typing import Any, Final

import numpy as np

from benchmarks.speed_catalogue import STARTER

_WORD: Final = re.compile(r"[^\W\d_][^\W\d_'’-]*")
_RARE: Final = 12_000
_BEGINNINGS: Final = [
    "bra",
    "ce",
    "do",
    "fla",
    "gri",
    "hu",
    "ja",
    "ko",
    "lu",
    "mer",
    "nor",
    "oc",
    "pli",
    "qua",
    "ro",
    "sta",
    "tri",
    "um",
    "ver",
    "zo",
]
_ENDINGS: Final = {
    "en": [
        "ber",
        "cking",
        "dale",
        "fer",
        "gment",
        "ling",
        "mance",
        "ner",
        "pher",
        "ring",
        "stic",
        "tion",
        "vel",
        "wards",
        "xis",
    ],
    "fr": [
        "beau",
        "cité",
        "dière",
        "eur",
        "félé",
        "gnon",
        "ière",
        "leuse",
        "ment",
        "nage",
        "onné",
        "quage",
        "rité",
        "teuse",
        "voir",
    ],
}
_MIDDLES: Final = ["a", "bi", "co", "de", "ga", "li", "mo", "na", "pe", "ri", "su", "ti", "va"]


class Words:
    """Words of one language with the chance of each: rank 1 is said most often."""

    def __init__(self, language: str, rng: np.random.Generator) -> None:
        said = Counter(word.lower() for word in _WORD.findall(_starter_prose(language)))
        common = [word for word, _times in said.most_common()]
        rare = list(
            dict.fromkeys(
                f"{rng.choice(_BEGINNINGS)}{rng.choice(_MIDDLES)}{rng.choice(_MIDDLES)}{rng.choice(_ENDINGS[language])}"
                for _ in range(_RARE)
            )
        )
        self.words = [*common, *(word for word in rare if word not in said)]
        weights = 1 / (np.arange(len(self.words)) + 2.7)
        self.chances = weights / weights.sum()

    def draw(self, rng: np.random.Generator, texts: int, each: int) -> list[list[str]]:
        """`texts` lists of `each` words."""
        drawn = rng.choice(len(self.words), size=(texts, each), p=self.chances)
        return [[self.words[place] for place in row] for row in drawn.tolist()]


def sentence(words: list[str]) -> str:
    """Words as a sentence."""
    return f"{words[0].capitalize()} {' '.join(words[1:])}."


def _starter_prose(language: str) -> str:
    document: dict[str, list[dict[str, Any]]] = tomllib.loads(STARTER.read_text(encoding="utf-8"))
    briefs: dict[str, list[dict[str, Any]]] = tomllib.loads(
        (STARTER.parent / "briefs.toml").read_text(encoding="utf-8")
    )
    ending = "_fr" if language == "fr" else ""
    parts = [
        " ".join(str(row.get(f"{field}{ending}", "")) for field in ("name", "description"))
        for row in document["tag"]
    ]
    parts += [row["text"] for row in briefs["brief"] if row["language"] == language]
    return " ".join(parts)
