"""Geometry of the chart of agreement over time, in SVG user units (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from signals.quality.measures import Share

_LEFT, _RIGHT, _BOTTOM, _HEIGHT = 72.0, 680.0, 190.0, 170.0


@dataclass(frozen=True, slots=True)
class ShareChart:
    """A chart of 690 x 220: paths of line and band in pieces, dots, grid lines (y, text y, percent), marks.

    A period with too few decisions leaves a gap; one that stands alone is a dot with its range.
    """

    lines: list[str]
    bands: list[str]
    alone: list[str]
    dots: list[tuple[float, float]]
    grid: list[tuple[float, float, int]]
    marks: list[tuple[float, date]]


def share_chart(points: Sequence[tuple[date, Share]], enough: int) -> ShareChart | None:
    """Shares with their intervals, oldest first; None where fewer than two rest on `enough`."""
    if sum(share.of >= enough for _day, share in points) < 2:
        return None
    step = (_RIGHT - _LEFT) / (len(points) - 1)
    xs = [round(_LEFT + step * place, 1) for place in range(len(points))]
    runs: list[list[int]] = [[]]
    for place, (_day, share) in enumerate(points):
        if share.of >= enough:
            runs[-1].append(place)
        elif runs[-1]:
            runs.append([])
    lines, bands, alone, dots = [], [], [], []
    for run in filter(None, runs):
        shares = [points[place][1] for place in run]
        middle = [(xs[place], _y(share.right / share.of)) for place, share in zip(run, shares, strict=True)]
        high = [(xs[place], _y(share.interval.high)) for place, share in zip(run, shares, strict=True)]
        low = [(xs[place], _y(share.interval.low)) for place, share in zip(run, shares, strict=True)]
        dots += middle
        if len(run) > 1:
            lines.append(_path(middle))
            bands.append(_path(high + low[::-1]) + "z")
        else:
            alone.append(_path(high + low))
    every = max(1, -(-len(points) // 7))
    return ShareChart(
        lines,
        bands,
        alone,
        dots,
        [(_y(percent / 100), _y(percent / 100) + 4, percent) for percent in range(0, 101, 25)],
        [(xs[place], points[place][0]) for place in range(0, len(points), every)],
    )


def _y(share: float) -> float:
    return round(_BOTTOM - _HEIGHT * share, 1)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points)
