"""An edition as a mail: one HTML and one text part for a group of readers with equal wishes, in their language."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import formats, translation
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.digests.content import Content
from signals.digests.drawing import Drawing
from signals.digests.links import READER, preferences_link, unsubscribe_link
from signals.digests.periods import Week, parse_period
from signals.digests.words import EntryWords, SectionWords, day_words, sections
from signals.models import Health

MOST_BYTES: Final = 79_000
"""Of the HTML part and its pictures; a mail program cuts off what is longer than 102 KB."""
_LINE: Final = 76
_NOTE: Final = 3000


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail without its reader: links of their own carry `links.READER` in place of a token."""

    subject: str
    html: str
    text: str
    pictures: tuple[Drawing, ...] = ()


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
    note: str
    sections: tuple[SectionWords, ...]
    gaps: tuple[str, ...]
    site: str
    host: str
    preferences: str
    unsubscribe: str


def render(content: Content, period: str, language: str) -> Rendered:
    """The mail of a reader's `content` (chosen, perhaps edited) in their language, within `MOST_BYTES`."""
    mail = _render(content, period, language)
    while _bytes(mail) > MOST_BYTES and (less := content.shortened()) != content:
        content = less
        mail = _render(content, period, language)
    return mail


def _bytes(mail: Rendered) -> int:
    """What the HTML part and its pictures weigh on their way; base64 makes four bytes of three."""
    return len(mail.html.encode()) + sum(len(picture.png) for picture in mail.pictures) * 4 // 3


def _render(content: Content, period: str, language: str) -> Rendered:
    with translation.override(language):
        return mail_of(_page(content, period, language))


def mail_of(page: Page) -> Rendered:
    """The mail of these words; call it with their language switched on."""
    html = render_to_string("digests/mail.html", {"mail": page})
    drawn = {
        entry.picture.cid: entry.picture
        for section in page.sections
        for entry in section.entries
        if entry.picture
    }
    text = "\n".join(_text(page)) + "\n"
    return Rendered(page.subject, _inliner().inline(html), text, tuple(drawn.values()))


@cache
def _inliner() -> css_inline.CSSInliner:
    # style tags marked "keep" hold the media queries, which can't be inlined
    return css_inline.CSSInliner(load_remote_stylesheets=False)


def _page(content: Content, period: str, language: str) -> Page:
    told = sections(content, period, language)
    name = _name(period)
    note = content.note_fr if language.startswith("fr") and content.note_fr else content.note
    return Page(
        language=language,
        period=period,
        subject=_subject(told, name, content.is_sample),
        preview=", ".join(_counts(content)),
        heading=_heading(period, name),
        span=_("%(first)s to %(last)s, compared with what was known on %(before)s")
        % {
            "before": day_words(content.before_day),
            "first": day_words(content.before_day + timedelta(days=1)),
            "last": day_words(content.as_of_day),
        },
        is_sample=content.is_sample,
        note=Truncator(note.strip()).chars(_NOTE),
        sections=told,
        gaps=tuple(_gaps(content)),
        site=settings.PUBLIC_URL,
        host=urlsplit(settings.PUBLIC_URL).hostname or "",
        preferences=preferences_link(READER),
        unsubscribe=unsubscribe_link(READER),
    )


def _name(period: str) -> str:
    """A period as it stands in a subject."""
    found = parse_period(period)
    if isinstance(found, Week):
        return _("Week %(week)s") % {"week": found.starts_on.isocalendar().week}
    return capfirst(formats.date_format(found.starts_on, "F Y"))


def _heading(period: str, name: str) -> str:
    found = parse_period(period)
    if isinstance(found, Week):
        return _("What moved in week %(week)s") % {"week": found.starts_on.isocalendar().week}
    return _("What moved: %(month)s") % {"month": name}


def _subject(told: tuple[SectionWords, ...], name: str, is_sample: bool) -> str:
    titles = [entry.title for section in told for entry in section.entries]
    first = Truncator(titles[0] if titles else _("nothing moved")).chars(60)
    others = len(titles) - 1
    if others > 0:
        words = ngettext(
            "%(period)s: %(first)s, and %(n)d more", "%(period)s: %(first)s, and %(n)d more", others
        ) % {"period": name, "first": first, "n": others}
    else:
        words = _("%(period)s: %(first)s") % {"period": name, "first": first}
    # names come from notes and feeds: a line break in one would end the header
    words = " ".join(words.split())
    return f"[{_('Sample')}] {words}" if is_sample else words


def _counts(content: Content) -> Iterator[str]:
    """What is inside, for the line that a mail program shows beside the subject."""
    if n := len(content.movers):
        yield ngettext("%(n)d moved", "%(n)d moved", n) % {"n": n}
    if n := len(content.risers):
        yield ngettext("%(n)d early riser", "%(n)d early risers", n) % {"n": n}
    if n := len(content.contradictions):
        yield ngettext("%(n)d piece of evidence against", "%(n)d pieces of evidence against", n) % {"n": n}
    if n := len(content.rescored):
        yield ngettext("%(n)d scored anew", "%(n)d scored anew", n) % {"n": n}
    if n := len(content.reviewed):
        yield ngettext("%(n)d outlook looked back at", "%(n)d outlooks looked back at", n) % {"n": n}
    if n := len(content.releases):
        yield ngettext("%(n)d model release", "%(n)d model releases", n) % {"n": n}
    if n := len(content.prices):
        yield ngettext("%(n)d price change", "%(n)d price changes", n) % {"n": n}


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
        yield _("No article came in.")


def _text(page: Page) -> Iterator[str]:
    """The text part, complete: whatever the HTML part says stands here too."""
    yield f"Vigie · {page.period}"
    yield page.heading.upper()
    yield from _wrapped(page.span)
    if page.is_sample:
        yield f"{_('Sample')} · {_('Made-up content that came with the installation.')}"
    if page.note:
        yield ""
        yield from _wrapped(_("A note from the editor"))
        for line in page.note.splitlines():
            yield from _wrapped(line) if line.strip() else [""]
    for section in page.sections:
        more = [_led(section.more, section.more_link)] if section.more else []
        yield from _section(section.title, [_entry_lines(entry) for entry in section.entries] + [more])
    if page.gaps:
        yield from _section(_("What is not covered"), [[line] for line in page.gaps])
    yield ""
    yield "-- "
    yield from _wrapped(_("You get this because you asked for it at %(host)s.") % {"host": page.host})
    yield _led(_("Why, and what you get"), page.preferences)
    yield _led(_("Unsubscribe"), page.unsubscribe)


def _entry_lines(entry: EntryWords) -> list[str]:
    quote = _("“%(words)s”") % {"words": entry.quote} if entry.quote else ""
    return [
        f"{entry.title}",
        entry.about,
        capfirst(", ".join(words for words in (entry.badge, entry.standing) if words)),
        entry.before,
        entry.why,
        _led(_("Driving force"), entry.force) if entry.force else "",
        quote,
        entry.quoted_from,
        entry.picture_words,
        _led(_("Read the evidence"), entry.link),
    ]


def _led(what: str, words: str) -> str:
    # the colon stands apart in French
    return _("%(what)s: %(title)s") % {"what": what, "title": words}


def _section(title: str, entries: list[list[str]]) -> Iterator[str]:
    yield ""
    yield title
    yield "=" * len(title)
    for entry in entries:
        if entry:
            yield ""
        for line in entry:
            yield from _wrapped(line)


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, _LINE, break_long_words=False, break_on_hyphens=False)
