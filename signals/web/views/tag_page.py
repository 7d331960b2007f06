"""A tag's page, and rating the tag on it."""

from __future__ import annotations

import csv
from typing import Any, Final

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, JSONField, OuterRef, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from signals.curation.errors import CurationError
from signals.curation.ratings import needs_rationale, rate_tag
from signals.curation.sameness import reason_in_words, similar_pairs
from signals.models import (
    Article,
    Decision,
    Job,
    Note,
    NoteRow,
    Stance,
    State,
    Tag,
    Tagging,
    TagName,
    TagTrend,
    Theme,
    User,
)
from signals.trends.corising import rising_together
from signals.web.access import analysts_only
from signals.web.pages import render_page
from signals.web.tag_desk import day_of, desk_context, stance_counts, with_desk
from signals.web.tag_evidence import evidence_page
from signals.web.tag_history import distribution, scores_over_time, tag_history
from signals.web.tag_trend import (
    ChartRequest,
    TagChart,
    articles_behind,
    pace_in_words,
    sentence,
    tag_chart,
    windows,
)

# What stands beside and seldom is there: asked with the tag, or every page would ask for each of them.
_BESIDE: Final = """
jsonb_build_object(
    'rows', (SELECT jsonb_agg(r) FROM (
        SELECT r.name, r.description, r.link, r.stated_relevancy, n.article_id, a.title
        FROM signals_noterow r JOIN signals_note n ON n.id = r.note_id JOIN signals_article a ON a.id = n.article_id
        WHERE r.tag_id = signals_tag.id ORDER BY r.id DESC LIMIT 10) r),
    'job', (SELECT jsonb_build_object('id', j.id, 'state', j.state, 'done', j.done, 'total', j.total)
        FROM signals_job j
        WHERE j.state IN ('waiting', 'running') AND j.kind = 'match_tags'
            AND j.arguments -> 'tags' @> to_jsonb(signals_tag.id)
        ORDER BY j.id LIMIT 1))
"""


@require_GET
def tag_page(request: HttpRequest, pk: int, slug: str = "") -> HttpResponse:
    """Change, driving force, outlook, chart, scores, evidence, history."""
    tag = get_object_or_404(_with_names(), pk=pk)
    if tag.merged_into is not None:
        return redirect(tag.merged_into)  # not for good: a merge can be taken back
    if request.path != tag.get_absolute_url():
        query = request.META.get("QUERY_STRING", "")
        # Not for good: a tag that was renamed may get its old name back.
        return redirect(tag.get_absolute_url() + (f"?{query}" if query else ""))
    asked = ChartRequest(request.GET, tag)
    if asked.added is not None:
        return redirect(tag.get_absolute_url() + asked.with_added())
    htmx = getattr(request, "htmx", None)
    if htmx and htmx.target == "evidence":
        return render_page(
            request, "tags/tag.html", _evidence_context(request, tag), partial="tags/_evidence.html"
        )
    if htmx and htmx.target == "history":
        rating = _rating_context(tag, request.user)
        decided, events = tag_history(tag, shows_ratings=bool(rating["shows_others"]))
        told = {"tag": tag, "decided": decided, "events": events}
        return render_page(request, "tags/tag.html", told, partial="tags/_history.html")
    if htmx and htmx.target == "signposts":
        told = {"tag": tag, **desk_context(tag, request.user)}
        return render_page(request, "tags/tag.html", told, partial="tags/_signposts.html")
    context = _chart_context(tag, asked)
    if htmx and htmx.target == "chart":
        return render_page(request, "tags/tag.html", context, partial="tags/_chart.html")
    trend: TagTrend | None = context["trend"]
    behind = articles_behind(tag=tag.pk)
    beside: dict[str, Any] = getattr(tag, "beside", {})
    rating = _rating_context(tag, request.user)
    decided, events = tag_history(tag, shows_ratings=bool(rating["shows_others"]))
    context |= {
        "why": sentence(trend, behind),
        "windows": windows(trend, behind),
        "pace": pace_in_words(trend),
        "rows": [_note_row(**row) for row in beside.get("rows") or []],
        "names": [name for name in getattr(tag, "called", []) if name not in (tag.name, tag.name_fr)],
        "merged_from": getattr(tag, "merged_names", []),
        "themes": [Theme(**theme) for theme in getattr(tag, "filed", [])],
        "job": Job(**beside["job"]) if beside.get("job") else None,
        "decided": decided,
        "events": events,
        **_evidence_context(request, tag),
        **desk_context(tag, request.user),
        **rating,
    }
    return render_page(request, "tags/tag.html", context)


