"""The entries of an edition in the words of a language: the same for the HTML part and the text part."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils import formats
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.days import say_day
from signals.digests.content import Content
from signals.digests.drawing import Drawing, draw_weeks
from signals.digests.entries import (
    Contradiction,
    Due,
    Move,
    NewRelease,
    OfTag,
    Repriced,
    Rescoring,
    Reviewed,
    day_of,
)
from signals.digests.links import evidence_link
from signals.models import Kind, Label, OutlookReview, Release, Stance, Weights
from signals.trends.explain import Explanation, say, say_label
from signals.trends.moves import MOVING

_TITLE: Final = 160
_LONG: Final = 320


@dataclass(frozen=True, slots=True)
class EntryWords:
    """An entry as it is read, from top to bottom; what is empty is not shown."""

    title: str
    link: str
    about: str = ""
    badge: str = ""
    tone: str = "plain"
    standing: str = ""
    before: str = ""
    why: str = ""
    force: str = ""
    quote: str = ""
    quote_language: str = ""
    quoted_from: str = ""
    picture: Drawing | None = None
    picture_title: str = ""
    picture_words: str = ""


@dataclass(frozen=True, slots=True)
class SectionWords:
    """A heading with its entries, and where the rest of them is."""

    title: str
    entries: tuple[EntryWords, ...]
    more: str
    more_link: str


@dataclass(frozen=True, slots=True)
class Reading:
    """For whom words are made: which edition, in which language."""

    content: Content
    period: str
    language: str


def sections(content: Content, period: str, language: str) -> tuple[SectionWords, ...]:
    """All sections of a mail that have entries; call it with the language switched on."""
    reading = Reading(content, period, language)
    titles = {
        "movers": _("Moved"),
        "risers": _("Early risers"),
        "contradictions": _("Evidence against"),
        "rescored": _("Scored anew by analysts"),
        "reviewed": _("Outlooks: did they hold?"),
        "due": _("Outlooks due for review"),
        "releases": _("Model releases"),
        "prices": _("Price changes"),
    }
    return tuple(
        SectionWords(
            titles[name],
            tuple(_WORDS[type(entry)](entry, reading) for entry in entries),
            _more(content.more.get(name, 0)),
            evidence_link("section", period, name),
        )
        for name, entries in content.sections()
        if entries
    )


def _more(count: int) -> str:
    return ngettext("and %(n)d more", "and %(n)d more", count) % {"n": count} if count else ""


def _move(move: Move, reading: Reading) -> EntryWords:
    drawing = draw_weeks(move.weeks, move.usual, _TONES.get(move.label, "plain"))
    return EntryWords(
        title=_short(move.title(reading.language), _TITLE),
        link=evidence_link("tag", reading.period, move.key),
        about=_joined(_about(move), _short(move.change, _TITLE)),
        badge=say_label(move.label, str(Label(move.label).label), move.times, gettext=_),
        tone=_TONES.get(move.label, "plain"),
        standing=_standing(move.label, move.times, move.ceiling),
        before=_("On %(day)s: %(before)s")
        % {
            "day": day_words(reading.content.before_day),
            "before": ", ".join(
                words
                for words in (
                    say_label(
                        move.label_before, str(Label(move.label_before).label), move.times_before, gettext=_
                    ),
                    _standing(move.label_before, move.times_before, move.ceiling_before),
                )
                if words
            ),
        },
        why=say(Explanation.from_params(move.explanation), gettext=_, ngettext=ngettext, number=number),
        force=_short(move.driving_force, _LONG),
        picture=drawing,
        picture_title=_("last %(n)d weeks") % {"n": len(move.weeks)} if drawing else "",
        picture_words=_weeks(move) if drawing else "",
    )


_TONES: Final[dict[str, str]] = {
    Label.SURGING: "up",
    Label.EMERGING: "early",
    Label.NEW: "new",
    Label.FADING: "down",
}


def _standing(label: str, times: float | None, ceiling: float | None) -> str:
    """The number beside a label; a bound is rounded so that it stays true."""
    if label == Label.FADING and ceiling is not None:
        return _("at most ×%(times)s its usual share") % {"times": number(_up(ceiling))}
    if label in (Label.FADING, Label.TOO_LITTLE) or times is None:
        return ""
    if _down(times) <= 1:
        # beside "early riser" it would be a contradiction, and "at least ×1.0" would say nothing
        return "" if label in MOVING else _("not clearly above its usual share")
    return _("at least ×%(times)s its usual share") % {"times": number(_down(times))}


def _weeks(move: Move) -> str:
    words = _("Mentions a week, the last %(n)d weeks: %(counts)s.") % {
        "n": len(move.weeks),
        "counts": ", ".join(map(str, move.weeks)),
    }
    if move.usual:
        usual = _("Usual now: %(low)s to %(high)s.") % {
            "low": number(move.usual[-2]),
            "high": number(move.usual[-1]),
        }
        return f"{words} {usual}"
    return words


def _contradiction(entry: Contradiction, reading: Reading) -> EntryWords:
    on = day_of(entry.on)
    return EntryWords(
        title=_short(entry.title(reading.language), _TITLE),
        link=evidence_link("contradiction", reading.period, entry.key),
        about=_about(entry),
        badge=str(Stance.CONTRADICTS.label),
        tone="down",
        quote=_short(entry.quote, _LONG),
        quote_language=entry.language,
        quoted_from=_joined(
            _short(entry.headline, _TITLE), entry.publisher, day_words(on) if on else _("undated")
        ),
    )


def _rescoring(entry: Rescoring, reading: Reading) -> EntryWords:
    now = relevancy_number(entry.after)
    raters = ngettext("%(n)d analyst", "%(n)d analysts", entry.raters) % {"n": entry.raters}
    if entry.before is None:
        standing = _("relevance %(after)s of 5, scored for the first time") % {"after": now}
    elif entry.before == entry.after:
        standing = _("relevance %(after)s of 5 still, though scores changed") % {"after": now}
    else:
        standing = _("relevance %(before)s → %(after)s of 5") % {
            "before": relevancy_number(entry.before),
            "after": now,
        }
    return EntryWords(
        title=_short(entry.title(reading.language), _TITLE),
        link=evidence_link("rescored", reading.period, entry.key),
        about=_joined(str(Kind(entry.kind).label), raters),
        standing=standing,
        why=_quoted(entry.rationale),
    )


def _reviewed(entry: Reviewed, reading: Reading) -> EntryWords:
    tones = {"yes": "up", "no": "down", "partly": "early"}
    return EntryWords(
        title=_short(entry.title(reading.language), _TITLE),
        link=evidence_link("review", reading.period, entry.key),
        about=_about(entry),
        badge=str(OutlookReview.Held(entry.held).label),
        tone=tones.get(entry.held, "plain"),
        quote=_short(entry.outlook, _LONG),
        why=_quoted(entry.words),
    )


def _due(entry: Due, reading: Reading) -> EntryWords:
    due = date.fromisoformat(entry.due_on)
    is_late = due <= reading.content.as_of_day
    said = _("due since %(day)s") if is_late else _("due on %(day)s")
    return EntryWords(
        title=_short(entry.title(reading.language), _TITLE),
        link=evidence_link("tag", reading.period, entry.key),
        about=_about(entry),
        standing=said % {"day": day_words(due)},
        why=_short(entry.outlook, _LONG),
    )


def _release(entry: NewRelease, reading: Reading) -> EntryWords:
    day = date.fromisoformat(entry.on)
    forms = {"month": "F Y", "year": "Y"}
    context = ""
    if entry.context is not None:
        context = _("%(n)s tokens of context") % {
            "n": formats.number_format(entry.context, force_grouping=True)
        }
    return EntryWords(
        title=_short(entry.title(reading.language), _TITLE),
        link=evidence_link("release", reading.period, entry.key),
        about=_joined(
            capfirst(str(Release.Event(entry.event).label)),
            say_day(day, forms.get(entry.precision, "j F Y")),
            _("weights: %(weights)s") % {"weights": Weights(entry.weights).label},
            _short(entry.licence, 80),
            context,
        ),
    )


def side_words(side: str) -> str:
    """What a price is for: what goes in, or what comes out."""
    return {"input": _("input"), "output": _("output"), "cached": _("cached input")}.get(side, side)


def _repriced(entry: Repriced, reading: Reading) -> EntryWords:
    change = ""
    if entry.before and entry.after is not None:
        percent = round((entry.after / entry.before - 1) * 100)
        change = f" ({percent:+d} %)".replace("-", "−")
    standing = _("%(before)s → %(after)s US dollars per million tokens") % {
        "before": _dollars(entry.before),
        "after": _dollars(entry.after),
    }
    return EntryWords(
        title=_short(entry.title(reading.language), _TITLE),
        link=evidence_link("release", reading.period, entry.key),
        about=_joined(
            capfirst(side_words(entry.side)),
            _short(entry.provider, 80),
            day_words(date.fromisoformat(entry.on)),
        ),
        standing=f"{standing}{change}",
    )


_WORDS: Final[dict[type[object], Callable[[Any, Reading], EntryWords]]] = {
    Move: _move,
    Contradiction: _contradiction,
    Rescoring: _rescoring,
    Reviewed: _reviewed,
    Due: _due,
    NewRelease: _release,
    Repriced: _repriced,
}


def _about(entry: OfTag) -> str:
    if entry.relevancy is None:
        return str(Kind(entry.kind).label)
    relevance = _("relevance %(value)s of 5") % {"value": relevancy_number(entry.relevancy)}
    return _joined(str(Kind(entry.kind).label), relevance)


def _joined(*words: str) -> str:
    return " · ".join(part for part in words if part)


def _quoted(words: str) -> str:
    return _("“%(words)s”") % {"words": _short(words, _LONG)} if words else ""


def _short(words: str, most: int) -> str:
    return Truncator(" ".join(words.split())).chars(most)


def _dollars(price: float | None) -> str:
    return _("unknown") if price is None else formats.number_format(Decimal(f"{price:g}"))


def relevancy_number(value: float) -> str:
    """3, or 3.5."""
    return formats.number_format(Decimal(f"{value:g}"))


def number(value: float) -> str:
    """Rounded to a tenth; Django's own formatting would cut the rest off."""
    return formats.number_format(Decimal(f"{value:.1f}"))


def _down(value: float) -> float:
    return math.floor(value * 10 + 1e-9) / 10


def _up(value: float) -> float:
    return math.ceil(value * 10 - 1e-9) / 10


def day_words(day: date) -> str:
    """A day in full."""
    return say_day(day, "j F Y")
