"""The trend table's filters: which tags match each, and how many each value would list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt
from django.db.models import Q
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from signals.models import FacetValue, Kind, Label, Source, Tag, TagName, Theme
from signals.templatetags.vigie import language_name
from signals.trends.listing import Listing
from signals.trends.summary import FACETS
from signals.web.article_filters import facet_words

Mask = npt.NDArray[np.bool_]

SHOWN: Final = 10
"""Values of a filter that are listed."""
FILTERS: Final[dict[str, Promise]] = {
    "kind": _("Kind"),
    "label": _("Trend"),
    "relevance": _("Relevance"),
    "status": _("Status"),
    "theme": _("Theme"),
    "language": _("Language"),
    "category": _("Category"),
    "type": _("Type"),
    "publisher": _("Publisher"),
    "source": _("Source"),
    "collected": _("Collected in"),
}
_CHOICES: Final[dict[str, dict[str, str | Promise]]] = {
    "kind": dict(Kind.choices),
    "label": dict(Label.choices),
    "status": dict(Tag.Status.choices),
    "relevance": {str(number): f"{number}+" if number < 5 else "5" for number in range(5, 0, -1)},
}
_ONE: Final = {"status", "relevance"}


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a filter: how many rows it would list, and the query that chooses it, or lets it go."""

    value: str
    words: str
    count: int
    is_on: bool
    query: str


@dataclass(frozen=True, slots=True)
class Group:
    """A filter with its commonest values."""

    name: str
    words: str
    values: list[Value]

    @property
    def is_on(self) -> bool:
        """Is anything chosen?"""
        return any(value.is_on for value in self.values)


