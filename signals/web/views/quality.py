"""How well tags are suggested, measured on what analysts decided; in plain words."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from signals.curation.errors import CurationError
from signals.curation.taggers import take_back_tagger
from signals.models import Decision, Kind, RankerFit, State, Tag, TaggerVersion, User
from signals.quality.measures import Interval, Share
from signals.quality.report import (
    ENOUGH,
    ENOUGH_AT_ONCE,
    PERIODS,
    Report,
    TagQuality,
    note_links,
    quality_report,
)
from signals.tagging.tagger import DEFAULT_VERSION
from signals.web.access import analysts_only, people_only
from signals.web.inbox_counts import count_waiting
from signals.web.pages import page_of, render_page
from signals.web.quality_chart import share_chart
from signals.web.quality_words import (
    VersionSaid,
    cards,
    lead,
    say_band,
    say_found,
    say_grades,
    say_share,
    say_version,
    say_why,
)
from signals.web.trend_table import Column

TAG_ROWS: Final = 25
VERSION_ROWS: Final = 12
DAYS: Final = 90
_ASCENDING: Final = {"name", "kind"}


@require_GET
@people_only
def quality(request: HttpRequest) -> HttpResponse:
    """`/quality/`: the measures of a period (`days`; 0 is ever), tags in the order of `sort`."""
    days = _days(request.GET)
    report = quality_report(days=days, now=timezone.now())
    sort, is_descending = _sorting(request.GET)
    page = page_of(request, _sorted(report.tags, sort, is_descending), TAG_ROWS)
    context: dict[str, Any] = {
        "report": report,
        "days": days or 0,
        "periods": [*PERIODS, 0],
        "page": page,
        "tags": [(row.tag, row, say_share(row.judged)) for row in page.object_list],
        "columns": _columns(request.GET, sort, is_descending),
        "enough": ENOUGH,
    }
    if not getattr(request, "htmx", False):
        context |= _whole(report)
        if not report.counts.tags:
            context["articles_waiting"] = count_waiting()
            context["has_decisions"] = Decision.objects.filter(told_state=State.SUGGESTED).exists()
    return render_page(request, "quality/quality.html", context, partial="quality/_tags.html")


def _whole(report: Report) -> dict[str, Any]:
    """What stands on the page beside the table of tags."""
    grades = report.grades if report.grades and report.grades.of >= ENOUGH else None
    return {
        "lead": lead(report),
        "cards": cards(report),
        "kinds": [
            (row, say_share(row.judged), say_why(row.why), say_found(row.found)) for row in report.kinds
        ],
        "chart": share_chart(report.over_time, ENOUGH_AT_ONCE),
        "over_time": [(day, share, say_share(share, ENOUGH_AT_ONCE)) for day, share in report.over_time],
        "certainty": report.certainty,
        "bands": [say_band(band) for band in report.certainty.bands] if report.certainty else [],
        "grades": grades,
        "grades_said": say_grades(grades),
        "widest": max((max(told, said) for _grade, told, said in grades.rows), default=1) if grades else 1,
        "versions": _versions(report),
        "default": (DEFAULT_VERSION, say_share(report.versions.get(DEFAULT_VERSION, Share(0, 0)))),
        "ranker": RankerFit.objects.defer("columns", "weights", "extra").first(),
        "links": note_links(),
    }


def _versions(report: Report) -> list[VersionSaid]:
    versions = TaggerVersion.objects.defer("model")[:VERSION_ROWS]
    return [say_version(version, report.versions.get(version.number, Share(0, 0))) for version in versions]


@require_POST
@analysts_only
def take_back(request: HttpRequest) -> HttpResponse:
    """Put the tagger before the one in use back to work."""
    assert isinstance(request.user, User)
    try:
        job = take_back_tagger(by=request.user)
    except CurationError as refused:
        messages.error(request, str(refused))
    else:
        if job is None:
            messages.success(request, _("The version before suggests again, with what it had suggested."))
        else:
            messages.success(request, _("The version before reads what came since, then it suggests again."))
    return redirect(reverse("quality") + "#versions")


@require_GET
@people_only
def quality_tag(request: HttpRequest, pk: int) -> HttpResponse:
    """One tag's suggestions that were refused, and what the random draws found to be missed."""
    tag = get_object_or_404(Tag, pk=pk)
    if tag.merged_into_id is not None:
        return redirect("quality-tag", tag.merged_into_id)
    decisions = Decision.objects.filter(tag=tag, undone_at=None).select_related("user", "article")
    shown = ("verdict", "why", "comment", "before", "made_at", "user__name", "user__email", "tag")
    decisions = decisions.only(*shown, "article__title", "article__language", "article__publisher")
    refused = decisions.filter(
        told_state=State.SUGGESTED, told_origin="tagger", verdict=Decision.Verdict.REJECT
    )
    missed = decisions.filter(told_state=State.SAMPLED).exclude(verdict=Decision.Verdict.REJECT)
    context = {
        "tag": tag,
        "page": page_of(request, refused.order_by("-pk"), TAG_ROWS),
        "missed": missed.order_by("-pk")[:TAG_ROWS],
    }
    return render_page(request, "quality/tag.html", context)


