"""The trend table drawn: relevance against change, or change around a centre, in SVG units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, log2, pi, sin
from typing import Final

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from signals.models import Kind
from signals.templatetags.vigie import SHAPES
from signals.trends.listing import Listing
from signals.web.trend_table import Row, TrendTable

VIEWS: Final[dict[str, Promise]] = {"": _("Table"), "matrix": _("Matrix"), "radar": _("Radar")}
PLOTTED: Final = 60
"""The first so many of the table's order are drawn; more can't be told apart."""
BESIDE: Final = 40
# In log2: a quarter to eight times the usual share.
_LOW: Final = -2.0
_HIGH: Final = 3.0
_TICKS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, slots=True)
class Mark:
    """A numbered tag at (x, y), in the shape of its kind."""

    number: int
    row: Row
    x: float
    y: float
    shape: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is drawn on, in SVG units: its size, the ends of its scales, the room of a mark with its number."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    room: tuple[float, float]
    css: str

    def across(self, relevance: float) -> float:
        """Where a relevance of 1 to 5 stands."""
        return self.left + (self.right - self.left) * (relevance - 1) / 4

    def up(self, times: float) -> float:
        """Where a change against usual stands."""
        return self.bottom - (self.bottom - self.top) * _scale(times)


_RADAR: Final = Sheet(600, 560, 20, 580, 20, 540, (30, 16), "")
_MATRICES: Final = (
    Sheet(780, 560, 90, 690, 30, 500, (30, 16), "plot--wide"),
    # As wide as a phone, so that nothing on it is drawn smaller, and as far apart as fingers hit.
    Sheet(360, 640, 60, 320, 30, 590, (30, 24), "plot--narrow"),
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A sheet with what stands on it; `ticks` are (position, words), `steps` those of relevance."""

    sheet: Sheet
    marks: list[Mark]
    ticks: list[tuple[float, str]]
    steps: list[tuple[float, int]]


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn, on each sheet, and what can't be; `more` is how many follow in the table."""

    name: str
    drawings: list[Drawing]
    unplotted: list[Row]
    unplotted_more: int
    more: int

    @property
    def marks(self) -> list[Mark]:
        """The tags that are drawn; the same on each sheet."""
        return self.drawings[0].marks

    @property
    def kinds(self) -> list[tuple[float, float, str]]:
        """Where the radar's sectors are named: x, y, kind."""
        named = []
        for at, kind in enumerate(Kind):
            angle = 2 * pi * (at + 0.5) / len(Kind) - pi / 2
            named.append(
                (round(300 + 265 * cos(angle), 1), round(280 + 265 * sin(angle), 1), str(kind.label))
            )
        return named

    @property
    def spokes(self) -> list[tuple[float, float]]:
        """Where the lines between the radar's sectors end."""
        angles = [2 * pi * at / len(Kind) - pi / 2 for at in range(len(Kind))]
        return [(round(300 + 240 * cos(angle), 1), round(280 + 240 * sin(angle), 1)) for angle in angles]


def plot(table: TrendTable, name: str) -> Plot:
    """The rows of the table as a matrix or a radar; a tag without a number is listed beside it."""
    can = [place for place in table.places if _is_plottable(table.listing, place, name)]
    cannot = [place for place in table.places if not _is_plottable(table.listing, place, name)]
    rows = table.rows(can[:PLOTTED] + cannot[:BESIDE])
    drawn = [row for row in rows[: len(can[:PLOTTED])] if row.trend and row.trend.times]
    sheets = _MATRICES if name == "matrix" else (_RADAR,)
    return Plot(
        name=name,
        drawings=[_draw(sheet, drawn, name) for sheet in sheets],
        unplotted=rows[len(can[:PLOTTED]) :],
        unplotted_more=max(0, len(cannot) - BESIDE),
        more=max(0, len(can) - PLOTTED),
    )


def _draw(sheet: Sheet, rows: Sequence[Row], name: str) -> Drawing:
    spots = [_on_matrix(row, sheet) for row in rows] if name == "matrix" else _on_radar(rows)
    return Drawing(
        sheet=sheet,
        marks=[
            Mark(number, row, round(x, 1), round(y, 1), SHAPES.get(Kind(row.tag.kind), ""))
            for number, (row, (x, y)) in enumerate(zip(rows, _apart(spots, sheet), strict=True), 1)
        ],
        ticks=[
            (
                round(sheet.up(times) if name == "matrix" else _radius(times), 1),
                f"×{number_format(f'{times:g}')}",
            )
            for times in _TICKS
        ],
        steps=[(round(sheet.across(step), 1), step) for step in range(1, 6)],
    )


def _is_plottable(listing: Listing, place: int, name: str) -> bool:
    has_change = listing.momentum[place] == listing.momentum[place]
    return bool(has_change and (name == "radar" or listing.relevancy[place] == listing.relevancy[place]))


def _scale(times: float) -> float:
    """0 at a quarter of the usual share, 1 at eight times."""
    return (min(max(log2(max(times, 0.01)), _LOW), _HIGH) - _LOW) / (_HIGH - _LOW)


def _radius(times: float) -> float:
    """What rises most is in the middle, where one looks first."""
    return 20 + 220 * (1 - _scale(times))


def _on_matrix(row: Row, sheet: Sheet) -> tuple[float, float]:
    relevance = row.relevance.median if row.relevance else 1.0
    times = row.trend.times if row.trend and row.trend.times else 1.0
    return sheet.across(relevance), sheet.up(times)


def _on_radar(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Each row in its kind's sector, side by side."""
    of_kind = {kind: [row for row in rows if row.tag.kind == kind] for kind in Kind.values}
    spots = []
    for row in rows:
        same, sector = of_kind[row.tag.kind], Kind.values.index(row.tag.kind)
        # Every other on the other side of the middle, so that neighbours in change stand apart.
        share = ((same.index(row) * 0.382) % 1) * 0.8 + 0.1
        angle = 2 * pi * (sector + share) / len(Kind) - pi / 2
        radius = _radius(row.trend.times if row.trend and row.trend.times else 1.0)
        spots.append((300 + radius * cos(angle), 280 + radius * sin(angle)))
    return spots


def _apart(spots: Iterable[tuple[float, float]], sheet: Sheet) -> list[tuple[float, float]]:
    """The same spots, moved sideways as far as needed to be told apart, and up or down where a row is full."""
    wide, tall = sheet.room
    placed: list[tuple[float, float]] = []
    for x, y in spots:
        tried = (
            (x + step * sign * wide / 3, y + row * tall)
            for row in (0, -1, 1, -2, 2)
            for step in range(60)
            for sign in (1, -1)
        )
        free = next(
            (
                (at, height)
                for at, height in tried
                if 12 <= at <= sheet.width - wide + 6 and 12 <= height <= sheet.height - 20
                if all(abs(at - px) >= wide or abs(height - py) >= tall for px, py in placed)
            ),
            (x, y),
        )
        placed.append(free)
    return placed
