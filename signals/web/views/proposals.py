"""Triage of proposed tags: track one, fold it into a tag that is there, or drop it."""

from __future__ import annotations

from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from signals.curation.errors import CurationError
from signals.curation.proposals import Wording, accept_proposal, fold_proposal, reject_proposal
from signals.models import Kind, Proposal, ProposalEvidence, Tag, User
from signals.models.tagging import PROPOSAL_DAYS
from signals.web.access import analysts_only
from signals.web.inbox_counts import count_waiting, forget_counts
from signals.web.pages import page_of, render_page
from signals.web.refusals import refused_with_reason

_ROW_FIELDS = ("kind", "name", "description", "change", "outlook", "driving_force")


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
    forget_counts()
    if getattr(request, "htmx", False):
        proposal.refresh_from_db()
        return render_page(
            request, "inbox/_proposal.html", {"proposal": proposal, "kind_choices": Kind.choices}
        )
    return redirect("inbox-proposals")
