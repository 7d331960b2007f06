"""Changes of the log in words: what was done, and what differs between before and after."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models.enums import ChoicesType
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from signals.days import say_day
from signals.models import Change, Edition, Kind, OutlookReview, Role, Stance, State, Tag, Theme
from signals.templatetags.vigie import LANGUAGE_NAMES

GROUPS: Final[dict[str, tuple[Promise, tuple[str, ...]]]] = {
    "decisions": (_("Decisions on articles"), ("tagging.",)),
    "ratings": (_("Ratings of items"), ("tag.rated",)),
    "items": (
        _("Items"),
        ("tag.created", "tag.edited", "tag.merged", "tags.", "signpost.", "outlook."),
    ),
    "comments": (_("Comments"), ("comment.",)),
    "proposals": (_("Proposed items"), ("proposal.",)),
    "notes": (_("Rows of notes"), ("link.",)),
    "stories": (_("Articles and stories"), ("story.", "article.", "stories.")),
    "digests": (_("Digests"), ("digest.", "edition.", "alert.", "suppression.")),
    "sources": (_("Sources"), ("source.",)),
    "work": (_("Background work"), ("job.", "tagger.", "sample.")),
    "people": (_("People"), ("person.", "invitation.")),
    "own": (_("Settings and views"), ("settings.", "view.")),
}
"""What the log is filtered by: words, and how the verbs begin."""

VERBS: Final[dict[str, Promise]] = {
    "tagging.decided": _("decided"),
    "tag.rated": _("rated"),
    "tag.created": _("added an item"),
    "tag.edited": _("edited an item"),
    "tag.merged": _("merged"),
    "tags.distinct": _("not the same"),
    "comment.added": _("commented"),
    "comment.withdrawn": _("withdrew a comment"),
    "signpost.added": _("put up a signpost"),
    "signpost.seen": _("saw a signpost come true"),
    "signpost.withdrawn": _("took a signpost away"),
    "outlook.reviewed": _("said whether an outlook held"),
    "article.snoozed": _("put off an article"),
    "proposal.accepted": _("made it an item"),
    "proposal.folded": _("folded into an item"),
    "proposal.rejected": _("dropped a proposal"),
    "link.accepted": _("linked a note's row"),
    "link.refused": _("refused a link"),
    "tagger.taken_back": _("went back to the version before of what suggests"),
    "story.moved": _("said who tells the same news"),
    "story.left": _("said that it is news of its own"),
    "story.grouped": _("grouped what tells the same news"),
    "story.split": _("split what does not tell the same news"),
    "edition.noted": _("wrote a digest's note"),
    "edition.ordered": _("moved an entry of a digest"),
    "edition.dropped": _("left an entry out of a digest"),
    "edition.taken_in": _("took an entry into a digest again"),
    "edition.scheduled": _("set a digest's time"),
    "edition.approved": _("approved a digest"),
    "edition.held": _("took a digest's approval back"),
    "suppression.lifted": _("let an address be written to again"),
    "source.added": _("added a source"),
    "source.paused": _("paused a source"),
    "source.resumed": _("resumed a source"),
    "sample.removed": _("removed the sample"),
    "job.cancelled": _("cancelled background work"),
    "job.retried": _("let background work go on"),
    "settings.changed": _("changed their settings"),
    "view.saved": _("kept a view"),
    "view.renamed": _("renamed a view"),
    "view.deleted": _("deleted a view"),
    "person.added": _("added somebody"),
    "person.role": _("changed a role"),
    "person.deactivated": _("deactivated somebody"),
    "person.reactivated": _("let somebody in again"),
    "invitation.sent": _("invited somebody"),
    "invitation.sent_again": _("sent an invitation again"),
    "invitation.withdrawn": _("withdrew an invitation"),
    "invitation.accepted": _("accepted an invitation"),
}

FIELDS: Final[dict[str, Promise]] = {
    "state": _("State"),
    "score": _("Score"),
    "stated_relevancy": _("Relevance"),
    "relevancy": _("Relevance"),
    "stance": _("Stance"),
    "kind": _("Kind"),
    "status": _("Status"),
    "name": _("Name"),
    "name_fr": _("French name"),
    "names": _("Other names"),
    "themes": _("Themes"),
    "description": _("Description"),
    "description_fr": _("French description"),
    "change": _("Change"),
    "outlook": _("10-year outlook"),
    "driving_force": _("Driving force"),
    "outlook_due_on": _("Review the outlook on"),
    "role": _("Role"),
    "language": _("Language"),
    "time_zone": _("Time zone"),
    "is_active": _("May log in"),
    "is_enabled": _("Is read"),
    "is_shared": _("Shared"),
    "query": _("Filters"),
    "url": _("Address"),
    "version": _("Version"),
    "tag": _("Item"),
    "link": _("Link"),
    "text": _("Text"),
    "words": _("Words"),
    "held": _("Did it hold?"),
    "seen_on": _("Seen on"),
    "expires_at": _("Valid until"),
    "title": _("Title"),
    "note": _("Note"),
    "note_fr": _("Note in French"),
    "send_at": _("Not before"),
    "readers": _("Readers"),
    "reason": _("Why"),
    "review_on": _("Review on"),
    "rationale": _("Why"),
}
"""Fields that people understand; what is kept for undo alone is not shown."""

_CHOICES: Final[dict[str, ChoicesType]] = {
    "state": State,
    "stance": Stance,
    "kind": Kind,
    "role": Role,
    "held": OutlookReview.Held,
}
_STATUS: Final = dict(Edition.Status.choices) | dict(Tag.Status.choices)
_LINK: Final[dict[str, Promise]] = {
    "none": pgettext_lazy("a link", "none"),
    "suggested": pgettext_lazy("a link", "suggested"),
    "confirmed": pgettext_lazy("a link", "confirmed"),
}
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_LONG: Final = 60
_AROUND: Final = 6
"""Words kept on either side of what differs in a long text."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, before and after; of a long text its `pieces`: ("same" | "gone" | "new" | "cut", words)."""

    label: str
    before: str
    after: str
    pieces: tuple[tuple[str, str], ...] = ()


