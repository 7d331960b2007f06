"""How a tag's name stands in a text: in full, in part, where, and inside which longer name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from signals.tagging.words import STOP_WORDS, split_words

Floats = NDArray[np.float64]

NAME_FEATURES: Final = (
    "named",
    "named in title",
    "mentions",
    "first mention",
    "inside a longer name",
    "goes on as another name",
    "ends as this name",
    "mentions that end so",
    "share of name words",
    "rarest word present",
    "first name word",
    "name words in title",
    "words of the name together",
)
_LONGEST: Final = 6
_WINDOW: Final = 4
_ABSENT: Final = 1.5
_UNSEEN: Final = tuple(_ABSENT if name.startswith("first") else 0.0 for name in NAME_FEATURES)


@dataclass(frozen=True, slots=True)
class Text:
    """A title and a text as compared words, and where each run of words, written together, starts."""

    title: list[str]
    words: list[str]
    runs: dict[str, list[tuple[int, int]]]
    places: dict[str, list[int]]


def read_text(title: str, text: str) -> Text:
    """The words of an article; its title comes first."""
    head, body = split_words(title).stems, split_words(text).stems
    words = head + body
    runs: dict[str, list[tuple[int, int]]] = defaultdict(list)
    places: dict[str, list[int]] = defaultdict(list)
    for start, word in enumerate(words):
        places[word].append(start)
        # Written together, so that "Hugging Face" is huggingface and "GPT4" is gpt-4.
        limit = len(head) if start < len(head) else len(words)
        for end in range(start + 1, min(limit, start + _LONGEST) + 1):
            runs["".join(words[start:end])].append((start, end))
    return Text(head, words, dict(runs), dict(places))


class Names:
    """The names of known tags, measured in texts. `rarity` gives each word's inverse document frequency."""

    def __init__(
        self, names: Sequence[str], rarity: dict[str, float], unknown: float, longer: Sequence[str] = ()
    ) -> None:
        self.words = [split_words(name).stems or [name.casefold()] for name in names]
        self.joined = ["".join(words) for words in self.words]
        self._telling = [
            [word for word in dict.fromkeys(words) if word not in STOP_WORDS] or list(dict.fromkeys(words))
            for words in self.words
        ]
        self._weights = [[rarity.get(word, unknown) for word in words] for words in self._telling]
        holders: dict[str, list[list[str]]] = defaultdict(list)
        # What names go on with: "mini", "pro", "large".
        self._tails: set[str] = set()
        for other in dict.fromkeys([*names, *longer]):
            words = split_words(other).stems
            self._tails.update(words[1:])
            for word in set(words):
                holders[word].append(words)
        self._tails -= STOP_WORDS
        self._longer = [
            [
                "".join(other)
                for other in holders.get(words[0], ())
                if len(other) > len(words) and _holds(other, words)
            ]
            for words in self.words
        ]

    def measure(self, text: Text) -> Floats:
        """One row per name, (names, len(NAME_FEATURES))."""
        rows = np.tile(_UNSEEN, (len(self.words), 1))
        for place, joined in enumerate(self.joined):
            # Of most names a text holds no word.
            if joined in text.runs or not text.places.keys().isdisjoint(self._telling[place]):
                rows[place] = self._measure(place, text)
        return rows

    def _measure(self, place: int, text: Text) -> list[float]:
        spans = text.runs.get(self.joined[place], [])
        head = len(text.title)
        length = max(1, len(text.words) - head)
        in_text = [start - head for start, _ in spans if start >= head]
        covered = [(start, end) for longer in self._longer[place] for start, end in text.runs.get(longer, [])]
        free = [
            span for span in spans if not any(start <= span[0] and span[1] <= end for start, end in covered)
        ]
        ending = [end for _, end in spans if not self._goes_on(text, end)]
        telling, weights = self._telling[place], self._weights[place]
        present = [word in text.places for word in telling]
        total = sum(weights) or 1.0
        rarest = max(range(len(telling)), key=lambda index: weights[index])
        firsts = [
            max(0, text.places[word][0] - head) / length
            for word, is_present in zip(telling, present, strict=True)
            if is_present
        ]
        return [
            float(bool(spans)),
            float(any(start < head for start, _ in spans)),
            float(np.log1p(len(spans))),
            min(in_text) / length if in_text else (0.0 if spans else _ABSENT),
            float(bool(spans) and not free),
            1 - len(ending) / len(spans) if spans else 0.0,
            float(bool(ending)),
            float(np.log1p(len(ending))),
            sum(weight for weight, is_present in zip(weights, present, strict=True) if is_present) / total,
            float(present[rarest]),
            min(firsts, default=_ABSENT),
            sum(word in text.title for word in telling) / len(telling),
            self._together(telling, text),
        ]

    def _goes_on(self, text: Text, end: int) -> bool:
        """Whether a mention reads on as a longer name, maybe of something that has no tag: gpt-4 in "GPT-4 mini"."""
        if end in (len(text.title), len(text.words)):
            return False
        return text.words[end] in self._tails or any(letter.isdigit() for letter in text.words[end])

    @staticmethod
    def _together(telling: list[str], text: Text) -> float:
        """The largest share of the name's words found within a few words of each other."""
        if len(telling) == 1:
            return float(telling[0] in text.places)
        hits = sorted((place, word) for word in telling for place in text.places.get(word, ()))
        best = 0
        for index, (start, _) in enumerate(hits):
            near = {word for place, word in hits[index : index + 12] if place - start <= _WINDOW}
            best = max(best, len(near))
        return best / len(telling)


def _holds(longer: list[str], shorter: list[str]) -> bool:
    size = len(shorter)
    return any(longer[start : start + size] == shorter for start in range(len(longer) - size + 1))
