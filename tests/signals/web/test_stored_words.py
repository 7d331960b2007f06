import random
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from ingestion import enrich, errors, pipeline, services
from ingestion.health import note_success
from ingestion.pace import Hints, next_after_failure, next_check
from ingestion.sources import modelsdev
from signals.web.stored_words import SENTENCES, as_read

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def kinds(of):
    return {of}.union(*(kinds(kind) for kind in of.__subclasses__()))


def test_every_fault_of_a_source_has_words_in_every_language():
    assert enrich and pipeline and services and modelsdev and note_success
    told = {kind.sentence for kind in kinds(errors.IngestError) if kind.__module__.startswith("ingestion")}
    assert len(told) > 20
    assert told <= SENTENCES
    assert set(errors._STATUS_SENTENCES.values()) <= SENTENCES


@pytest.mark.parametrize(
    "hints",
    [
        Hints(),
        Hints(oldest=NOW - timedelta(days=9), newest=NOW, dated=9),
        Hints(oldest=NOW - timedelta(hours=9), newest=NOW, dated=900),
        Hints(oldest=NOW - timedelta(days=900), newest=NOW, dated=2),
        Hints(ttl=timedelta(hours=20)),
        Hints(update_period=timedelta(hours=20)),
    ],
)
def test_when_a_source_is_read_again_is_told_in_the_readers_language(hints):
    reason = next_check(hints, now=NOW, fresh_for=None, rng=random.Random(1)).reason
    with translation.override("en"):
        assert as_read(reason) == reason
    with translation.override("fr"):
        assert not {"it", "its", "every", "than", "hours", "days"} & set(as_read(reason).split())


@pytest.mark.parametrize("failures", [1, 3])
def test_a_failure_in_a_row_is_told_in_the_readers_language(failures):
    reason = next_after_failure(failures, now=NOW, retry_after=None, rng=random.Random(1)).reason
    with translation.override("fr"):
        assert "échec" in as_read(reason)
        assert "minutes" in as_read(reason) or "heure" in as_read(reason)


def test_what_a_stranger_said_stays_as_it_was_said():
    assert as_read("550 5.1.1 no such user; try again") == "550 5.1.1 no such user; try again"
    with translation.override("fr"):
        assert as_read(str(errors.NotAFeed("it is a web page"))).endswith("(c’est une page web)")
        assert as_read(str(errors.DnsError("feeds.example"))).endswith("(feeds.example)")
