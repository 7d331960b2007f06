"""Whether a tag moved between two states of the table: what a digest and the home page tell. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from signals.trends.labels import Label

RISING: Final = frozenset({Label.EMERGING, Label.NEW})
MOVING: Final = frozenset({Label.SURGING, Label.FADING, Label.SPIKE, *RISING})
# log2, a fifth more or less: a smaller step is not worth a line once the label stays the same.
STEP: Final = 0.25


@dataclass(frozen=True, slots=True)
class Standing:
    """What the table says of a tag; by default, of one with too little evidence."""

    label: str = Label.TOO_LITTLE
    momentum: float | None = None
    times: float | None = None

    @property
    def has_number(self) -> bool:
        """Whether there was evidence enough for a number."""
        return self.momentum is not None


def has_moved(now: Standing, old: Standing) -> bool:
    """Whether a label that means movement came, went, or went on moving by a step."""
    if now.label == Label.TOO_LITTLE or not {now.label, old.label} & MOVING:
        return False
    return now.label != old.label or distance(now, old) >= STEP


def distance(now: Standing, old: Standing) -> float:
    """How far the lower bound moved, log2; what had no number stood at its usual share."""
    return abs((now.momentum or 0.0) - (old.momentum or 0.0))
