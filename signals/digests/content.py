"""What an edition says, in no language: kept as JSON, rendered for each group of readers. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final, Self

from signals.digests.wishes import Wishes

MOVERS: Final = 7
RISERS: Final = 3
RELEASES: Final = 10


@dataclass(frozen=True, slots=True)
class Move:
    """A tag's trend now and a week before; `times` is "at least that many times usual", `ceiling` "at most"."""

    tag: int
    kind: str
    name: str
    name_fr: str
    change: str
    driving_force: str
    relevancy: float | None
    raters: int
    label: str
    times: float | None
    ceiling: float | None
    label_before: str
    times_before: float | None
    ceiling_before: float | None
    explanation: dict[str, Any]
    themes: tuple[int, ...] = ()
    merged: tuple[int, ...] = ()

    def title(self, language: str) -> str:
        """Its name in a language."""
        return self.name_fr if language.startswith("fr") and self.name_fr else self.name


@dataclass(frozen=True, slots=True)
class NewRelease:
    """A dated event of an AI model; what nobody states is empty."""

    release: int
    model: str
    developer: str
    event: str
    on: str
    weights: str
    licence: str
    context: int | None

    @property
    def date(self) -> date:
        """When it happened."""
        return date.fromisoformat(self.on)


@dataclass(frozen=True, slots=True)
class Unwell:
    """A source that did not deliver."""

    name: str
    health: str


@dataclass(frozen=True, slots=True)
class Gaps:
    """What the edition does not cover: sources that did not deliver, articles of which only the title is known."""

    unwell: tuple[Unwell, ...]
    articles: int
    headline_only: int


@dataclass(frozen=True, slots=True)
class Content:
    """All candidates of an edition in order; `chosen` cuts them down to one reader's wishes."""

    as_of: str
    before: str
    is_sample: bool
    movers: tuple[Move, ...]
    risers: tuple[Move, ...]
    releases: tuple[NewRelease, ...]
    gaps: Gaps

    @property
    def as_of_day(self) -> date:
        """The last day that it knows."""
        return date.fromisoformat(self.as_of)

    @property
    def is_empty(self) -> bool:
        """Nothing moved and nothing came out."""
        return not (self.movers or self.risers or self.releases)

    def params(self) -> dict[str, Any]:
        """As JSON-able values, read back by `from_params`."""
        return asdict(self)

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Self:
        """The content that `params` was made from."""
        gaps = params["gaps"]
        return cls(
            as_of=params["as_of"],
            before=params["before"],
            is_sample=params["is_sample"],
            movers=tuple(_move(move) for move in params["movers"]),
            risers=tuple(_move(move) for move in params["risers"]),
            releases=tuple(NewRelease(**release) for release in params["releases"]),
            gaps=Gaps(
                tuple(Unwell(**source) for source in gaps["unwell"]), gaps["articles"], gaps["headline_only"]
            ),
        )

    def chosen(self, wishes: Wishes) -> Content:
        """What a reader with these wishes gets."""

        def fits(move: Move) -> bool:
            return wishes.want_tag((move.tag, *move.merged), move.kind, move.themes, move.relevancy)

        return Content(
            as_of=self.as_of,
            before=self.before,
            is_sample=self.is_sample,
            movers=tuple(move for move in self.movers if fits(move))[:MOVERS],
            risers=tuple(move for move in self.risers if fits(move))[:RISERS],
            releases=self.releases[:RELEASES] if wishes.want_releases else (),
            gaps=self.gaps,
        )


def _move(params: dict[str, Any]) -> Move:
    """JSON knows no tuples."""
    keys = {name: tuple(params.get(name, ())) for name in ("themes", "merged")}
    return Move(**{**params, **keys})
