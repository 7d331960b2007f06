"""The trend table."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from django.core.paginator import Page
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from signals.models import Kind, Label, Tag, TagTrend
from signals.web.explanations import explain
from signals.web.pages import page_of, render_page
from signals.web.trend_table import TrendTable


@require_GET
def tag_table(request: HttpRequest, kind: str | None = None) -> HttpResponse:
    """`/tags/`, `/tags/<kind>/`: what moved first."""
    if kind is not None and kind not in Kind.values:
        raise Http404
    table = TrendTable(request.GET, kind)
    page = page_of(request, table.rows())
    context = {
        "table": table,
        "kind": kind,
        "kind_label": Kind(kind).label if kind else "",
        "page": page,
        "tags": _with_reasons(page),
        "total": Tag.objects.tracked().count(),
        "as_of": TagTrend.objects.aggregate(day=Max("as_of"))["day"],
        "views": _views(request),
    }
    return render_page(request, "tags/table.html", context, partial="tags/_table.html")


def _with_reasons(page: Page[Tag]) -> list[tuple[Tag, str]]:
    return [(tag, explain(getattr(tag, "trend", None))) for tag in page.object_list]


def _views(request: HttpRequest) -> list[tuple[str, str, bool]]:
    """Views worth a tab: words, query, whether it is this one."""
    tabs = [
        (_("What moved"), ""),
        (_("Early risers"), f"label={Label.EMERGING}&label={Label.NEW}"),
        (_("Surging"), f"label={Label.SURGING}"),
        (_("Losing share"), f"label={Label.FADING}"),
        (_("Most relevant"), "sort=relevance"),
        (_("A to Z"), "sort=name"),
    ]
    now = request.GET.urlencode()
    return [(words, query, query == now) for words, query in tabs]


@require_GET
def tag_table_csv(request: HttpRequest, kind: str | None = None) -> StreamingHttpResponse:
    """The same rows as the table of the same URL, all pages of it, as CSV."""
    if kind is not None and kind not in Kind.values:
        raise Http404
    table = TrendTable(request.GET, kind)
    response = StreamingHttpResponse(_csv_lines(table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="vigie-{kind or "tags"}.csv"'
    return response


class _Echo:
    """A file whose write hands the line back, for streaming."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(table: TrendTable) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(
        [
            "id",
            "name",
            "kind",
            "relevancy",
            "raters",
            "label",
            "at_least_times_usual",
            "mentions",
            "confirmed",
            "publishers",
            "expected",
            "last_mention",
            "as_of",
            "why",
        ]
    )
    for tag in table.rows().iterator(chunk_size=500):
        trend: TagTrend | None = getattr(tag, "trend", None)
        figures: list[object] = [Label.TOO_LITTLE, "", 0, 0, 0, "", "", "", ""]
        if trend is not None:
            figures = [
                trend.label,
                "" if trend.times is None else round(trend.times, 2),
                trend.mentions,
                trend.confirmed,
                trend.publishers,
                "" if trend.expected is None else round(trend.expected, 2),
                trend.last_mention or "",
                trend.as_of,
                explain(trend),
            ]
        yield writer.writerow(
            [
                tag.pk,
                _plain(tag.name),
                tag.kind,
                "" if tag.relevancy is None else tag.relevancy,
                tag.relevancy_raters,
                *figures,
            ]
        )


def _plain(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
