"""Template tags and filters of our own."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.template import Context, defaultfilters
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext, ngettext, pgettext

from signals.days import day_form, say_day
from signals.models import Kind, Label, State, Tag, Tagging
from signals.models.trend import TrendFigures
from signals.trends.explain import ABOVE, ceil_tenth, floor_tenth
from signals.web import explanations
from signals.web.charts import Spark, spark
from signals.web.inbox_counts import shown
from signals.web.stored_words import as_read

register = template.Library()
register.filter("at_most", shown)
register.filter("as_read", as_read)

SHAPES = {
    Kind.SIGNAL: "M5 0l5 5-5 5-5-5z",
    Kind.BEHAVIOR: "M5 0a5 5 0 1 0 0 10a5 5 0 1 0 0-10z",
    Kind.TECHNOLOGY: "M0 0h10v10H0z",
    Kind.ISSUE: "M5 0l5 10H0z",
    Kind.CONCERN: "M0 3h10v4H0z",
}
_STATUS_SHAPES = {
    "ok": "M5 0a5 5 0 1 0 0 10a5 5 0 1 0 0-10z",
    "failing": "M5 0l5 10H0z",
    "gone": "M0 0h10v10H0z",
    "quiet": "M5 0l5 5-5 5-5-5z",
    "waiting": "M0 4h10v2H0z",
    "paused": "M1 0h3v10H1zM6 0h3v10H6z",
}
# A second "to" or "à" would leave it open where the two ends meet.
_SHIFT = re.compile(
    r"(?:From|De|Du|Des|D['’])\s*((?:(?!\b(?:to|à|vers)\b).)+)\b(?:to|à|vers)\s((?:(?!\bto\b|\bà\b|\bvers\b).)+)$",
    re.S,
)
LANGUAGE_NAMES = {"en": "English", "fr": "Français", "de": "Deutsch", "es": "Español", "zh": "中文"}


@register.simple_tag
def kind_shape(kind: str) -> SafeString:
    """The kind's shape alone, beside words that name it."""
    return format_html(
        '<span class="kind kind--{}"><svg viewBox="0 0 10 10" aria-hidden="true"><path d="{}"/></svg></span>',
        kind,
        SHAPES.get(Kind(kind), ""),
    )


@register.simple_tag
def kind_badge(kind: str) -> SafeString:
    """The kind's shape and name."""
    return format_html(
        '<span class="kind kind--{}"><svg viewBox="0 0 10 10" aria-hidden="true"><path d="{}"/></svg>{}</span>',
        kind,
        SHAPES.get(Kind(kind), ""),
        Kind(kind).label,
    )


@register.simple_tag
def tag_chip(tagging: Tagging) -> SafeString:
    """A link to what an article carries; dashed while it is only suggested."""
    tag = tagging.tag
    ghost = tagging.state == State.SUGGESTED
    return format_html(
        '<a class="tag kind--{}{}" href="{}"><svg viewBox="0 0 10 10" aria-hidden="true"><path d="{}"/></svg>'
        '<span class="visually-hidden">{}: </span>{}<span class="visually-hidden"> {}</span></a>',
        tag.kind,
        " tag--ghost" if ghost else "",
        tag.get_absolute_url(),
        SHAPES.get(Kind(tag.kind), ""),
        Kind(tag.kind).label,
        tag,
        f"({State(tagging.state).label})" if ghost else "",
    )


@register.simple_tag
def status_badge(status: str, words: str) -> SafeString:
    """A source's health: shape, colour and word."""
    return format_html(
        '<span class="status status--{}"><svg viewBox="0 0 10 10" aria-hidden="true"><path d="{}"/></svg>{}</span>',
        status,
        _STATUS_SHAPES.get(status, ""),
        words,
    )


@register.simple_tag
def trend_label(label: str, times: float | None = None) -> SafeString:
    """A trend's label, as it is told beside its number."""
    words = explanations.label_words(label, times)
    return format_html('<span class="label label--{}">{}</span>', label, words)


@register.simple_tag
def meter(value: float | None, guess: bool = False) -> SafeString:
    """Five bars and the number; grey when nobody said it."""
    if value is None:
        return format_html('<span class="muted">{}</span>', "–")
    bars = "".join('<i class="on"></i>' if value >= step - 0.25 else "<i></i>" for step in range(1, 6))
    return format_html(
        '<span class="meter{}" aria-hidden="true">{}</span><span class="num">{}</span>',
        " meter--guess" if guess else "",
        SafeString(bars),
        number_format(f"{value:g}"),
    )


@register.simple_tag
def sparkline(weeks: list[int], usual: list[float]) -> Spark | None:
    """The geometry of a sparkline."""
    return spark(weeks, usual)


@register.simple_tag
def spark_svg(weeks: list[int], usual: list[float]) -> SafeString:
    """A sparkline, for where there are many."""
    made = spark(weeks, usual)
    if made is None:
        return SafeString("")
    band = format_html('<path class="band" d="{}"/>', made.band) if made.band else ""
    return format_html(
        '<svg class="spark" viewBox="0 0 112 30" role="img" aria-label="{}">{}<path class="line" d="{}"/>'
        '<circle class="dot" cx="{}" cy="{}" r="2.5"/></svg>',
        gettext("mentions a week, oldest first: %(weeks)s") % {"weeks": made.label},
        band,
        made.line,
        str(made.x),
        str(made.y),
    )


