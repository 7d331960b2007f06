"""Sentences that a machine stored in English, in the language of whoever reads them."""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext, gettext_noop, ngettext

SENTENCES: Final = frozenset(
    {
        # why a source could not be read
        gettext_noop("The source could not be read."),
        gettext_noop("The address could not be fetched."),
        gettext_noop(
            "This is not a web address that can be fetched: only http and https, without a password in it."
        ),
        gettext_noop("The address leads into a private or reserved network, which is not allowed."),
        gettext_noop("The name of the website could not be found."),
        gettext_noop("The website did not answer, or the connection broke."),
        gettext_noop("The website's certificate or secure connection is not valid."),
        gettext_noop("The website took too long to answer."),
        gettext_noop("The answer is larger than is accepted."),
        gettext_noop("The answer is damaged: it could not be decompressed."),
        gettext_noop("The address sends us on to another one too many times."),
        gettext_noop("The website answered with an error."),
        gettext_noop("The answer could not be read."),
        gettext_noop("This is not a feed."),
        gettext_noop("The document takes too long to read."),
        gettext_noop("The document made the reader fail."),
        gettext_noop("The document holds something that is not accepted."),
        gettext_noop("This is not a model registry in the layout of models.dev."),
        gettext_noop("The website asks programs not to read this page (robots.txt)."),
        gettext_noop("The page holds no text that can be read."),
        gettext_noop("The website wants to be left in peace for a while."),
        gettext_noop("What the source sent could not be stored."),
        gettext_noop("Sources of this kind can't be read over the network."),
        gettext_noop("This source has articles: pause it instead."),
        gettext_noop("The worker was lost on the way; the source is read again."),
        gettext_noop("It took longer than its claim; another worker reads the source."),
        gettext_noop("Paused by a person."),
        gettext_noop("401: it asks for a password"),
        gettext_noop("402: it asks for payment"),
        gettext_noop("403: it refuses us"),
        gettext_noop("404: there is nothing at this address"),
        gettext_noop("410: it has been removed for good"),
        gettext_noop("429: we asked too often"),
        gettext_noop("500: the website has a fault"),
        gettext_noop("502: the website has a fault"),
        gettext_noop("503: the website is not available for now"),
        gettext_noop("504: the website took too long"),
        gettext_noop("it is a web page"),
        gettext_noop("the document is empty"),
        gettext_noop("no feed format is recognised"),
        gettext_noop("and no feed was found on the site"),
        # when it is read again, and why then
        gettext_noop("its entries carry no dates to judge its pace by"),
        gettext_noop("it asks not to be read at certain times"),
        gettext_noop("at least once a day"),
        gettext_noop("it failed"),
        gettext_noop("trying again"),
        gettext_noop("it said that it is gone for good"),
        # why two articles tell the same news
        gettext_noop("same address and text"),
        gettext_noop("same address and title"),
        gettext_noop("same text"),
        gettext_noop("nearly the same text"),
        gettext_noop("same title"),
        gettext_noop("nearly the same title"),
        # what became of a mail
        gettext_noop("left or paused before it was sent"),
        gettext_noop("too late to be news"),
        gettext_noop("the sender stopped before the server's answer was kept"),
        gettext_noop("the provider's answer was not understood"),
        gettext_noop("the provider took the mail and failed"),
        gettext_noop("the mail backend took nothing"),
    }
)
"""What is stored word for word."""

_SPAN: Final = r"(?P<count>\d+) (?P<unit>minute|hour|day)s?"
_PATTERNS: Final = tuple(
    (re.compile(re.escape(words).replace(re.escape("%(span)s"), _SPAN)), words)
    for words in (
        gettext_noop("it publishes about every %(span)s"),
        gettext_noop("it asks to wait %(span)s (ttl)"),
        gettext_noop("it asks to wait %(span)s (Retry-After)"),
        gettext_noop("it says it is updated every %(span)s"),
        gettext_noop("its answer stays fresh for %(span)s"),
        gettext_noop("never more often than every %(span)s"),
        gettext_noop("trying again: %(span)s"),
        gettext_noop("It answers, but has published nothing for %(span)s."),
    )
)
_TIMES: Final = re.compile(rf"it failed (?P<times>\d+) times in a row: {_SPAN}")
_DETAIL: Final = re.compile(r"(.+?[.]) \((.+)\)", re.DOTALL)


def as_read(words: str) -> str:
    """Stored words in the reader's language; what is not known stays as it was stored."""
    known = _known(words)
    if known is not None:
        return known
    if detailed := _DETAIL.fullmatch(words):
        sentence, detail = detailed.groups()
        return f"{_known(sentence) or sentence} ({_known(detail) or detail})"
    return "; ".join(_known(part) or part for part in words.split("; "))


def _known(words: str) -> str | None:
    if words in SENTENCES:
        return gettext(words)
    for pattern, said in _PATTERNS:
        if found := pattern.fullmatch(words):
            return gettext(said) % {"span": _span(found)}
    if found := _TIMES.fullmatch(words):
        span = {"times": found["times"], "span": _span(found)}
        return gettext("it failed %(times)s times in a row: %(span)s") % span
    return None


def _span(found: re.Match[str]) -> str:
    count = int(found["count"])
    match found["unit"]:
        case "minute":
            said = ngettext("%(n)d minute", "%(n)d minutes", count)
        case "hour":
            said = ngettext("%(n)d hour", "%(n)d hours", count)
        case _:
            said = ngettext("%(n)d day", "%(n)d days", count)
    return said % {"n": count}
