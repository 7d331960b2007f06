"""What an operator sees of a source: written with every attempt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ingestion.errors import ConnectionFailed, DnsError, IngestError
from ingestion.pace import Hints, NextCheck, in_words
from signals.models import Health, Source

_COLUMNS: Final = [
    "health",
    "health_reason",
    "last_attempt_at",
    "last_success_at",
    "last_entry_at",
    "stale_since",
    "next_attempt_at",
    "is_enabled",
    "name",
    "site_url",
    "url",
]
_QUIET_AFTER: Final = timedelta(days=60)
_QUIET_GAPS: Final = 6


def note_success(source: Source, *, hints: Hints, check: NextCheck, new: int, now: datetime) -> None:
    """The source answered and its entries are stored; a paused one stays so."""
    if new:
        source.last_entry_at = now
    source.last_attempt_at = source.last_success_at = now
    source.stale_since = None
    if source.health != Health.PAUSED:
        source.health, source.health_reason = Health.OK, ""
        silence = _silence(hints, now)
        if silence is not None:
            source.health = Health.QUIET
            source.health_reason = f"It answers, but has published nothing for {in_words(silence)}."
        source.next_attempt_at = check.at
    source.save(update_fields=_COLUMNS)


def note_failure(source: Source, *, error: IngestError, check: NextCheck | None, now: datetime) -> None:
    """The attempt failed; without a next check the source is gone for good."""
    source.last_attempt_at = now
    source.stale_since = source.stale_since or source.last_success_at or now
    if check is None or source.health != Health.PAUSED:
        source.health = Health.FAILING if check else Health.GONE
        if check and source.last_success_at is None and isinstance(error, (DnsError, ConnectionFailed)):
            # Nothing stopped that ever worked: without a network, a starter pack must not look like 45 faults.
            source.health = Health.WAITING
        source.health_reason = str(error)[:400]
        source.next_attempt_at = check.at if check else None
    source.is_enabled = source.is_enabled and check is not None
    source.save(update_fields=_COLUMNS)


def is_out_of_reach(source: Source, error: IngestError) -> bool:
    """Whether a source was never reached: nothing stopped that ever worked.

    Without a network a starter pack must not look like 45 faults, and it is to come alive soon after there is one.
    """
    return source.last_success_at is None and isinstance(error, (DnsError, ConnectionFailed))


def _silence(hints: Hints, now: datetime) -> timedelta | None:
    """How long nothing came, when that is unusually long for this source."""
    if hints.newest is None or hints.oldest is None:
        return None
    silence = now - hints.newest
    own_gap = (hints.newest - hints.oldest) / max(hints.dated - 1, 1)
    return silence if silence > max(_QUIET_AFTER, own_gap * _QUIET_GAPS) else None
