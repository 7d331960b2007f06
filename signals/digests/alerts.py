""" "Tell me when this rises": looked at after the roll-up, at most one mail a day to a reader, in the same ledger."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q

from signals.digests.alert_mail import render_alert
from signals.digests.choose import move_of
from signals.digests.content import Content
from signals.digests.entries import Move
from signals.digests.ledger import OPEN
from signals.digests.moments import day_there, next_hour
from signals.digests.pauses import is_back
from signals.digests.periods import LATE_AFTER
from signals.digests.pictures import keep_pictures
from signals.digests.suppression import address_hash, domain_of, suppressed_hashes
from signals.models import (
    Alert,
    Cadence,
    Delivery,
    Edition,
    Label,
    Rendering,
    Subscription,
    Tag,
    TagTrend,
    sample_day,
)

MOST: Final = 100
"""Alerts that one reader may have."""
_RISES: Final[dict[str, int]] = {Label.EMERGING: 1, Label.SURGING: 2}
_LOCK: Final = 0x414C5254


def follow_tag(*, reader: Subscription, tag: Tag, now: datetime) -> Alert | None:
    """Tell a reader when the tag rises from now on; None when they follow as many as one may."""
    tag = tag.merged_into or tag
    with transaction.atomic():
        Subscription.objects.select_for_update().get(pk=reader.pk)
        found = reader.alerts.filter(tag=tag).first()
        if found is not None or reader.alerts.count() >= MOST:
            return found
        # what it is now is known already: news is what it becomes
        return Alert.objects.create(subscription=reader, tag=tag, last_label=_label_of(tag), created_at=now)


def unfollow_tag(*, reader: Subscription, tag_id: int) -> None:
    """Tell no more; twice is once."""
    reader.alerts.filter(tag_id=tag_id).delete()


def _label_of(tag: Tag) -> str:
    return TagTrend.objects.filter(tag=tag).values_list("label", flat=True).first() or ""


@dataclass(frozen=True, slots=True)
class _Rise:
    """One thing that one reader is to be told."""

    alert: Alert
    move: Move


def send_alerts(*, now: datetime) -> int:
    """Reserve today's alerts: one mail to each reader of whose tags one newly rises; how many.

    All in one transaction with what was last seen of each alert: whoever is killed has told nobody, or noted that
    they did. Once a day; what rises later that day is told on the next, if it still does.
    """
    if sample_day() is not None:
        return 0
    day = now.astimezone(UTC).date()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if Edition.objects.filter(cadence=Cadence.ALERT, period=day.isoformat()).exists():
            return 0
        rises = _look(now)
        return _reserve(rises, day, now) if rises else 0


def _look(now: datetime) -> list[_Rise]:
    """What newly rises, for whom; what else changed is noted.

    Readers who pause are told when they are back, those who get such a mail that day already on the next.
    """
    changed = (
        Alert.objects.filter(subscription__in=Subscription.objects.active())
        .filter(~Q(tag__trend__label=F("last_label")), tag__trend__isnull=False)
        .select_related("subscription", "tag__trend")
        .prefetch_related("tag__themes", "tag__merged")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    suppressed = suppressed_hashes()
    told_on = _told_on(now)
    rises, noted = [], []
    moves: dict[int, Move] = {}
    for alert in changed:
        reader = alert.subscription
        due = next_hour(now=now, hour=reader.hour, time_zone=reader.time_zone)
        if not is_back(reader.paused_until, time_zone=reader.time_zone, at=due):
            continue
        if day_there(due, reader.time_zone) <= told_on.get(reader.pk, date.min):
            continue
        label, before = str(alert.tag.trend.label), alert.last_label
        if _RISES.get(label, 0) > _RISES.get(before, 0) and not (
            suppressed and address_hash(alert.subscription.email) in suppressed
        ):
            move = moves.setdefault(alert.tag_id, move_of(alert.tag, alert.tag.trend, None))
            rises.append(_Rise(alert, replace(move, label_before=before or str(Label.TOO_LITTLE))))
        alert.last_label = label
        noted.append(alert)
    Alert.objects.bulk_update(noted, ["last_label"], batch_size=500)
    return rises


def _told_on(now: datetime) -> dict[int, date]:
    """Of readers with a recent alert mail, the day over there on which it came or is to come."""
    days: dict[int, date] = {}
    recent = Delivery.objects.filter(edition__cadence=Cadence.ALERT, due_at__gt=now - 2 * LATE_AFTER)
    rows = recent.exclude(subscription=None).values_list(
        "subscription_id", "subscription__time_zone", "due_at", "handed_over_at", "status"
    )
    for reader, zone, due, handed_over, status in rows:
        at = max(due, handed_over or due, now if status in OPEN else due)
        days[reader] = max(day_there(at, zone), days.get(reader, date.min))
    return days


def _reserve(rises: list[_Rise], day: date, now: datetime) -> int:
    by_reader: defaultdict[int, list[_Rise]] = defaultdict(list)
    for rise in rises:
        by_reader[rise.alert.subscription_id].append(rise)
    as_of = max(rise.alert.tag.trend.as_of for rise in rises)
    every = {rise.move.tag: rise.move for rise in rises}
    edition = Edition.objects.create(
        cadence=Cadence.ALERT,
        period=day.isoformat(),
        starts_on=day,
        ends_on=day,
        status=Edition.Status.APPROVED,
        content=_content(as_of, tuple(every.values())).params(),
        frozen_at=now,
        approved_at=now,
    )
    known = {language for language, _name in settings.LANGUAGES}
    kept: dict[tuple[str, str], Rendering] = {}
    deliveries = []
    for told in by_reader.values():
        reader = told[0].alert.subscription
        moves = tuple(sorted((rise.move for rise in told), key=lambda move: (-_RISES[move.label], move.tag)))
        language = reader.language if reader.language in known else settings.LANGUAGE_CODE
        key = _hash(moves), language
        if key not in kept:
            mail = render_alert(_content(as_of, moves), edition.period, language)
            kept[key] = Rendering.objects.create(
                edition=edition,
                preferences_hash=key[0],
                language=language,
                subject=mail.subject[:300],
                html=mail.html,
                text=mail.text,
                images=keep_pictures(mail.pictures),
            )
        due = next_hour(now=now, hour=reader.hour, time_zone=reader.time_zone)
        deliveries.append(
            Delivery(
                edition=edition,
                subscription=reader,
                rendering=kept[key],
                domain=domain_of(reader.email),
                due_at=due,
                expires_at=due + LATE_AFTER,
            )
        )
    return len(Delivery.objects.bulk_create(deliveries, batch_size=1000))


def _content(as_of: date, moves: tuple[Move, ...]) -> Content:
    return Content(as_of=as_of.isoformat(), before=(as_of - timedelta(days=1)).isoformat(), risers=moves)


def _hash(moves: tuple[Move, ...]) -> str:
    said = json.dumps(sorted((move.tag, move.label_before) for move in moves))
    return hashlib.sha256(f"alert:{said}".encode()).hexdigest()
