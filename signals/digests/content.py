"""What an edition says, in no language: kept as JSON, rendered for each group of readers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, Final, Self

from signals.digests.entries import (
    Contradiction,
    Due,
    Entry,
    Gaps,
    Move,
    NewRelease,
    Repriced,
    Rescoring,
    Reviewed,
    Unwell,
    read_entry,
)
from signals.digests.wishes import Wishes

LIMITS: Final[dict[str, int]] = {
    "movers": 7,
    "risers": 3,
    "contradictions": 5,
    "rescored": 5,
    "reviewed": 3,
    "due": 3,
    "releases": 10,
    "prices": 5,
}
"""The sections in the order in which they are read, and how many entries of each a mail shows."""

_SHAPES: Final[dict[str, type[Entry]]] = {
    "movers": Move,
    "risers": Move,
    "contradictions": Contradiction,
    "rescored": Rescoring,
    "reviewed": Reviewed,
    "due": Due,
    "releases": NewRelease,
    "prices": Repriced,
}


@dataclass(frozen=True, slots=True)
class Content:
    """All candidates of an edition in order; `chosen` cuts them down to one reader's wishes.

    It tells what is known on `as_of` and was not on `before`. `more` says of a section how many entries were
    cut off its end.
    """

    as_of: str
    before: str
    is_sample: bool = False
    movers: tuple[Move, ...] = ()
    risers: tuple[Move, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    rescored: tuple[Rescoring, ...] = ()
    reviewed: tuple[Reviewed, ...] = ()
    due: tuple[Due, ...] = ()
    releases: tuple[NewRelease, ...] = ()
    prices: tuple[Repriced, ...] = ()
    gaps: Gaps = field(default_factory=Gaps)
    note: str = ""
    note_fr: str = ""
    more: Mapping[str, int] = field(default_factory=dict)

    @property
    def as_of_day(self) -> date:
        """The last day that it knows."""
        return date.fromisoformat(self.as_of)

    @property
    def before_day(self) -> date:
        """The last day that the edition before it knew."""
        return date.fromisoformat(self.before)

    @property
    def is_empty(self) -> bool:
        """Nothing new; that an outlook waits for its review is no news, and neither is a note."""
        return not any(entries for name, entries in self.sections() if name != "due")

    def sections(self) -> Iterator[tuple[str, Sequence[Entry]]]:
        """Each section's name and entries, in the order in which they are read."""
        for name in LIMITS:
            yield name, getattr(self, name)

    def keys(self) -> list[str]:
        """All entries as section:key, as an editor's order and omissions name them."""
        return [f"{name}:{entry.key}" for name, entries in self.sections() for entry in entries]

    def params(self) -> dict[str, Any]:
        """As JSON-able values, read back by `from_params`."""
        return asdict(self)

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Self:
        """The content that `params` was made from."""
        gaps = params["gaps"]
        unwell = tuple(read_entry(Unwell, source) for source in gaps["unwell"])
        kept: dict[str, Any] = {
            name: tuple(read_entry(shape, entry) for entry in params.get(name, ()))
            for name, shape in _SHAPES.items()
        }
        kept["gaps"] = Gaps(unwell, gaps["articles"], gaps["headline_only"])
        for name in ("as_of", "before", "is_sample"):
            kept[name] = params[name]
        for name in ("note", "note_fr", "more"):
            if name in params:
                kept[name] = params[name]
        return cls(**kept)

    def edited(
        self, *, dropped: Collection[str], ordered: Sequence[str], note: str = "", note_fr: str = ""
    ) -> Self:
        """What an editor made of it: entries (section:key) left out, others moved to the front, a note added."""
        place = {key: n for n, key in enumerate(ordered)}
        out = frozenset(dropped)
        kept: dict[str, Any] = {}
        for name, entries in self.sections():
            left = {f"{name}:{entry.key}": entry for entry in entries}
            order = sorted(
                (key for key in left if key not in out), key=lambda key: place.get(key, len(place))
            )
            kept[name] = tuple(left[key] for key in order)
        return replace(self, **kept, note=note, note_fr=note_fr)

    def shortened(self) -> Self:
        """With an entry less in each section that has several."""
        kept: dict[str, Any] = {}
        more = dict(self.more)
        for name, entries in self.sections():
            if len(entries) > 1:
                kept[name] = entries[:-1]
                more[name] = more.get(name, 0) + 1
        return replace(self, **kept, more=more)

    def chosen(self, wishes: Wishes) -> Self:
        """What a reader with these wishes gets: the first of each section that fit, and how many more do."""
        kept: dict[str, Any] = {}
        more: dict[str, int] = {}
        for name, entries in self.sections():
            fitting = tuple(entry for entry in entries if entry.is_wanted(wishes))
            kept[name] = fitting[: LIMITS[name]]
            if len(fitting) > LIMITS[name]:
                more[name] = len(fitting) - LIMITS[name]
        return replace(self, **kept, more=more)
