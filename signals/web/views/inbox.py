"""Triage of suggested taggings: the list, the article that is read, one decision, and undo."""

from __future__ import annotations

import json
from urllib.parse import quote

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from signals.curation.bulk import stop_running
from signals.curation.claims import claim_article, renew_claim
from signals.curation.decisions import DecidedSinceError, decide_tagging, explain_rejection, explain_score
from signals.curation.errors import CurationError
from signals.curation.waiting import claimed_by_others
from signals.models import Article, Change, Decision, Kind, State, Tag, Tagging, User
from signals.web.access import analysts_only
from signals.web.change_places import places
from signals.web.inbox_counts import MOST, Left, count_left, forget_counts, note_decided, pace_of
from signals.web.inbox_filters import InboxFilter
from signals.web.inbox_places import explain_places
from signals.web.inbox_reading import REASONS, TEXTS, count_left_in, reading, suggestions_of
from signals.web.inbox_selection import selection_context
from signals.web.pages import page_of, render_page, way_back
from signals.web.refusals import refused_with_reason
from signals.web.undoing import undo_last_of, undone_in_words

LIST_ROWS = 30


@require_GET
@analysts_only
def inbox(request: HttpRequest) -> HttpResponse:
    """List and preview; the query string narrows the list, `?article=` chooses what is read."""
    assert isinstance(request.user, User)
    user, now = request.user, timezone.now()
    filters = InboxFilter(request.GET, user)
    left = count_left()
    asked = request.GET.get("article", "")
    article: Article | None = None
    if asked.isascii() and asked.isdecimal() and len(asked) < 18:
        article = Article.objects.select_related("source").filter(pk=int(asked)).first()
    context = {"filters": filters, **_how_it_goes(user, left)}
    wants = getattr(getattr(request, "htmx", None), "target", None)
    if article is not None and wants == "read":
        context |= {**reading(article, user), "claimed_by": claim_article(article=article, by=user, now=now)}
        return render_page(request, "inbox/inbox.html", context, partial="inbox/_opened.html")
    matching = filters.waiting.listed(now)
    # What is kept for seconds must not hide the first page of what came meanwhile.
    is_exact = filters.is_narrowed or left.articles <= LIST_ROWS
    count = matching[: MOST + 1].count() if is_exact else left.articles
    page = page_of(request, _in_order(matching), LIST_ROWS, count=count)
    rows = list(page.object_list)
    explain_places(rows)
    others = claimed_by_others([one.pk for one in rows], by=user, now=now)
    is_asked = article is not None
    claimed_by = claim_article(article=article, by=user, now=now) if article else None
    if article is None:
        for one in sorted(rows, key=lambda row: row.pk in others):
            article, claimed_by = one, claim_article(article=one, by=user, now=now)
            if claimed_by is None:
                break
    if article is not None:
        context |= {**reading(article, user), "claimed_by": claimed_by}
    context |= {
        "page": page,
        "rows": [(one, others.get(one.pk)) for one in rows],
        "is_asked": is_asked,
        "count": count,
        "tab": "articles",
        "articles_waiting": left.articles,
        "proposals_waiting": left.proposals,
        **selection_context(filters, count),
    }
    if wants != "whole":
        choices = filters.choices()
        context |= {"choices": choices, "chosen": filters.chosen(choices), "kinds": Kind.choices}
    return render_page(request, "inbox/inbox.html", context, partial="inbox/_whole.html")


def _in_order(articles: QuerySet[Article]) -> QuerySet[Article]:
    """As the ranker has it, read from an index; with what waits of each."""
    waiting = Prefetch("taggings", Tagging.objects.waiting().with_relevance(), to_attr="waiting_taggings")
    in_order = articles.prefetch_related(waiting).order_by("-inbox_score", "-pk")
    return in_order.select_related("source").defer(*TEXTS)


def _how_it_goes(user: User, left: Left) -> dict[str, object]:
    pace = pace_of(user)
    return {"waits": left, "pace": pace, "minutes_left": pace.minutes_for(left.suggestions)}


