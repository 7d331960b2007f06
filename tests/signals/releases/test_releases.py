import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ingestion.sources import modelsdev
from signals.models import Article, DirtyMark, Fact, Model, Offer, Price, Release, Source, SourceKind, Weights
from signals.releases.curated import load_releases
from signals.releases.names import developer_of, normalise_model
from signals.releases.snapshot import apply_snapshot

NOW = datetime(2026, 7, 2, 12, tzinfo=UTC)
LATER = datetime(2026, 7, 9, 12, tzinfo=UTC)

CURATED = """
[[release]]
model = "Heron 2"
slug = "heron-2"
developer = "Mistral AI"
date = "2026-05-04"
weights = "restricted"
context = 65536
source = "https://heron.example/2"
source_name = "Heron"
aliases = ["heron-2-large"]
"""


def registry(**prices):
    heron = {
        "name": "Heron 2",
        "release_date": "2026-05-06",
        "open_weights": True,
        "limit": {"context": 131072},
    }
    return {
        "mistral": {
            "id": "mistral",
            "name": "Mistral",
            "models": {"heron-2": heron | {"cost": {"input": 2, "output": prices.get("own", 6)}}},
        },
        "hostco": {
            "id": "hostco",
            "name": "Host & Co",
            "models": {
                "mistralai/Heron-2:free": heron
                | {"release_date": "2026-05", "cost": {"input": 0, "output": 0}},
                "nobody-knows": {"name": "Nobody Knows", "release_date": "1970-01-01"},
                "broken": "not an object",
            },
        },
    }


def snapshot(**prices):
    return modelsdev.parse(json.dumps(registry(**prices)).encode())


@pytest.fixture
def source(db):
    return Source.objects.create(
        kind=SourceKind.MODELSDEV, name="models.dev", url="https://models.example/api.json"
    )


def test_forty_listings_of_one_model_are_one_model():
    assert (
        normalise_model("openai/GPT-4o:free")
        == normalise_model("gpt_4o")
        == normalise_model("GPT 4o")
        == "gpt-4o"
    )
    assert normalise_model("OpenAI: GPT-4o") == normalise_model("GPT-4o (latest)") == "gpt-4o"
    assert developer_of("hostco", "meta-llama/llama-3.1-8b") == "Meta"
    assert developer_of("hostco", "llama-3.1-8b") == ""


def test_a_listing_that_cannot_be_read_is_refused_alone():
    parsed = snapshot()
    assert [one.listing for one in parsed.listings] == ["heron-2", "mistralai/Heron-2:free", "nobody-knows"]
    assert parsed.refused == (("hostco/broken", "not an object"),)


def test_a_nul_in_a_name_refuses_nothing():
    body = json.dumps(registry()).replace("Heron 2", "Heron\\u0000 2").encode()
    assert modelsdev.parse(body).listings[0].name == "Heron 2"


def test_a_page_is_not_a_registry():
    for body in (b"<html>", b"[]", b"{}", b'{"a": 1}', b"[" * 100_000):
        with pytest.raises(modelsdev.NotARegistry):
            modelsdev.parse(body)


def test_unknown_stays_unknown_and_free_is_not_unknown(source):
    apply_snapshot(source=source, snapshot=snapshot(), now=NOW)
    nobody = Model.objects.get(slug="nobody-knows")
    assert (nobody.released_on, nobody.weights, nobody.context) == (None, Weights.UNKNOWN, None)
    assert not Release.objects.filter(model=nobody).exists()
    assert not Price.objects.filter(offer__model=nobody).exists()
    free = Price.objects.get(offer__provider="hostco", offer__listing="mistralai/Heron-2:free")
    assert (free.input, free.cached) == (Decimal(0), None)


def test_a_model_is_one_release_and_many_offers(source):
    apply_snapshot(source=source, snapshot=snapshot(), now=NOW)
    heron = Model.objects.get(slug="heron-2")
    assert Offer.objects.filter(model=heron).count() == 2
    release = Release.objects.get(model=heron)
    assert release.date == date(2026, 5, 6), "the developer's own word outranks a host's"
    assert release.article.type == "release"
    assert "Mistral AI released Heron 2" in release.article.title
    assert "open-weights" in release.article.text


