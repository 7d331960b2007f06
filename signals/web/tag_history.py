"""What happened to a tag: its ratings over time, and what people and the machine changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final

from django.db import connection
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.models import Change, Decision, Label, Rating, Tag, TaggerVersion, TrendChange
from signals.web.week_chart import ScoreChart, score_chart

_CHANGES: Final = 20
_TARGETS: Final = """
SELECT 'merge:' || %(tag)s UNION ALL
SELECT 'rating:' || id FROM signals_rating WHERE tag_id = %(tag)s AND %(ratings)s UNION ALL
SELECT 'merge:' || id FROM signals_tag WHERE merged_into_id = %(tag)s UNION ALL
SELECT 'proposal:' || id FROM signals_proposal WHERE tag_id = %(tag)s UNION ALL
SELECT 'distinct:' || id FROM signals_distincttags WHERE first_id = %(tag)s OR second_id = %(tag)s UNION ALL
SELECT * FROM (SELECT 'link:' || id FROM signals_noterow WHERE tag_id = %(tag)s ORDER BY id DESC LIMIT 50) link
"""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: when, in words, who did it ("" for the machine), and whether it was taken back."""

    at: datetime
    words: str
    who: str
    is_undone: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """A rating with the same person's one before it."""

    rating: Rating
    before: int | None


def scores_over_time(tag: Tag, *, mine: int | None, now: datetime) -> tuple[list[Scored], ScoreChart | None]:
    """Every rating that holds, the newest first, with the one before; and the chart of them and their median."""
    latest: dict[int, int] = {}
    scored: list[Scored] = []
    dots: list[tuple[float, int, float, bool]] = []
    ratings = Rating.objects.filter(tag=tag, undone_at=None).select_related("user").order_by("made_at", "pk")
    for rating in ratings:
        scored.append(Scored(rating, latest.get(rating.user_id)))
        latest[rating.user_id] = rating.relevancy
        dots.append(
            (rating.made_at.timestamp(), rating.relevancy, median(latest.values()), rating.user_id == mine)
        )
    start = dots[0][0] if dots else 0.0
    return scored[::-1], score_chart(dots, start, max(now.timestamp(), start))


def decisions_in_words(tag: Tag) -> str:
    """How often people accepted or rejected it, "" while nobody did."""
    counts = dict(
        Decision.objects.filter(tag=tag, undone_at=None)
        .order_by()
        .values_list("verdict")
        .annotate(count=Count("pk"))
    )
    yes = counts.get(Decision.Verdict.ACCEPT, 0) + counts.get(Decision.Verdict.SCORE, 0)
    no = counts.get(Decision.Verdict.REJECT, 0)
    if not yes + no:
        return ""
    accepted = ngettext("%(n)d article was accepted", "%(n)d articles were accepted", yes) % {"n": yes}
    rejected = ngettext("%(n)d was rejected", "%(n)d were rejected", no) % {"n": no}
    return f"{accepted}, {rejected}."


def events(tag: Tag, *, shows_ratings: bool) -> list[Event]:
    """What changed, the newest first; ratings only for who may see them."""
    with connection.cursor() as cursor:
        cursor.execute(_TARGETS, {"tag": tag.pk, "ratings": shows_ratings})
        targets = [target for (target,) in cursor.fetchall()]
    changes = Change.objects.filter(target__in=targets).select_related("user").order_by("-id")[:_CHANGES]
    found = [
        Event(change.made_at, _in_words(change), str(change.user or ""), change.undone_at is not None)
        for change in changes
    ]
    versions = TaggerVersion.objects.exclude(active_at=None).filter(active_at__gt=tag.created_at)
    found += [
        Event(at, _("Tagger %(n)d came into use") % {"n": number}, "")
        for number, at in versions.order_by("-active_at").values_list("number", "active_at")[:5]
        if at
    ]
    moved = TrendChange.objects.filter(tag=tag).order_by("noted_at").values_list("noted_at", "label")
    last = Label.TOO_LITTLE
    for at, name in moved:
        # The same label is noted again when its number moves.
        if name != last:
            found.append(Event(at, _("Now: %(label)s") % {"label": Label(name).label}, ""))
        last = Label(name)
    found.append(Event(tag.created_at, _born(tag), ""))
    return sorted(found, key=lambda event: event.at, reverse=True)[:_CHANGES]


def _in_words(change: Change) -> str:
    words = {
        "tag.rated": _("Scored"),
        "tag.merged": _("Merged"),
        "tags.distinct": _("Said not to be the same"),
        "proposal.accepted": _("Accepted as proposed"),
        "proposal.folded": _("A proposal was folded into it"),
        "link.accepted": _("A note's row was linked"),
        "link.refused": _("A note's row was unlinked"),
    }
    said = words.get(change.verb, "")
    return f"{said}: {change.title}" if said else change.title


def _born(tag: Tag) -> str:
    match tag.origin:
        case "starter":
            return _("Came with the starter catalogue")
        case "note":
            return _("Came from a source note")
        case "proposal":
            return _("Was proposed, and accepted")
    return _("Was added by hand")
