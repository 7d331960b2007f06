"""Words that were found, marked in text that PostgreSQL cut out and we escape."""

from __future__ import annotations

import re
from typing import Any, Final

from django.contrib.postgres.search import CombinedSearchQuery, SearchConfig, SearchHeadline, SearchQuery
from django.db.models import Expression, F
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Characters that no text holds stand for the marks until everything else is escaped.
_OPEN, _CLOSE = "\ue000", "\ue001"
_ENDS: Final = ".!?…:;»”\"')"
_MARKED: Final = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")


def headline(
    text: str | F | Expression,
    query: SearchQuery | CombinedSearchQuery,
    config: str | SearchConfig,
    *,
    is_whole: bool = False,
) -> SearchHeadline:
    """The part of a text with most of what was found, or all of it; for `marked`."""
    marks: dict[str, Any] = {"start_sel": _OPEN, "stop_sel": _CLOSE}
    how = {"highlight_all": True} if is_whole else {"max_words": 34, "min_words": 14}
    return SearchHeadline(text, query, config=config, **marks, **how)


def passage(text: str) -> SafeString:
    """A headline that is a piece of a text, with dots where it was cut."""
    plain = text.replace(_OPEN, "").replace(_CLOSE, "").strip()
    before = "… " if plain[:1].islower() else ""
    after = " …" if plain and plain[-1] not in _ENDS else ""
    return marked(f"{before}{text.strip()}{after}")


def marked(text: str) -> SafeString:
    """A headline as HTML: escaped, with <mark> around what was found."""
    escaped = _MARKED.sub(r"<mark>\1</mark>", str(escape(text)))
    return mark_safe(escaped.replace(_OPEN, "").replace(_CLOSE, ""))  # noqa: S308 - escaped above
