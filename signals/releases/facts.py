"""Which of the stated facts holds: curated ones outrank a registry's, unknown stays unknown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from signals.models import Fact, Model, Weights

FIELDS = (
    "released_on",
    "weights",
    "licence",
    "context",
    "parameters_b",
    "active_parameters_b",
    "developer",
    "family",
)


def choose(stated: Iterable[tuple[int, Any]]) -> Any:
    """The value of the highest rank; among equals the commonest, then the smallest; None when nobody states it."""
    by_rank: dict[int, list[Any]] = defaultdict(list)
    for rank, value in stated:
        by_rank[rank].append(value)
    if not by_rank:
        return None
    counts = Counter(map(_key, by_rank[max(by_rank)]))
    values = {_key(value): value for value in by_rank[max(by_rank)]}
    best = min(counts, key=lambda key: (-counts[key], key))
    return values[best]


def _key(value: Any) -> str:
    return f"{value:024.6f}" if isinstance(value, (int, float)) else str(value)


def settle(models: Iterable[Model]) -> int:
    """Let each model's columns say what its facts say; returns how many models changed."""
    models = list(models)
    stated: dict[tuple[int, str], list[tuple[int, Any]]] = defaultdict(list)
    for model_id, field, rank, value in Fact.objects.filter(model__in=models).values_list(
        "model_id", "field", "rank", "value"
    ):
        stated[model_id, field].append((rank, value))
    changed = []
    for model in models:
        before = tuple(getattr(model, field) for field in (*FIELDS, "released_precision"))
        for field in FIELDS:
            value = choose(stated.get((model.pk, field), ()))
            if field == "released_on":
                _set_date(model, value)
            elif field in {"weights", "licence", "developer", "family"}:
                setattr(model, field, value or (Weights.UNKNOWN if field == "weights" else ""))
            else:
                setattr(model, field, value)
        if before != tuple(getattr(model, field) for field in (*FIELDS, "released_precision")):
            changed.append(model)
    Model.objects.bulk_update(changed, [*FIELDS, "released_precision"], batch_size=500)
    return len(changed)


def _set_date(model: Model, value: str | None) -> None:
    """A stated date is "2024-05-13", "2024-05" or "2024"."""
    if value is None:
        model.released_on, model.released_precision = None, "day"
        return
    parts = [int(part) for part in value.split("-")]
    model.released_on = date(*[*parts, 1, 1][:3])
    model.released_precision = ("year", "month", "day")[len(parts) - 1]


def stated_date(day: date, precision: str) -> str:
    """How a partial date is written in a fact."""
    return day.isoformat()[: {"day": 10, "month": 7, "year": 4}[precision]]
