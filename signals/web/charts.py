"""Geometry of the sparkline, in SVG user units; the template holds the markup (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spark:
    """A sparkline of 112 x 30: path of the line, path of the usual band, the last point."""

    line: str
    band: str
    x: float
    y: float
    label: str


def stepped(steps: Sequence[tuple[float, float, float, float]]) -> str:
    """A band of steps, each (left, right, y of its low, y of its high); "" for fewer than two."""
    if len(steps) < 2:
        return ""
    upper = "".join(f"V{high:.4g}H{right:.4g}" for _left, right, _low, high in steps)
    lower = "".join(f"V{low:.4g}H{left:.4g}" for left, _right, low, _high in reversed(steps))
    return f"M{steps[0][0]:.4g} {steps[0][2]:.4g}{upper}{lower}z"


def spark(weeks: Sequence[int], usual: Sequence[float]) -> Spark | None:
    """A sparkline of weekly counts, oldest first.

    `usual` holds (low, high) pairs, one after the other, of the last weeks; earlier ones have no range.
    """
    if not weeks:
        return None
    pairs = list(zip(usual[::2], usual[1::2], strict=False))[-len(weeks) :]
    top = max([*weeks, *(high for _low, high in pairs), 1])

    def y_of(value: float) -> float:
        return round(27 - 24 * value / top, 1)

    step = 108 / max(len(weeks) - 1, 1)
    points = [(round(2 + step * i, 1), y_of(count)) for i, count in enumerate(weeks)]
    line = "M" + "L".join(f"{x} {y}" for x, y in points)
    under = [x for x, _y in points][len(points) - len(pairs) :]
    # A week's range holds for the week: drawn from point to point it would claim what lies between.
    band = stepped(
        [
            (max(x - step / 2, 2.0), min(x + step / 2, 110.0), y_of(low), y_of(high))
            for x, (low, high) in zip(under, pairs, strict=True)
        ]
    )
    return Spark(line, band, points[-1][0], points[-1][1], ", ".join(str(count) for count in weeks))
