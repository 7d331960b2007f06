"""The trend table in other forms: the same rows in the same order, all pages of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from typing import Final

from django.conf import settings
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.feedgenerator import Rss201rev2Feed
from django.utils.translation import gettext as _
from xlsxwriter import Workbook

from signals.models import Label
from signals.trends.explain import floor_tenth
from signals.web.explanations import label_words
from signals.web.trend_table import Row, TrendTable

Cell = str | int | float | date | None

RISING: Final = frozenset({Label.SURGING, Label.EMERGING, Label.NEW})
FEED_ENTRIES: Final = 100
_COLUMNS: Final = (
    *("id", "name", "kind", "status", "change", "driving_force", "relevancy", "raters", "notes", "spread"),
    *("label", "at_least_times_usual", "mentions", "confirmed", "suggested", "publishers", "mentions_before"),
    *("share_percent", "share_before_percent", "expected", "days", "last_mention", "as_of", "why", "url"),
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def export(table: TrendTable, form: str, title: str, address: str) -> HttpResponseBase | None:
    """The table as `form`, None when there is no such form; `address` is the page's own, absolute."""
    make = _FORMS.get(form)
    return make(table, title, address) if make else None


def columns(table: TrendTable) -> list[str]:
    """The names of the columns, in order."""
    compared = ("mentions_before", "share_percent", "share_before_percent")
    return [name for name in _COLUMNS if table.is_compared or name not in compared]


def figures(row: Row, table: TrendTable) -> dict[str, Cell]:
    """A row's columns as plain values."""
    tag, trend, relevance, compared = row.tag, row.trend, row.relevance, row.compared
    values: dict[str, Cell] = {
        "id": tag.pk,
        "name": str(tag),
        "kind": tag.kind,
        "status": tag.status,
        "change": tag.change,
        "driving_force": tag.driving_force,
        "relevancy": relevance.median if relevance else None,
        "raters": relevance.raters if relevance else 0,
        "notes": 0 if relevance is None or relevance.raters else relevance.notes,
        "spread": relevance.spread if relevance else None,
        "label": row.label,
        "at_least_times_usual": floor_tenth(trend.times) if trend and trend.times is not None else None,
        "mentions": row.mentions,
        "confirmed": row.confirmed,
        "suggested": row.suggested,
        "publishers": row.publishers,
        "mentions_before": compared.before if compared else None,
        "share_percent": round(compared.share, 4) if compared else None,
        "share_before_percent": round(compared.share_before, 4) if compared else None,
        # What would be usual is known for the window of the scores only.
        "expected": trend.expected if trend and table.period is None else None,
        "days": table.days,
        "last_mention": trend.last_mention if trend else None,
        "as_of": table.listing.as_of,
        "why": row.why,
        "url": settings.PUBLIC_URL + tag.get_absolute_url(),
    }
    return {name: values[name] for name in columns(table)}


class _Echo:
    """A file whose write hands the line back, for streaming."""

    def write(self, line: str) -> str:
        return line


def _csv(table: TrendTable, title: str, address: str) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        writer = csv.writer(_Echo())
        yield writer.writerow(columns(table))
        for row in table.all_rows():
            yield writer.writerow([_plain(value) for value in figures(row, table).values()])

    return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")


def _plain(value: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _xlsx(table: TrendTable, title: str, address: str) -> HttpResponse:
    written = BytesIO()
    # Rows leave memory as they are written; a cell that begins like a formula or an address stays text.
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd",
        "remove_timezone": True,
    }
    with Workbook(written, options) as book:
        sheet = book.add_worksheet(
            _CONTROL.sub("", title)[:31].translate(dict.fromkeys(map(ord, "[]:*?/\\'")))
        )
        sheet.freeze_panes(1, 2)
        sheet.set_column(1, 1, 48)
        sheet.write_row(0, 0, columns(table), book.add_format({"bold": True}))
        for number, row in enumerate(table.all_rows(), start=1):
            values = figures(row, table).values()
            sheet.write_row(
                number, 0, [_CONTROL.sub("", value) if isinstance(value, str) else value for value in values]
            )
    return HttpResponse(
        written.getvalue(),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )


