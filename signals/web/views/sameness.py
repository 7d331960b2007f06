"""What may be one: pairs of tags, and rows of notes with the tag they may be."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from signals.curation.errors import CurationError
from signals.curation.links import accept_link, refuse_link
from signals.curation.merging import merge_tags
from signals.curation.sameness import reason_in_words, say_distinct, similar_pairs
from signals.models import NoteRow, Proposal, SimilarTags, State, Tag, TagName, User
from signals.tagging.names import normalise_name
from signals.web.access import analysts_only
from signals.web.pages import page_of, render_page
from signals.web.refusals import refused_with_reason

_ROWS = 20


def waiting_links() -> QuerySet[NoteRow]:
    """Rows of notes that may be a tag, the surest first."""
    rows = NoteRow.objects.filter(link=NoteRow.Link.SUGGESTED, tag__merged_into=None, tag__isnull=False)
    return rows.select_related("tag", "note__article").order_by("-link_confidence", "pk")


@require_GET
@analysts_only
def similar(request: HttpRequest) -> HttpResponse:
    """Pairs of tags that may be one, side by side; `?tag=` those of one tag."""
    asked = request.GET.get("tag", "")
    tag = Tag.objects.live().filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 18 else None
    page = page_of(request, _with_counts(similar_pairs(tag=tag)), _ROWS)
    pairs = [_as_context(pair) for pair in page.object_list]
    context = {"page": page, "pairs": pairs, "tag": tag, **_counts("similar")}
    return render_page(request, "tags/similar.html", context)


@require_POST
@analysts_only
def decide_similar(request: HttpRequest, first: int, second: int) -> HttpResponse:
    """Merge two tags, into the one that `into` names, or say that they are not the same.

    `back` is the one of them whose page asked: there the other's line goes.
    """
    assert isinstance(request.user, User)
    one, other = (get_object_or_404(Tag, pk=pk) for pk in (first, second))
    into, back = request.POST.get("into", ""), request.POST.get("back", "")
    asked_by = next((tag for tag in (one, other) if str(tag.pk) == back), None)
    try:
        if into in {str(one.pk), str(other.pk)}:
            survivor, source = (one, other) if into == str(one.pk) else (other, one)
            merge_tags(source=source, into=survivor, by=request.user)
            said = _("Merged into “%(tag)s”") % {"tag": survivor}
        elif request.POST.get("verdict") == "distinct":
            survivor = None
            say_distinct(first=one, second=other, by=request.user)
            said = _("Not the same")
        else:
            raise CurationError(_("Unknown verdict."))
    except CurationError as refused:
        address = asked_by.get_absolute_url() if asked_by else reverse("similar-tags")
        return refused_with_reason(request, refused, address)
    if asked_by is not None:
        return _said_on_its_page(request, survivor or asked_by, said, is_merged=survivor is not None)
    if getattr(request, "htmx", False):
        context = {"pair": {"first": one, "second": other, "said": said, "survivor": survivor}}
        return render_page(request, "tags/_similar_pair.html", context)
    return redirect("similar-tags")


def _said_on_its_page(request: HttpRequest, tag: Tag, said: str, *, is_merged: bool) -> HttpResponse:
    if not getattr(request, "htmx", False):
        messages.success(request, said)
        return redirect(tag)
    response = HttpResponse()
    if is_merged:
        # Its evidence, names and scores are others now.
        messages.success(request, said)
        response["HX-Redirect"] = tag.get_absolute_url()
    response["X-Said"] = quote(said)
    return response


@require_GET
@analysts_only
def row_links(request: HttpRequest) -> HttpResponse:
    """Rows of notes that may be a tag: yes, no, another; `?row=` that one alone."""
    rows, asked = waiting_links(), request.GET.get("row", "")
    if asked.isdecimal() and len(asked) < 18:
        rows = rows.filter(pk=int(asked))
    page = page_of(request, rows, _ROWS)
    return render_page(request, "inbox/links.html", {"page": page, **_counts("links")})


@require_POST
@analysts_only
def decide_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a row is the suggested tag, that it is not, or which other one it is, by name."""
    assert isinstance(request.user, User)
    row = get_object_or_404(NoteRow.objects.select_related("tag", "note__article"), pk=pk)
    verdict, name = request.POST.get("verdict", ""), request.POST.get("tag", "").replace("\x00", "").strip()
    try:
        if verdict == "accept":
            accept_link(row=row, by=request.user)
        elif verdict == "refuse":
            refuse_link(row=row, by=request.user)
        elif verdict == "other":
            accept_link(row=row, by=request.user, tag=_named(name, row.kind))
        else:
            raise CurationError(_("Unknown verdict."))
    except CurationError as refused:
        return refused_with_reason(request, refused, reverse("inbox-links"))
    if getattr(request, "htmx", False):
        row = NoteRow.objects.select_related("tag", "note__article").get(pk=pk)
        return render_page(request, "inbox/_row_link.html", {"row": row, "is_decided": True})
    if request.POST.get("back") == "article":
        return redirect("article", row.note.article_id)
    return redirect("inbox-links")


def _named(name: str, kind: str) -> Tag:
    """The live tag of this name or alias, of the row's kind if there are several."""
    normalised = normalise_name(name)
    names = TagName.objects.filter(normalised=normalised, is_live=True, tag__merged_into=None)
    tags = {found.kind: found.tag for found in names.select_related("tag").order_by("-pk")}
    if not normalised or not tags:
        raise CurationError(_("No item is called “%(name)s”.") % {"name": name[:80]})
    return tags.get(kind) or next(iter(tags.values()))


def _with_counts(pairs: QuerySet[SimilarTags]) -> QuerySet[SimilarTags]:
    confirmed = Count("taggings", filter=Q(taggings__state=State.CONFIRMED))
    counted = Tag.objects.annotate(confirmed=confirmed)
    return pairs.select_related(None).prefetch_related(
        Prefetch("first", counted), Prefetch("second", counted)
    )


def _as_context(pair: SimilarTags) -> dict[str, Any]:
    tags = sorted((pair.first, pair.second), key=lambda tag: (-getattr(tag, "confirmed", 0), tag.pk))
    return {"first": pair.first, "second": pair.second, "tags": tags, "reason": reason_in_words(pair.reason)}


def _counts(tab: str) -> dict[str, Any]:
    return {"tab": tab, "proposals_waiting": Proposal.objects.shown().count(), "articles_waiting": None}
