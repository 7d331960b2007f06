"""HTML that came from elsewhere: cleaned for showing, or as plain text."""

from __future__ import annotations

import html as html_module
import re
from collections.abc import Callable

import nh3

from ingestion.urls import absolute_url

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "del", "dfn",
    "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
    "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strong", "sub", "sup",
    "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "u", "ul", "var", "wbr",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title", "hreflang"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "ol": {"start"},
    "*": {"lang", "dir"},
}
_DROPPED_WITH_CONTENT = {
    "script", "style", "iframe", "form", "object", "embed", "applet", "noscript", "template", "svg", "math",
    "button", "select", "textarea", "title", "head",
}  # fmt: skip
_BLOCK = re.compile(
    r"<(?:/?(?:p|div|h[1-6]|ul|ol|li|dl|dt|dd|tr|table|blockquote|pre|figure|figcaption|section|article|hr)\b[^<>]*"
    r"|br\b[^<>]*)>",
    re.IGNORECASE,
)
_CELL = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
_PRE = re.compile(r"<pre\b", re.IGNORECASE)
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")


def clean_html(html: str, base_url: str = "") -> str:
    """HTML safe to show: no script, style, form or frame; links http, https, mailto only, made absolute."""
    if "<" not in html:
        return html_module.escape(html_module.unescape(html), quote=False)
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_absolute_links(base_url) if base_url else None,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def plain_text(html: str) -> str:
    """The text of HTML, one line per block, without scripts and styles."""
    if "<" in html:
        if not _PRE.search(html):  # elsewhere a line break in the source is but a space
            html = html.replace("\n", " ")
        html = nh3.clean(
            _CELL.sub(" ", _BLOCK.sub(_line_before, html)),
            tags=set(),
            attributes={},
            clean_content_tags=_DROPPED_WITH_CONTENT,
            link_rel=None,
        )
    text = html_module.unescape(html).replace("\x00", "")
    return _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()


def _line_before(match: re.Match[str]) -> str:
    return "\n" + match[0]


def _absolute_links(base_url: str) -> Callable[[str, str, str], str | None]:
    def keep(tag: str, attribute: str, value: str) -> str | None:
        if attribute in ("href", "src"):
            return absolute_url(base_url, value) or None
        return value

    return keep
