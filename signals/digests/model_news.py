"""What happened to AI models since the last edition: what came out, what costs another price."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Q

from signals.digests.entries import NewRelease, Repriced
from signals.models import Release
from signals.trends.history import end_of

# A release may be reported some days after its date.
_LATE_REPORT: Final = timedelta(days=21)


def new_releases(before: date, as_of: date) -> tuple[NewRelease, ...]:
    """What came out or was withdrawn, and what became known of it soon after; being listed is not being released."""
    found = (
        Release.objects.filter(event__in=[Release.Event.RELEASED, Release.Event.DEPRECATED])
        .filter(
            Q(date__gt=before)
            | Q(date__gt=before - _LATE_REPORT, article__known_at__gte=end_of(before))
            & Q(article__known_at__lt=end_of(as_of)),
            date__lte=as_of,
        )
        .select_related("model")
        .order_by("-date", "pk")
    )
    return tuple(
        NewRelease(
            release=release.pk,
            model=release.model.name,
            developer=release.model.developer,
            event=str(release.event),
            on=release.date.isoformat(),
            weights=str(release.model.weights),
            licence=release.model.licence,
            context=release.model.context,
            precision=release.precision,
        )
        for release in found
        if release.date is not None
    )


def price_changes(before: date, as_of: date) -> tuple[Repriced, ...]:
    """Prices that a developer changed, the newest first; a price that nobody states is None."""
    found = (
        Release.objects.filter(event=Release.Event.PRICE, date__gt=before, date__lte=as_of)
        .select_related("model")
        .order_by("-date", "pk")
    )
    return tuple(
        Repriced(
            release=release.pk,
            model=release.model.name,
            developer=release.model.developer,
            provider=str(release.detail.get("provider", "")),
            side=str(release.detail.get("side", "")),
            before=_price(release.detail.get("from")),
            after=_price(release.detail.get("to")),
            on=release.date.isoformat(),
        )
        for release in found
        if release.date is not None
    )


def _price(stated: Any) -> float | None:
    return float(stated) if isinstance(stated, int | float) and not isinstance(stated, bool) else None
