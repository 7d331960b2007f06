"""Comments, signposts and reviews of a tag, and the page of all that is to be looked at again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from signals.curation.comments import add_comment, withdraw_comment
from signals.curation.errors import CurationError
from signals.curation.outlooks import review_outlook
from signals.curation.signposts import add_signpost, see_signpost, withdraw_signpost
from signals.models import Article, Comment, Signpost, Tag, User
from signals.web.access import analysts_only
from signals.web.opinions import opinions_of
from signals.web.pages import page_of, render_page
from signals.web.tag_desk import day_of, desk_context, desk_of
from signals.web.tag_reviews import (
    contested_mentions,
    due_outlooks,
    due_ratings,
    due_words,
    outdated_mentions,
)

_AHEAD: Final = timedelta(days=90)
_FIRST: Final = 10
"""Mentions of each sort beside the other reviews."""
_WORDS: Final = "words"
_COMING: Final = 200
"""Of what is named whole on one page, the first; the count says how many there are."""
_MENTIONS: Final = {"contested": contested_mentions, "outdated": outdated_mentions}


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
            day = day_of(request.POST.get("seen_on", "")) or timezone.localdate()
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
    """What is to be looked at again: one's own words, mentions, outlooks; `?of=` shows one sort of mentions whole."""
    today = timezone.localdate()
    may_decide = isinstance(request.user, User) and request.user.is_analyst
    asked = request.GET.get("of", "")
    alone = asked if may_decide and asked in {_WORDS, *_MENTIONS} else ""
    context: dict[str, Any] = {
        "today": today,
        "alone": alone,
        "mentions": [
            _mentions(request, sort, is_alone=alone == sort)
            for sort in _MENTIONS
            if may_decide and alone in {sort, ""}
        ],
    }
    if may_decide and alone in {_WORDS, ""}:
        words = due_words(request.user, until=today)
        context["words"] = page_of(request, words) if alone else Paginator(words, _FIRST).page(1)
    if not alone:
        later = today + _AHEAD
        context |= {
            "outlooks": page_of(request, due_outlooks(until=later)),
            "ratings_due": _first(due_ratings(request.user, until=today)),
            "ratings_coming": _first(due_ratings(request.user, until=later).filter(review_on__gt=today)),
            "words_coming": _first(due_words(request.user, until=later).filter(review_on__gt=today)),
        }
    return render_page(request, "tags/reviews.html", context)


def _first(rows: QuerySet[Any]) -> Page[Any]:
    return Paginator(rows, _COMING).page(1)


def _mentions(request: HttpRequest, sort: str, *, is_alone: bool) -> dict[str, Any]:
    """A page of one sort of mentions, each with what may be told of its scores; else the first few."""
    found = _MENTIONS[sort]()
    page = page_of(request, found) if is_alone else Paginator(found, _FIRST).page(1)
    rows = list(page.object_list)
    opinions = opinions_of(rows, request.user)
    return {
        "sort": sort,
        "page": page,
        "rows": [(tagging, opinions[tagging.article_id, tagging.tag_id]) for tagging in rows],
    }


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
