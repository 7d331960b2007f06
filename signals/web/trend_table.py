"""The trend table: its URL is its state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from signals.days import say_day
from signals.models import PERIODS, Kind, Label, Tag, TagTrend
from signals.trends.explain import is_unsure
from signals.trends.listing import Listing, read_listing, volumes, weekly_counts
from signals.trends.past import Relevance
from signals.trends.score import Floats
from signals.trends.table import WEEKS
from signals.web.explanations import explain
from signals.web.trend_filters import Group, TrendFilters, Value

SORTS: Final = ("name", "kind", "relevance", "change", "mentions", "share", "publishers", "last")
_ASCENDING: Final = {"name", "kind"}
DEFAULT_SORT: Final = "change"
DEFAULT_COMPARED: Final = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A column: where its header leads ('' when it isn't sortable) and how it is sorted now ('' when not)."""

    name: str
    words: str
    query: str
    direction: str
    css: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """Mentions of the period before, and the tag's share of all articles in both, in per cent."""

    before: int
    share: float
    share_before: float

    @property
    def shares(self) -> str:
        """The share before and now."""
        before, now = (number_format(share, decimal_pos=2) for share in (self.share_before, self.share))
        return gettext("%(before)s → %(now)s %%") % {"before": before, "now": now}

    @property
    def change(self) -> float:
        """By how many points the share moved."""
        return self.share - self.share_before


@dataclass(frozen=True, slots=True)
class Row:
    """A tag as the table shows it."""

    tag: Tag
    trend: TagTrend | None
    relevance: Relevance | None
    label: str
    mentions: int
    confirmed: int
    publishers: int
    weeks: list[int]
    usual: list[float]
    compared: Compared | None

    @property
    def suggested(self) -> int:
        """Mentions that nobody confirmed."""
        return self.mentions - self.confirmed

    @property
    def split(self) -> str:
        """How many are confirmed and suggested, or how many there were before."""
        if self.compared:
            return gettext("%d before") % self.compared.before
        if not self.mentions:
            return ""
        said = ngettext("%d confirmed", "%d confirmed", self.confirmed) % self.confirmed
        if not self.suggested:
            return said
        # Not inside an f-string: what gathers messages does not look there.
        suggested = ngettext("%d suggested", "%d suggested", self.suggested) % self.suggested
        return f"{said} · {suggested}"

    @property
    def is_guess(self) -> bool:
        """Does nobody but notes say how relevant it is?"""
        return self.relevance is not None and not self.relevance.raters

    @property
    def raters(self) -> str:
        """Who says how relevant it is, and whether they agree."""
        if self.relevance is None:
            return gettext("not rated")
        if not self.relevance.raters:
            notes = self.relevance.notes
            return ngettext("from %d note", "from %d notes", notes) % notes
        said = ngettext("%d rater", "%d raters", self.relevance.raters) % self.relevance.raters
        spread = self.relevance.spread
        if spread is None:
            return said
        agreed = gettext("agreed") if spread <= 1 else gettext("contested") if spread >= 2 else ""
        return f"{said}, {agreed or gettext('spread %s') % number_format(spread, decimal_pos=1)}"

    @property
    def is_unsure(self) -> bool:
        """Is it above usual, but not called a rise?"""
        return self.trend is not None and is_unsure(self.label, self.trend.times)

    @property
    def why(self) -> str:
        """The sentence behind the label."""
        return explain(self.trend)

    @property
    def direction(self) -> str:
        """Where it goes: up, down, or neither."""
        if self.label in (Label.SURGING, Label.EMERGING, Label.NEW):
            return "up"
        return "down" if self.label == Label.FADING else ""


