"""A tag's page, and rating the tag on it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from signals.curation.errors import CurationError
from signals.curation.ratings import latest_ratings, needs_rationale, rate_tag
from signals.curation.sameness import reason_in_words, similar_pairs
from signals.jobs import open_jobs
from signals.models import Rating, State, Tag, Tagging, TagTrend, User
from signals.trends.series import tag_weeks
from signals.web.access import analysts_only
from signals.web.charts import WeekPoint, week_chart
from signals.web.explanations import explain
from signals.web.pages import page_of, render_page

EVIDENCE_ROWS = 20


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
