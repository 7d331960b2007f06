"""The Celery application; tasks live in each app's tasks.py."""

from __future__ import annotations

import os
from typing import Any

import redis
from celery import Celery
from celery.signals import heartbeat_sent, worker_process_init

from config.processes import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

QUEUES = ("fetch", "analyze", "mail")
# Workers beat every two seconds.
_HEARTBEAT_LIFE = 30

app = Celery("vigie")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def heartbeat_key(queue: str) -> str:
    """The Valkey key that is there while somebody works on a queue."""
    return f"vigie:worker:{queue}"


@heartbeat_sent.connect
def _say_alive(**_: Any) -> None:
    from django.conf import settings

    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2) as valkey:
            for queue in app.amqp.queues.consume_from:
                valkey.set(heartbeat_key(queue), "1", ex=_HEARTBEAT_LIFE)
    except redis.RedisError:
        # The next beat is two seconds away, and the worker reports a lost broker itself.
        return


@worker_process_init.connect
def _end_with_worker(**_: Any) -> None:
    # A prefork child whose worker was killed would finish its task for nobody.
    die_with_parent()