class TrendTable:
    """Turns a query string into rows, counted filters and column links.

    `kind` fixes the kind (the pages /tags/<kind>/). Filters choose what is listed; what is shown of a tag
    never depends on them.
    """

    def __init__(self, parameters: QueryDict, kind: str | None = None) -> None:
        self.parameters = parameters
        self.kind = kind
        self.is_compared = parameters.get("against") == "previous"
        self.period = _period(parameters.get("period", ""), DEFAULT_COMPARED if self.is_compared else None)
        is_french = (get_language() or "").startswith("fr")
        self.listing: Listing = read_listing(
            period=self.period, known_on=_day(parameters.get("known_on", "")), is_french=is_french
        )
        self.known_on = self.listing.known_on
        self.filters = TrendFilters(parameters, self.listing, kind)
        raw = parameters.get("sort") or DEFAULT_SORT
        name = raw.lstrip("-")
        self.sort = name if name in SORTS and (name != "share" or self.is_compared) else DEFAULT_SORT
        self.descending = raw.startswith("-") == (self.sort in _ASCENDING) if name == self.sort else True

    @cached_property
    def places(self) -> list[int]:
        """Where in the listing the rows are, all pages of them, in order."""
        listing = self.listing
        matching = np.flatnonzero(self.filters.matching)
        keys = self._sort_keys()[matching]
        nowhere = np.isnan(keys)
        keys = np.where(nowhere, 0.0, -keys if self.descending else keys)
        # The last key counts first; what has no value comes last either way, then the most mentioned.
        order = np.lexsort((matching, -listing.mentions[matching], keys, nowhere))
        return [int(place) for place in matching[order]]

    def rows(self, places: Sequence[int]) -> list[Row]:
        """The rows at these places."""
        listing = self.listing
        ids = listing.ids[list(places)].tolist()
        tags = Tag.objects.in_bulk(ids)
        trends = self._trends(ids)
        weeks = self._weeks(ids)
        shown = self.period or WEEKS
        rows = []
        for place, tag_id in zip(places, ids, strict=True):
            if tag_id not in tags:  # merged away a moment ago
                continue
            trend = trends.get(tag_id)
            rows.append(
                Row(
                    tag=tags[tag_id],
                    trend=trend,
                    relevance=self._relevance(tags[tag_id]),
                    label=str(listing.labels[place]),
                    mentions=int(listing.mentions[place]),
                    confirmed=int(listing.confirmed[place]),
                    publishers=int(listing.publishers[place]),
                    weeks=(trend.weeks if trend else []) if weeks is None else weeks[tag_id],
                    usual=trend.usual[-2 * shown :] if trend else [],
                    compared=self._compared(place) if self.is_compared else None,
                )
            )
        return rows

    def all_rows(self, at_once: int = 500) -> Iterator[Row]:
        """Every row of every page, in order."""
        for start in range(0, len(self.places), at_once):
            yield from self.rows(self.places[start : start + at_once])

    @cached_property
    def groups(self) -> list[Group]:
        """The filters with their counts."""
        return self.filters.groups()

    @property
    def panel(self) -> list[Group]:
        """Those that fold away: kind and trend stand above the table."""
        return [group for group in self.groups if group.name not in ("kind", "label") and group.values]

    @property
    def heads(self) -> list[Group]:
        """Those that stand above the table."""
        return [group for group in self.groups if group.name in ("kind", "label")]

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the form above the table has to carry along."""
        chosen = [(name, value) for name, values in self.filters.chosen.items() for value in values]
        carried = [(name, self.parameters.get(name, "")) for name in ("sort", "view")]
        return [*chosen, *((name, value) for name, value in carried if value)]

    @property
    def periods(self) -> list[tuple[str, int, bool]]:
        """The periods to choose from: parameter, weeks, whether it is this one."""
        return [(f"{weeks}w", weeks, weeks == self.period) for weeks in PERIODS]

    @property
    def has_force(self) -> bool:
        """Can a row have a driving force? Only signals do."""
        kinds = [self.kind] if self.kind else self.filters.chosen.get("kind", [])
        return not kinds or Kind.SIGNAL in kinds

    @property
    def as_table_query(self) -> str:
        """The same as a table."""
        return self.query(view=None)

    @property
    def present_query(self) -> str:
        """The same as known now."""
        return self.query(known_on=None)

    @property
    def chips(self) -> list[tuple[str, Value]]:
        """What is chosen of what folds away, as the name of the filter and the value that lets it go."""
        return [
            (group.words, value)
            for group in self.panel
            for value in group.values
            if value.value in self.filters.chosen.get(group.name, [])
        ]

    @property
    def said(self) -> list[str]:
        """What is set, in a word each, for where the filters themselves are folded away."""
        said = [f"“{self.filters.words}”"] if self.filters.words else []
        said += [
            value.words
            for group in self.groups
            if group.name in self.filters.chosen
            for value in group.values
            if value.is_on
        ]
        if self.period:
            said.append(ngettext("%d week", "%d weeks", self.period) % self.period)
        if self.is_compared:
            said.append(gettext("against the period before"))
        if self.known_on:
            said.append(gettext("as known on %s") % say_day(self.known_on))
        return said

    @property
    def total(self) -> int:
        """How many tags are tracked, whatever is chosen."""
        tracked = self.listing.statuses == Tag.Status.TRACKED
        return int(tracked.sum())

    @property
    def days(self) -> int:
        """The days that counts are of."""
        return self.listing.days

    @property
    def window(self) -> int:
        """The days of the longest window that scores are of."""
        return self.listing.window

    @cached_property
    def volume(self) -> tuple[int, int]:
        """All that was ingested in the period and in the one before."""
        if self.listing.as_of is None:
            return 0, 0
        return volumes(as_of=self.listing.as_of, known_on=self.known_on, days=self.listing.days)

    def columns(self) -> list[Column]:
        """The table's headers."""
        words = [
            ("name", _("Item"), ""),
            ("kind", _("Kind"), "wide"),
            ("relevance", _("Relevance"), ""),
            ("change", _("Change"), ""),
            ("weeks", _("%d weeks") % (self.period or WEEKS), ""),
            ("mentions", _("Mentions"), "num wide"),
            ("publishers", _("Publishers"), "num wider"),
            ("last", _("Last"), "num wider"),
        ]
        if self.has_force:
            words.append(("force", _("Driving force"), "widest"))
        if self.is_compared:
            words.insert(6, ("share", _("Share"), "num"))
        return [
            Column(name, str(said), self._sorted_by(name), self._direction(name), css)
            for name, said, css in words
        ]

    def query(self, **changes: str | None) -> str:
        """The query string with some parameters changed; the page is dropped."""
        pairs = [
            (k, v) for k, vs in self.parameters.lists() for v in vs if k not in changes and k != "page" and v
        ]
        pairs += [(key, value) for key, value in changes.items() if value]
        return urlencode(pairs)

    def _sort_keys(self) -> Floats:
        """What the sorted column holds (tags,); NaN where nothing."""
        listing = self.listing
        keys: npt.NDArray[Any]
        match self.sort:
            case "name":
                keys = np.arange(listing.ids.size)
            case "kind":
                keys = np.unique(listing.kinds, return_inverse=True)[1]
            case "relevance":
                keys = listing.relevancy
            case "mentions":
                keys = listing.mentions
            case "publishers":
                keys = listing.publishers
            case "last":
                keys = np.where(listing.last < 0, np.nan, listing.last)
            case "share":
                now, before = self.volume
                keys = listing.mentions / max(now, 1) - listing.before / max(before, 1)
            case _:
                keys = listing.momentum
        return np.asarray(keys, dtype=np.float64)

    def _trends(self, ids: list[int]) -> dict[int, TagTrend]:
        if self.listing.past is not None:
            return self.listing.past.trends
        return TagTrend.objects.in_bulk(ids)

    def _weeks(self, ids: list[int]) -> dict[int, list[int]] | None:
        """Mentions by week; None when the trends hold just those."""
        if self.listing.as_of is None or self.period in (None, WEEKS):
            return None
        return weekly_counts(
            ids, as_of=self.listing.as_of, known_on=self.known_on, weeks=self.period or WEEKS
        )

    def _relevance(self, tag: Tag) -> Relevance | None:
        if self.listing.past is not None:
            return self.listing.past.relevance.get(tag.pk)
        if tag.relevancy is None:
            return None
        return Relevance(tag.relevancy, tag.relevancy_raters, tag.relevancy_notes, tag.relevancy_spread)

    def _compared(self, place: int) -> Compared:
        now, before = self.volume
        counted, earlier = int(self.listing.mentions[place]), int(self.listing.before[place])
        return Compared(earlier, 100 * counted / max(now, 1), 100 * earlier / max(before, 1))

    def _direction(self, name: str) -> str:
        if name != self.sort:
            return ""
        return "descending" if self.descending else "ascending"

    def _sorted_by(self, name: str) -> str:
        """Sort by this column; the other way round when it is sorted so already."""
        if name not in SORTS:
            return ""
        again = name == self.sort
        flip = again and (self.descending != (name in _ASCENDING))
        return self.query(sort=f"-{name}" if flip else name)


def _period(asked: str, otherwise: int | None) -> int | None:
    """'12w' as 12; None is the window that scores are of."""
    return next((weeks for weeks in PERIODS if asked == f"{weeks}w"), otherwise)


def _day(asked: str) -> date | None:
    """A day that is over; anything else means now."""
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        return None
    return day if day.year >= 1990 and day < timezone.now().astimezone(UTC).date() else None
