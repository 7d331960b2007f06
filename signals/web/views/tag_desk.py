"""Comments, signposts and reviews of a tag, and deciding on its evidence where it stands."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from signals.curation.comments import add_comment, withdraw_comment
from signals.curation.decisions import decide_tagging
from signals.curation.errors import CurationError
from signals.curation.outlooks import review_outlook
from signals.curation.signposts import add_signpost, see_signpost, withdraw_signpost
from signals.models import Article, Comment, Decision, Signpost, Tag, User
from signals.web.access import analysts_only
from signals.web.pages import page_of, render_page
from signals.web.refusals import refused_with_reason
from signals.web.tag_desk import day_of, desk_context, desk_of, stance_counts
from signals.web.tag_evidence import one_piece
from signals.web.tag_reviews import due_outlooks, due_ratings

_AHEAD: Final = timedelta(days=90)


@require_POST
@analysts_only
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Say something of a tag, or withdraw what one said."""
    assert isinstance(request.user, User)
    tag = get_object_or_404(Tag, pk=pk)
    try:
        if withdrawn := request.POST.get("withdraw"):
            said = get_object_or_404(Comment, tag=tag, pk=_number(withdrawn))
            withdraw_comment(comment=said, by=request.user)
        else:
            article = _article(request.POST.get("article", ""))
            add_comment(tag=tag, by=request.user, text=request.POST.get("text", ""), article=article)
    except CurationError as refused:
        return _panel(request, tag, "comments", str(refused))
    return _panel(request, tag, "comments")


@require_POST
@analysts_only
def signpost(request: HttpRequest, pk: int) -> HttpResponse:
    """Put up what would show that the outlook comes true, say that it was seen, or take it away."""
    assert isinstance(request.user, User)
    tag = get_object_or_404(Tag, pk=pk)
    try:
        if withdrawn := request.POST.get("withdraw"):
            found = get_object_or_404(Signpost, tag=tag, pk=_number(withdrawn))
            withdraw_signpost(signpost=found, by=request.user)
        elif seen := request.POST.get("seen"):
            found = get_object_or_404(Signpost, tag=tag, pk=_number(seen))
            day = day_of(request.POST.get("seen_on", "")) or timezone.now().astimezone(UTC).date()
            article = _article(request.POST.get("article", ""))
            see_signpost(signpost=found, by=request.user, seen_on=day, article=article)
        else:
            add_signpost(tag=tag, by=request.user, words=request.POST.get("words", ""))
    except CurationError as refused:
        return _panel(request, tag, "signposts", str(refused))
    return _panel(request, tag, "signposts")


@require_POST
@analysts_only
def outlook(request: HttpRequest, pk: int) -> HttpResponse:
    """Did it hold?"""
    assert isinstance(request.user, User)
    tag = get_object_or_404(Tag, pk=pk)
    try:
        review_outlook(
            tag=tag,
            by=request.user,
            held=request.POST.get("held", ""),
            words=request.POST.get("words", ""),
            next_on=day_of(request.POST.get("next_on", "")),
            seen=request.POST.get("seen") or None,
        )
    except CurationError as refused:
        return _panel(request, tag, "signposts", str(refused))
    return _panel(request, tag, "signposts", news="tag-changed, outlook-reviewed")


@require_POST
@analysts_only
def decide(request: HttpRequest, pk: int, article_pk: int) -> HttpResponse:
    """Accept, reject or score a mention, or say whether it supports, on the tag's page or the article's."""
    assert isinstance(request.user, User)
    tag = get_object_or_404(Tag, pk=pk)
    article = get_object_or_404(Article, pk=article_pk)
    is_article = request.POST.get("from") == "article"
    back = article.pk if is_article else None
    number = request.POST.get("relevancy", "")
    stance = request.POST.get("stance", "")
    verdict = request.POST.get("verdict", "")
    try:
        decide_tagging(
            article=article,
            tag=tag,
            by=request.user,
            verdict=verdict
            or (Decision.Verdict.SCORE if number else Decision.Verdict.ACCEPT if stance else ""),
            relevancy=int(number) if number in {"1", "2", "3", "4", "5"} else None,
            why=request.POST.get("why", "") if verdict == Decision.Verdict.REJECT else "",
            stance=stance,
        )
    except CurationError as refused:
        where = redirect("article", back).url if back else tag.get_absolute_url()
        return refused_with_reason(request, refused, where)
    if not getattr(request, "htmx", False):
        return redirect("article", back) if back else redirect(f"{tag.get_absolute_url()}#evidence")
    piece = one_piece(tag, article.pk)
    desk = desk_of(tag.pk)
    context: dict[str, Any] = {
        "tag": tag,
        "piece": piece,
        "tagging": piece.tagging,
        "article": article if is_article else piece.tagging.article,
        "why_choices": Decision.Why.choices,
        "counts": stance_counts(desk) if desk else None,
        "is_decided": True,
    }
    template = "articles/_tagging.html" if is_article else "tags/_evidence_row.html"
    response = render_page(request, template, context)
    response["HX-Trigger"] = "tag-changed"
    return response


def _panel(
    request: HttpRequest, tag: Tag, panel: str, error: str = "", *, news: str = "tag-changed"
) -> HttpResponse:
    """The panel as it is now; what was refused keeps what was typed and says why."""
    if not getattr(request, "htmx", False):
        if error:
            messages.error(request, error)
        else:
            messages.success(request, _("Saved."))
        return redirect(f"{tag.get_absolute_url()}#{panel}")
    context = {
        "tag": tag,
        **desk_context(desk_of(tag.pk) or tag, request.user),
        **({f"{panel}_error": error, "typed": request.POST} if error else {}),
    }
    response = render_page(request, f"tags/_{panel}.html", context)
    if not error:
        response["HX-Trigger"] = news
    return response


@require_GET
def reviews(request: HttpRequest) -> HttpResponse:
    """What is to be looked at again: one's own scores, and outlooks; what is due first, then what comes."""
    today = timezone.now().astimezone(UTC).date()
    outlooks = due_outlooks(until=today + _AHEAD)
    ratings = due_ratings(request.user, until=today + _AHEAD)
    context = {
        "today": today,
        "outlooks": page_of(request, outlooks),
        "ratings_due": [one for one in ratings if one.review_on and one.review_on <= today],
        "ratings_coming": [one for one in ratings if one.review_on and one.review_on > today],
    }
    return render_page(request, "tags/reviews.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0


def _article(text: str) -> Article | None:
    """An article by its number or the address of its page; CurationError when there is none."""
    text = text.strip()
    if not text:
        return None
    number = text.rstrip("/").rpartition("/")[2].lstrip("#")
    found = Article.objects.filter(pk=_number(number)).first()
    if found is None:
        raise CurationError(_("There is no such article: give the address of its page here."))
    return found
