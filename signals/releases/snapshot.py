"""A registry's snapshot becomes models, offers, prices and release articles; the same snapshot again, nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from signals.models import Fact, Model, ModelName, Offer, Price, Release, Source, Weights
from signals.releases.articles import redate_releases, write_articles
from signals.releases.facts import settle, stated_date
from signals.releases.names import developer_of, is_developers_own, normalise_model
from signals.releases.types import Listing, Snapshot

_OFFER_FIELDS: Final = ("provider_name", "listed_on", "context", "max_output", "status", "gone_at")


@dataclass(slots=True)
class SnapshotCounts:
    """What a snapshot changed."""

    listings: int = 0
    new_models: int = 0
    new_offers: int = 0
    changed_offers: int = 0
    gone_offers: int = 0
    price_changes: int = 0
    article_ids: list[int] = field(default_factory=list)


@transaction.atomic
def apply_snapshot(*, source: Source, snapshot: Snapshot, now: datetime) -> SnapshotCounts:
    """Store what a registry says now. `now` is when it became known."""
    counts = SnapshotCounts(listings=len(snapshot.listings))
    grouped = _group(snapshot.listings)
    models = _models(grouped, now, counts)
    _state_facts(source, grouped, models, now)
    settle(models.values())
    redate_releases(models.values())
    repriced = _store_offers(source, grouped, models, now, counts)
    _write_releases(source, models, repriced, now, counts)
    return counts


def _group(listings: Iterable[Listing]) -> dict[str, list[Listing]]:
    """Listings of one model under its normalised id; the same display name joins two ids."""
    by_key: dict[str, list[Listing]] = defaultdict(list)
    for listing in listings:
        if key := normalise_model(listing.listing) or normalise_model(listing.name):
            by_key[key].append(listing)
    return by_key


def _models(grouped: dict[str, list[Listing]], now: datetime, counts: SnapshotCounts) -> dict[str, Model]:
    """The model behind each key, made where it is new."""
    names = dict(ModelName.objects.values_list("normalised", "model_id"))
    known = {model.pk: model for model in Model.objects.all()}
    slugs = {model.slug for model in known.values()}
    found: dict[str, Model] = {}
    made: dict[str, Model] = {}
    for key, listings in grouped.items():
        model_id = next((names[name] for name in _names(key, listings) if name in names), None)
        if model_id is not None:
            found[key] = known[model_id]
            continue
        twin = next((made[name] for name in _names(key, listings) if name in made), None)
        if twin is None:
            best = _spokesman(listings)
            slug = key[:200] if key[:200] not in slugs else f"{key[:180]}-{len(slugs)}"
            slugs.add(slug)
            twin = Model(slug=slug, name=best.name, modalities=list(best.modalities), known_at=now)
        found[key] = twin
        for name in _names(key, listings):
            made.setdefault(name, twin)
    created = list({id(model): model for model in found.values() if model.pk is None}.values())
    Model.objects.bulk_create(created, batch_size=500)
    counts.new_models = len(created)
    fresh = {
        name: found[key]
        for key, listings in grouped.items()
        for name in _names(key, listings)
        if name not in names
    }
    ModelName.objects.bulk_create(
        [ModelName(model=model, normalised=name) for name, model in fresh.items()],
        batch_size=1000,
        ignore_conflicts=True,
    )
    return found


def _names(key: str, listings: Sequence[Listing]) -> list[str]:
    """The key, then what most of its listings call it: one provider's slip must not join two models."""
    said = Counter(normalise_model(listing.name) for listing in listings)
    commonest = min(said, key=lambda name: (-said[name], name))
    return [name for name in dict.fromkeys([key, commonest]) if name]


def _spokesman(listings: Sequence[Listing]) -> Listing:
    """The developer's own listing, else the shortest-named one."""
    return min(
        listings,
        key=lambda one: (
            not is_developers_own(one.provider, developer_of(one.provider, one.listing)),
            len(one.name),
            one.provider,
        ),
    )


def _state_facts(
    source: Source, grouped: dict[str, list[Listing]], models: dict[str, Model], now: datetime
) -> None:
    """One fact per model, field and provider; only what changed is written."""
    prefix = f"{source.name or source.kind}: "
    stood = {
        (model_id, name, origin): (value, rank)
        for model_id, name, origin, value, rank in Fact.objects.filter(origin__startswith=prefix).values_list(
            "model_id", "field", "origin", "value", "rank"
        )
    }
    said: dict[tuple[int, str, str], tuple[Any, int]] = {}
    for key, listings in grouped.items():
        for one in listings:
            developer = developer_of(one.provider, one.listing)
            own = is_developers_own(one.provider, developer)
            rank = Fact.Rank.REGISTRY if own else Fact.Rank.LISTING
            for name, value in _stated(one, developer):
                said[models[key].pk, name, prefix + one.provider] = (value, rank)
    changed = [
        Fact(
            model_id=model_id,
            field=name,
            value=value,
            rank=rank,
            origin=origin,
            origin_url=source.url,
            verified_at=now,
        )
        for (model_id, name, origin), (value, rank) in said.items()
        if stood.get((model_id, name, origin)) != (value, rank)
    ]
    Fact.objects.bulk_create(
        changed,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["model", "field", "origin"],
        update_fields=["value", "rank", "origin_url", "verified_at"],
    )


