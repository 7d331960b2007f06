"""Triage: suggested taggings of articles, and proposed tags."""

from __future__ import annotations

import json
from urllib.parse import quote

from django.contrib import messages
from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from redis.exceptions import RedisError

from signals.curation.decisions import decide_tagging
from signals.curation.errors import CurationError
from signals.curation.proposals import Wording, accept_proposal, fold_proposal, reject_proposal
from signals.models import (
    Article,
    Change,
    Decision,
    Kind,
    Proposal,
    ProposalEvidence,
    State,
    Tag,
    Tagging,
    User,
)
from signals.models.tagging import PROPOSAL_DAYS
from signals.web.access import analysts_only
from signals.web.inbox_places import explain_places
from signals.web.pages import page_of, render_page
from signals.web.passages import marked_text
from signals.web.undoing import undo_last_of, undone_in_words

LIST_ROWS = 30
_ROW_FIELDS = ("kind", "name", "description", "change", "outlook", "driving_force")


def waiting_articles() -> QuerySet[Article]:
    """Articles with something to decide that nobody put off."""
    waits = Tagging.objects.waiting().filter(article=OuterRef("pk"))
    now = timezone.now()
    return Article.objects.filter(Exists(waits)).filter(Q(snoozed_until=None) | Q(snoozed_until__lte=now))


def waiting_taggings() -> QuerySet[Tagging]:
    """What is to decide in them; from two small indexes, where looking at the articles would read them all."""
    snoozed = Article.objects.filter(snoozed_until__gt=timezone.now())
    return Tagging.objects.waiting().exclude(article__in=snoozed.values("pk")).order_by()


def count_waiting() -> int:
    """How many articles that is."""
    return waiting_taggings().values("article").distinct().count()


def _in_order(articles: QuerySet[Article]) -> QuerySet[Article]:
    """As the ranker has it, read from an index; with what waits of each."""
    waiting = Prefetch("taggings", Tagging.objects.waiting().with_relevance(), to_attr="waiting_taggings")
    return articles.prefetch_related(waiting).order_by("-inbox_score", "-pk")


@require_GET
@analysts_only
def inbox(request: HttpRequest) -> HttpResponse:
    """List and preview; `?article=` chooses what is read."""
    articles = _in_order(waiting_articles()).select_related("source").defer("html", "text", "search")
    page = page_of(request, articles, LIST_ROWS, count=count_waiting())
    explain_places(page.object_list)
    asked = request.GET.get("article", "")
    article: Article | None = None
    if asked.isdecimal() and len(asked) < 18:
        article = Article.objects.select_related("source").filter(pk=int(asked)).first()
    if article is None and page.object_list:
        article = page.object_list[0]
    context = {
        "page": page,
        "article": article,
        "is_asked": article is not None and str(article.pk) == asked,
        "tab": "articles",
        "proposals_waiting": Proposal.objects.shown().count(),
        **(_reading(article) if article else {}),
    }
    return render_page(request, "inbox/inbox.html", context, partial="inbox/_opened.html")


def _reading(article: Article) -> dict[str, object]:
    taggings = list(
        Tagging.objects.filter(article=article)
        .select_related("tag")
        .with_relevance()
        .order_by("-confidence", "pk")
    )
    spans = [
        (t.quote_start, t.quote_start + len(t.quote))
        for t in taggings
        if t.quote_start is not None and t.quote_field == "text" and t.state != State.REJECTED
    ]
    return {
        "article": article,
        "taggings": taggings,
        "left": _left(taggings),
        "body": marked_text(article.text, spans),
        "scale": range(1, 6),
    }


def _left(taggings: list[Tagging]) -> int:
    return sum(tagging.state in {State.SUGGESTED, State.SAMPLED} for tagging in taggings)


@require_POST
@analysts_only
def decide(request: HttpRequest, article_pk: int, tag_pk: int) -> HttpResponse:
    """Accept, reject or score one suggestion."""
    assert isinstance(request.user, User)
    article = get_object_or_404(Article, pk=article_pk)
    tag = get_object_or_404(Tag, pk=tag_pk)
    number = request.POST.get("relevancy", "")
    relevancy = int(number) if number in {"1", "2", "3", "4", "5"} else None
    verdict = request.POST.get("verdict") or (Decision.Verdict.SCORE if number else "")
    try:
        decide_tagging(
            article=article,
            tag=tag,
            by=request.user,
            verdict=verdict,
            relevancy=relevancy,
            why=request.POST.get("why", ""),
        )
    except CurationError as refused:
        return refused_with_reason(request, refused, reverse("inbox") + f"?article={article.pk}")
    _forget_count()
    if getattr(request, "htmx", False):
        taggings = list(Tagging.objects.filter(article=article).select_related("tag").with_relevance())
        waiting = count_waiting()
        context = {
            "tagging": next(tagging for tagging in taggings if tagging.tag_id == tag.pk),
            "article": article,
            "scale": range(1, 6),
            "left": _left(taggings),
            "articles_waiting": waiting,
            "menu_waiting": waiting + Proposal.objects.shown().count(),
        }
        return render_page(request, "inbox/_decided.html", context)
    left = Tagging.objects.waiting().filter(article=article).exists()
    return redirect(reverse("inbox") + (f"?article={article.pk}" if left else ""))


