"""Hints to the workers. They may get lost: what is due stands in PostgreSQL, and the sweep asks again."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Final

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

ANALYZE_BATCH: Final = 100
_RETRY_BROKER_SECONDS: Final = 15.0


class _Broker:
    """Finding out that the broker is away takes seconds: not for every one of many hints."""

    away_until = 0.0


def enqueue(task: str, *arguments: object) -> bool:
    """Ask a worker to run a task by name; false when the broker is away."""
    if time.monotonic() < _Broker.away_until:
        return False
    try:
        current_app.send_task(task, args=arguments, retry=False)
    except OperationalError as error:
        _Broker.away_until = time.monotonic() + _RETRY_BROKER_SECONDS
        log.warning("%s waits for the sweep, the broker is away: %s", task, error)
        return False
    return True


def enqueue_analysis(article_ids: Sequence[int]) -> None:
    """Ask for articles to be grouped and tagged, in batches."""
    for start in range(0, len(article_ids), ANALYZE_BATCH):
        if not enqueue("ingestion.tasks.analyze_articles", list(article_ids[start : start + ANALYZE_BATCH])):
            return


def backlog(queue: str) -> int | None:
    """How many tasks wait in a queue; None while the broker is away."""
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            return int(client.llen(queue))
    except redis.RedisError:
        return None
