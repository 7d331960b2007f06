"""What happened to a tag: its ratings over time, and what people and the machine changed."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Any, Final

from django.db import connection
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from signals.curation.merge_preview import rated_as
from signals.days import say_day
from signals.models import Decision, Kind, Label, Rating, Tag
from signals.web.week_chart import ScoreChart, score_chart

_CHANGES: Final = 20
# One question for all that happened: who looks at a page waits for each.
_EVENTS: Final = """
WITH target AS (
    SELECT 'merge:' || %(tag)s AS target UNION ALL
    SELECT 'tag:' || %(tag)s UNION ALL
    SELECT 'comment:' || id FROM signals_comment WHERE tag_id = %(tag)s UNION ALL
    SELECT 'signpost:' || id FROM signals_signpost WHERE tag_id = %(tag)s UNION ALL
    SELECT 'outlook:' || id FROM signals_outlookreview WHERE tag_id = %(tag)s UNION ALL
    SELECT 'rating:' || id FROM signals_rating WHERE tag_id = %(tag)s AND %(ratings)s UNION ALL
    SELECT 'merge:' || id FROM signals_tag WHERE merged_into_id = %(tag)s UNION ALL
    SELECT 'proposal:' || id FROM signals_proposal WHERE tag_id = %(tag)s UNION ALL
    SELECT 'distinct:' || id FROM signals_distincttags
    WHERE first_id = %(tag)s OR second_id = %(tag)s UNION ALL
    (SELECT 'link:' || id FROM signals_noterow WHERE tag_id = %(tag)s ORDER BY id DESC LIMIT 50)
), changed AS (
    SELECT c.made_at, c.verb,
           CASE WHEN c.verb = 'tag.edited' THEN jsonb_build_array(c.before, c.after)::text ELSE c.title END AS title,
           COALESCE(NULLIF(u.name, ''), u.email, '') AS who, c.undone_at IS NOT NULL
    FROM target JOIN signals_change c USING (target) LEFT JOIN signals_user u ON u.id = c.user_id
    ORDER BY c.id DESC LIMIT %(most)s
), moved AS (
    SELECT noted_at, label, lag(label, 1, 'too_little') OVER (ORDER BY noted_at) AS before
    FROM signals_trendchange WHERE tag_id = %(tag)s
)
SELECT * FROM changed
UNION ALL
(SELECT active_at, 'tagger', number::text, '', false FROM signals_taggerversion
 WHERE active_at > %(born)s ORDER BY active_at DESC LIMIT 5)
UNION ALL
(SELECT noted_at, 'label', label, '', false FROM moved WHERE label <> before ORDER BY noted_at DESC LIMIT %(most)s)
UNION ALL
SELECT now(), 'decided', verdict || ' ' || count(*), '', false FROM signals_decision
WHERE tag_id = %(tag)s AND undone_at IS NULL GROUP BY verdict
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
    """A rating with the same person's one before it, and what it was given to if that was merged away."""

    rating: Rating
    before: int | None
    rated_as: str = ""


def scores_over_time(tag: Tag, *, mine: int | None, now: datetime) -> tuple[list[Scored], ScoreChart | None]:
    """Every rating that holds, the newest first, with the one before; and the chart of them and their median."""
    latest: dict[int, int] = {}
    scored: list[Scored] = []
    dots: list[tuple[float, int, float, bool]] = []
    ratings = Rating.objects.filter(tag=tag, undone_at=None).select_related("user").order_by("made_at", "pk")
    was_merged = getattr(tag, "merged_names", True)  # unknown where a page did not ask for them
    came_with = rated_as(tag) if ratings and was_merged else {}
    for rating in ratings:
        scored.append(Scored(rating, latest.get(rating.user_id), came_with.get(rating.pk, "")))
        latest[rating.user_id] = rating.relevancy
        dots.append(
            (rating.made_at.timestamp(), rating.relevancy, median(latest.values()), rating.user_id == mine)
        )
    start = dots[0][0] if dots else 0.0
    return scored[::-1], score_chart(dots, start, max(now.timestamp(), start))


