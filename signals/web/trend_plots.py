"""The trend table drawn: relevance against change, or change around a centre, in SVG units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, hypot, log2, pi, sin
from typing import Final, NamedTuple

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
_LETTER: Final = 8
"""How wide a letter of the words in the drawing is, at most on average."""
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


class Box(NamedTuple):
    """The room of a mark with its number, or of words."""

    left: float
    top: float
    right: float
    bottom: float

    def is_clear_of(self, other: Box) -> bool:
        """Whether they do not overlap; what a rounded number is off by is no overlap."""
        across = min(self.right, other.right) - max(self.left, other.left)
        up = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across < 0.05 or up < 0.05


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

    @property
    def above(self) -> float:
        """Where the room of a mark begins, from its middle up."""
        return -self.room[1] / 2

    def across(self, relevance: float) -> float:
        """Where a relevance of 1 to 5 stands."""
        return self.left + (self.right - self.left) * (relevance - 1) / 4

    def up(self, times: float) -> float:
        """Where a change against usual stands."""
        return self.bottom - (self.bottom - self.top) * _scale(times)

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of a radar."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def reach(self) -> tuple[float, float]:
        """How far a radar goes, across and up: on a phone more up."""
        return (self.right - self.left) / 2, (self.bottom - self.top) / 2

    def around(self, share: float, angle: float) -> tuple[float, float]:
        """The point at a share of the reach, in a direction."""
        return (
            round(self.centre[0] + self.reach[0] * share * cos(angle), 1),
            round(self.centre[1] + self.reach[1] * share * sin(angle), 1),
        )


# The room is 24 pixels and more wherever a sheet is shown. The narrow ones are as wide as a phone, so that nothing
# on them is drawn much smaller.
_RADARS: Final = (
    Sheet(600, 560, 60, 540, 40, 520, (30, 24), "plot--wide"),
    Sheet(360, 640, 26, 334, 40, 590, (32, 31), "plot--narrow"),
)
_MATRICES: Final = (
    Sheet(780, 560, 90, 690, 30, 500, (30, 29), "plot--wide"),
    Sheet(360, 640, 60, 320, 30, 590, (32, 25), "plot--narrow"),
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A sheet with what stands on it; `ticks` are (position, words), `steps` those of relevance.

    A radar has `rings` (across, up, words), `spokes` between its sectors, and their names (x, y, words).
    """

    sheet: Sheet
    marks: list[Mark]
    ticks: list[tuple[float, str]]
    steps: list[tuple[float, int]]
    rings: list[tuple[float, float, str]]
    spokes: list[tuple[float, float]]
    kinds: list[tuple[float, float, str]]


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


def plot(table: TrendTable, name: str) -> Plot:
    """The rows of the table as a matrix or a radar; a tag without a number is listed beside it."""
    can = [place for place in table.places if _is_plottable(table.listing, place, name)]
    cannot = [place for place in table.places if not _is_plottable(table.listing, place, name)]
    rows = table.rows(can[:PLOTTED] + cannot[:BESIDE])
    drawn = [row for row in rows[: len(can[:PLOTTED])] if row.trend and row.trend.times]
    sheets = _MATRICES if name == "matrix" else _RADARS
    return Plot(
        name=name,
        drawings=[_draw(sheet, drawn, name) for sheet in sheets],
        unplotted=rows[len(can[:PLOTTED]) :],
        unplotted_more=max(0, len(cannot) - BESIDE),
        more=max(0, len(can) - PLOTTED),
    )


def _draw(sheet: Sheet, rows: Sequence[Row], name: str) -> Drawing:
    is_radar = name == "radar"
    spots = _on_radar(rows, sheet) if is_radar else [_on_matrix(row, sheet) for row in rows]
    told = [(times, f"×{number_format(f'{times:g}')}") for times in _TICKS]
    rings = [
        (round(sheet.reach[0] * _share(times), 1), round(sheet.reach[1] * _share(times), 1), words)
        for times, words in told
    ]
    kinds = _name_sectors(sheet)
    beside = sheet.centre[0] + 4
    written = [
        (beside + len(words) * _LETTER / 2, sheet.centre[1] - up, words) for _across, up, words in rings
    ]
    placed = _apart(spots, sheet, [*kinds, *written] if is_radar else [])
    return Drawing(
        sheet=sheet,
        marks=[
            Mark(number, row, round(x, 1), round(y, 1), SHAPES.get(Kind(row.tag.kind), ""))
            for number, (row, (x, y)) in enumerate(zip(rows, placed, strict=True), 1)
        ],
        ticks=[(round(sheet.up(times), 1), words) for times, words in told],
        steps=[(round(sheet.across(step), 1), step) for step in range(1, 6)],
        rings=rings,
        spokes=[sheet.around(1, _direction(at)) for at in range(len(Kind))],
        kinds=kinds,
    )