@require_POST
@analysts_only
def undo(request: HttpRequest) -> HttpResponse:
    """Take the person's last change back, and go to where it was made."""
    assert isinstance(request.user, User)
    try:
        undone = undo_last_of(request)
    except CurationError as refused:
        return refused_with_reason(request, refused, reverse("inbox"))
    _forget_count()
    target = _place(undone.change)
    said = undone_in_words(undone)
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


def _place(change: Change) -> str:
    noun, _colon, key = change.target.partition(":")
    if noun == "decision":
        decision = Decision.objects.filter(pk=key).first()
        return reverse("inbox") + (f"?article={decision.article_id}" if decision else "")
    if noun == "rating":
        tag = Tag.objects.filter(ratings__pk=int(key)).first()
        return tag.get_absolute_url() if tag else reverse("tags")
    if noun == "link":
        return reverse("inbox-links")
    if noun in {"merge", "distinct"}:
        return reverse("similar-tags")
    return reverse("inbox-proposals")


@require_GET
@analysts_only
def proposals(request: HttpRequest) -> HttpResponse:
    """Proposed tags, the most risen first; what one publisher said once comes last, and goes in time."""
    shown = Proposal.objects.shown()
    kind = request.GET.get("kind", "")
    waiting = (
        (shown.filter(kind=kind) if kind in Kind.values else shown)
        .select_related("similar_tag", "tag")
        .prefetch_related(Prefetch("evidence", _seen_in()))
        .risen_first()
    )
    counts = dict(shown.order_by().values_list("kind").annotate(Count("pk")))
    context = {
        "page": page_of(request, waiting, 20),
        "tab": "proposals",
        "kind": kind if kind in Kind.values else "",
        "kinds": [(value, label, counts.get(value, 0)) for value, label in Kind.choices],
        "kind_choices": Kind.choices,
        "days": PROPOSAL_DAYS,
        "proposals_waiting": sum(counts.values()),
        "articles_waiting": count_waiting(),
    }
    return render_page(request, "inbox/proposals.html", context)


def _seen_in() -> QuerySet[ProposalEvidence]:
    """Where proposals were seen, without the articles' texts: some are seen in thousands."""
    shown = (
        "proposal",
        "quote",
        "article__title",
        "article__language",
        "article__publisher",
        "article__sort_at",
    )
    return (
        ProposalEvidence.objects.select_related("article").only(*shown).order_by("-article__sort_at", "-pk")
    )


def _wording(request: HttpRequest) -> Wording:
    """What the form says; a field that it doesn't hold stays as proposed."""
    said = {name: request.POST.get(name) for name in _ROW_FIELDS}
    if said["name"] is not None and not said["name"].strip():
        raise CurationError(_("It needs a name."))
    return Wording(**said)


@require_POST
@analysts_only
def decide_proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """Make it a tag, fold it into one, or drop it."""
    assert isinstance(request.user, User)
    proposal = get_object_or_404(Proposal, pk=pk)
    verdict = request.POST.get("verdict", "")
    try:
        if verdict == "accept":
            accept_proposal(proposal=proposal, by=request.user, wording=_wording(request))
        elif verdict == "fold":
            into = request.POST.get("into", "")
            tag = (
                Tag.objects.live().filter(pk=int(into) if into.isdecimal() and len(into) < 18 else 0).first()
            )
            if tag is None:
                raise CurationError(_("Choose the item it belongs to."))
            fold_proposal(proposal=proposal, into=tag, by=request.user)
        elif verdict == "reject":
            reject_proposal(proposal=proposal, by=request.user)
        else:
            raise CurationError(_("Unknown verdict."))
    except CurationError as refused:
        return refused_with_reason(request, refused, reverse("inbox-proposals"))
    _forget_count()
    if getattr(request, "htmx", False):
        proposal.refresh_from_db()
        return render_page(
            request, "inbox/_proposal.html", {"proposal": proposal, "kind_choices": Kind.choices}
        )
    return redirect("inbox-proposals")


def refused_with_reason(request: HttpRequest, refused: CurationError, back: str) -> HttpResponse:
    """Say why: a header for the script, a message on the page without it."""
    if getattr(request, "htmx", False):
        response = HttpResponse(status=409)
        response["X-Reason"] = quote(str(refused))
        return response
    messages.error(request, str(refused))
    return redirect(back)


def _forget_count() -> None:
    try:
        cache.delete_many(["waiting", "waiting-by-kind"])
    except RedisError:
        return