@require_GET
@people_only
def quality_csv(request: HttpRequest) -> HttpResponse:
    """The table of tags of the same URL, all pages of it, as CSV."""
    report = quality_report(days=_days(request.GET), now=timezone.now())
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="vigie-quality.csv"'
    writer = csv.writer(response)
    reasons = [reason for reason in Decision.Why.values if reason]
    writer.writerow(
        [
            "id",
            "name",
            "kind",
            "decided",
            "right",
            "low",
            "high",
            *reasons,
            "drawn_at_random",
            "drawn_and_right",
        ]
    )
    for row in _sorted(report.tags, *_sorting(request.GET)):
        interval = row.judged.interval
        # A name that a spreadsheet would take for a formula.
        name = f"'{row.name}" if row.name[:1] in {"=", "+", "-", "@", "\t", "\r"} else row.name
        writer.writerow(
            [row.tag_id, name, row.kind, row.judged.of, row.judged.right]
            + [round(interval.low, 4), round(interval.high, 4)]
            + [row.why.get(reason, 0) for reason in reasons]
            + [row.drawn.of, row.drawn.right]
        )
    return response


@require_GET
@people_only
def quality_json(request: HttpRequest) -> JsonResponse:
    """The page's measures under their textbook names; null where nothing was decided."""
    report = quality_report(days=_days(request.GET), now=timezone.now())
    first, saved, found, grades = report.first_right, report.saved, report.found, report.grades
    certainty = report.certainty
    return JsonResponse(
        {
            "days": report.days,
            "precision": _plain_share(report.judged),
            "precision_at_1": first and _plain_share(first.surest),
            "mrr": first
            and {"value": first.reciprocal_rank, "articles": first.surest.of, **_plain(first.interval)},
            "wss_95": saved
            and {
                "value": saved.wss,
                "skipped": saved.skipped,
                "articles": saved.of,
                "worthwhile": saved.worthwhile,
                **_plain(saved.interval),
            },
            "recall": found
            and {"value": found.share, "drawn": found.drawn, "right": found.right, **_plain(found.interval)},
            "brier": certainty
            and {"value": certainty.brier, "constant": certainty.constant, "decisions": certainty.of},
            "relevance": grades
            and {
                "quadratic_weighted_kappa": grades.kappa,
                "macro_mae": grades.error,
                "constant_macro_mae": grades.constant_error,
                "exact": _plain_share(grades.exact),
                "within_one": _plain_share(grades.near),
                "estimated_by_stated": grades.table,
            },
            "kinds": {
                row.kind: {
                    "precision": _plain_share(row.judged),
                    "refused": row.why,
                    "drawn": row.drawn.of,
                    "recall": row.found and row.found.share,
                }
                for row in report.kinds
            },
            "versions": {str(number): _plain_share(share) for number, share in report.versions.items()},
            f"{report.step}s": [
                {"from": day.isoformat(), **_plain_share(share)} for day, share in report.over_time
            ],
        }
    )


def _plain_share(share: Share) -> dict[str, float | int | None]:
    return {"value": share.value, "right": share.right, "decisions": share.of, **_plain(share.interval)}


def _plain(interval: Interval) -> dict[str, float]:
    return {"low": interval.low, "high": interval.high}


def _days(parameters: QueryDict) -> int | None:
    """The period asked for; nonsense is the usual one, 0 is ever."""
    asked = parameters.get("days", "")
    if asked == "0":
        return None
    return int(asked) if asked in {str(days) for days in PERIODS} else DAYS


def _sorting(parameters: QueryDict) -> tuple[str, bool]:
    asked = parameters.get("sort", "")
    name = asked.lstrip("-") if asked.lstrip("-") in _keys(False) else "decisions"
    return name, asked.startswith("-") == (name in _ASCENDING)


def _keys(is_descending: bool) -> dict[str, Callable[[TagQuality], Any]]:
    is_french = (get_language() or "").startswith("fr")
    return {
        "name": lambda row: ((row.name_fr if is_french else "") or row.name).casefold(),
        "kind": lambda row: Kind.values.index(row.kind),
        "decisions": lambda row: row.judged.of,
        # The best and the worst that is proven come first, not the one decided once.
        "agreement": lambda row: row.judged.interval.low if is_descending else row.judged.interval.high,
        "missed": lambda row: (row.drawn.right, row.drawn.of),
    }


def _sorted(rows: list[TagQuality], name: str, is_descending: bool) -> list[TagQuality]:
    return sorted(
        sorted(rows, key=lambda row: (-row.judged.of, row.name)),
        key=_keys(is_descending)[name],
        reverse=is_descending,
    )


def _columns(parameters: QueryDict, sort: str, is_descending: bool) -> list[Column]:
    words = [
        ("name", _("Item"), ""),
        ("kind", _("Kind"), "wide"),
        ("decisions", _("Decisions"), "num"),
        ("agreement", _("Agreement"), ""),
        ("missed", _("Missed"), "wide"),
    ]
    columns = []
    for name, said, css in words:
        flips = name == sort and is_descending != (name in _ASCENDING)
        kept = {key: value for key, value in parameters.items() if key not in {"sort", "page"} and value}
        query = urlencode(kept | {"sort": f"-{name}" if flips else name})
        direction = ("descending" if is_descending else "ascending") if name == sort else ""
        columns.append(Column(name, said, query, direction, css))
    return columns