def test_the_same_snapshot_again_writes_nothing(source, django_assert_max_num_queries):
    apply_snapshot(source=source, snapshot=snapshot(), now=NOW)
    before = [
        list(model.objects.order_by("pk").values()) for model in (Model, Fact, Offer, Price, Release, Article)
    ]
    with django_assert_max_num_queries(20):
        again = apply_snapshot(source=source, snapshot=snapshot(), now=LATER)
    assert (again.new_models, again.new_offers, again.changed_offers, again.article_ids) == (0, 0, 0, [])
    after = [
        list(model.objects.order_by("pk").values()) for model in (Model, Fact, Offer, Price, Release, Article)
    ]
    assert after == before


def test_a_price_change_by_the_developer_is_news_and_history(source):
    apply_snapshot(source=source, snapshot=snapshot(), now=NOW)
    changed = apply_snapshot(source=source, snapshot=snapshot(own=3), now=LATER)
    assert changed.price_changes == 1
    offer = Offer.objects.get(provider="mistral")
    assert [price.output for price in offer.prices.all()] == [3, 6]
    event = Release.objects.get(event="price")
    assert event.article.title == "Mistral cut the price of Heron 2"
    assert "from 6 to 3 US dollars" in event.article.text


def test_a_listing_that_disappears_is_gone_and_may_come_back(source):
    apply_snapshot(source=source, snapshot=snapshot(), now=NOW)
    without = registry()
    del without["mistral"]
    apply_snapshot(source=source, snapshot=modelsdev.parse(json.dumps(without).encode()), now=LATER)
    assert Offer.objects.get(provider="mistral").gone_at == LATER
    apply_snapshot(source=source, snapshot=snapshot(), now=LATER)
    assert Offer.objects.get(provider="mistral").gone_at is None


@pytest.mark.parametrize("curated_first", [True, False])
def test_our_own_facts_outrank_a_registry_whoever_came_first(source, curated_first):
    steps = [
        lambda: load_releases(CURATED),
        lambda: apply_snapshot(source=source, snapshot=snapshot(), now=NOW),
    ]
    for step in steps if curated_first else reversed(steps):
        step()
    heron = Model.objects.get(slug="heron-2")
    assert (heron.released_on, heron.weights, heron.context) == (date(2026, 5, 4), "restricted", 65536)
    assert Release.objects.filter(model=heron, event="released").count() == 1
    stated = set(Fact.objects.filter(model=heron, field="released_on").values_list("value", flat=True))
    assert stated == {"2026-05-04", "2026-05-06", "2026-05"}, "conflicts stay visible"


def test_a_release_follows_a_date_that_a_better_fact_corrects(source):
    apply_snapshot(source=source, snapshot=snapshot(), now=NOW)
    load_releases(CURATED)
    release = Release.objects.get(model__slug="heron-2")
    assert release.date == date(2026, 5, 4) == release.article.published_at.date()
    assert "4 May 2026" in release.article.text
    assert {mark.day for mark in DirtyMark.objects.filter(tag=None)} >= {date(2026, 5, 4), date(2026, 5, 6)}


def test_loading_the_starter_twice_is_loading_it_once(db):
    first = load_releases()
    assert first.releases >= 200
    assert Article.objects.filter(type="release").count() == first.releases
    assert load_releases().releases == 0
    known_before = Article.objects.filter(known_at__lt=datetime(2021, 1, 1, tzinfo=UTC)).count()
    assert known_before == 2


def test_the_real_registry_becomes_models(source, shared_data):
    parsed = modelsdev.parse((shared_data / "models" / "modelsdev-api.json").read_bytes())
    assert len(parsed.listings) == 5276
    stored = apply_snapshot(source=source, snapshot=parsed, now=NOW)
    assert stored.new_offers == 5276
    assert 1300 < Model.objects.count() < 1950, "names are about 1,950, and several name one model"
    assert Model.objects.get(names__normalised="claude-sonnet-4") != Model.objects.get(
        names__normalised="claude-sonnet-4-5"
    )
    assert Model.objects.get(slug="gpt-4o").released_on == date(2024, 5, 13)
    assert not Model.objects.filter(released_on__year__lt=2017).exists()
    assert apply_snapshot(source=source, snapshot=parsed, now=LATER).new_offers == 0


def test_a_model_that_a_registry_released_before_is_not_released_again_by_us(source):
    apply_snapshot(source=source, snapshot=snapshot(), now=NOW)
    load_releases(CURATED.replace('slug = "heron-2"', 'slug = "heron-2-2026"'))
    assert Release.objects.filter(model__name="Heron 2").count() == 1
    assert Model.objects.get(name="Heron 2").released_on == date(2026, 5, 4)
