"""What an edition says: the difference between what is known at a period's end and what the last one knew."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TypeVar

from django.db.models import Count, Q
from django.utils import timezone

from signals.digests.content import Content
from signals.digests.desk_news import contradictions, of_tag, outlooks_due, outlooks_reviewed, rescorings
from signals.digests.entries import Gaps, Move, Unwell
from signals.digests.model_news import new_releases, price_changes
from signals.digests.periods import Period, Week
from signals.models import Article, Edition, Source, Tag, TagTrend, sample_day
from signals.trends.history import end_of
from signals.trends.moves import RISING, Standing, distance, has_moved
from signals.trends.table import open_day, trend_table

P = TypeVar("P", bound=Period)


def default_week(now: datetime | None = None) -> Week:
    """The newest week that is over; while only the sample is loaded, the sample's last."""
    return default_period(Week, now)


def default_period(kind: type[P], now: datetime | None = None) -> P:
    """The newest week or month that is over; while only the sample is loaded, the sample's last."""
    day = sample_day()
    return kind.of(day) if day else kind.last_full(now or timezone.now())


def choose_content(period: Period, now: datetime | None = None) -> Content:
    """The content of a period's edition; reads the database, changes nothing."""
    sample = sample_day()
    as_of = min(period.ends_on, sample or open_day(now)[0])
    before = _known_before(period, as_of, is_sample=sample is not None)
    movers, risers = _moves(as_of, before)
    # until the next edition is out
    soon = as_of + (period.ends_on - period.starts_on) + timedelta(days=1)
    return Content(
        as_of=as_of.isoformat(),
        before=before.isoformat(),
        is_sample=sample is not None,
        movers=movers,
        risers=risers,
        contradictions=contradictions(before, as_of),
        rescored=rescorings(before, as_of),
        reviewed=outlooks_reviewed(before, as_of),
        due=outlooks_due(soon),
        releases=new_releases(before, as_of),
        prices=price_changes(before, as_of),
        gaps=_gaps(before, as_of),
    )


def _known_before(period: Period, as_of: date, *, is_sample: bool) -> date:
    """What the last edition knew that went out, so that one that was skipped is made up for."""
    gone_out = Edition.objects.filter(
        cadence=period.cadence,
        # approved is as good as out: a reader's hour may come after the next draft is made
        status__in=[Edition.Status.APPROVED, Edition.Status.FROZEN, Edition.Status.SENT],
        ends_on__lt=period.ends_on,
        content__is_sample=is_sample,
    ).order_by("-ends_on")
    last = gone_out.values_list("content__as_of", flat=True).first()
    first_time = as_of - (period.ends_on - period.starts_on) - timedelta(days=1)
    return min(date.fromisoformat(last), as_of - timedelta(days=1)) if last else first_time


def _moves(as_of: date, before: date) -> tuple[tuple[Move, ...], tuple[Move, ...]]:
    """Movers, clearest first, and early risers, newest first."""
    then = {row.tag_id: row for row in trend_table(as_of=before, known_on=before).rows}
    now = trend_table(as_of=as_of, known_on=as_of).rows
    moved = [
        (row, then.get(row.tag_id)) for row in now if has_moved(_stands(row), _stands(then.get(row.tag_id)))
    ]
    rising = sorted(
        (pair for pair in moved if pair[0].label in RISING),
        key=lambda pair: (_stands(pair[1]).label in RISING, -(pair[0].strength or 0.0), pair[0].tag_id),
    )
    others = sorted(
        (pair for pair in moved if pair[0].label not in RISING),
        key=lambda pair: (-distance(_stands(pair[0]), _stands(pair[1])), pair[0].tag_id),
    )
    tags = Tag.objects.prefetch_related("themes", "merged").in_bulk([row.tag_id for row, _old in moved])
    return (
        tuple(move_of(tags[row.tag_id], row, old) for row, old in others),
        tuple(move_of(tags[row.tag_id], row, old) for row, old in rising),
    )


def _stands(row: TagTrend | None) -> Standing:
    return Standing(str(row.label), row.momentum, row.times) if row else Standing()


def move_of(tag: Tag, row: TagTrend, old: TagTrend | None) -> Move:
    return Move(
        **of_tag(tag),
        change=tag.change,
        driving_force=tag.driving_force,
        raters=tag.relevancy_raters,
        label=str(row.label),
        times=row.times,
        ceiling=row.explanation.get("ceiling"),
        label_before=_stands(old).label,
        times_before=old.times if old else None,
        ceiling_before=old.explanation.get("ceiling") if old else None,
        explanation=row.explanation,
        weeks=tuple(row.weeks),
        usual=tuple(round(value, 1) for value in row.usual),
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
