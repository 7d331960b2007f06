"""What an edition says: the difference between what is known at a week's end and a week before."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import Count, Q
from django.utils import timezone

from signals.digests.content import Content, Gaps, Move, NewRelease, Unwell
from signals.digests.periods import Week
from signals.models import Article, Release, Source, Tag, TagTrend, sample_day
from signals.trends.history import end_of
from signals.trends.moves import RISING, Standing, distance, has_moved
from signals.trends.table import open_day, trend_table

# A release may be reported some days after its date.
_LATE_REPORT: Final = timedelta(days=21)


def default_week(now: datetime | None = None) -> Week:
    """The newest week that is over; while only the sample is loaded, the sample's last."""
    day = sample_day()
    return Week.of(day) if day else Week.last_full(now or timezone.now())


def choose_content(week: Week, now: datetime | None = None) -> Content:
    """The content of a week's edition; reads the database, changes nothing."""
    sample = sample_day()
    as_of = min(week.ends_on, sample or open_day(now)[0])
    before = as_of - timedelta(days=7)
    movers, risers = _moves(as_of, before)
    return Content(
        as_of=as_of.isoformat(),
        before=before.isoformat(),
        is_sample=sample is not None,
        movers=movers,
        risers=risers,
        releases=_releases(before, as_of),
        gaps=_gaps(before, as_of),
    )


def _moves(as_of: date, before: date) -> tuple[tuple[Move, ...], tuple[Move, ...]]:
    """Movers, clearest first, and early risers, newest first."""
    then = {row.tag_id: row for row in trend_table(as_of=before, known_on=before).rows}
    now = trend_table(as_of=as_of, known_on=as_of).rows
    tags = Tag.objects.prefetch_related("themes", "merged").in_bulk([row.tag_id for row in now])
    pairs = [(row, then.get(row.tag_id)) for row in now]
    rising = sorted(
        (pair for pair in pairs if pair[0].label in RISING),
        key=lambda pair: (_stands(pair[1]).label in RISING, -(pair[0].strength or 0.0), pair[0].tag_id),
    )
    moved = sorted(
        (
            pair
            for pair in pairs
            if pair[0].label not in RISING and has_moved(_stands(pair[0]), _stands(pair[1]))
        ),
        key=lambda pair: (-distance(_stands(pair[0]), _stands(pair[1])), pair[0].tag_id),
    )
    return (
        tuple(_move(tags[row.tag_id], row, old) for row, old in moved),
        tuple(_move(tags[row.tag_id], row, old) for row, old in rising),
    )


def _stands(row: TagTrend | None) -> Standing:
    return Standing(str(row.label), row.momentum, row.times) if row else Standing()


def _move(tag: Tag, row: TagTrend, old: TagTrend | None) -> Move:
    return Move(
        tag=tag.pk,
        kind=tag.kind,
        name=tag.name,
        name_fr=tag.name_fr,
        change=tag.change,
        driving_force=tag.driving_force,
        relevancy=tag.relevancy,
        raters=tag.relevancy_raters,
        label=str(row.label),
        times=row.times,
        ceiling=row.explanation.get("ceiling"),
        label_before=_stands(old).label,
        times_before=old.times if old else None,
        ceiling_before=old.explanation.get("ceiling") if old else None,
        explanation=row.explanation,
        themes=tuple(sorted(theme.pk for theme in tag.themes.all())),
        merged=tuple(sorted(other.pk for other in tag.merged.all())),
    )


def _releases(before: date, as_of: date) -> tuple[NewRelease, ...]:
    """Events of the week, and those that became known in it soon after; being listed is not being released."""
    found = (
        Release.objects.exclude(event=Release.Event.LISTED)
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
        )
        for release in found
        if release.date is not None
    )


def _gaps(before: date, as_of: date) -> Gaps:
    came = Article.objects.filter(known_at__gte=end_of(before), known_at__lt=end_of(as_of)).aggregate(
        articles=Count("pk"), headline_only=Count("pk", filter=Q(text=""))
    )
    unwell = Source.objects.unwell().filter(is_enabled=True).order_by("name", "pk")
    return Gaps(
        tuple(Unwell(source.name or source.url, str(source.health)) for source in unwell[:20]),
        came["articles"],
        came["headline_only"],
    )
