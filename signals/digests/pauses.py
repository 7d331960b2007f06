"""Pauses with an end: their days are those of the reader's own time zone, like the day and hour they chose."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet

from signals.digests.moments import day_there
from signals.models import Subscription

# How far from UTC it may be anywhere on earth.
_WEST: Final = timedelta(hours=12)
_EAST: Final = timedelta(hours=14)


def is_back(until: date | None, *, time_zone: str, at: datetime) -> bool:
    """Whether a pause until that day is over at a moment."""
    return until is None or until <= day_there(at, time_zone)


def awake(now: datetime) -> QuerySet[Subscription]:
    """The active subscriptions that no pause keeps from getting a mail now."""
    active = Subscription.objects.active()
    sure, latest = (now - _WEST).date(), (now + _EAST).date()
    back = Q(paused_until=None) | Q(paused_until__lte=sure)
    # Zones are asked of Python alone: PostgreSQL may know other names, and refuses those it does not.
    near = active.filter(paused_until__gt=sure, paused_until__lte=latest)
    for zone in near.values_list("time_zone", flat=True).distinct():
        back |= Q(time_zone=zone, paused_until__lte=day_there(now, zone))
    return active.filter(back)
