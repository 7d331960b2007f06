"""Geometry of the small charts, in SVG user units; the templates hold the markup (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


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


@dataclass(frozen=True, slots=True)
class WeekPoint:
    """One week of the large chart."""

    starts_on: date
    mentions: int
    low: float
    usual: float
    high: float


@dataclass(frozen=True, slots=True)
class WeekChart:
    """The large chart of 690 x 220: paths, grid lines (y, label) and month marks (x, date)."""

    line: str
    band: str
    usual: str
    x: float
    y: float
    grid: list[tuple[float, float, int]]
    marks: list[tuple[float, date]]


def week_chart(points: Sequence[WeekPoint]) -> WeekChart | None:
    """Mentions a week with the range that would be usual."""
    if len(points) < 2:
        return None
    left, right, bottom, height = 34.0, 680.0, 190.0, 170.0
    top = max(4.0, *(max(p.mentions, p.high) for p in points))
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**9) if top / s <= 5)

    def y_of(value: float) -> float:
        return round(bottom - height * value / top, 1)

    xs = [round(left + (right - left) * i / (len(points) - 1), 1) for i in range(len(points))]
    line = "M" + "L".join(f"{x} {y_of(p.mentions)}" for x, p in zip(xs, points, strict=True))
    upper = "L".join(f"{x} {y_of(p.high)}" for x, p in zip(xs, points, strict=True))
    lower = "L".join(f"{x} {y_of(p.low)}" for x, p in reversed(list(zip(xs, points, strict=True))))
    usual = "M" + "L".join(f"{x} {y_of(p.usual)}" for x, p in zip(xs, points, strict=True))
    has_band = any(p.high > 0 for p in points)
    grid = [(y_of(v), y_of(v) + 4, v) for v in range(0, int(top) + 1, step)]
    every = max(1, len(points) // 6)
    marks = [(xs[i], points[i].starts_on) for i in range(0, len(points), every)]
    return WeekChart(
        line,
        f"M{upper}L{lower}z" if has_band else "",
        usual if has_band else "",
        xs[-1],
        y_of(points[-1].mentions),
        grid,
        marks,
    )