def verb_words(verb: str) -> str:
    """What was done, in a few words."""
    known = VERBS.get(verb)
    return str(known) if known else verb.replace(".", ": ").replace("_", " ")


def group_of(verb: str) -> str:
    """The group of GROUPS that a verb belongs to, '' for none."""
    return next((name for name, (_words, prefixes) in GROUPS.items() if verb.startswith(prefixes)), "")


def named_keys(changes: Iterable[Change]) -> dict[str, dict[int, str]]:
    """The names of tags and themes that changes speak of by number, in two queries at most."""
    tags: set[int] = set()
    themes: set[int] = set()
    for change in changes:
        for side in (change.before, change.after):
            if isinstance(side.get("tag"), int):
                tags.add(side["tag"])
            if isinstance(side.get("themes"), list):
                themes.update(key for key in side["themes"] if isinstance(key, int))
    return {
        "tag": dict(Tag.objects.filter(pk__in=tags).values_list("pk", "name")) if tags else {},
        "themes": dict(Theme.objects.filter(pk__in=themes).values_list("pk", "name")) if themes else {},
    }


def differences(change: Change, names: Mapping[str, Mapping[int, str]]) -> list[Difference]:
    """What people understand of before and after, field by field."""
    if change.verb == "tag.merged":
        return _merged(change)
    if change.verb.startswith("story."):
        placed = len(change.before.get("articles", {}))
        said = ngettext("%(count)d article moved", "%(count)d articles moved", placed)
        return [Difference("", "", said % {"count": placed})]
    found = []
    for field, label in FIELDS.items():
        before, after = change.before.get(field), change.after.get(field)
        if before == after or (field not in change.before and field not in change.after):
            continue
        was, became = _in_words(field, before, names), _in_words(field, after, names)
        if was == became:
            continue
        pieces = _pieces(was, became) if max(len(was), len(became)) > _LONG else ()
        found.append(Difference(str(label), was, became, pieces))
    return found


def _merged(change: Change) -> list[Difference]:
    moved = change.before
    articles = len(moved.get("articles", [])) + len(moved.get("both", []))
    ratings = len(moved.get("ratings", []))
    said = ngettext("%(count)d article moved", "%(count)d articles moved", articles) % {"count": articles}
    if ratings:
        said += ", " + ngettext("%(count)d rating", "%(count)d ratings", ratings) % {"count": ratings}
    names = {"tag": {}, "themes": {}}  # type: dict[str, dict[int, str]]
    fields = [
        Difference(
            str(FIELDS[field]), _in_words(field, pair["was"], names), _in_words(field, pair["took"], names)
        )
        for field, pair in moved.get("fields", {}).items()
        if field in FIELDS
    ]
    return [Difference("", "", said), *fields]


def _in_words(field: str, value: Any, names: Mapping[str, Mapping[int, str]]) -> str:
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if field in names and isinstance(value, int):
        return names[field].get(value, f"#{value}")
    if isinstance(value, list):
        said = [
            str(one.get("name", "")) if isinstance(one, dict) else _key(field, one, names) for one in value
        ]
        return ", ".join(sorted(word for word in said if word)) or "–"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str):
        return _word(field, value)
    return str(value)


def _word(field: str, value: str) -> str:
    if field in _CHOICES and value in _CHOICES[field].values:
        return str(_CHOICES[field](value).label)
    if field == "status" and value in _STATUS:
        return str(_STATUS[value])
    if field == "link" and value in _LINK:
        return str(_LINK[value])
    if field == "language":
        return LANGUAGE_NAMES.get(value, value)
    if _DAY.match(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return say_day(timezone.localtime(moment) if moment.tzinfo else moment)
    return value


def _key(field: str, value: Any, names: Mapping[str, Mapping[int, str]]) -> str:
    known = names.get(field, {})
    return known.get(value, f"#{value}") if isinstance(value, int) else str(value)


def _pieces(before: str, after: str) -> tuple[tuple[str, str], ...]:
    """What two texts have in common and what not, word by word; long stretches of the same are cut."""
    old = [] if before == "–" else before.split()
    new = [] if after == "–" else after.split()
    pieces: list[tuple[str, str]] = []
    for what, from_, to, new_from, new_to in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if what == "equal":
            pieces += _cut(old[from_:to], is_first=from_ == 0, is_last=to == len(old))
            continue
        if from_ < to:
            pieces.append(("gone", " ".join(old[from_:to])))
        if new_from < new_to:
            pieces.append(("new", " ".join(new[new_from:new_to])))
    return tuple(pieces)


def _cut(words: list[str], *, is_first: bool, is_last: bool) -> list[tuple[str, str]]:
    if len(words) <= 2 * _AROUND + 2:
        return [("same", " ".join(words))]
    head = [] if is_first else [("same", " ".join(words[:_AROUND]))]
    tail = [] if is_last else [("same", " ".join(words[-_AROUND:]))]
    return [*head, ("cut", "…"), *tail]
