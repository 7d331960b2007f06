"""Links from rows of notes to tags, judged on rows that a person compared with the starter catalogue."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from signals.tagging.learning.layouts import SECTIONS
from signals.tagging.links import (
    DEFAULT_MODEL,
    SIGNS,
    Guess,
    Linker,
    LinkModel,
    Row,
    is_sure,
    is_worth_asking,
)
from signals.tagging.names import fold, normalise_name
from signals.tagging.profiles import Profile
from signals.tagging.scorer import default_model
from signals.tagging.tagger import Tagger
from signals.tagging.training import read_profiles

_STARTER: Final = Path(__file__).resolve().parents[2] / "starter" / "catalogue.toml"
_DIGITS: Final = 12
_STRENGTH: Final = 0.3
_MAYBE_BESIDE_A_TAG: Final = 0.5
_MAYBE_NEW: Final = 0.3


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A row, the tag that it is (None: something new) and other tags that are defensible, by key."""

    row: Row
    tag: str | None
    maybe: frozenset[str]


@dataclass(frozen=True, slots=True)
class Starter:
    """The linker of the starter catalogue, its profiles, and each one's key, `kind:slugified-name`."""

    linker: Linker
    profiles: tuple[Profile, ...]
    keys: Mapping[int, str]


@cache
def starter() -> Starter:
    """The starter catalogue as it is now."""
    profiles = read_profiles(tomllib.loads(_STARTER.read_text(encoding="utf-8")))
    linker = Linker(Tagger(profiles, default_model()))
    keys = {profile.tag_id: f"{profile.kind}:{_slug(profile.names[0])}" for profile in profiles}
    return Starter(linker, tuple(profiles), keys)


def _slug(name: str) -> str:
    """A name as the labels write it."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", fold(name))).strip("-_")


def read_labels(labels: Path, notes: Path, *, half: str) -> list[LabelledRow]:
    """The labelled rows of one half whose texts are as they were when they were read."""
    texts: dict[tuple[str, str, int], Row] = {}
    for line in notes.read_text(encoding="utf-8").splitlines():
        note = json.loads(line)
        for section, kind in SECTIONS.items():
            for place, row in enumerate(note.get(section) or []):
                name, description = (str(row.get(key) or "").strip() for key in ("name", "description"))
                texts[note["id"], kind, place] = Row(kind, name, description)
    found = []
    for line in labels.read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        text = texts.get((label["note"], label["kind"], label["position"]))
        if label["half"] == half and text is not None and label["sha"] == _digest(text):
            found.append(LabelledRow(text, label["tag"], frozenset(label["maybe"])))
    return found


def judge_links(rows: Sequence[LabelledRow], guesses: Sequence[Guess | None]) -> dict[str, float | int]:
    """Precision of sure and of shown links, the share of known rows they find, and how new rows fare.

    A link to a defensible tag is right. `new_left_alone` is over rows that are no tag, not even perhaps.
    """
    keys = starter().keys
    sure = [guess if is_sure(guess) else None for guess in guesses]
    shown = [guess if is_worth_asking(guess) else None for guess in guesses]
    new = [guess for one, guess in zip(rows, shown, strict=True) if one.tag is None and not one.maybe]
    left = [one for one, guess in zip(rows, shown, strict=True) if guess is None]
    figures: dict[str, float | int] = {"rows": len(rows), "known": sum(one.tag is not None for one in rows)}
    for words, links in (("sure", sure), ("shown", shown)):
        right = [
            guess is not None and keys[guess.tag_id] in {one.tag, *one.maybe}
            for one, guess in zip(rows, links, strict=True)
        ]
        known = [is_right for one, is_right in zip(rows, right, strict=True) if one.tag is not None]
        figures[words] = sum(guess is not None for guess in links)
        figures[f"{words}_precision"] = _share(sum(right), figures[words])
        figures[f"{words}_recall"] = _share(sum(known), len(known))
    figures["new_left_alone"] = _share(sum(guess is None for guess in new), len(new))
    figures["left_alone_is_new"] = _share(sum(one.tag is None for one in left), len(left))
    return figures


def same_name_only(rows: Sequence[LabelledRow]) -> list[Guess | None]:
    """What is linked where a row's name equals a name of the catalogue, of any kind, its own kind first."""
    owners: dict[str, list[Profile]] = {}
    for profile in starter().profiles:
        for name in profile.names:
            owners.setdefault(normalise_name(name), []).append(profile)
    found: list[Guess | None] = []
    for one in rows:
        equal = owners.get(normalise_name(one.row.name), []) if one.row.name else []
        best = min(equal, key=lambda profile: profile.kind != one.row.kind, default=None)
        found.append(None if best is None else Guess(best.tag_id, 1.0, best.kind != one.row.kind))
    return found


def _digest(row: Row) -> str:
    return hashlib.sha256(f"{row.name}\n{row.description}".encode()).hexdigest()[:_DIGITS]


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0


def learn(rows: Sequence[LabelledRow]) -> LinkModel:
    """A model from labelled rows; the same for the same arguments. A defensible tag counts for less."""
    starting = starter()
    pairs, signs = starting.linker.signs([one.row for one in rows])
    is_right = np.zeros(len(pairs), dtype=np.bool_)
    weights = np.ones(len(pairs))
    for place, (row, profile) in enumerate(pairs):
        one, key = rows[row], starting.keys[starting.profiles[profile].tag_id]
        is_right[place] = key == one.tag or key in one.maybe
        if key in one.maybe:
            weights[place] = _MAYBE_BESIDE_A_TAG if one.tag is not None else _MAYBE_NEW
    # The signs have unlike ranges, and one strength of regularisation.
    mean, spread = signs.mean(axis=0), signs.std(axis=0)
    spread[spread == 0] = 1.0
    model = LogisticRegression(C=_STRENGTH, max_iter=2000)
    model.fit((signs - mean) / spread, is_right, sample_weight=weights)
    learned = model.coef_[0] / spread
    intercept = float(model.intercept_[0] - learned @ mean)
    return LinkModel(tuple(round(float(weight), 4) for weight in learned), round(intercept, 4))


def main() -> None:
    """Write the model that the linker uses: `python -m signals.tagging.learning.row_links LABELS NOTES`."""
    labels, notes = (Path(argument) for argument in sys.argv[1:3])
    model = learn(read_labels(labels, notes, half="tune"))
    weights = dict(zip(SIGNS, model.weights, strict=True))
    text = json.dumps({"intercept": model.intercept, "weights": weights}, indent=1, ensure_ascii=False)
    DEFAULT_MODEL.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
