"""An edition as a mail: one HTML and one text part for a group of readers with equal wishes, in their language."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import formats, translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.digests.content import Content, Move, NewRelease
from signals.digests.drawing import Drawing
from signals.digests.links import READER, evidence_link, preferences_link, unsubscribe_link
from signals.digests.periods import Week
from signals.models import Health, Kind, Label, Release, Weights
from signals.trends.explain import Explanation, say

_LINE: Final = 76
_FORCE: Final = 320


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail without its reader: links of their own carry `links.READER` in place of a token."""

    subject: str
    html: str
    text: str
    pictures: tuple[Drawing, ...] = ()


@dataclass(frozen=True, slots=True)
class MoveWords:
    """A move in a reader's language."""

    title: str
    kind: str
    label: str
    tone: str
    standing: str
    before: str
    change: str
    why: str
    force: str
    relevancy: str
    link: str


@dataclass(frozen=True, slots=True)
class ReleaseWords:
    """A release in a reader's language."""

    title: str
    facts: str
    link: str


@dataclass(frozen=True, slots=True)
class Page:
    """All words of one mail, in the order in which they are read."""

    language: str
    period: str
    subject: str
    preview: str
    heading: str
    span: str
    is_sample: bool
    movers: tuple[MoveWords, ...]
    risers: tuple[MoveWords, ...]
    releases: tuple[ReleaseWords, ...]
    gaps: tuple[str, ...]
    site: str
    host: str
    preferences: str
    unsubscribe: str


def render(content: Content, period: str, language: str) -> Rendered:
    """The mail of a reader's `content` in their language."""
    with translation.override(language):
        page = _page(content, period, language)
        html = render_to_string("digests/mail.html", {"mail": page})
        return Rendered(page.subject, _inliner().inline(html), "\n".join(_text(page)) + "\n")


@cache
def _inliner() -> css_inline.CSSInliner:
    # style tags marked "keep" hold the media queries, which can't be inlined
    return css_inline.CSSInliner(load_remote_stylesheets=False)


def _page(content: Content, period: str, language: str) -> Page:
    movers = tuple(_move_words(move, period, language) for move in content.movers)
    risers = tuple(_move_words(move, period, language) for move in content.risers)
    releases = tuple(_release_words(release, period) for release in content.releases)
    week = Week.parse(period)
    return Page(
        language=language,
        period=period,
        subject=_subject(movers + risers, releases, week, content.is_sample),
        preview=_preview(len(movers), len(risers), len(releases)),
        heading=_("What moved in week %(week)s") % {"week": week.starts_on.isocalendar().week},
        span=_("%(first)s to %(last)s, compared with a week before")
        % {"first": _day(week.starts_on), "last": _day(content.as_of_day)},
        is_sample=content.is_sample,
        movers=movers,
        risers=risers,
        releases=releases,
        gaps=tuple(_gaps(content)),
        site=settings.PUBLIC_URL,
        host=urlsplit(settings.PUBLIC_URL).hostname or "",
        preferences=preferences_link(READER),
        unsubscribe=unsubscribe_link(READER),
    )


def _subject(
    moves: tuple[MoveWords, ...], releases: tuple[ReleaseWords, ...], week: Week, is_sample: bool
) -> str:
    number = week.starts_on.isocalendar().week
    titles = [move.title for move in moves] or [release.title for release in releases]
    first = Truncator(titles[0] if titles else _("nothing moved")).chars(60)
    others = len(titles) - 1
    if others > 0:
        words = ngettext(
            "Week %(week)s: %(first)s, and %(n)d more", "Week %(week)s: %(first)s, and %(n)d more", others
        ) % {"week": number, "first": first, "n": others}
    else:
        words = _("Week %(week)s: %(first)s") % {"week": number, "first": first}
    # names come from notes and feeds: a line break in one would end the header
    words = " ".join(words.split())
    return f"[{_('Sample')}] {words}" if is_sample else words


def _preview(movers: int, risers: int, releases: int) -> str:
    counted = [
        ngettext("%(n)d moved", "%(n)d moved", movers) % {"n": movers} if movers else "",
        ngettext("%(n)d early riser", "%(n)d early risers", risers) % {"n": risers} if risers else "",
        ngettext("%(n)d model release", "%(n)d model releases", releases) % {"n": releases}
        if releases
        else "",
    ]
    return ", ".join(words for words in counted if words)


