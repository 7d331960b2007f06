"""models.dev's `api.json`: providers with the models they list, as plain listings (pure)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from ingestion.errors import ParseError
from signals.releases.types import Listing, PartialDate, Snapshot

_DATE = re.compile(r"^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?$")
_OLDEST = 2017  # the year of the transformer: what claims to be older is a default, not a date


class NotARegistry(ParseError):
    """The document is not what models.dev serves."""

    code = "not_a_registry"
    sentence = "This is not a model registry in the layout of models.dev."


def parse(body: bytes, content_type: str = "", url: str = "") -> Snapshot:
    """All listings of the document; one that can't be read is refused alone.

    Raises NotARegistry for anything else than `{provider: {models: {id: {...}}}}`.
    """
    try:
        # No column holds a NUL; one in a name must not refuse the whole registry.
        document = json.loads(body.replace(b"\\u0000", b""))
    except (ValueError, RecursionError) as error:
        raise NotARegistry(str(error)[:200]) from None
    if not isinstance(document, dict) or not any(
        isinstance(provider, dict) and isinstance(provider.get("models"), dict)
        for provider in document.values()
    ):
        raise NotARegistry
    listings: list[Listing] = []
    refused: list[tuple[str, str]] = []
    for provider_id, provider in document.items():
        if not isinstance(provider, dict) or not isinstance(provider.get("models"), dict):
            refused.append((str(provider_id)[:200], "no models"))
            continue
        for model_id, row in provider["models"].items():
            try:
                listings.append(_listing(str(provider_id), provider, str(model_id), row))
            except (TypeError, ValueError) as error:
                refused.append((f"{provider_id}/{model_id}"[:200], str(error)[:200]))
    return Snapshot(tuple(listings), tuple(refused))


def _listing(provider_id: str, provider: Mapping[str, Any], model_id: str, row: Any) -> Listing:
    if not isinstance(row, dict):
        raise TypeError("not an object")
    name = str(row.get("name") or model_id).strip()
    if not name or len(model_id) > 300 or len(provider_id) > 120:
        raise ValueError("no usable name")
    cost, limit, modes = (_mapping(row, key) for key in ("cost", "limit", "modalities"))
    weights = row.get("open_weights")
    modalities = {str(mode)[:40] for side in ("input", "output") for mode in modes.get(side) or []}
    return Listing(
        provider=provider_id,
        provider_name=str(provider.get("name") or provider_id)[:200],
        listing=model_id,
        name=name[:200],
        family=str(row.get("family") or "")[:120],
        released=_date(row.get("release_date")),
        open_weights=weights if isinstance(weights, bool) else None,
        context=_count(limit.get("context")),
        max_output=_count(limit.get("output")),
        input_price=_price(cost.get("input")),
        output_price=_price(cost.get("output")),
        cached_price=_price(cost.get("cache_read")),
        modalities=tuple(sorted(modalities)),
        status=str(row.get("status") or "")[:40],
    )


def _mapping(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def _date(raw: object) -> PartialDate | None:
    """A stated day, month or year; impossible and absurd ones are not stated."""
    found = _DATE.match(str(raw or "").strip())
    if not found or int(found[1]) < _OLDEST:
        return None
    precision = "day" if found[3] else "month" if found[2] else "year"
    try:
        return PartialDate(date(int(found[1]), int(found[2] or 1), int(found[3] or 1)), precision)
    except ValueError:
        return None


def _count(raw: object) -> int | None:
    """Tokens; registries write 0 for "not stated"."""
    return (
        int(raw) if isinstance(raw, (int, float)) and not isinstance(raw, bool) and 0 < raw < 1e12 else None
    )


def _price(raw: object) -> Decimal | None:
    """USD per million tokens, to 6 places; missing is unknown, 0 is free."""
    if raw is None or isinstance(raw, bool):
        return None
    try:
        price = Decimal(str(raw))
    except InvalidOperation:
        return None
    return round(price, 6) if price.is_finite() and 0 <= price < 10**7 else None
