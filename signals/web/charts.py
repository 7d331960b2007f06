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
    upper = "L".join(f"{x} {y_of(high)}" for x, (_low, high) in zip(under, pairs, strict=True))
    lower = "L".join(f"{x} {y_of(low)}" for x, (low, _high) in reversed(list(zip(under, pairs, strict=True))))
    band = f"M{upper}L{lower}z" if len(pairs) > 1 else ""
    return Spark(line, band, points[-1][0], points[-1][1], ", ".join(str(count) for count in weeks))