@require_POST
@analysts_only
def decide(request: HttpRequest, article_pk: int, tag_pk: int) -> HttpResponse:
    """Accept, reject or score one suggestion; or say why it was rejected, or scored so."""
    assert isinstance(request.user, User)
    article = get_object_or_404(Article.objects.select_related("source").defer(*TEXTS), pk=article_pk)
    tag = get_object_or_404(Tag.objects.defer("search"), pk=tag_pk)
    number, why = request.POST.get("relevancy", ""), request.POST.get("why", "")
    comment = request.POST.get("comment", "")
    relevancy = int(number) if number in {"1", "2", "3", "4", "5"} else None
    verdict = request.POST.get("verdict") or (Decision.Verdict.SCORE if number else "")
    by, was_waiting = request.user, False
    try:
        if "explain" in request.POST and not verdict:
            decision = explain_score(article=article, tag=tag, by=by, comment=comment)
        elif why and not verdict:
            decision = explain_rejection(article=article, tag=tag, by=by, why=why)
        else:
            seen = request.POST.get("seen")
            decision = decide_tagging(
                article=article,
                tag=tag,
                by=by,
                verdict=verdict,
                relevancy=relevancy,
                why=why,
                comment=comment,
                seen=seen,
            )
            was_waiting = decision.before.get("state") in {State.SUGGESTED, State.SAMPLED}
    except DecidedSinceError as refused:
        response = refused_with_reason(request, refused, _read_address(article.pk))
        if getattr(request, "htmx", False):
            response.content = _decided(request, article, refused.decision, typed=comment).content
        return response
    except CurationError as refused:
        return refused_with_reason(request, refused, _read_address(article.pk))
    renew_claim(article_id=article.pk, by=by)
    if getattr(request, "htmx", False):
        return _decided(request, article, decision, was_waiting=was_waiting)
    forget_counts()
    left = Tagging.objects.waiting().filter(article=article).exists()
    return redirect(_read_address(article.pk) if left else reverse("inbox"))


def _decided(
    request: HttpRequest, article: Article, decision: Decision, *, was_waiting: bool = False, typed: str = ""
) -> HttpResponse:
    """The row as it is now, with a reason that was `typed` and not taken, and what is left."""
    assert isinstance(request.user, User)
    suggestions = suggestions_of(article, request.user, decision)
    left_here = count_left_in(suggestions)
    if was_waiting:
        note_decided(articles=int(not left_here), suggestions=1)
    context = {
        "suggestion": next(
            (one for one in suggestions if one.decision and one.tagging.tag_id == decision.tag_id), None
        ),
        "article": article,
        "typed": typed,
        "scale": range(1, 6),
        "reasons": REASONS,
        "left": left_here,
        "waits": count_left(),
    }
    return render_page(request, "inbox/_decided.html", context)


def _read_address(article_pk: int) -> str:
    return reverse("inbox") + f"?article={article_pk}"


@require_POST
@analysts_only
def undo(request: HttpRequest) -> HttpResponse:
    """Take the person's last change back, and go to where it was made."""
    assert isinstance(request.user, User)
    try:
        stopped = stop_running(by=request.user)
        if stopped is not None:
            return _undone(request, reverse("inbox"), _("Stopped: %(what)s") % {"what": stopped.title})
        undone = undo_last_of(request)
    except CurationError as refused:
        return refused_with_reason(request, refused, reverse("inbox"))
    forget_counts()
    is_many = undone.job is not None or undone.count > 1
    target = _asked_back(request, undone.change) or (reverse("inbox") if is_many else _place(undone.change))
    return _undone(request, target, undone_in_words(undone))


def _undone(request: HttpRequest, target: str, said: str) -> HttpResponse:
    if getattr(request, "htmx", False) and target.startswith(reverse("inbox") + "?"):
        # The list stays as it is, with its scroll position; only what is read is swapped.
        response = HttpResponse(status=204)
        response["HX-Location"] = json.dumps(
            {"path": target, "target": "#read", "swap": "innerHTML show:none"}
        )
        response["X-Said"] = quote(said)
        return response
    messages.success(request, said)
    if getattr(request, "htmx", False):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = target
        return response
    return redirect(target)


def _asked_back(request: HttpRequest, change: Change) -> str:
    """The page of ours that the person wants to stay on, "" for none."""
    return "" if change.verb == "tag.created" else way_back(request.POST.get("back", ""), "")


def _place(change: Change) -> str:
    noun, _colon, key = change.target.partition(":")
    if noun == "decision":
        decision = Decision.objects.filter(pk=key).first()
        return _read_address(decision.article_id) if decision else reverse("inbox")
    if noun == "snooze":
        return _read_address(int(key))
    if noun == "rating":
        tag = Tag.objects.filter(ratings__pk=int(key)).first()
        return tag.get_absolute_url() if tag else reverse("tags")
    if noun == "link":
        return reverse("inbox-links")
    if noun in {"merge", "distinct"}:
        return reverse("similar-tags")
    if noun == "proposal":
        return reverse("inbox-proposals")
    return places([change]).get(change.pk, reverse("tags"))