def _json(table: TrendTable, title: str, address: str) -> JsonResponse:
    return JsonResponse(
        {
            "title": title,
            "url": address,
            "as_of": table.listing.as_of,
            "known_on": table.known_on,
            "days": table.days,
            "rows": [figures(row, table) for row in table.all_rows()],
        },
        json_dumps_params={"ensure_ascii": False},
    )


def _markdown(table: TrendTable, title: str, address: str) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        yield f"# {_cell(title)}\n\n"
        if table.listing.as_of:
            yield _("As known on %(day)s, counts of %(days)d days.") % {
                "day": table.known_on or table.listing.as_of,
                "days": table.days,
            }
        yield f" <{address}>\n\n"
        heads = [
            _("Item"),
            _("Kind"),
            _("Relevance"),
            _("Change"),
            _("Mentions"),
            _("confirmed"),
            _("Publishers"),
            _("Last"),
        ]
        yield "| " + " | ".join(heads) + " |\n|" + "---|" * len(heads) + "\n"
        for row in table.all_rows():
            said = figures(row, table)
            times = said["at_least_times_usual"]
            label = label_words(row.label, row.trend.times if row.trend else None)
            cells = [
                f"[{_cell(str(row.tag))}]({said['url']})",
                str(row.tag.get_kind_display()),
                _shown(said["relevancy"]),
                f"×{times} {label}" if times is not None else label,
                str(row.mentions),
                str(row.confirmed),
                str(row.publishers),
                _shown(said["last_mention"]),
            ]
            yield "| " + " | ".join(cells) + " |\n"

    return StreamingHttpResponse(lines(), content_type="text/markdown; charset=utf-8")


def _shown(value: Cell) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _cell(text: str) -> str:
    """Text that stays inside its cell, and is no markup."""
    escaped = "".join(f"\\{sign}" if sign in "\\`*_[]<>|#" else sign for sign in text)
    return " ".join(escaped.split())


def _rss(table: TrendTable, title: str, address: str) -> HttpResponse:
    as_of = table.listing.as_of or datetime.now(UTC).date()
    year, week, weekday = as_of.isocalendar()
    monday = datetime.combine(as_of - timedelta(days=weekday - 1), time.min, UTC)
    feed = Rss201rev2Feed(
        title=f"Vigie · {title}",
        link=address,
        description=_("What gains share of attention, an entry for each item and week."),
        feed_url=address,
    )
    places = [place for place in table.places if table.listing.labels[place] in RISING][:FEED_ENTRIES]
    for row in table.rows(places):
        url = settings.PUBLIC_URL + row.tag.get_absolute_url()
        feed.add_item(
            title=_("%(title)s: %(label)s") % {"title": row.tag, "label": Label(row.label).label},
            link=url,
            description=" ".join(part for part in (row.why, row.tag.change) if part),
            # The same all week: a reader shows an item that keeps moving once a week, not once a day.
            unique_id=f"{settings.PUBLIC_URL}/tags/{row.tag.pk}/#{year}-W{week:02}",
            unique_id_is_permalink=False,
            pubdate=monday,
            categories=[str(row.tag.get_kind_display())],
        )
    return HttpResponse(feed.writeString("utf-8"), content_type="application/rss+xml; charset=utf-8")


_FORMS: Final[dict[str, Callable[[TrendTable, str, str], HttpResponseBase]]] = {
    "csv": _csv,
    "xlsx": _xlsx,
    "json": _json,
    "md": _markdown,
    "rss": _rss,
}
FORMS: Final = {"csv": "CSV", "xlsx": "Excel (XLSX)", "json": "JSON", "md": "Markdown", "rss": "RSS"}
