"""The trend table: its URL is its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Count, F, Q
from django.db.models.expressions import OrderBy
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from signals.models import Kind, Label, Tag, Theme
from signals.models.tag import TagQuerySet

SORTS: dict[str, str] = {
    "name": "name",
    "kind": "kind",
    "relevance": "relevancy",
    "change": "trend__momentum",
    "mentions": "trend__mentions",
    "publishers": "trend__publishers",
    "last": "trend__last_mention",
}
_ASCENDING = {"name", "kind"}
DEFAULT_SORT = "change"


class TrendFilter(forms.Form):
    """The table's GET parameters; unknown values are ignored, the table always opens."""

    kind = forms.MultipleChoiceField(choices=Kind.choices, required=False)
    label = forms.MultipleChoiceField(choices=Label.choices, required=False)
    status = forms.ChoiceField(choices=Tag.Status.choices, required=False)
    relevance = forms.TypedChoiceField(
        choices=[(n, f"{n}+") for n in range(1, 6)], coerce=int, required=False, label=_("Relevance")
    )
    theme = forms.ModelChoiceField(
        Theme.objects.all(),
        to_field_name="slug",
        required=False,
        empty_label=_("Any theme"),
        label=_("Theme"),
    )
    q = forms.CharField(required=False, max_length=200, label=_("Name"))
    sort = forms.CharField(required=False)


@dataclass(frozen=True, slots=True)
class Facet:
    """One choice of a filter: how many rows it would list, and the URL that toggles it."""

    value: str
    words: str
    count: int
    is_on: bool
    query: str


@dataclass(frozen=True, slots=True)
class Column:
    """A sortable column: where its header leads and how it is sorted now ('' when it is not)."""

    name: str
    words: str
    query: str
    direction: str
    css: str = ""


class TrendTable:
    """Turns a query string into rows, facets and column links.

    `kind` fixes the kind (the pages /tags/<kind>/).
    """

    def __init__(self, parameters: QueryDict, kind: str | None = None) -> None:
        self.parameters = parameters
        self.form = TrendFilter(parameters)
        self.form.is_valid()
        self.chosen: dict[str, Any] = dict(getattr(self.form, "cleaned_data", {}))
        self.kind = kind
        raw = self.chosen.get("sort") or DEFAULT_SORT
        self.descending = raw.startswith("-") if raw.lstrip("-") in _ASCENDING else not raw.startswith("-")
        self.sort = raw.lstrip("-") if raw.lstrip("-") in SORTS else DEFAULT_SORT

    def rows(self) -> TagQuerySet:
        """The tags to list, in order, with their trends."""
        mentions = OrderBy(F("trend__mentions"), descending=True, nulls_last=True)
        return self._filtered().select_related("trend").order_by(self._order(), mentions, "name", "pk")

    def facets(self, field: str, choices: list[tuple[str, Any]], column: str) -> list[Facet]:
        """Each choice with the number of rows the other filters leave it."""
        counts = dict(
            self._filtered(without=field)
            .order_by()
            .values_list(column)
            .annotate(count=Count("pk", distinct=True))
        )
        on = set(self.chosen.get(field) or [])
        return [
            Facet(value, str(words), counts.get(value, 0), value in on, self._toggled(field, value))
            for value, words in choices
            if counts.get(value) or value in on
        ]

    def kinds(self) -> list[Facet]:
        """The facet of kinds."""
        return self.facets("kind", list(Kind.choices), "kind")

    def labels(self) -> list[Facet]:
        """The facet of trend labels."""
        return self.facets("label", list(Label.choices), "trend__label")

    def columns(self) -> list[Column]:
        """The table's headers."""
        words = [
            ("name", _("Item"), ""),
            ("kind", _("Kind"), "wide"),
            ("relevance", _("Relevance"), ""),
            ("change", _("Change"), ""),
            ("weeks", _("12 weeks"), ""),
            ("mentions", _("Mentions"), "num wide"),
            ("publishers", _("Publishers"), "num wider"),
            ("last", _("Last"), "num wider"),
        ]
        return [
            Column(name, str(said), self._sorted_by(name), self._direction(name), css)
            for name, said, css in words
        ]

    @property
    def is_filtered(self) -> bool:
        """Does any filter hide rows?"""
        return any(self.chosen.get(field) for field in ("kind", "label", "status", "relevance", "theme", "q"))

    def query(self, **changes: str | None) -> str:
        """The query string with some parameters changed; the page is dropped."""
        pairs = [
            (k, v) for k, vs in self.parameters.lists() for v in vs if k not in changes and k != "page" and v
        ]
        pairs += [(key, value) for key, value in changes.items() if value]
        return urlencode(pairs)

    def _filtered(self, without: str = "") -> TagQuerySet:
        tags = Tag.objects.live()
        chosen = {key: value for key, value in self.chosen.items() if key != without}
        tags = tags.filter(status=chosen.get("status") or Tag.Status.TRACKED)
        if self.kind:
            tags = tags.filter(kind=self.kind)
        elif chosen.get("kind"):
            tags = tags.filter(kind__in=chosen["kind"])
        if chosen.get("label"):
            labels = Q(trend__label__in=chosen["label"])
            if Label.TOO_LITTLE in chosen["label"]:
                labels |= Q(trend=None)
            tags = tags.filter(labels)
        if chosen.get("relevance"):
            tags = tags.filter(relevancy__gte=chosen["relevance"])
        if chosen.get("theme"):
            tags = tags.filter(themes=chosen["theme"])
        if chosen.get("q"):
            tags = tags.filter(names__name__icontains=chosen["q"].strip()).distinct()
        return tags

    def _order(self) -> OrderBy:
        return OrderBy(F(SORTS[self.sort]), descending=self.descending, nulls_last=True)

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

    def _toggled(self, field: str, value: str) -> str:
        kept = [v for v in self.parameters.getlist(field) if v != value]
        if len(kept) == len(self.parameters.getlist(field)):
            kept.append(value)
        others = [(k, v) for k, vs in self.parameters.lists() for v in vs if k not in {field, "page"} and v]
        return urlencode(others + [(field, v) for v in kept])