def distribution(scored: list[Scored]) -> list[tuple[int, int, int]]:
    """Each score from 5 down to 1, how many people's latest it is, and that as a part of 100 of the most frequent."""
    latest: dict[int, int] = {}
    for one in scored:  # the newest first
        latest.setdefault(one.rating.user_id, one.rating.relevancy)
    counts = Counter(latest.values())
    most = max(counts.values(), default=0)
    return [(score, counts[score], 100 * counts[score] // most) for score in range(5, 0, -1)] if most else []


def tag_history(tag: Tag, *, shows_ratings: bool) -> tuple[str, list[Event]]:
    """How often people accepted or rejected it, in words, and what changed, the newest first.

    Ratings only for who may see them.
    """
    given: dict[str, int | datetime] = {
        "tag": tag.pk,
        "ratings": shows_ratings,
        "most": _CHANGES,
        "born": tag.created_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, given)
        rows = cursor.fetchall()
    decided = dict(title.split() for _at, verb, title, _who, _undone in rows if verb == "decided")
    events = [
        Event(at, _in_words(verb, title), who, is_undone)
        for at, verb, title, who, is_undone in rows
        if verb != "decided"
    ]
    events.append(Event(tag.created_at, _born(tag), ""))
    newest = sorted(events, key=lambda event: event.at, reverse=True)[:_CHANGES]
    return _decisions_in_words({verdict: int(count) for verdict, count in decided.items()}), newest


def _decisions_in_words(counts: dict[str, int]) -> str:
    yes = counts.get(Decision.Verdict.ACCEPT, 0) + counts.get(Decision.Verdict.SCORE, 0)
    no = counts.get(Decision.Verdict.REJECT, 0)
    if not yes + no:
        return ""
    accepted = ngettext("%(n)d article was accepted", "%(n)d articles were accepted", yes) % {"n": yes}
    rejected = ngettext("%(n)d was rejected", "%(n)d were rejected", no) % {"n": no}
    return f"{accepted}, {rejected}."


def _in_words(verb: str, title: str) -> str:
    if verb == "label":
        return _("Now: %(label)s") % {"label": Label(title).label}
    if verb == "tagger":
        return _("Version %(n)s of what suggests mentions came into use") % {"n": title}
    if verb == "tag.edited":
        return edit_in_words(*json.loads(title))
    words = {
        "comment.added": _("Comment"),
        "comment.withdrawn": _("Comment withdrawn"),
        "signpost.added": _("Signpost"),
        "signpost.seen": _("Signpost seen"),
        "signpost.withdrawn": _("Signpost taken away"),
        "outlook.reviewed": _("Outlook looked at again"),
        "tag.created": _("Added by hand"),
        "tag.rated": _("Scored"),
        "tag.merged": _("Merged"),
        "tags.distinct": _("Said not to be the same"),
        "proposal.accepted": _("Accepted as proposed"),
        "proposal.folded": _("A proposal was folded into it"),
        "link.accepted": _("A note's row was linked"),
        "link.refused": _("A note's row was unlinked"),
    }
    said = words.get(verb, "")
    return _("%(what)s: %(title)s") % {"what": said, "title": title} if said else title


def edit_in_words(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What an edit changed, from what to what, one field after the other."""
    said = []
    for field, value in after.items():
        if field == "names":
            said += _names_in_words(before["names"], value)
        elif field == "themes":
            said.append(_("themes changed"))
        elif field in _EDITED:
            told = {"field": _EDITED[field], "was": _shown(field, before[field]), "is": _shown(field, value)}
            said.append(_("%(field)s: %(was)s → %(is)s") % told)
    return _("Edited: %(what)s") % {"what": "; ".join(said)}


def _names_in_words(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    was = {row["id"]: row["name"] for row in before}
    became = {row["id"]: row["name"] for row in after}
    came = [became[pk] for pk in became if pk not in was]
    went = [was[pk] for pk in was if pk not in became]
    said = []
    if came:
        said.append(_("also called %(names)s") % {"names": ", ".join(map(_quoted, came))})
    if went:
        said.append(_("no longer called %(names)s") % {"names": ", ".join(map(_quoted, went))})
    return said


def _shown(field: str, value: Any) -> str:
    if value in ("", None):
        return "–"
    if field == "kind":
        return str(Kind(value).label)
    if field == "status":
        return str(Tag.Status(value).label)
    if field == "outlook_due_on":
        return say_day(date.fromisoformat(value))
    return _quoted(Truncator(value).chars(90))


def _quoted(words: str) -> str:
    return _("“%(words)s”") % {"words": words}


_EDITED: Final = {
    "name": gettext_lazy("name"),
    "name_fr": gettext_lazy("French name"),
    "description": gettext_lazy("description"),
    "description_fr": gettext_lazy("French description"),
    "change": gettext_lazy("change"),
    "outlook": gettext_lazy("10-year outlook"),
    "driving_force": gettext_lazy("driving force"),
    "outlook_due_on": gettext_lazy("review the outlook on"),
    "kind": gettext_lazy("kind"),
    "status": gettext_lazy("status"),
}


def _born(tag: Tag) -> str:
    match tag.origin:
        case "starter":
            return _("Came with the starter catalogue")
        case "note":
            return _("Came from a source note")
        case "proposal":
            return _("Was proposed, and accepted")
    return _("Was added by hand")
