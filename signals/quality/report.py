"""What the quality page says: counts of a period, measured."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final

from django.core.cache import cache
from django.db.models import Count, Q, Subquery
from redis.exceptions import RedisError

from signals.models import Decision, Kind, NoteRow, Tag
from signals.quality import measures
from signals.quality.counts import NOTHING, Counts, TagCount, count_decisions
from signals.quality.measures import Certainty, FirstRight, Found, Grades, ReadingSaved, Share

ENOUGH: Final = 30
"""Fewer decisions than these say too little for a number."""
ENOUGH_DRAWN: Final = 20
ENOUGH_AT_ONCE: Final = 10
"""For one point of the chart, which has neighbours beside it."""
PERIODS: Final = (30, 90, 365)
_KEPT_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class KindQuality:
    """One kind: agreement, why not, and what the random draws found."""

    kind: str
    judged: Share
    why: dict[str, int]
    drawn: Share
    found: Found | None


@dataclass(frozen=True, slots=True)
class TagQuality:
    """One tag's agreement and what the random draws found, with what it is called."""

    tag_id: int
    kind: str
    name: str
    name_fr: str
    slug: str
    judged: Share
    why: dict[str, int]
    drawn: Share

    @property
    def tag(self) -> Tag:
        """The tag, as far as its name and page need it."""
        return Tag(pk=self.tag_id, kind=self.kind, name=self.name, name_fr=self.name_fr, slug=self.slug)

    @property
    def refused(self) -> int:
        """Suggestions that were wrong."""
        return self.judged.of - self.judged.right


@dataclass(frozen=True)
class Report:
    """The measures of one period; what rests on too little is None."""

    days: int | None
    step: str
    counts: Counts
    named: dict[int, tuple[str, str, str, str]]

    @cached_property
    def judged(self) -> Share:
        """Agreement with analysts, over all suggestions."""
        return sum((count.judged for count in self.counts.tags), Share(0, 0))

    @cached_property
    def certainty(self) -> Certainty | None:
        """Is the certainty honest?"""
        return measures.certainty(self.counts.bands)

    @cached_property
    def first_right(self) -> FirstRight | None:
        """Right item near the top."""
        return measures.first_right(self.counts.first_right)

    @cached_property
    def saved(self) -> ReadingSaved | None:
        """Reading saved."""
        return measures.reading_saved(self.counts.worthwhile)

    @cached_property
    def found(self) -> Found | None:
        """What was suggested of what there is."""
        return self._found(self.judged, None)

    @cached_property
    def grades(self) -> Grades | None:
        """Estimated against stated relevance."""
        return measures.grades(self.counts.grades)

    @cached_property
    def kinds(self) -> list[KindQuality]:
        """All five kinds, in the order of a note."""
        return [self._kind(kind.value) for kind in Kind]

    @cached_property
    def tags(self) -> list[TagQuality]:
        """Every tag with a decision."""
        return [
            TagQuality(count.tag_id, *self.named[count.tag_id], count.judged, count.why, count.drawn)
            for count in self.counts.tags
            if count.tag_id in self.named
        ]

    @cached_property
    def over_time(self) -> list[tuple[date, Share]]:
        """Agreement per week or month, oldest first, also those without a decision."""
        shares: dict[date, Share] = self.counts.shares("starts_on")
        return [(day, shares.get(day, Share(0, 0))) for day in _steps(sorted(shares), self.step)]

    @cached_property
    def versions(self) -> dict[int, Share]:
        """Agreement per version of the tagger; 0 and 1 are what came with the code."""
        return self.counts.shares("version")

    def _kind(self, kind: str) -> KindQuality:
        counts = [count for count in self.counts.tags if self.named.get(count.tag_id, ("",))[0] == kind]
        judged = sum((count.judged for count in counts), Share(0, 0))
        drawn = sum((count.drawn for count in counts), Share(0, 0))
        return KindQuality(kind, judged, _why(counts), drawn, self._found(judged, kind))

    def _found(self, judged: Share, kind: str | None) -> Found | None:
        drawn = [
            (chance, right)
            for tag, chance, right in self.counts.drawn
            if kind is None or self.named.get(tag, ("",))[0] == kind
        ]
        if not self.counts.suggested_decided:
            return None
        return measures.found_share(
            judged.right / self.counts.suggested_decided, drawn, drawn_share=self.counts.drawn_decided
        )


def quality_report(*, days: int | None, now: datetime) -> Report:
    """Measure what was decided in the last `days`, or ever; counted anew once something was decided."""
    start = (now - timedelta(days=days)).date() if days else None
    since = datetime.combine(start, time.min, UTC) if start else None
    step = "week" if days and days <= 90 else "month"
    undone = Decision.objects.exclude(undone_at=None).order_by("-undone_at").values("undone_at")[:1]
    newest = (
        Decision.objects.order_by("-pk").annotate(undone=Subquery(undone)).values_list("pk", "undone").first()
    )
    if newest is None:
        return Report(days, step, NOTHING, {})
    key = f"quality:{start}:{step}:{newest[0]}:{newest[1] and newest[1].timestamp()}"
    try:
        kept = cache.get(key)
    except RedisError:
        kept = None
    counts = kept if isinstance(kept, Counts) else count_decisions(since=since, step=step)
    if kept is None:
        with suppress(RedisError):
            cache.set(key, counts, _KEPT_SECONDS)
    tags = Tag.objects.filter(pk__in=[count.tag_id for count in counts.tags])
    shown = tags.values_list("pk", "kind", "name", "name_fr", "slug")
    named = {pk: (kind, name, french, slug) for pk, kind, name, french, slug in shown}
    return Report(days, step, counts, named)


def note_links() -> dict[str, int]:
    """How many rows of notes stand how to their tag (a `Link`), and of how many a tag was 'refused'."""
    counted = NoteRow.objects.aggregate(
        **{link: Count("pk", filter=Q(link=link)) for link in NoteRow.Link.values},
        refused=Count("pk", filter=~Q(refused_tags=[])),
    )
    return {str(key): int(count) for key, count in counted.items()}


def _why(counts: list[TagCount]) -> dict[str, int]:
    reasons: dict[str, int] = {}
    for count in counts:
        for reason, times in count.why.items():
            reasons[reason] = reasons.get(reason, 0) + times
    return reasons


def _steps(days: list[date], step: str) -> list[date]:
    """All weeks, or months, from the first to the last."""
    if not days:
        return []
    steps = [days[0]]
    while steps[-1] < days[-1]:
        if step == "week":
            steps.append(steps[-1] + timedelta(days=7))
        else:
            steps.append((steps[-1].replace(day=1) + timedelta(days=32)).replace(day=1))
    return steps