@require_GET
def tag_weeks_file(request: HttpRequest, pk: int, slug: str, form: str) -> HttpResponse:
    """The weeks of the chart of the same address, as CSV or JSON."""
    tag = get_object_or_404(Tag.objects.select_related("trend", "merged_into"), pk=pk)
    if form not in {"csv", "json"}:
        raise Http404
    if tag.merged_into is not None:
        address = tag.merged_into.get_absolute_url().rstrip("/")
        return redirect(f"{address}.{form}?{request.GET.urlencode()}")
    shown: TagChart = _chart_context(tag, ChartRequest(request.GET, tag))["shown"]
    rows = [
        {
            "id": one.pk,
            "name": str(one),
            "from": week.starts_on.isoformat(),
            "to": week.ends_on.isoformat(),
            "mentions": week.mentions,
            "confirmed": week.confirmed,
            "suggested": week.suggested,
            "all_articles": week.volume,
            "share_percent": round(100 * week.share_of(week.mentions), 4),
            "usual": round(week.usual, 2),
            "usual_low": round(week.low, 2),
            "usual_high": round(week.high, 2),
        }
        for one, weeks in zip(shown.tags, shown.weeks, strict=True)
        for week in weeks
    ]
    if form == "json":
        return JsonResponse({"weeks": rows})
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="vigie-tag-{pk}.csv"'
    writer = csv.writer(response)
    writer.writerow(rows[0])
    for row in rows:
        # No spreadsheet may take a name for a formula.
        name = f"'{row['name']}" if str(row["name"]).startswith(("=", "+", "-", "@")) else row["name"]
        writer.writerow((row | {"name": name}).values())
    return response


def _with_names() -> QuerySet[Tag]:
    """Tags with what they are `called`, `filed` under, and `carried` by, in one question."""
    names = TagName.objects.filter(tag=OuterRef("pk"), is_live=True).order_by("name")
    themes = Theme.objects.filter(tags=OuterRef("pk")).order_by("name")
    carrying = Tagging.objects.filter(tag=OuterRef("pk"), state__in=[State.CONFIRMED, State.SUGGESTED])
    # All rows, not those with a key: an index tells.
    carried = carrying.order_by().values("tag").annotate(count=Count("*")).values("count")
    filed = JSONObject(name="name", name_fr="name_fr", slug="slug")
    beside = RawSQL(_BESIDE, [], output_field=JSONField())  # noqa: S611 - a constant, nobody's words
    return with_desk(Tag.objects.select_related("trend", "merged_into")).annotate(
        called=ArraySubquery(names.values("name")),
        filed=ArraySubquery(themes.values(said=filed)),
        carried=Subquery(carried),
        beside=beside,
        merged_names=ArraySubquery(
            Tag.objects.filter(merged_into=OuterRef("pk")).order_by("name").values("name")
        ),
    )


def _note_row(*, article_id: int, title: str, **fields: Any) -> NoteRow:
    return NoteRow(note=Note(article=Article(pk=article_id, title=title)), **fields)


def _chart_context(tag: Tag, asked: ChartRequest) -> dict[str, Any]:
    trend: TagTrend | None = getattr(tag, "trend", None)
    shown = tag_chart(tag, asked, as_of=trend.as_of if trend else None)
    return {
        "tag": tag,
        "trend": trend,
        "asked": asked,
        "shown": shown,
        "chart": shown.chart,
        "weeks": shown.weeks[0],
        "rising": rising_together(trend) if trend else [],
        "similar": [
            (pair.second if pair.first_id == tag.pk else pair.first, reason_in_words(pair.reason))
            for pair in similar_pairs(tag=tag)[:5]
        ],
    }


def _evidence_context(request: HttpRequest, tag: Tag) -> dict[str, Any]:
    total = getattr(tag, "carried", None) or 0
    asked = request.GET.get("stance", "")
    stance = asked if asked in {Stance.SUPPORTS, Stance.CONTRADICTS} else ""
    page, is_cut = evidence_page(request, tag, total, stance=stance)
    return {
        "tag": tag,
        "evidence": page,
        "total": total,
        "is_cut": is_cut and not stance,
        "stance": stance,
        "counts": stance_counts(tag),
        "why_choices": Decision.Why.choices,
    }


def _rating_context(tag: Tag, user: object, error: str = "") -> dict[str, Any]:
    mine = user.pk if isinstance(user, User) else None
    scored, chart = scores_over_time(tag, mine=mine, now=timezone.now())
    has_said = any(one.rating.user_id == mine for one in scored)
    return {
        "tag": tag,
        "mine": next((one.rating for one in scored if one.rating.user_id == mine), None),
        # The first rating is blind: what others said shows once you have said yours.
        "shows_others": has_said or not (isinstance(user, User) and user.is_analyst),
        "scored": scored[:20],
        "distribution": distribution(scored),
        "score_chart": chart,
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
    rationale, review = request.POST.get("rationale", ""), request.POST.get("review_on", "")
    try:
        rate_tag(
            tag=tag,
            by=request.user,
            relevancy=relevancy,
            rationale=rationale,
            review_on=day_of(review),
        )
    except CurationError as refused:
        error = str(refused)
    tag.refresh_from_db()
    if getattr(request, "htmx", False):
        context = _rating_context(tag, request.user, error) | {
            "wanted": relevancy if error else None,
            "rationale": rationale if error else "",
            "review_on": review if error else "",
            "must_explain": bool(error) and needs_rationale(tag=tag, by=request.user, relevancy=relevancy),
        }
        return render_page(request, "tags/_rating.html", context, partial="tags/_rating.html")
    if error:
        messages.error(request, error)
    else:
        messages.success(request, _("Your score was saved."))
    return redirect(tag)
