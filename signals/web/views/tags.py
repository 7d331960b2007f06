"""The trend table and a tag's page."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta

from django.contrib import messages
from django.core.paginator import Page
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from signals.curation.errors import CurationError
from signals.curation.ratings import latest_ratings, needs_rationale, rate_tag
from signals.curation.sameness import reason_in_words, similar_pairs
from signals.jobs import open_jobs
from signals.models import Kind, Label, Rating, State, Tag, Tagging, TagTrend, User
from signals.trends.series import tag_weeks
from signals.web.access import analysts_only
from signals.web.charts import WeekPoint, week_chart
from signals.web.explanations import explain
from signals.web.pages import page_of, render_page
from signals.web.trend_table import TrendTable

EVIDENCE_ROWS = 20


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


@require_GET
def tag_page(request: HttpRequest, pk: int, slug: str = "") -> HttpResponse:
    """Change, driving force, outlook, chart, evidence, ratings."""
    tag = get_object_or_404(Tag.objects.select_related("trend", "merged_into"), pk=pk)
    if tag.merged_into is not None:
        return redirect(tag.merged_into)  # not for good: a merge can be taken back
    if request.path != tag.get_absolute_url():
        return redirect(tag, permanent=True)
    trend: TagTrend | None = getattr(tag, "trend", None)
    as_of = trend.as_of if trend else timezone.now().date() - timedelta(days=1)
    weeks = [
        WeekPoint(w.starts_on, w.mentions, w.low, w.usual, w.high)
        for w in tag_weeks(tag, as_of=as_of, weeks=26)
    ]
    evidence = (
        Tagging.objects.filter(tag=tag)
        .exclude(state__in=[State.REJECTED, State.SAMPLED])
        .select_related("article", "article__source")
        .with_relevance()
        .order_by("-article__sort_at", "-article_id")
    )
    context = {
        "tag": tag,
        "trend": trend,
        "why": explain(trend),
        "weeks": weeks,
        "chart": week_chart(weeks),
        "evidence": page_of(request, evidence, EVIDENCE_ROWS),
        "rows": tag.note_rows.select_related("note__article").order_by("-pk")[:10],
        "names": tag.names.filter(is_live=True).exclude(name__in=[tag.name, tag.name_fr]).order_by("name"),
        "themes": tag.themes.all(),
        "similar": [
            (pair.second if pair.first_id == tag.pk else pair.first, reason_in_words(pair.reason))
            for pair in similar_pairs(tag=tag)[:5]
        ],
        "job": open_jobs("match_tags").filter(arguments__tags__contains=[tag.pk]).first(),
        **_rating_context(tag, request.user),
    }
    return render_page(request, "tags/tag.html", context, partial="tags/_evidence.html")


def _rating_context(tag: Tag, user: object, error: str = "") -> dict[str, object]:
    ratings = latest_ratings(tag)
    mine = next((r for r in ratings if isinstance(user, User) and r.user_id == user.pk), None)
    return {
        "tag": tag,
        "ratings": ratings,
        "mine": mine,
        # The first rating is blind: what others said shows once you have said yours.
        "shows_others": mine is not None or not (isinstance(user, User) and user.is_analyst),
        "history": Rating.objects.filter(tag=tag, undone_at=None).select_related("user")[:20],
        "rating_error": error,
        "scale": range(1, 6),
    }


@require_POST
@analysts_only
def rate(request: HttpRequest, pk: int) -> HttpResponse:
    """Rate a tag; a refused rating comes back with its reason."""
    assert isinstance(request.user, User)
    tag = get_object_or_404(Tag.objects.live(), pk=pk)
    error, asked = "", request.POST.get("relevancy", "")
    relevancy = int(asked) if asked in {"1", "2", "3", "4", "5"} else 0
    rationale = request.POST.get("rationale", "").replace("\x00", "")
    try:
        rate_tag(tag=tag, by=request.user, relevancy=relevancy, rationale=rationale)
    except CurationError as refused:
        error = str(refused)
    tag.refresh_from_db()
    if getattr(request, "htmx", False):
        context = _rating_context(tag, request.user, error) | {
            "wanted": relevancy if error else None,
            "rationale": rationale,
            "must_explain": bool(error) and needs_rationale(tag=tag, by=request.user, relevancy=relevancy),
        }
        return render_page(request, "tags/_rating.html", context, partial="tags/_rating.html")
    if error:
        messages.error(request, error)
    else:
        messages.success(request, _("Your score was saved."))
    return redirect(tag)
