"""What the scores from 1 to 5 that several people gave come to: median, spread, agreed or contested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import floor
from statistics import median, quantiles
from typing import Final

AGREED_UP_TO: Final = 1.0
"""A spread up to this is agreed."""
CONTESTED_FROM: Final = 2.0
"""A spread from this on is contested."""
FAR: Final = 2
"""So far from others, or from one's own last score, a score wants a reason."""
_SPREAD_OF: Final = 3


def spread_of(numbers: Sequence[int]) -> float | None:
    """The distance between the quartiles; None of fewer than three."""
    if len(numbers) < _SPREAD_OF:
        return None
    low, _middle, high = quantiles(numbers, n=4, method="inclusive")
    return high - low


def is_far(number: int, others: Sequence[int]) -> bool:
    """Whether a score is 2 or more from the median of the others."""
    return bool(others) and abs(number - median(others)) >= FAR


def whole(middle: float) -> int:
    """A median as one step of the scale, a half as the step above it."""
    return floor(middle + 0.5)


@dataclass(frozen=True, slots=True)
class Voice:
    """What one person says of a mention by now: the last number, and whether the last word rejects it."""

    number: int | None = None
    is_rejection: bool = False
    is_unexplained: bool = False
    """The number was far from what others had said, and came without a reason."""

    @property
    def counts(self) -> bool:
        """Whether the number is part of the median."""
        return self.number is not None and not self.is_rejection


@dataclass(slots=True)
class Voices:
    """What each person says of a mention, word after word; by the person's key."""

    by_person: dict[int, Voice] = field(default_factory=dict)

    def hear(self, person: int, *, number: int | None, is_rejection: bool, is_explained: bool) -> None:
        """Take in the next word; one without a number leaves the person's last number as it is."""
        voice = replace(self.by_person.get(person, Voice()), is_rejection=is_rejection)
        if number is not None:
            is_unexplained = not is_explained and is_far(number, self.numbers(without=person))
            voice = replace(voice, number=number, is_unexplained=is_unexplained)
        self.by_person[person] = voice

    def numbers(self, *, without: int | None = None) -> list[int]:
        """The scores that count, the lowest first."""
        return sorted(
            voice.number
            for person, voice in self.by_person.items()
            if person != without and voice.number is not None and voice.counts
        )

    @property
    def middle(self) -> float | None:
        """The median of the scores that count; None where nobody scored."""
        numbers = self.numbers()
        return float(median(numbers)) if numbers else None

    @property
    def rejections(self) -> int:
        """How many people's last word rejects it."""
        return sum(voice.is_rejection for voice in self.by_person.values())

    @property
    def is_contested(self) -> bool:
        """Whether the spread of three or more scores is 2 or more."""
        spread = spread_of(self.numbers())
        return spread is not None and spread >= CONTESTED_FROM

    def wants_reason(self, person: int) -> bool:
        """Whether this person's score counts, is still far from the others', and has no reason."""
        voice = self.by_person.get(person, Voice())
        if voice.number is None or not voice.counts or not voice.is_unexplained:
            return False
        return is_far(voice.number, self.numbers(without=person))

    @property
    def is_unexplained(self) -> bool:
        """Whether any score that is far from the others' has no reason."""
        return any(self.wants_reason(person) for person in self.by_person)


def agreement(spread: float | None) -> str:
    """Agreed or contested; "" for between, and for too few scores."""
    if spread is None:
        return ""
    return "agreed" if spread <= AGREED_UP_TO else "contested" if spread >= CONTESTED_FROM else ""


def tally(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Each step of the scale and how many scores are on it, from 1 up."""
    given = list(numbers)
    return [(step, given.count(step)) for step in range(1, 6)]