def _stated(one: Listing, developer: str) -> list[tuple[str, Any]]:
    stated: list[tuple[str, Any]] = []
    if one.released:
        stated.append(("released_on", stated_date(one.released.day, one.released.precision)))
    if one.open_weights is not None:
        stated.append(("weights", Weights.OPEN.value if one.open_weights else Weights.CLOSED.value))
    if one.context:
        stated.append(("context", one.context))
    if developer:
        stated.append(("developer", developer))
    if one.family:
        stated.append(("family", one.family))
    return stated


def _store_offers(
    source: Source,
    grouped: dict[str, list[Listing]],
    models: dict[str, Model],
    now: datetime,
    counts: SnapshotCounts,
) -> list[tuple[Model, Offer, dict[str, Any]]]:
    """Upsert offers and prices; returns the price changes of known offers."""
    stood = {(offer.provider, offer.listing): offer for offer in Offer.objects.filter(source=source)}
    prices = {
        price.offer_id: price
        for price in Price.objects.filter(offer__source=source).order_by("offer_id", "since", "pk")
    }
    new: list[tuple[Offer, Listing]] = []
    changed: list[Offer] = []
    new_prices: list[Price] = []
    repriced: list[tuple[Model, Offer, dict[str, Any]]] = []
    seen = set()
    for key, listings in grouped.items():
        for one in listings:
            if (one.provider, one.listing) in seen:
                continue
            seen.add((one.provider, one.listing))
            offer = stood.get((one.provider, one.listing))
            if offer is None:
                offer = Offer(
                    model=models[key],
                    source=source,
                    provider=one.provider,
                    listing=one.listing,
                    first_seen_at=now,
                )
                _describe(offer, one)
                new.append((offer, one))
                continue
            before = tuple(getattr(offer, name) for name in _OFFER_FIELDS)
            _describe(offer, one)
            if before != tuple(getattr(offer, name) for name in _OFFER_FIELDS):
                changed.append(offer)
            last = prices.get(offer.pk)
            if _price_of(one) != ((last.input, last.output, last.cached) if last else (None, None, None)):
                new_prices.append(_price(offer, one, now))
                if last and (change := _change(offer, last, one)):
                    repriced.append((models[key], offer, change))
    gone = [offer for pair, offer in stood.items() if pair not in seen and offer.gone_at is None]
    for offer in gone:
        offer.gone_at = now
    created = Offer.objects.bulk_create([offer for offer, _one in new], batch_size=1000)
    new_prices += [
        _price(offer, one, now) for offer, (_same, one) in zip(created, new, strict=True) if any_stated(one)
    ]
    Offer.objects.bulk_update(changed + gone, _OFFER_FIELDS, batch_size=500)
    Price.objects.bulk_create(new_prices, batch_size=1000)
    counts.new_offers, counts.changed_offers, counts.gone_offers = len(new), len(changed), len(gone)
    counts.price_changes = len(repriced)
    return repriced


def any_stated(one: Listing) -> bool:
    """Whether a listing names any price at all."""
    return any(price is not None for price in _price_of(one))


def _describe(offer: Offer, one: Listing) -> None:
    offer.provider_name, offer.context, offer.max_output = one.provider_name, one.context, one.max_output
    offer.status, offer.gone_at = one.status, None
    offer.listed_on = one.released.day if one.released else None


def _price_of(one: Listing) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    return (one.input_price, one.output_price, one.cached_price)


def _price(offer: Offer, one: Listing, now: datetime) -> Price:
    return Price(
        offer=offer, since=now, input=one.input_price, output=one.output_price, cached=one.cached_price
    )


def _change(offer: Offer, last: Price, one: Listing) -> dict[str, Any] | None:
    """What to say of a changed price: the output side when it moved, else the input side."""
    for side, was, now in (("output", last.output, one.output_price), ("input", last.input, one.input_price)):
        if was is not None and now is not None and was != now:
            return {"side": side, "from": float(was), "to": float(now), "provider": offer.provider_name}
    return None


def _write_releases(
    source: Source,
    models: dict[str, Model],
    repriced: Sequence[tuple[Model, Offer, dict[str, Any]]],
    now: datetime,
    counts: SnapshotCounts,
) -> None:
    """One release per model that has none, and one event per price changed by the developer itself."""
    distinct = {model.pk: model for model in models.values()}
    have = set(
        Release.objects.filter(model__in=distinct, event=Release.Event.RELEASED).values_list(
            "model_id", flat=True
        )
    )
    releases = [
        Release(
            model=model,
            event=Release.Event.RELEASED,
            event_key=f"released:{model.slug}",
            date=model.released_on,
            precision=model.released_precision,
        )
        for pk, model in distinct.items()
        if pk not in have and model.released_on is not None and model.released_on <= now.date()
    ]
    today: date = now.date()
    for model, offer, change in repriced:
        if is_developers_own(offer.provider, model.developer):
            key = f"price:{offer.pk}:{change['side']}:{change['from']:g}:{change['to']:g}:{today}"
            releases.append(
                Release(
                    model=model, event=Release.Event.PRICE, event_key=key[:300], date=today, detail=change
                )
            )
    fresh = {release.event_key: release for release in releases}
    stood = set(Release.objects.filter(event_key__in=fresh).values_list("event_key", flat=True))
    created = Release.objects.bulk_create(
        [one for key, one in fresh.items() if key not in stood], batch_size=500
    )
    counts.article_ids = write_articles(
        source=source, releases=created, now=now, urls=dict.fromkeys(distinct, source.site_url or source.url)
    )
