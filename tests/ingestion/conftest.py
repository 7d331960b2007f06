from collections.abc import Iterator
from ipaddress import ip_network
from random import Random

import pytest

from ingestion.fetch import Fetcher
from tests.ingestion.serving import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(user_agent="VigieTest/1", allow_networks=[ip_network("127.0.0.0/8")], deadline=10)


@pytest.fixture
def rng() -> Random:
    return Random(7)


@pytest.fixture(autouse=True)
def polite_enough(settings):
    settings.FETCH_ALLOW_NETWORKS = ["127.0.0.0/8"]
