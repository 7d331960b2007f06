"""Keywords, themes, category and type against what real notes state, each note apart: a task of `tagging`."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

NOTES: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "notes" / "dev.jsonl"


def measure_facets() -> dict[str, dict[str, Any]]:
    """One task per facet; a note's text is its summary, and its tags are not known."""
    from signals.links import publisher_of
    from signals.tagging.facets import FacetText, ThemeNames, extract_facets, theme_key

    notes = [json.loads(line) for line in NOTES.read_text("utf-8").splitlines()]
    keywords, plain, themes, general = _Overlap(), _Overlap(), _Overlap(), _Overlap()
    categories: list[tuple[str, str]] = []
    types: list[tuple[str, str]] = []
    spent = 0.0
    for note in notes:
        # The themes that an article can get are those of the other notes.
        others = Counter(theme for other in notes if other is not note for theme in set(other["themes"]))
        names = ThemeNames.of({}, others)
        url = note["url"] or ""
        text = FacetText(note["title"], note["summary"], url, publisher_of(url))
        started = time.process_time()
        found = extract_facets(text, [], names)
        spent += time.process_time() - started
        stated = [_stems(keyword) for keyword in note["keywords"]]
        keywords.add(stated, [_stems(keyword) for keyword in found.keywords], _say_the_same)
        plain.add(stated, _title_words(note["title"], len(found.keywords)), _say_the_same)
        own = sorted({theme_key(theme) for theme in note["themes"]})
        themes.add(own, [theme_key(theme) for theme in found.themes], str.__eq__)
        general.add(own, [theme_key("AI")], str.__eq__)
        if note["category"] not in (None, "others"):
            categories.append((note["category"], found.category))
        if note["type"]:
            types.append((note["type"], found.type))
    split = f"notes/dev, {len(notes)} notes, title and summary"
    return {
        "keywords of a note": {
            "split": split,
            **keywords.figures(),
            "ms": round(1000 * spent / len(notes), 2),
            "baseline": {**plain.figures(), "by": "as many words of the title"},
        },
        "themes of a note": {
            "split": f"{split}; themes of the other notes, no tags",
            **themes.figures(),
            "baseline": {**general.figures(), "by": "always artificial intelligence"},
        },
        "category of a note": {"split": f'{split}; without "others"', **_agreement(categories)},
        "type of a note": {"split": split, **_agreement(types)},
    }


class _Overlap:
    def __init__(self) -> None:
        self.stated = self.ours = self.found = self.right = self.same = 0

    def add(self, stated: Sequence[str], ours: Sequence[str], same: Any) -> None:
        self.stated += len(stated)
        self.ours += len(ours)
        self.found += sum(any(same(one, other) for other in ours) for one in stated)
        self.same += len(set(stated) & set(ours))
        self.right += sum(any(same(one, other) for one in stated) for other in ours)

    def figures(self) -> dict[str, float]:
        recall, precision = self.found / max(1, self.stated), self.right / max(1, self.ours)
        f1 = 2 * recall * precision / max(1e-9, recall + precision)
        exact = 2 * self.same / max(1, self.stated + self.ours)
        return {
            "recall": round(recall, 4),
            "precision": round(precision, 4),
            "f1": round(f1, 4),
            "exact_f1": round(exact, 4),
        }


def _agreement(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    commonest = Counter(stated for stated, _ in pairs).most_common(1)[0][0]
    return {
        "accuracy": round(sum(stated == ours for stated, ours in pairs) / len(pairs), 4),
        "macro_recall": _macro_recall(pairs),
        "answered": round(sum(bool(ours) for _, ours in pairs) / len(pairs), 4),
        "baseline": {
            "accuracy": round(sum(stated == commonest for stated, _ in pairs) / len(pairs), 4),
            "macro_recall": _macro_recall([(stated, commonest) for stated, _ in pairs]),
            "by": f"always {commonest}",
        },
    }


def _macro_recall(pairs: Sequence[tuple[str, str]]) -> float:
    """The mean over what notes state of how often we say the same."""
    stated = Counter(one for one, _ in pairs)
    right = Counter(one for one, ours in pairs if one == ours)
    return round(sum(right[one] / count for one, count in stated.items()) / len(stated), 4)


def _stems(phrase: str) -> str:
    from signals.tagging.words import split_words

    return " ".join(split_words(phrase).stems)


def _title_words(title: str, most: int) -> list[str]:
    from signals.tagging.words import STOP_WORDS, split_words

    return [word for word in split_words(title).stems if word not in STOP_WORDS][:most]


def _say_the_same(one: str, other: str) -> bool:
    """Equal as compared, or one a part of the other ("llm" and "public llm")."""
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "
