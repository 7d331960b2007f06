"""Facts curated by us: read from one file, they outrank every registry."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from signals.models import Fact, Model, ModelName, Release, Source, SourceKind
from signals.releases.articles import redate_releases, write_articles
from signals.releases.facts import settle
from signals.releases.names import normalise_model

STARTER: Final = Path(__file__).resolve().parent.parent / "starter" / "releases.toml"
_STATED: Final = (
    "weights",
    "licence",
    "context",
    "parameters_b",
    "active_parameters_b",
    "developer",
    "family",
)
_PRICES: Final = ("input_price", "output_price")


@dataclass(frozen=True, slots=True)
class CuratedSummary:
    """What loading curated facts did."""

    models: int
    releases: int
    article_ids: tuple[int, ...]


def curated_source() -> Source:
    """The source that our own facts belong to."""
    source, _created = Source.objects.get_or_create(
        kind=SourceKind.CURATED,
        name="Curated release facts",
        defaults={"fetches_full_text": False, "health": "ok"},
    )
    return source


@transaction.atomic
def load_releases(source: Path | str = STARTER) -> CuratedSummary:
    """Load release facts from a TOML file or text; again, it changes nothing that stands.

    A release was known on the day it happened. Raises tomllib.TOMLDecodeError or KeyError for a file
    that is not in the layout of the starter's.
    """
    text = source.read_text() if isinstance(source, Path) else source
    rows = tomllib.loads(text)["release"]
    origin = curated_source()
    names = dict(ModelName.objects.values_list("normalised", "model_id"))
    models = {model.pk: model for model in Model.objects.all()}
    known = set(Release.objects.values_list("event_key", flat=True))
    # A registry that was read before may know a model under another slug.
    released = set(Release.objects.filter(event=Release.Event.RELEASED).values_list("model_id", flat=True))
    touched: dict[int, Model] = {}
    releases: list[Release] = []
    urls: dict[int, str] = {}
    for row in rows:
        model = _model(row, names, models)
        touched[model.pk] = model
        urls[model.pk] = row.get("source", "")
        _state(model, row)
        key = f"released:{row['slug']}"
        if key not in known and model.pk not in released:
            known.add(key)
            releases.append(_release(model, row, key))
    settle(touched.values())
    redate_releases(touched.values())
    Release.objects.bulk_create(releases, batch_size=500)
    article_ids: list[int] = []
    for release in releases:
        release.model = touched[release.model_id]
        known_at = _known_at(release)
        article_ids += write_articles(source=origin, releases=[release], now=known_at, urls=urls)
    return CuratedSummary(len(touched), len(releases), tuple(article_ids))


def _model(row: Mapping[str, Any], names: dict[str, int], models: dict[int, Model]) -> Model:
    """The model a row is about, found under any of its names, else made."""
    wanted = [normalise_model(name) for name in (row["slug"], row["model"], *row.get("aliases", []))]
    found = next((names[name] for name in wanted if name in names), None)
    if found is None:
        model = Model.objects.create(
            slug=row["slug"],
            name=row["model"],
            modalities=row.get("modalities", []),
            known_at=_row_known_at(row),
        )
        models[model.pk] = model
    else:
        model = models[found]
    fresh = [name for name in dict.fromkeys(wanted) if name and name not in names]
    ModelName.objects.bulk_create([ModelName(model=model, normalised=name) for name in fresh])
    names.update(dict.fromkeys(fresh, model.pk))
    return model


def _state(model: Model, row: Mapping[str, Any]) -> None:
    origin = row.get("source_name", "") or "curated"
    stated = {field: row[field] for field in _STATED if row.get(field) not in (None, "")}
    stated["released_on"] = row["date"]
    stated |= {f"launch {price}": row[price] for price in _PRICES if price in row}
    Fact.objects.bulk_create(
        [
            Fact(
                model=model,
                field=field,
                value=value,
                rank=Fact.Rank.CURATED,
                origin=origin,
                origin_url=row.get("source", ""),
            )
            for field, value in stated.items()
        ],
        update_conflicts=True,
        unique_fields=["model", "field", "origin"],
        update_fields=["value", "rank", "origin_url"],
    )


def _release(model: Model, row: Mapping[str, Any], key: str) -> Release:
    day, precision = _date(row["date"])
    detail = {price: row[price] for price in _PRICES if price in row}
    return Release(
        model=model, event=Release.Event.RELEASED, event_key=key, date=day, precision=precision, detail=detail
    )


def _date(stated: str) -> tuple[date, str]:
    """A stated day, month or year, its missing part read as 1, and its precision."""
    year, month, day = (*(int(part) for part in stated.split("-")), 1, 1)[:3]
    return date(year, month, day), ("year", "month", "day")[stated.count("-")]


def _row_known_at(row: Mapping[str, Any]) -> datetime:
    return datetime.combine(_date(row["date"])[0], time(23, 59), UTC)


def _known_at(release: Release) -> datetime:
    """We read about it when the day was over."""
    assert release.date is not None
    return datetime.combine(release.date, time(23, 59), UTC)
