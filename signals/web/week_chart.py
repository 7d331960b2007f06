"""Geometry of the chart of weeks, in SVG user units, as text; the templates hold the markup (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import floor
from typing import Final

from signals.trends.series import Week
from signals.web.charts import stepped

_LEFT: Final = 40.0
_RIGHT: Final = 682.0
_BOTTOM: Final = 230.0
_HEIGHT: Final = 212.0
_STEPS: Final = tuple(digit * 10.0**power for power in range(-4, 8) for digit in (1, 2, 5))
Links = Callable[[Week, str], str]


@dataclass(frozen=True, slots=True)
class Column:
    """A week: its bar of confirmed and of suggested mentions, and the strip that is clicked."""

    week: Week
    url: str
    left: str
    width: str
    bar_left: str
    bar: str
    confirmed_y: str
    confirmed: str
    suggested_y: str
    suggested: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A week of a line: its marker, and where it leads."""

    week: Week
    url: str
    marker: str
    x: str
    y: str


@dataclass(frozen=True, slots=True)
class Line:
    """One of several tags: told apart by dash and marker as well as colour, which follow from its number."""

    number: int
    path: str
    dots: list[Dot]


@dataclass(frozen=True, slots=True)
class WeekChart:
    """A chart of 690 x 260: bars, or lines of shares in percent; the band, grid (y, text y, label), marks (x)."""

    columns: list[Column]
    lines: list[Line]
    band: str
    usual: str
    grid: list[tuple[str, str, str]]
    marks: list[tuple[str, date]]


def bar_chart(weeks: Sequence[Week], url: Links) -> WeekChart | None:
    """Mentions a week as bars, confirmed ones below suggested ones, before the range that is usual."""
    if len(weeks) < 2:
        return None
    scale = _Scale(len(weeks), max(4.0, *(max(week.mentions, week.high) for week in weeks)))
    thick = max(scale.step * 0.64, 2.0)
    columns = []
    for place, week in enumerate(weeks):
        middle = scale.x(place)
        sure, every = scale.y(week.confirmed), scale.y(week.mentions)
        columns.append(
            Column(
                week,
                url(week, "all"),
                _text(middle - scale.step / 2),
                _text(scale.step),
                _text(middle - thick / 2),
                _text(thick),
                _text(sure),
                _text(_BOTTOM - sure),
                _text(every),
                _text(sure - every),
            )
        )
    return WeekChart(columns, [], *_range(weeks, scale, [1.0] * len(weeks)), scale.grid(), scale.marks(weeks))


def line_chart(tags: Sequence[tuple[Sequence[Week], Links]]) -> WeekChart | None:
    """The shares of several tags as lines, in percent of all that came, before the range usual for the first."""
    first = tags[0][0]
    if len(first) < 2:
        return None
    shares = [[100 * week.share_of(week.mentions) for week in weeks] for weeks, _url in tags]
    highs = [100 * week.share_of(week.high) for week in first]
    scale = _Scale(len(first), max(0.01, *highs, *(share for every in shares for share in every)))
    lines = []
    for number, (weeks, url) in enumerate(tags):
        spots = [(scale.x(place), scale.y(share)) for place, share in enumerate(shares[number])]
        dots = [
            Dot(week, url(week, "all"), _marker(number, x, y), _text(x), _text(y))
            for week, (x, y) in zip(weeks, spots, strict=True)
        ]
        lines.append(Line(number + 1, _path(spots), dots))
    percent = [100 / week.volume if week.volume else 0.0 for week in first]
    return WeekChart([], lines, *_range(first, scale, percent), scale.grid("%"), scale.marks(first))


class _Scale:
    """Where weeks and numbers lie."""

    def __init__(self, weeks: int, top: float) -> None:
        self.weeks, self.top = weeks, top
        self.step = (_RIGHT - _LEFT) / weeks

    def x(self, place: int) -> float:
        return _LEFT + self.step * (place + 0.5)

    def y(self, value: float) -> float:
        return _BOTTOM - _HEIGHT * value / self.top

    def grid(self, unit: str = "") -> list[tuple[str, str, str]]:
        step = next(s for s in _STEPS if self.top / s <= 5)
        values = [step * number for number in range(floor(self.top / step) + 1)]
        return [(_text(self.y(v)), _text(self.y(v) + 4), f"{v:g}{unit}") for v in values]

    def marks(self, weeks: Sequence[Week]) -> list[tuple[str, date]]:
        every = max(1, -(-len(weeks) // 6))
        return [(_text(self.x(place)), weeks[place].starts_on) for place in range(0, len(weeks), every)]


def _range(weeks: Sequence[Week], scale: _Scale, unit: Sequence[float]) -> tuple[str, str]:
    """The band and the line of what is usual, from the first week that has one; "" where none has."""
    known = [place for place, week in enumerate(weeks) if week.usual > 0]
    if len(known) < 2:
        return "", ""
    half = scale.step / 2
    steps = [
        (
            scale.x(place) - half,
            scale.x(place) + half,
            scale.y(weeks[place].low * unit[place]),
            scale.y(weeks[place].high * unit[place]),
        )
        for place in known
    ]
    return stepped(steps), _path(
        [(scale.x(place), scale.y(weeks[place].usual * unit[place])) for place in known]
    )


def _marker(number: int, x: float, y: float) -> str:
    """A circle, a square, a triangle."""
    if number == 0:
        return f"M{_text(x - 3)} {_text(y)}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z"
    if number == 1:
        return f"M{_text(x - 3)} {_text(y - 3)}h6v6h-6z"
    return f"M{_text(x)} {_text(y - 4)}l4 7h-8z"


def _path(spots: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_text(x)} {_text(y)}" for x, y in spots)


def _text(value: float) -> str:
    """Never in the reader's language: SVG wants a point."""
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class ScoreChart:
    """Scores over time, 320 x 130: the median as steps, each score as a dot (x, y, mine), lines (y, text y)."""

    median: str
    dots: list[tuple[str, str, bool]]
    grid: list[tuple[str, str, int]]


def score_chart(
    scores: Sequence[tuple[float, int, float, bool]], start: float, end: float
) -> ScoreChart | None:
    """Scores, oldest first, as (moment, score, median from then on, is mine); None for fewer than two."""
    if len(scores) < 2 or end <= start:
        return None

    def x(moment: float) -> str:
        return _text(20 + 292 * (moment - start) / (end - start))

    def y(score: float) -> str:
        return _text(118 - 26 * (score - 1))

    steps = [f"M{x(scores[0][0])} {y(scores[0][2])}"]
    steps += [f"H{x(moment)}V{y(median)}" for moment, _score, median, _mine in scores[1:]]
    return ScoreChart(
        "".join(steps) + f"H{x(end)}",
        [(x(moment), y(score), mine) for moment, score, _median, mine in scores],
        [(y(score), _text(122 - 26 * (score - 1)), score) for score in range(1, 6)],
    )
