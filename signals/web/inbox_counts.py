"""What is left in the inbox and how fast it goes: counted up to a bound, kept for seconds, cheap with each decision."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import number_format
from redis.exceptions import RedisError

from signals.curation.waiting import Waiting
from signals.models import Decision, Proposal, User

MOST: Final = 10_000
"""Nobody needs to know how many more there are than so many."""
_SECONDS: Final = 15
_KEYS: Final = ("inbox-articles", "inbox-suggestions", "inbox-proposals")
_LOOKED_AT: Final = 1_000
_PAUSE: Final = timedelta(minutes=10)
"""After so long without a decision another sitting begins."""


@dataclass(frozen=True, slots=True)
class Left:
    """Articles, suggestions and proposals that wait; one more than MOST says that there are more."""

    articles: int
    suggestions: int
    proposals: int

    @property
    def in_menu(self) -> int:
        """What the menu counts: articles to go through, and proposals."""
        return self.articles + self.proposals


@dataclass(frozen=True, slots=True)
class Pace:
    """Decisions of one person: today, and in this sitting."""

    today: int
    per_minute: float | None

    def minutes_for(self, suggestions: int) -> int | None:
        """How long so many take at this pace; None when there is none, or nobody would wait for it."""
        if self.per_minute is None or not suggestions or suggestions > MOST:
            return None
        return max(1, round(suggestions / self.per_minute))


def count_left() -> Left:
    """As counted some seconds ago at most, with what was decided since."""
    with suppress(RedisError):
        kept = cache.get_many(_KEYS)
        if len(kept) == len(_KEYS):
            return Left(*(max(0, int(kept[key])) for key in _KEYS))
    waiting = Waiting().taggings(timezone.now())
    parts: list[QuerySet[Any]] = [
        waiting.values("article").distinct(),
        waiting.values("pk"),
        Proposal.objects.shown().order_by().values("pk"),
    ]
    with connection.cursor() as cursor:
        counting: list[str] = []
        values: list[Any] = []
        for part in parts:
            sql, parameters = part[: MOST + 1].query.sql_with_params()
            counting.append(" ".join(("(SELECT count(*) FROM (", sql, ") AS part)")))
            values += parameters
        cursor.execute(" ".join(("SELECT", ", ".join(counting))), values)
        left = Left(*cursor.fetchone())
    with suppress(RedisError):
        cache.set_many(
            dict(zip(_KEYS, (left.articles, left.suggestions, left.proposals), strict=True)), _SECONDS
        )
    return left


def count_waiting() -> int:
    """Articles with something to decide as of now, MOST + 1 at most."""
    return Waiting().taggings(timezone.now()).values("article").distinct()[: MOST + 1].count()


def note_decided(*, articles: int, suggestions: int) -> None:
    """So many fewer wait."""
    with suppress(RedisError):
        for key, number in ((_KEYS[0], articles), (_KEYS[1], suggestions)):
            # What is not kept is counted when it is asked for, and what is beyond the bound stays so.
            if number and (kept := cache.get(key)) is not None and kept <= MOST:
                with suppress(ValueError):
                    cache.decr(key, number)


def forget_counts() -> None:
    """Count anew."""
    with suppress(RedisError):
        cache.delete_many([*_KEYS, "waiting-by-kind"])


def pace_of(user: User, *, now: datetime | None = None) -> Pace:
    """From the person's last thousand decisions that hold; one query of one index."""
    now = now or timezone.now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    held = Decision.objects.filter(user=user, undone_at=None).order_by("-pk")
    made = list(held.values_list("made_at", flat=True)[:_LOOKED_AT])
    today = sum(moment >= midnight for moment in made)
    sitting, last = 0, now
    for moment in made:
        if last - moment > _PAUSE:
            break
        sitting, last = sitting + 1, moment
    minutes = max((now - last) / timedelta(minutes=1), 1 / 6)
    # Before there are some, a pace says nothing.
    return Pace(today, sitting / minutes if sitting >= 5 else None)


def shown(count: int) -> str:
    """A count in the reader's digits, `10,000+` beyond the bound."""
    return number_format(min(count, MOST), use_l10n=True, force_grouping=True) + ("+" if count > MOST else "")
