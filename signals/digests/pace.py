"""How fast mails go out: at most so many a minute, to all and to each domain, whoever else is sending."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from django.conf import settings
from django.db import connection, transaction

_WINDOW: Final = timedelta(minutes=1)
_LOCK: Final = 0x4D41494C

_HANDED_OVER = """
SELECT count(*), min(handed_over_at),
       count(*) FILTER (WHERE domain = %(domain)s), min(handed_over_at) FILTER (WHERE domain = %(domain)s)
FROM signals_delivery WHERE handed_over_at > %(since)s
"""

# Each in turn of its domain: a domain with many readers does not keep the others waiting.
_PUT_OFF = """
WITH turn AS (
    SELECT id, due_at, row_number() OVER (PARTITION BY domain ORDER BY due_at, id) AS turn
    FROM signals_delivery
    WHERE status IN ('reserved', 'deferred') AND due_at <= %(now)s AND (%(domain)s = '' OR domain = %(domain)s)
), place AS (
    SELECT id, row_number() OVER (ORDER BY turn, due_at, id) - 1 AS place FROM turn
)
UPDATE signals_delivery d SET due_at = %(free)s::timestamptz + place.place * %(step)s::interval
FROM place WHERE d.id = place.id AND d.status IN ('reserved', 'deferred')
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """Mails a minute; 0 is as many as the mail server takes."""

    overall: int = 0
    per_domain: int = 0

    @classmethod
    def from_settings(cls) -> Self:
        """What the operator set."""
        return cls(settings.MAILS_PER_MINUTE, settings.MAILS_PER_MINUTE_AND_DOMAIN)

    @property
    def is_limited(self) -> bool:
        """Whether anything has to be counted."""
        return bool(self.overall or self.per_domain)


@dataclass(frozen=True, slots=True)
class Full:
    """No room now: for a domain, or with "" for anybody; the first room is at `free_at`."""

    domain: str
    free_at: datetime
    limit: int


@contextmanager
def one_sender() -> Iterator[None]:
    """A transaction in which nobody else claims or moves many deliveries."""
    with transaction.atomic(durable=True):
        stop_senders()
        yield


def stop_senders() -> None:
    """Let nobody claim or move many deliveries until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def find_room(pace: Pace, *, domain: str, now: datetime) -> Full | None:
    """Whether one more mail would be too many; ask inside `one_sender`, or two would take the same room."""
    with connection.cursor() as cursor:
        cursor.execute(_HANDED_OVER, {"domain": domain, "since": now - _WINDOW})
        overall, oldest, of_domain, oldest_of_domain = cursor.fetchone()
    if pace.overall and overall >= pace.overall:
        return Full("", oldest + _WINDOW, pace.overall)
    if pace.per_domain and of_domain >= pace.per_domain:
        return Full(domain, oldest_of_domain + _WINDOW, pace.per_domain)
    return None


def put_off(full: Full, *, now: datetime) -> int:
    """Give all that are due and have no room a time of their own, evenly; how many."""
    with one_sender(), connection.cursor() as cursor:
        cursor.execute(
            _PUT_OFF,
            {
                "now": now,
                "domain": full.domain,
                "free": max(full.free_at, now + timedelta(seconds=1)),
                "step": f"{_WINDOW / full.limit / timedelta(milliseconds=1)} milliseconds",
            },
        )
        return int(cursor.rowcount)
