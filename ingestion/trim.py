"""Old attempts at sources go; the newest of each source stay, whatever their age."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

FETCHES_KEPT_FOR: Final = timedelta(days=90)
FETCHES_KEPT: Final = 100
"""So many newest attempts of a source stay: its page shows 25."""
_BATCH: Final = 1000
_BATCHES: Final = 50

# From the index alone, and each batch its own transaction: it may be killed anywhere, and holds nobody up.
_TRIM = """
DELETE FROM ingestion_fetch WHERE id IN (
    SELECT old.id FROM signals_source s
    CROSS JOIN LATERAL (
        SELECT started_at FROM ingestion_fetch WHERE source_id = s.id
        ORDER BY started_at DESC OFFSET %(kept)s - 1 LIMIT 1
    ) oldest_kept
    CROSS JOIN LATERAL (
        SELECT id FROM ingestion_fetch
        WHERE source_id = s.id AND started_at < LEAST(%(before)s, oldest_kept.started_at)
          AND finished_at IS NOT NULL
        LIMIT %(batch)s
    ) old
    LIMIT %(batch)s
)
"""


def trim_fetches(*, now: datetime) -> int:
    """Delete attempts older than `FETCHES_KEPT_FOR`, some thousands at once; returns how many, the rest wait."""
    gone = 0
    for _ in range(_BATCHES):
        with connection.cursor() as cursor:
            cursor.execute(_TRIM, {"kept": FETCHES_KEPT, "before": now - FETCHES_KEPT_FOR, "batch": _BATCH})
            deleted = cursor.rowcount
        gone += deleted
        if deleted < _BATCH:
            break
    return gone