@register.simple_tag
def change_figure(trend: TrendFigures | None) -> SafeString:
    """A trend's change against usual in a cell: at least ×1.8, at most ×0.6; ≈ where the bound tells nothing."""
    # A template says '' of a theme that has no trend yet.
    if not trend or trend.times is None:
        return SafeString('<span class="times times--none">–</span>')
    ceiling = explanations.ceiling_of(trend)
    if ceiling is not None:
        shown = f"×{number_format(ceil_tenth(ceiling), decimal_pos=1)}"
    elif trend.label == Label.STEADY and trend.times < ABOVE:
        shown = "≈"
    else:
        shown = times(trend.times)
    return format_html(
        '<span class="times{}">{}</span>', " times--usual" if trend.label == Label.STEADY else "", shown
    )


@register.filter
def share_in_words(trend: TrendFigures) -> str:
    """The same as a heading: "At least ×1.8 its usual share"."""
    return capfirst(explanations.say_share(trend))


@register.filter
def times(value: float | None) -> str:
    """2.18 as ×2.1: "at least" is never rounded up."""
    return "–" if value is None else f"×{number_format(floor_tenth(value), decimal_pos=1)}"


@register.filter
def points(change: float) -> str:
    """A change of a share, in points of a per cent, with its sign."""
    sign = "+" if change >= 0.005 else "−" if change <= -0.005 else "±"
    return f"{sign}{number_format(abs(change), decimal_pos=2)}"


@register.filter("date", expects_localtime=True, is_safe=False)
def say_date(moment: date | None, form: str | None = None) -> str:
    """Django's own filter, with days and short months as the reader's language writes them."""
    return str(defaultfilters.date(moment, day_form(form, moment) if form and moment else form))


@register.filter
def shift(change: str) -> tuple[str, str] | None:
    """'From paying per call to running it' as its two ends; None where it is not said that way."""
    said = _SHIFT.match(change.strip())
    return (said[1].strip(" ,"), said[2].strip(" .")) if said else None


@register.filter
def ago(moment: datetime | date | None) -> str:
    """How long ago, in one short word: 5 min, 3 h, 2 d, then the date."""
    if moment is None:
        return "–"
    if not isinstance(moment, datetime):
        return say_day(moment)
    age = timezone.now() - moment
    if age < timedelta(0):
        ahead = -age
        if ahead < timedelta(hours=1):
            return gettext("in %d min") % max(1, ahead.seconds // 60)
        return gettext("in %d h") % (ahead.days * 24 + ahead.seconds // 3600)
    if age < timedelta(hours=1):
        return gettext("%d min") % max(1, age.seconds // 60)
    if age < timedelta(days=1):
        return gettext("%d h") % (age.seconds // 3600)
    if age < timedelta(days=14):
        return pgettext("days, short", "%d d") % age.days
    return say_day(timezone.localtime(moment))


@register.filter
def due(moment: datetime | None) -> str:
    """When something is to happen: what is late happens now."""
    if moment is not None and moment <= timezone.now():
        return gettext("now")
    return ago(moment)


@register.filter
def described(tag: Tag) -> str:
    """What a tag is, in the reader's language where we have it."""
    is_french = (get_language() or "").startswith("fr")
    return (tag.description_fr if is_french else "") or tag.description


@register.filter
def language_name(code: str) -> str:
    """A language's own name."""
    return LANGUAGE_NAMES.get(code.split("-")[0], code)


@register.filter
def tokens(count: int | None) -> str:
    """128000 as 128K, 1000000 as 1M; unknown stays unknown."""
    if count is None:
        return gettext("unknown")
    if count >= 1_000_000:
        return f"{count / 1_000_000:.3g}M"
    return f"{count / 1000:.3g}K" if count >= 1000 else str(count)


@register.filter
def dollars(price: Any) -> str:
    """A price in USD; unknown is not 0."""
    if price is None:
        return gettext("unknown")
    return gettext("free") if not price else f"${float(price):.4g}"


@register.simple_tag
def articles_count(count: int) -> str:
    """'1 article', '5 articles'."""
    return ngettext("%(count)d article", "%(count)d articles", count) % {"count": count}


@register.filter
def certainty(confidence: float | None) -> str:
    """A calibrated probability in a word."""
    if confidence is None:
        return ""
    if confidence >= 0.8:
        return gettext("very likely")
    return gettext("likely") if confidence >= 0.5 else gettext("unsure")


@register.filter
def because(tagging: Tagging) -> str:
    """Why a tagging is there, in words."""
    return explanations.because(tagging)


@register.simple_tag(takes_context=True)
def person(context: Context, who: object) -> str:
    """Somebody's name, for who is logged in: strangers, where they may read, learn nobody's."""
    user = context.get("user")
    return str(who) if user is not None and user.is_authenticated else gettext("an analyst")


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    """A mapping's value, None when it has no such key."""
    return mapping.get(key)
