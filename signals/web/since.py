"""What came about since somebody was last here, and what waits for them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.core.cache import cache
from django.db.models import CharField, Count, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from redis.exceptions import RedisError

from signals.curation.sameness import similar_pairs
from signals.models import (
    Article,
    Change,
    Decision,
    Health,
    NoteRow,
    Release,
    Source,
    User,
)
from signals.rhythm import ENTRIES, Silence, find_silence
from signals.trends.history import WEEK
from signals.web.inbox_counts import MOST, count_left

_COUNT_SECONDS: Final = 15
_CHANGES: Final = 6


@dataclass(frozen=True, slots=True)
class Since:
    """The moment a page looks back to: the end of the last visit, or a week ago."""

    at: datetime
    is_visit: bool = False
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class Others:
    """What other people did: (who, accepted, rejected, scored), and merges and ratings in words."""

    decided: tuple[tuple[str, int, int, int], ...] = ()
    changes: tuple[Change, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What wants a decision, and how many were made in seven days."""

    articles: int = 0
    suggestions: int = 0
    proposals: int = 0
    links: int = 0
    pairs: int = 0
    decided: int = 0

    @property
    def total(self) -> int:
        """Decisions to make."""
        return self.suggestions + self.proposals + self.links + self.pairs

    @property
    def is_more(self) -> bool:
        """Is there more than was counted?"""
        return max(self.articles, self.suggestions, self.proposals) > MOST

    @property
    def weeks(self) -> int | None:
        """How long it takes at the present speed, rounded up, at least; None when nobody decides."""
        return -(-self.total // self.decided) if self.decided else None


@dataclass(frozen=True, slots=True)
class SourceNews:
    """Sources that fail, and those silent for longer than is usual for them; when anything was last read."""

    failing: tuple[Source, ...] = ()
    quiet: tuple[tuple[Source, Silence], ...] = ()
    more: int = 0
    last_read: datetime | None = None
    enabled: int = 0
    is_all_failing: bool = False


def look_back(user: User | None, *, sample_ends: datetime | None, now: datetime) -> Since:
    """Since when things are new to somebody; of the sample always its last week, for it never changes."""
    if sample_ends is not None:
        return Since(sample_ends - WEEK, is_sample=True)
    if user is not None and user.previous_visit_at is not None:
        return Since(user.previous_visit_at, is_visit=True)
    return Since(now - WEEK)


def others_since(at: datetime, *, but: User) -> Others:
    """Decisions, merges and ratings of other people since a moment, those taken back left out; two queries."""
    verdict = Decision.Verdict
    decided = (
        Decision.objects.filter(made_at__gt=at, undone_at=None)
        .exclude(user=but)
        .order_by()
        .values_list(Coalesce(NullIf("user__name", Value("")), "user__email", output_field=CharField()))
        .annotate(
            accepted=Count("pk", filter=Q(verdict=verdict.ACCEPT)),
            rejected=Count("pk", filter=Q(verdict=verdict.REJECT)),
            scored=Count("pk", filter=Q(verdict=verdict.SCORE)),
        )
        .order_by("-accepted", "-rejected")
    )
    changes = list(
        Change.objects.filter(made_at__gt=at, undone_at=None, verb__in=["tag.merged", "tag.rated"])
        .exclude(user=but)
        .select_related("user")
        .order_by("-made_at")[: _CHANGES + 1]
    )
    return Others(tuple(decided[:5]), tuple(changes[:_CHANGES]), max(len(changes) - _CHANGES, 0))


def releases_since(at: datetime, *, until: datetime, most: int) -> tuple[list[Release], bool]:
    """Releases and price changes since a moment, or the newest when there were none; and whether they are new.

    A listing is not a release; what a month alone is known of is new when it became known.
    """
    known = (
        Release.objects.exclude(event=Release.Event.LISTED)
        .filter(date__isnull=False, date__lte=until.date())
        .filter(Q(article=None) | Q(article__known_at__lte=until))
        .select_related("model")
        .order_by("-date", "-pk")
    )
    fresh = list(
        known.filter(
            Q(date__gte=at.date(), precision="day")
            | Q(article__known_at__gt=at, date__gte=at.date() - 3 * WEEK)
        )[:most]
    )
    return (fresh, True) if fresh else (list(known[: most // 2]), False)


def count_waiting_by_kind(links: QuerySet[NoteRow], *, now: datetime) -> Waiting:
    """What waits, counted in two queries and kept for some seconds; of the inbox at most one more than MOST."""
    left = count_left()
    with suppress(RedisError):
        kept = cache.get("waiting-by-kind")
        if isinstance(kept, list):
            return Waiting(left.articles, left.suggestions, left.proposals, *kept)
    decided = Decision.objects.filter(made_at__gte=now - timedelta(days=7), undone_at=None)
    parts = [_counted(place, part) for place, part in enumerate((links, similar_pairs(), decided))]
    found = dict(parts[0].union(*parts[1:], all=True))
    counts = [found.get(place, 0) for place in range(len(parts))]
    with suppress(RedisError):
        cache.set("waiting-by-kind", counts, _COUNT_SECONDS)
    return Waiting(left.articles, left.suggestions, left.proposals, *counts)


def _counted(place: int, rows: QuerySet[Any]) -> QuerySet[Any, tuple[int, int]]:
    counted: QuerySet[Any, tuple[int, int]] = (
        rows.order_by().values(place=Value(place)).annotate(count=Count("pk")).values_list("place", "count")
    )
    return counted


def source_news(*, now: datetime, most: int) -> SourceNews:
    """How the sources do: those that fail, and those that went quiet, the latest first; one query."""
    newest = Article.objects.filter(source=OuterRef("pk")).order_by("-sort_at").values("sort_at")[:ENTRIES]
    sources = list(
        Source.objects.polled()
        .filter(Q(is_enabled=True) | Q(health=Health.GONE))
        .annotate(entry_times=ArraySubquery(newest))
    )
    failing = [source for source in sources if source.health in (Health.FAILING, Health.GONE)]
    failing.sort(key=lambda source: source.stale_since or source.created_at, reverse=True)
    quiet = [
        (source, silence)
        for source in sources
        # One that can't be read, or was not yet, says nothing about how often its publisher writes.
        if source.health in (Health.OK, Health.QUIET)
        and (silence := find_silence(getattr(source, "entry_times", []), now=now))
    ]
    quiet.sort(key=lambda found: found[1].since, reverse=True)
    reads = [source.last_success_at for source in sources if source.last_success_at]
    return SourceNews(
        failing=tuple(failing[:most]),
        quiet=tuple(quiet[:most]),
        more=max(len(failing) - most, 0) + max(len(quiet) - most, 0),
        last_read=max(reads, default=None),
        enabled=len(sources),
        is_all_failing=bool(sources) and len(failing) == len(sources),
    )
