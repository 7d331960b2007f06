"""The HTTP client as the settings want it."""

from __future__ import annotations

import functools

from django.conf import settings

from ingestion.addresses import parse_networks
from ingestion.fetch import Fetcher


@functools.cache
def default_fetcher() -> Fetcher:
    """One client for the whole process; it keeps no state between requests."""
    return make_fetcher()


def make_fetcher() -> Fetcher:
    """A client by the settings of this moment."""
    return Fetcher(
        user_agent=settings.USER_AGENT,
        allow_networks=parse_networks(settings.FETCH_ALLOW_NETWORKS),
        deadline=settings.FETCH_DEADLINE.total_seconds(),
        max_bytes=settings.FETCH_MAX_BYTES,
    )
