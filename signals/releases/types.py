"""The frozen values that a registry's snapshot is made of (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date with its precision: "day", "month" or "year"; the missing part reads as 1."""

    day: date
    precision: str = "day"


@dataclass(frozen=True, slots=True)
class Listing:
    """One provider's listing of one model. None is "not stated"; prices are USD per million tokens."""

    provider: str
    provider_name: str
    listing: str
    name: str
    family: str = ""
    released: PartialDate | None = None
    open_weights: bool | None = None
    context: int | None = None
    max_output: int | None = None
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    cached_price: Decimal | None = None
    modalities: tuple[str, ...] = ()
    status: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All listings of a registry, and what could not be read: (where, why)."""

    listings: tuple[Listing, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
