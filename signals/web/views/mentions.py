"""One mention: deciding on it where it stands, or on its own page, with who said what of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from signals.curation.decisions import DecidedSinceError, ReasonWantedError, decide_tagging
from signals.curation.errors import CurationError, DayError
from signals.models import Article, Decision, Tag, User
from signals.web.access import analysts_only
from signals.web.inbox_reading import TEXTS
from signals.web.pages import render_page
from signals.web.refusals import refused_with_reason
from signals.web.tag_desk import day_of, desk_of, stance_counts
from signals.web.tag_evidence import one_piece
from signals.web.tag_reviews import latest_change

_WORDS: Final = 200
"""Of a mention's history, the newest."""


class NothingSaidError(CurationError):
    """The form came without a verdict, a number or a stance: Enter in its date sends it so."""


@dataclass(frozen=True, slots=True)
class Said:
    """A decision as the history tells it, with the same person's number before it."""

    decision: Decision
    before: int | None


@require_http_methods(["GET", "HEAD", "POST"])
@analysts_only
def mention(request: HttpRequest, pk: int, article_pk: int) -> HttpResponse:
    """What an article says of a tag, and people of that; a POST decides, on the tag's page, the article's or here."""
    tag = get_object_or_404(Tag.objects.defer("search").select_related("merged_into"), pk=pk)
    article = get_object_or_404(Article.objects.select_related("source").defer(*TEXTS), pk=article_pk)
    if request.method == "POST":
        return _decide(request, tag, article)
    if tag.merged_into is not None:
        return redirect("tag-evidence", tag.merged_into.pk, article.pk)
    return _page(request, tag, article)


def _decide(request: HttpRequest, tag: Tag, article: Article) -> HttpResponse:
    assert isinstance(request.user, User)
    number, verdict, stance = (request.POST.get(name, "") for name in ("relevancy", "verdict", "stance"))
    relevancy = int(number) if number in {"1", "2", "3", "4", "5"} else None
    if not verdict:
        verdict = Decision.Verdict.SCORE if number else Decision.Verdict.ACCEPT if stance else ""
    try:
        if not verdict and request.POST.get("from") == "mention":
            raise NothingSaidError(_("Press what you say of it: a verdict, a number or a stance."))
        decide_tagging(
            article=article,
            tag=tag,
            by=request.user,
            verdict=verdict,
            relevancy=relevancy,
            why=request.POST.get("why", "") if verdict == Decision.Verdict.REJECT else "",
            stance=stance,
            comment=request.POST.get("comment", ""),
            review_on=day_of(request.POST.get("review_on", "")),
            seen=request.POST.get("seen"),
            must_explain=True,
        )
    except (ReasonWantedError, DecidedSinceError, DayError, NothingSaidError) as refused:
        error = {
            "error": str(refused),
            "comment": request.POST.get("comment", ""),
            "review_on": request.POST.get("review_on", ""),
            "is_day_refused": isinstance(refused, DayError),
            "wanted": relevancy if isinstance(refused, ReasonWantedError) else None,
        }
        if getattr(request, "htmx", False):
            return _row(request, tag, article, error)
        return _page(
            request, tag, article, error, status=409 if isinstance(refused, DecidedSinceError) else 422
        )
    except CurationError as refused:
        return refused_with_reason(request, refused, _back(request, tag, article))
    if getattr(request, "htmx", False):
        response = _row(request, tag, article)
        response["HX-Trigger"] = "tag-changed"
        return response
    if request.POST.get("from") == "mention":
        messages.success(request, _("Saved."))
    return redirect(_back(request, tag, article))


def _back(request: HttpRequest, tag: Tag, article: Article) -> str:
    came_from = request.POST.get("from", "")
    if came_from == "article":
        return reverse("article", args=[article.pk])
    if came_from == "mention":
        return reverse("tag-evidence", args=[tag.pk, article.pk])
    return f"{tag.get_absolute_url()}#evidence"


def _row(
    request: HttpRequest, tag: Tag, article: Article, error: Mapping[str, Any] | None = None
) -> HttpResponse:
    """The row it stands in, as it is now."""
    piece = one_piece(tag, article.pk, request.user)
    if piece is None:
        raise Http404
    is_article = request.POST.get("from") == "article"
    desk = None if error else desk_of(tag.pk)
    context = {
        "tag": tag,
        "piece": piece,
        "tagging": piece.tagging,
        "opinion": piece.opinion,
        "article": article if is_article else piece.tagging.article,
        "why_choices": Decision.Why.choices,
        "counts": stance_counts(desk) if desk else None,
        "is_decided": True,
        **(error or {}),
    }
    return render_page(
        request, "articles/_tagging.html" if is_article else "tags/_evidence_row.html", context
    )


def _page(
    request: HttpRequest,
    tag: Tag,
    article: Article,
    error: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    piece = one_piece(tag, article.pk, request.user)
    if piece is None:
        # Somebody added it, and took that back here.
        if Decision.objects.filter(tag=tag, article=article).exists():
            return redirect("article", article.pk)
        raise Http404
    history = _history(tag, article)
    numbers = [one for one in history if one.decision.relevancy and one.decision.user_id != request.user.pk]
    changed = latest_change(piece.tagging, article)
    context = {
        "tag": tag,
        "piece": piece,
        "tagging": piece.tagging,
        "opinion": piece.opinion,
        "article": article,
        "why_choices": Decision.Why.choices,
        "is_mention": True,
        "today": timezone.localdate(),
        "changed_on": changed.replaced_at if changed else None,
        "is_history_told": piece.opinion.has_said or not numbers,
        "history": history[:_WORDS],
        "is_cut": len(history) > _WORDS,
        **(error or {}),
    }
    return render_page(request, "tags/mention.html", context, status=status)


def _history(tag: Tag, article: Article) -> list[Said]:
    """Every word on it, the newest first, one more than is shown; the undone ones too."""
    words = Decision.objects.filter(tag=tag, article=article).select_related("user", "undone_by")
    newest = list(words.order_by("-pk")[: _WORDS + 1])
    latest: dict[int, int] = {}
    said = []
    for decision in reversed(newest):
        said.append(Said(decision, latest.get(decision.user_id)))
        if decision.relevancy is not None and decision.undone_at is None:
            latest[decision.user_id] = decision.relevancy
    return said[::-1]