def _move_words(move: Move, period: str, language: str) -> MoveWords:
    why = say(Explanation.from_params(move.explanation), gettext=_, ngettext=ngettext, number=_number)
    standing = _standing(move.label, move.times, move.ceiling)
    return MoveWords(
        title=move.title(language),
        kind=str(Kind(move.kind).label),
        label=str(Label(move.label).label),
        tone=_TONES.get(move.label, "plain"),
        standing=standing,
        before=", ".join(
            words
            for words in (
                str(Label(move.label_before).label),
                _standing(move.label_before, move.times_before, move.ceiling_before),
            )
            if words
        ),
        change=move.change,
        why=why,
        force=Truncator(move.driving_force).chars(_FORCE),
        relevancy=""
        if move.relevancy is None
        else _("relevance %(value)s of 5") % {"value": formats.number_format(f"{move.relevancy:g}")},
        link=evidence_link("tag", period, move.tag),
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
        return _("at most ×%(times)s its usual share") % {"times": _number(_up(ceiling))}
    if label not in (Label.FADING, Label.TOO_LITTLE) and times is not None and times >= 1.05:
        return _("at least ×%(times)s its usual share") % {"times": _number(_down(times))}
    return ""


def _down(value: float) -> float:
    return math.floor(value * 10 + 1e-9) / 10


def _up(value: float) -> float:
    return math.ceil(value * 10 - 1e-9) / 10


def _number(value: float) -> str:
    return formats.number_format(value, decimal_pos=1)


def _day(day: date) -> str:
    return formats.date_format(day, "j F Y")


def _release_words(release: NewRelease, period: str) -> ReleaseWords:
    facts = [
        str(Release.Event(release.event).label),
        _day(release.date),
        _("weights: %(weights)s") % {"weights": Weights(release.weights).label},
        release.licence,
        ""
        if release.context is None
        else _("%(n)s tokens of context")
        % {"n": formats.number_format(release.context, force_grouping=True)},
    ]
    return ReleaseWords(
        title=f"{release.model} ({release.developer})" if release.developer else release.model,
        facts=" · ".join(fact for fact in facts if fact),
        link=evidence_link("release", period, release.release),
    )


def _gaps(content: Content) -> Iterator[str]:
    gaps = content.gaps
    if gaps.unwell:
        yield _("Sources that did not deliver: %(names)s.") % {
            "names": ", ".join(f"{source.name} ({Health(source.health).label})" for source in gaps.unwell)
        }
    if gaps.articles:
        yield ngettext(
            "%(n)d article came in; of %(bare)d only the headline is known.",
            "%(n)d articles came in; of %(bare)d only the headline is known.",
            gaps.articles,
        ) % {"n": gaps.articles, "bare": gaps.headline_only}
    else:
        yield _("No article came in this week.")


def _text(page: Page) -> Iterator[str]:
    """The text part, complete: whatever the HTML part says stands here too."""
    yield page.heading.upper()
    yield page.span
    if page.is_sample:
        yield f"{_('Sample')} · {_('Made-up content that came with the installation.')}"
    yield from _section(_("Moved"), [_move_lines(move) for move in page.movers])
    yield from _section(_("Early risers"), [_move_lines(move) for move in page.risers])
    yield from _section(
        _("Model releases"), [[release.title, release.facts, release.link] for release in page.releases]
    )
    yield from _section(_("What is not covered"), [[line] for line in page.gaps])
    yield ""
    yield "-- "
    yield _("You get this because you asked for it at %(host)s.") % {"host": page.host}
    yield f"{_('Why, and what you get')}: {page.preferences}"
    yield f"{_('Unsubscribe')}: {page.unsubscribe}"


def _move_lines(move: MoveWords) -> list[str]:
    return [
        f"{move.title} ({', '.join(words for words in (move.kind, move.relevancy) if words)})",
        _("Now: %(now)s") % {"now": ", ".join(words for words in (move.label, move.standing) if words)},
        _("A week before: %(before)s") % {"before": move.before},
        move.change,
        move.why,
        f"{_('Driving force')}: {move.force}" if move.force else "",
        f"{_('Read the evidence')}: {move.link}",
    ]


def _section(title: str, entries: list[list[str]]) -> Iterator[str]:
    if not entries:
        return
    yield ""
    yield title
    yield "=" * len(title)
    for entry in entries:
        yield ""
        for line in entry:
            yield from textwrap.wrap(line, _LINE, break_long_words=False, break_on_hyphens=False)
