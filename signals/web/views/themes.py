"""Themes: each with its own trend, and its tags in the tables of a source note."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from signals.models import Kind, Tag, Theme, ThemeTrend
from signals.notes.tables import write_table
from signals.notes.types import Kind as NoteKind
from signals.notes.types import NoteRow
from signals.trends.themes import theme_weeks
from signals.web.pages import render_page
from signals.web.stated_themes import stated_themes
from signals.web.tag_trend import (
    ChartRequest,
    articles_behind,
    pace_in_words,
    sentence,
    theme_chart,
    windows,
)

_ROWS = 200


@require_GET
def theme_list(request: HttpRequest) -> HttpResponse:
    """`/themes/`: what moved first, and what articles file themselves under beside the catalogue."""
    tracked = Count("tags", filter=Q(tags__merged_into=None, tags__status=Tag.Status.TRACKED))
    themes = list(
        Theme.objects.select_related("trend")
        .annotate(tracked=tracked)
        .order_by(
            F("trend__momentum").desc(nulls_last=True), F("trend__mentions").desc(nulls_last=True), "name"
        )
    )
    return render_page(request, "themes/list.html", {"themes": themes, "stated": stated_themes(themes)})


@require_GET
def theme_page(request: HttpRequest, slug: str) -> HttpResponse:
    """A theme's trend, and its tags by kind, what moved first."""
    theme = get_object_or_404(Theme.objects.select_related("trend"), slug=slug)
    trend: ThemeTrend | None = getattr(theme, "trend", None)
    asked = ChartRequest(request.GET)
    weeks = theme_weeks(trend, weeks=asked.weeks) if trend else []
    behind = articles_behind(under=slug)
    rows = [
        (week, *(behind(week.starts_on, week.ends_on, which) for which in ("all", "confirmed", "suggested")))
        for week in reversed(weeks)
    ]
    tags = _tags(theme)
    context = {
        "theme": theme,
        "trend": trend,
        "asked": asked,
        "weeks": weeks,
        "rows": rows,
        "chart": theme_chart(weeks, slug),
        "why": sentence(trend, behind),
        "windows": windows(trend, behind),
        "pace": pace_in_words(trend),
        "tables": [(kind, _heading(kind), of_kind) for kind, of_kind in _by_kind(tags)],
        "total": len(tags),
        "is_cut": len(tags) >= _ROWS,
    }
    htmx = getattr(request, "htmx", None)
    if htmx and htmx.target == "chart":
        return render_page(request, "themes/theme.html", context, partial="themes/_chart.html")
    return render_page(request, "themes/theme.html", context)


@require_GET
def theme_note(request: HttpRequest, slug: str) -> HttpResponse:
    """The theme's tables in Markdown, as a source note has them."""
    theme = get_object_or_404(Theme, slug=slug)
    lines = [f"# __{theme}__", ""]
    for kind, of_kind in _by_kind(_tags(theme)):
        note_kind, heading = _NOTE[kind]
        rows = [
            NoteRow(
                kind=note_kind,
                name=tag.name,
                description=tag.description or None,
                change=tag.change or None,
                outlook=tag.outlook or None,
                driving_force=tag.driving_force or None,
                relevancy=round(tag.relevancy) if tag.relevancy is not None else None,
            )
            for tag in of_kind
        ]
        lines += [f"## {heading}", "", *write_table(note_kind, rows, None)[0], ""]
    response = HttpResponse("\n".join(lines), content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="theme-{theme.slug}.md"'
    return response


# A note is written in English, whoever reads it.
_NOTE: dict[Kind, tuple[NoteKind, str]] = {
    Kind.SIGNAL: ("signal", "Signals"),
    Kind.BEHAVIOR: ("behavior", "Behaviors"),
    Kind.TECHNOLOGY: ("technology", "Technologies"),
    Kind.ISSUE: ("issue", "Issues"),
    Kind.CONCERN: ("concern", "Concerns"),
}


def _tags(theme: Theme) -> list[Tag]:
    tags = Tag.objects.tracked().filter(themes=theme).select_related("trend").defer("search")
    order = (F("trend__momentum").desc(nulls_last=True), F("trend__mentions").desc(nulls_last=True), "name")
    return list(tags.order_by(*order)[:_ROWS])


def _by_kind(tags: list[Tag]) -> list[tuple[Kind, list[Tag]]]:
    """The tables of a note, in its order; those of concerns only where there are any."""
    tables = [(kind, [tag for tag in tags if tag.kind == kind]) for kind in _NOTE]
    return [(kind, of_kind) for kind, of_kind in tables if of_kind or kind is not Kind.CONCERN]


def _heading(kind: Kind) -> str:
    words: dict[Kind, Any] = {
        Kind.SIGNAL: _("Signals"),
        Kind.BEHAVIOR: _("Behaviors"),
        Kind.TECHNOLOGY: _("Technologies"),
        Kind.ISSUE: _("Issues"),
        Kind.CONCERN: _("Concerns"),
    }
    return str(words[kind])
