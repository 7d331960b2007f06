"""The rows of the trend table as HTML: six hundred cells, which as a template take half of a page's time."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from django.utils.formats import localize
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from signals.days import say_day
from signals.models import Kind, Tag
from signals.templatetags.vigie import (
    change_figure,
    described,
    kind_badge,
    meter,
    points,
    spark_svg,
    trend_label,
)
from signals.web.trend_table import Row

_SENTENCE: Final = 160
_FORCE: Final = 110
_ARROWS: Final = {
    "up": '<span class="arrow arrow--up" aria-hidden="true">↗</span>',
    "down": '<span class="arrow arrow--down" aria-hidden="true">↘</span>',
    "": "",
}


def rows_html(rows: Sequence[Row], *, has_force: bool) -> SafeString:
    """The table's body, in the reader's language; `has_force` adds the column of driving forces."""
    badges = {kind: kind_badge(kind) for kind in Kind.values}
    against = f'<span class="visually-hidden"> {_("change against usual")}, </span>'
    force = f'<span class="visually-hidden">{_("Driving force")}: </span><span aria-hidden="true">↳ </span>'
    return mark_safe(  # noqa: S308 - every text goes through escape
        "".join(
            "<tr data-row>"
            f"<td>{_name(row.tag, force)}</td>"
            f'<td class="wide">{badges[row.tag.kind]}{_status(row.tag)}</td>'
            f"<td>{_relevance(row)}</td>"
            f'<td class="change" title="{escape(row.why)}">'
            f"{_times(row, against)}{_ARROWS[row.direction]}{_label(row)}</td>"
            f'<td class="trace">{spark_svg(row.weeks, row.usual)}</td>'
            f'<td class="num wide">{localize(row.mentions)}'
            f'<span class="sub">{escape(row.split)}</span></td>'
            f"{_shares(row)}"
            f'<td class="num wider">{localize(row.publishers)}</td>'
            f'<td class="num wider muted">{_last(row)}</td>'
            f"{_force(row.tag) if has_force else ''}"
            "</tr>"
            for row in rows
        )
    )


def _name(tag: Tag, force: str) -> str:
    name = f'<a class="name" href="{escape(tag.get_absolute_url())}">{escape(str(tag))}</a>'
    said = f'<span class="sub sub--two">{_short(tag.change or described(tag))}</span>'
    if not tag.driving_force:
        return name + said
    return f'{name}{said}<span class="sub force">{force}{_short(tag.driving_force)}</span>'


def _status(tag: Tag) -> str:
    if tag.status == Tag.Status.TRACKED:
        return ""
    return f'<span class="sub">{escape(tag.get_status_display())}</span>'


def _relevance(row: Row) -> str:
    raters = escape(row.raters)
    if row.relevance is None:
        return f'<span class="muted small">{raters}</span>'
    return f'{meter(row.relevance.median, row.is_guess)}<span class="sub">{raters}</span>'


def _times(row: Row, against: str) -> str:
    if row.trend is None or row.trend.times is None:
        return change_figure(None)
    return change_figure(row.trend) + against


def _label(row: Row) -> str:
    return trend_label(row.label, row.trend.times if row.trend else None)


def _shares(row: Row) -> str:
    if row.compared is None:
        return ""
    shares = escape(row.compared.shares)
    return (
        f'<td class="num share-cell" data-label="{_("Share")}">{points(row.compared.change)}'
        f'<span class="sub">{shares}</span></td>'
    )


def _last(row: Row) -> str:
    if row.trend is None or row.trend.last_mention is None:
        return "–"
    return escape(say_day(row.trend.last_mention, "j M"))


def _force(tag: Tag) -> str:
    return f'<td class="widest"><span class="sub sub--lines">{_short(tag.driving_force, _FORCE)}</span></td>'


def _short(text: str, most: int = _SENTENCE) -> str:
    """At most so many characters of a text, escaped."""
    return escape(text if len(text) <= most else Truncator(text).chars(most))
