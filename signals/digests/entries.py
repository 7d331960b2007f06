"""The entries of an edition, in no language: each is one claim, with what its words are made from. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from signals.digests.wishes import Wishes

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True, kw_only=True)
class OfTag:
    """What an entry says of its tag; `merged` are the keys of tags that were merged into it."""

    tag: int
    kind: str
    name: str
    name_fr: str = ""
    relevancy: float | None = None
    themes: tuple[int, ...] = ()
    merged: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """What tells it from the others of its section."""
        return str(self.tag)

    def title(self, language: str) -> str:
        """The tag's name in a language."""
        return self.name_fr if language.startswith("fr") and self.name_fr else self.name

    def is_wanted(self, wishes: Wishes) -> bool:
        """Whether it belongs into the mail of a reader."""
        return wishes.want_tag((self.tag, *self.merged), self.kind, self.themes, self.relevancy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(OfTag):
    """A tag's trend now and before; `times` is "at least that many times usual", `ceiling` "at most".

    `weeks` are mentions of the last twelve, oldest first; `usual` low and high of the newest of them that
    have a baseline, flat.
    """

    change: str = ""
    driving_force: str = ""
    raters: int = 0
    label: str
    times: float | None = None
    ceiling: float | None = None
    label_before: str = "too_little"
    times_before: float | None = None
    ceiling_before: float | None = None
    explanation: dict[str, Any]
    weeks: tuple[int, ...] = ()
    usual: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction(OfTag):
    """An article that speaks against a tag, and its words; undated is empty."""

    article: int
    quote: str
    publisher: str
    headline: str
    language: str = ""
    on: str = ""

    @property
    def key(self) -> str:
        """What tells it from the others of its section."""
        return f"{self.tag}-{self.article}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescoring(OfTag):
    """A tag that analysts rated anew: the median before (None: nobody had), now, and the newest reason given."""

    before: float | None
    after: float
    raters: int
    rationale: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed(OfTag):
    """Whether an outlook held, as somebody saw it, and what it said then."""

    review: int
    held: str
    words: str = ""
    due_on: str
    outlook: str = ""

    @property
    def key(self) -> str:
        """What tells it from the others of its section."""
        return str(self.review)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due(OfTag):
    """An outlook whose day of review has come, or comes before the next edition."""

    due_on: str
    outlook: str = ""


@dataclass(frozen=True, slots=True)
class OfModel:
    """An event of an AI model's history."""

    release: int
    model: str
    developer: str

    @property
    def key(self) -> str:
        """What tells it from the others of its section."""
        return str(self.release)

    def title(self, language: str) -> str:
        """The model and who made it."""
        return f"{self.model} ({self.developer})" if self.developer else self.model

    def is_wanted(self, wishes: Wishes) -> bool:
        """Whether it belongs into the mail of a reader."""
        return wishes.want_releases


@dataclass(frozen=True, slots=True)
class NewRelease(OfModel):
    """A dated event of an AI model; what nobody states is empty."""

    event: str
    on: str
    weights: str
    licence: str
    context: int | None
    precision: str = "day"


@dataclass(frozen=True, slots=True)
class Repriced(OfModel):
    """A price that changed, USD per million tokens; None is unknown, 0 is free."""

    provider: str
    side: str
    before: float | None
    after: float | None
    on: str


@dataclass(frozen=True, slots=True)
class Unwell:
    """A source that did not deliver."""

    name: str
    health: str


@dataclass(frozen=True, slots=True)
class Gaps:
    """What the edition does not cover: sources that did not deliver, articles of which only the title is known."""

    unwell: tuple[Unwell, ...] = ()
    articles: int = 0
    headline_only: int = 0


Entry = OfTag | OfModel
T = TypeVar("T", bound="DataclassInstance")


def day_of(iso: str) -> date | None:
    """A date kept as ISO text, None where nothing is kept."""
    return date.fromisoformat(iso) if iso else None


def read_entry(shape: type[T], params: Mapping[str, Any]) -> T:
    """The entry that `dataclasses.asdict` made `params` from; JSON has no tuples, and older ones fewer fields."""
    known = {field.name for field in fields(shape)}
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in params.items() if name in known}
    return shape(**values)
