"""Is the process up, and can it work: for the supervisor, for orchestrators, for monitors."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from config.celery import QUEUES, heartbeat_key
from signals.web.access import public


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is looked at."""
    return HttpResponse("ok\n", content_type="text/plain")


@public
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when pages can be served: database, migrations and Valkey; workers are listed beside."""
    checks: dict[str, object] = {"database": False, "migrations": False, "valkey": False, "workers": []}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        checks["database"] = True
        checks["migrations"] = _migrations_applied()
    except DatabaseError:
        pass
    try:
        checks["workers"] = _working_queues()
        checks["valkey"] = True
    except redis.RedisError:
        pass
    ready = all(checks[name] for name in ("database", "migrations", "valkey"))
    return JsonResponse(checks, status=200 if ready else 503)


def resting_queues() -> list[str]:
    """The queues that no worker answers for; while Valkey is away, all of them."""
    try:
        working = _working_queues()
    except redis.RedisError:
        working = []
    return [queue for queue in QUEUES if queue not in working]


def _working_queues() -> list[str]:
    beats = _valkey().mget([heartbeat_key(queue) for queue in QUEUES])
    return [queue for queue, beat in zip(QUEUES, beats, strict=True) if beat]


_applied = False


def _migrations_applied() -> bool:
    """Whether nothing is left to migrate; once true it stays so for this process's code."""
    global _applied
    if not _applied:
        executor = MigrationExecutor(connection)
        _applied = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _applied


@cache
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
