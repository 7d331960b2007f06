"""Old attempts go, bit by bit; what a page of a source shows, and what is under way, stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ingestion import trim
from ingestion.models import Fetch
from ingestion.services import make_source
from ingestion.tasks import trim_fetches

pytestmark = pytest.mark.django_db


def tried(source, age: timedelta, count: int = 1, **fields) -> None:
    at = timezone.now() - age
    fields = {"finished_at": at} | fields
    Fetch.objects.bulk_create(
        Fetch(source=source, started_at=at - timedelta(minutes=n), **fields) for n in range(count)
    )


def test_old_attempts_go_but_for_the_newest_of_each_source_and_those_under_way():
    busy, rare = (make_source(url=f"https://{name}.example/feed") for name in ("busy", "rare"))
    tried(busy, timedelta(days=1), 60)
    tried(busy, timedelta(days=89, hours=20), 2)
    tried(busy, timedelta(days=91), 80)
    tried(busy, timedelta(days=200), finished_at=None)
    tried(rare, timedelta(days=400), 100)
    trim_fetches()
    kept = busy.fetches.filter(finished_at__isnull=False)
    assert kept.count() == 100, "62 are young, and the newest 100 stay"
    assert kept.filter(started_at__lt=timezone.now() - timedelta(days=90)).count() == 38
    assert busy.fetches.filter(finished_at=None).exists()
    assert rare.fetches.count() == 100
    tried(busy, timedelta(hours=1), 100)
    trim_fetches()
    assert busy.fetches.filter(finished_at__isnull=False).count() == 162, "none that is young goes"


def test_one_time_takes_a_bounded_number_and_the_next_goes_on(monkeypatch):
    monkeypatch.setattr(trim, "_BATCH", 30)
    monkeypatch.setattr(trim, "_BATCHES", 2)
    source, other = (make_source(url=f"https://{name}.example/feed") for name in ("a", "b"))
    for one in (source, other):
        tried(one, timedelta(days=1), 100)
        tried(one, timedelta(days=100), 40)
    now = timezone.now()
    assert [trim.trim_fetches(now=now) for _ in range(3)] == [60, 20, 0]
    assert Fetch.objects.count() == 200