def _direction(sectors: float) -> float:
    """So many sectors from the top, as an angle."""
    return 2 * pi * sectors / len(Kind) - pi / 2


def _name_sectors(sheet: Sheet) -> list[tuple[float, float, str]]:
    """The kinds beyond the last ring, as far as there is room: x of their middle, y, words."""
    named = []
    for at, kind in enumerate(Kind):
        words = str(kind.label)
        x, y = sheet.around(1.1, _direction(at + 0.5))
        half = len(words) * _LETTER / 2
        named.append((round(min(max(x, half + 4), sheet.width - half - 4), 1), y, words))
    return named


def _is_plottable(listing: Listing, place: int, name: str) -> bool:
    has_change = listing.momentum[place] == listing.momentum[place]
    return bool(has_change and (name == "radar" or listing.relevancy[place] == listing.relevancy[place]))


def _scale(times: float) -> float:
    """0 at a quarter of the usual share, 1 at eight times."""
    return (min(max(log2(max(times, 0.01)), _LOW), _HIGH) - _LOW) / (_HIGH - _LOW)


def _share(times: float) -> float:
    """How far out a change stands: what rises most is in the middle, where one looks first."""
    return (1 + 11 * (1 - _scale(times))) / 12


def _on_matrix(row: Row, sheet: Sheet) -> tuple[float, float]:
    relevance = row.relevance.median if row.relevance else 1.0
    times = row.trend.times if row.trend and row.trend.times else 1.0
    return sheet.across(relevance), sheet.up(times)


def _on_radar(rows: Sequence[Row], sheet: Sheet) -> list[tuple[float, float]]:
    """Each row in its kind's sector, side by side."""
    of_kind = {kind: [row for row in rows if row.tag.kind == kind] for kind in Kind.values}
    spots = []
    for row in rows:
        same, sector = of_kind[row.tag.kind], Kind.values.index(row.tag.kind)
        # Every other on the other side of the middle, so that neighbours in change stand apart.
        share = ((same.index(row) * 0.382) % 1) * 0.8 + 0.1
        times = row.trend.times if row.trend and row.trend.times else 1.0
        spots.append(sheet.around(_share(times), _direction(sector + share)))
    return spots


def _apart(
    spots: Iterable[tuple[float, float]], sheet: Sheet, words: Sequence[tuple[float, float, str]]
) -> list[tuple[float, float]]:
    """The same spots, moved as little as needed to be told apart; none stands on the words in the drawing."""
    wide, tall = sheet.room
    taken = [_box_of(*said) for said in words]
    # On a matrix rather sideways: up and down are the change, which is what one came for.
    dear = 1 if words else 2
    near = [(step * wide / 4, row * tall / 4) for step in range(-36, 37) for row in range(-24, 25)]
    moves = sorted(near, key=lambda move: hypot(move[0], move[1] * dear))
    placed: list[tuple[float, float]] = []
    for x, y in spots:
        found = (x, y)
        for across, up in moves:
            at, height = round(x + across, 1), round(y + up, 1)
            is_inside = 12 <= at <= sheet.width - wide + 6 and -sheet.above <= height <= sheet.height - 20
            box = Box(at - 8, height + sheet.above, at - 8 + wide, height - sheet.above)
            if is_inside and all(box.is_clear_of(other) for other in taken):
                found = (at, height)
                taken.append(box)
                break
        placed.append(found)
    return placed


def _box_of(x: float, y: float, words: str) -> Box:
    half = len(words) * _LETTER / 2
    return Box(x - half, y - 13, x + half, y + 4)
