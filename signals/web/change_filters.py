"""The log of changes: its address is its state, and pages are told by key, so that the last is as fast as the first."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Self

from django.db.models import CharField, F, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.http import QueryDict
from django.utils import timezone

from signals.models import (
    Change,
    Comment,
    Decision,
    DistinctTags,
    OutlookReview,
    Proposal,
    Rating,
    Signpost,
    Tag,
    TagName,
    User,
)
from signals.models.change import ChangeQuerySet
from signals.tagging.names import normalise_name
from signals.web.change_words import GROUPS

ROWS: Final = 50
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What of the log is asked for; nonsense in the address counts as not asked."""

    person: User | None = None
    group: str = ""
    tag: Tag | None = None
    tag_words: str = ""
    words: str = ""
    from_day: date | None = None
    to_day: date | None = None
    undone: str = ""
    together: uuid.UUID | None = None

    @classmethod
    def of(cls, asked: QueryDict) -> Self:
        """What an address asks for."""
        said = asked.get("tag", "").replace("\x00", "").strip()[:_LONGEST]
        return cls(
            person=User.objects.filter(pk=_number(asked.get("person", ""))).first(),
            group=asked.get("kind", "") if asked.get("kind", "") in GROUPS else "",
            tag=_tag(said),
            tag_words=said,
            words=asked.get("q", "").replace("\x00", "").strip()[:_LONGEST],
            from_day=_day(asked.get("from", "")),
            to_day=_day(asked.get("to", "")),
            undone=asked.get("undone", "") if asked.get("undone", "") in {"yes", "no"} else "",
            together=_uuid(asked.get("together", "")),
        )

    @property
    def is_set(self) -> bool:
        """Whether anything but the page is asked for."""
        return self != type(self)()

    @property
    def gathers(self) -> bool:
        """Whether what was made in one go is one line: not where single ones of it may be meant."""
        return not (self.together or self.tag or self.words or self.undone)

    def changes(self, reader: User) -> ChangeQuerySet:
        """What matches, of what the reader may see."""
        found = Change.objects.seen_by(reader)
        if self.person is not None:
            found = found.filter(user=self.person)
        if self.group:
            found = found.with_verbs(GROUPS[self.group][1])
        if self.tag is not None:
            found = found.filter(pk__in=_of_tag(self.tag))
        elif self.tag_words:
            found = found.none()
        for word in self.words.split():
            found = found.filter(title__ilike=word)
        if self.from_day is not None:
            found = found.filter(made_at__gte=_begin(self.from_day))
        if self.to_day is not None:
            found = found.filter(made_at__lt=_begin(self.to_day + timedelta(days=1)))
        if self.undone:
            found = found.filter(undone_at__isnull=self.undone == "no")
        if self.together is not None:
            found = found.filter(together=self.together)
        return found.one_of_each_go() if self.gathers else found


@dataclass(frozen=True, slots=True)
class LogPage:
    """One page of changes, the newest first, and the keys that its neighbours begin from (None: there is none)."""

    changes: list[Change]
    older: int | None
    newer: int | None


def page_by_key(changes: QuerySet[Change], asked: QueryDict) -> LogPage:
    """The page before or after the key that an address names; nonsense means the newest."""
    rows = changes.select_related("user", "undone_by")
    after = _number(asked.get("after", ""))
    if after:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: ROWS + 1])
        has_newer, kept = len(found) > ROWS, found[:ROWS][::-1]
        if has_newer or len(kept) == ROWS:
            return LogPage(kept, kept[-1].pk, kept[0].pk if has_newer else None)
    before = 0 if after else _number(asked.get("before", ""))
    found = list((rows.filter(pk__lt=before) if before else rows).order_by("-pk")[: ROWS + 1])
    kept = found[:ROWS]
    return LogPage(
        kept,
        kept[-1].pk if len(found) > ROWS else None,
        kept[0].pk if before and kept else None,
    )


def _of_tag(tag: Tag) -> QuerySet[Any, Any]:
    """The keys of all changes that have to do with a tag; each part from its own index."""
    log = Change.objects.order_by()
    named = [f"tag:{tag.pk}", f"merge:{tag.pk}"]
    rows = [
        ("decision", Decision.objects.filter(tag=tag)),
        ("rating", Rating.objects.filter(tag=tag)),
        ("proposal", Proposal.objects.filter(tag=tag)),
        ("comment", Comment.objects.filter(tag=tag)),
        ("signpost", Signpost.objects.filter(tag=tag)),
        ("outlook", OutlookReview.objects.filter(tag=tag)),
        ("distinct", DistinctTags.objects.filter(first=tag)),
        ("distinct", DistinctTags.objects.filter(second=tag)),
    ]
    parts = [log.filter(target__in=_targets(noun, found)).values("pk") for noun, found in rows]
    parts.append(log.filter(target__in=named).values("pk"))
    merged = Tag.objects.filter(merged_into=tag)
    parts.append(log.filter(target__in=_targets("merge", merged)).values("pk"))
    for side in ("before", "after"):
        parts.append(log.filter(verb__startswith="link.", **{f"{side}__tag": tag.pk}).values("pk"))
    return parts[0].union(*parts[1:], all=True)


def _targets(noun: str, rows: QuerySet[Any]) -> QuerySet[Any, Any]:
    name = Concat(Value(f"{noun}:"), Cast(F("pk"), TextField()), output_field=CharField())
    named: QuerySet[Any, Any] = rows.order_by().annotate(as_target=name).values("as_target")
    return named


def _tag(said: str) -> Tag | None:
    if not said:
        return None
    if number := _number(said):
        return Tag.objects.filter(pk=number).first()
    name = TagName.objects.filter(normalised=normalise_name(said), is_live=True).select_related("tag").first()
    return name.tag if name else None


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_current_timezone())


def _number(said: str) -> int:
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 18 else 0


def _day(said: str) -> date | None:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return None
    # The day after must be a day, too, and in every time zone.
    return day if 1900 <= day.year <= 9000 else None


def _uuid(said: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(said)
    except ValueError:
        return None