class TrendFilters:
    """What is chosen, which tags match it, and the values that could be chosen."""

    def __init__(self, parameters: QueryDict, listing: Listing, kind: str | None) -> None:
        self.parameters = parameters
        self.listing = listing
        self.words = plain(parameters.get("q", ""))
        self._themes = {str(theme.pk): theme for theme in Theme.objects.all()}
        slugs = {theme.slug for theme in self._themes.values()}
        self.chosen: dict[str, list[str]] = {}
        for name in FILTERS:
            known = slugs if name == "theme" else _CHOICES.get(name)
            values = [value for each in parameters.getlist(name) if (value := plain(each))]
            if known is not None:
                values = [value for value in values if value in known]
            if name == "source":
                values = [value for value in values if value.isascii() and value.isdecimal()]
            if values:
                self.chosen[name] = list(dict.fromkeys(values))[: 1 if name in _ONE else 40]
        self._without: dict[str, str] = {}
        self.kind = kind
        if kind:
            self.chosen.pop("kind", None)
        self._ids = self._read_ids()
        self._always, self._masks = self._match()

    @property
    def is_filtered(self) -> bool:
        """Does any filter hide rows?"""
        return bool(self.chosen or self.words)

    @property
    def matching(self) -> Mask:
        """The tags to list (tags,)."""
        return self._but("")

    def groups(self) -> list[Group]:
        """Every filter with its values and how many rows each would list beside the others."""
        listing = self.listing
        counts: dict[str, dict[str, int]] = {
            "kind": _tally(listing.kinds[self._but("kind")]),
            "label": _tally(listing.labels[self._but("label")]),
            "status": _tally(listing.statuses[self._but("status")]),
            "relevance": self._relevance_counts(),
            "theme": self._theme_counts(),
        }
        counts |= self._article_counts()
        sources = self._source_names(counts.get("source", {}))
        return [
            Group(name, str(words), self._values(name, counts.get(name, {}), sources))
            for name, words in FILTERS.items()
            if not (name == "kind" and self.kind)
        ]

    def _but(self, name: str) -> Mask:
        matching = self._always
        for other, mask in self._masks.items():
            if other != name:
                matching = matching & mask
        return matching

    def _match(self) -> tuple[Mask, dict[str, Mask]]:
        """What holds whatever is chosen, and the mask of each filter."""
        listing = self.listing
        always = np.ones(listing.ids.size, dtype=np.bool_)
        if self.kind:
            always &= listing.kinds == self.kind
        if self.words:
            named = TagName.objects.filter(name__icontains=self.words).values_list("tag_id", flat=True)
            always &= np.isin(listing.ids, np.array(list(named), dtype=np.int64))
        masks: dict[str, Mask] = {
            "status": listing.statuses == self.chosen.get("status", [Tag.Status.TRACKED.value])[0]
        }
        if kinds := self.chosen.get("kind"):
            masks["kind"] = np.isin(listing.kinds, kinds)
        if labels := self.chosen.get("label"):
            masks["label"] = np.isin(listing.labels, labels)
        if relevance := self.chosen.get("relevance"):
            masks["relevance"] = np.nan_to_num(listing.relevancy) >= int(relevance[0])
        if slugs := self.chosen.get("theme"):
            wanted = [int(pk) for pk, theme in self._themes.items() if theme.slug in slugs]
            tags, themes = self.listing.themes
            masks["theme"] = self._any(tags[np.isin(themes, wanted)])
        for name in FACETS:
            if name in self.chosen:
                ids = [self._ids[name, value] for value in self.chosen[name] if (name, value) in self._ids]
                masks[name] = self._any(listing.facets.tags(name, ids))
        return always, masks

    def _any(self, places: npt.NDArray[np.integer[Any]]) -> Mask:
        mask = np.zeros(self.listing.ids.size, dtype=np.bool_)
        mask[places] = True
        return mask

    def _read_ids(self) -> dict[tuple[str, str], int]:
        """The ids of the chosen values of articles."""
        wanted = Q()
        for name in FACETS:
            if name in self.chosen:
                wanted |= Q(facet=name, value__in=self.chosen[name])
        if not wanted:
            return {}
        return {(each.facet, each.value): each.pk for each in FacetValue.objects.filter(wanted)}

    def _relevance_counts(self) -> dict[str, int]:
        rated = np.nan_to_num(self.listing.relevancy)[self._but("relevance")]
        return {value: int((rated >= int(value)).sum()) for value in _CHOICES["relevance"]}

    def _theme_counts(self) -> dict[str, int]:
        tags, themes = self.listing.themes
        counted = _tally(themes[self._but("theme")[tags]].astype(np.str_))
        return {self._themes[pk].slug: count for pk, count in counted.items() if pk in self._themes}

    def _article_counts(self) -> dict[str, dict[str, int]]:
        """Of the commonest values, and of those that are chosen."""
        counts = {name: dict.fromkeys(self.chosen.get(name, []), 0) for name in FACETS}
        kept: dict[int, int] = {}
        for name in FACETS:
            ids, counted = self.listing.facets.count(name, self._but(name if name in self._masks else ""))
            # More than are shown, for some have no name of their own.
            top = np.argsort(-counted, kind="stable")[: 2 * SHOWN]
            kept |= {int(ids[at]): int(counted[at]) for at in top if counted[at]}
            for value in self.chosen.get(name, []):
                if pk := self._ids.get((name, value)):
                    kept[pk] = int(counted[ids == pk].sum())
        for each in self.listing.named(kept):
            if not each.value.startswith("#"):
                counts[each.facet][each.value] = kept[each.pk]
        return counts

    def _source_names(self, counts: Iterable[str]) -> dict[str, str]:
        ids = [int(value) for value in counts if len(value) < 18]
        return (
            {str(source.pk): str(source) for source in Source.objects.filter(pk__in=ids).only("name", "url")}
            if ids
            else {}
        )

    def _values(self, name: str, counts: dict[str, int], sources: dict[str, str]) -> list[Value]:
        on = self.chosen.get(name, [])
        if name in _CHOICES:
            order = [value for value in _CHOICES[name] if counts.get(value) or value in on]
        else:
            ranked = sorted(counts, key=lambda value: (-counts[value], value))
            order = [value for value in ranked[:SHOWN] if counts[value] and value not in on]
            order = [*on, *order]
        if name == "status" and not on:
            on = [Tag.Status.TRACKED.value]
        themes = {theme.slug: str(theme) for theme in self._themes.values()}
        values = []
        for value in order:
            words = str(_CHOICES[name][value]) if name in _CHOICES else value
            if name == "theme":
                words = themes[value]
            elif name == "source":
                words = sources.get(value, value)
            elif name == "language":
                words = language_name(value)
            elif name in ("category", "type"):
                words = facet_words(value)
            is_on = value in on
            values.append(Value(value, words, counts.get(value, 0), is_on, self._toggled(name, value)))
        return values

    def _toggled(self, name: str, value: str) -> str:
        """The query with this value chosen beside the others of its filter, or let go of."""
        kept = [each for each in self.chosen.get(name, []) if each != value]
        if len(kept) == len(self.chosen.get(name, [])):
            kept = [value] if name in _ONE else [*kept, value]
        if name == "status" and kept == [Tag.Status.TRACKED.value]:
            kept = []
        chosen = urlencode([(name, each) for each in kept])
        return "&".join(part for part in (self._others(name), chosen) if part)

    def _others(self, name: str) -> str:
        """The query without this filter and the page; made once for all values of the filter."""
        if name not in self._without:
            query = self.parameters.copy()
            for key in (name, "page"):
                query.pop(key, None)
            self._without[name] = query.urlencode()
        return self._without[name]


def plain(value: str) -> str:
    """A parameter as it may be looked for."""
    return value.replace("\x00", "").strip()[:200]


def _tally(values: npt.NDArray[np.str_]) -> dict[str, int]:
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
