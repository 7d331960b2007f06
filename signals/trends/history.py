"""What the table said when: noted when it changes, read by who was last here some time ago."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.db import connection
from django.db.models import Max

from signals.models import Tag, TagTrend, TrendChange
from signals.trends.explain import floor_tenth
from signals.trends.moves import RISING, Standing, distance, has_moved

WEEK: Final = timedelta(days=7)

# One look into an index per tag, however long the history has grown.
_STANDINGS = """
SELECT asked.tag_id, last.label, last.momentum, last.times
FROM unnest(%(tags)s::bigint[]) AS asked (tag_id)
CROSS JOIN LATERAL (
    SELECT label, momentum, times FROM signals_trendchange c
    WHERE c.tag_id = asked.tag_id AND c.noted_at <= %(at)s ORDER BY c.noted_at DESC LIMIT 1
) last
"""


@dataclass(frozen=True, slots=True)
class Move:
    """A tag, with its trend now, and where it stood before."""

    tag: Tag
    before: Standing


@dataclass(frozen=True, slots=True)
class Moves:
    """What moved, the clearest first, `more` beyond those listed; tags that have a number now and had none."""

    listed: tuple[Move, ...] = ()
    more: int = 0
    gained: tuple[Tag, ...] = ()
    gained_count: int = 0
    lost_count: int = 0


def end_of(day: date) -> datetime:
    """The first moment after a day."""
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=UTC)


def lacks_a_past(as_of: date) -> bool:
    """Whether nothing was noted in the week before: at first, and after a long sleep."""
    last = TrendChange.objects.filter(as_of__lte=as_of).aggregate(last=Max("as_of"))["last"]
    return last is None or last < as_of - WEEK


def note_changes(rows: Iterable[TagTrend], *, at: datetime) -> int:
    """Note what the table says from a moment on, of the tags of which it says something else than before."""
    now = {row.tag_id: (row.as_of, Standing(str(row.label), row.momentum, row.times)) for row in rows}
    before = standings(now, at=at)
    changes = [
        TrendChange(
            tag_id=tag,
            noted_at=at,
            as_of=as_of,
            label=said.label,
            momentum=said.momentum,
            times=said.times,
        )
        for tag, (as_of, said) in now.items()
        if _as_shown(said) != _as_shown(before.get(tag, Standing()))
    ]
    TrendChange.objects.bulk_create(
        changes,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["tag", "noted_at"],
        update_fields=["as_of", "label", "momentum", "times"],
    )
    return len(changes)


def standings(tags: Iterable[int], *, at: datetime) -> dict[int, Standing]:
    """What the table said of these tags at a moment; one with too little evidence may be missing."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDINGS, {"tags": list(tags), "at": at})
        return {tag: Standing(*said) for tag, *said in cursor.fetchall()}


def moves_since(at: datetime, *, most: int, most_gained: int = 5) -> Moves:
    """How the table differs from what it was at a moment; four queries, whatever moved."""
    changed = TrendChange.objects.filter(noted_at__gt=at).values("tag").distinct()
    now = {
        tag: Standing(label, momentum, times)
        for tag, label, momentum, times in TagTrend.objects.filter(tag__in=changed).values_list(
            "tag", "label", "momentum", "times"
        )
    }
    if not now:
        return Moves()
    was = standings(now, at=at)
    pairs = [(tag, said, was.get(tag, Standing())) for tag, said in now.items()]
    moved = [pair for pair in pairs if has_moved(pair[1], pair[2])]
    moved.sort(key=_clearest_first)
    told = {tag for tag, _said, _old in moved}
    gained = [
        (tag, said, old)
        for tag, said, old in pairs
        if said.has_number and not old.has_number and tag not in told
    ]
    gained.sort(key=lambda pair: (-(pair[1].momentum or 0.0), pair[0]))
    tags = (
        Tag.objects.tracked()
        .select_related("trend")
        .in_bulk([tag for tag, _said, _old in [*moved[:most], *gained[:most_gained]]])
    )
    return Moves(
        listed=tuple(Move(tags[tag], old) for tag, _said, old in moved[:most] if tag in tags),
        more=max(len(moved) - most, 0),
        gained=tuple(tags[tag] for tag, _said, _old in gained[:most_gained] if tag in tags),
        gained_count=len(gained),
        lost_count=sum(old.has_number and not said.has_number for _tag, said, old in pairs),
    )


def _clearest_first(pair: tuple[int, Standing, Standing]) -> tuple[bool, bool, float, int]:
    """Another label before another number, what came up before what ended, then the longest way."""
    tag, said, old = pair
    is_same = said.label == old.label
    has_ended = not is_same and said.label not in RISING and (said.momentum or 0.0) <= (old.momentum or 0.0)
    return is_same, has_ended, -distance(said, old), tag


def _as_shown(said: Standing) -> tuple[str, float | None]:
    return said.label, None if said.times is None else floor_tenth(said.times)
