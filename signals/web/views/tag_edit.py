"""Editing a tag where it stands, and adding one by hand."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from signals.curation.errors import CurationError
from signals.curation.likely_same import tags_like
from signals.curation.tags import add_name, add_tag, edit_tag, remove_name
from signals.models import Kind, Tag, TagName, Theme, User
from signals.web.access import analysts_only
from signals.web.pages import render_page
from signals.web.tag_parts import EVERY, PARTS, PartForm


@require_http_methods(["GET", "POST"])
@analysts_only
def edit(request: HttpRequest, pk: int, part: str) -> HttpResponse:
    """The form of a part of a tag's page, and what it says again once saved."""
    assert isinstance(request.user, User)
    tag = get_object_or_404(Tag, pk=pk)
    if part not in PARTS:
        raise Http404
    if tag.merged_into is not None and request.method == "GET":
        return _lead_to(request, tag.merged_into)
    if part == "names":
        return _edit_names(request, tag)
    if request.method == "GET":
        if "read" in request.GET:
            return _read(request, tag, part)
        return _form(request, tag, part, PartForm(tag, PARTS[part]))
    form = PartForm(tag, PARTS[part], request.POST)
    if form.is_valid():
        try:
            change = edit_tag(tag=tag, by=request.user, values=form.values(), seen=form.seen)
        except CurationError as refused:
            tag.refresh_from_db()
            form.taken = tag.merged_into
            form.refuse(refused)
        else:
            tag.refresh_from_db()
            return _saved(request, tag, part, is_changed=change is not None)
    return _form(request, tag, part, form, status=422)


def _lead_to(request: HttpRequest, survivor: Tag) -> HttpResponse:
    """The page of what an item was merged into."""
    if not getattr(request, "htmx", False):
        return redirect(survivor)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = survivor.get_absolute_url()
    return response


def _edit_names(request: HttpRequest, tag: Tag) -> HttpResponse:
    assert isinstance(request.user, User)
    error, taken, typed = "", None, ""
    if request.method == "POST":
        remove = request.POST.get("remove", "")
        typed = request.POST.get("alias", "")
        try:
            if remove:
                name_id = int(remove) if remove.isdecimal() and len(remove) < 18 else 0
                change = remove_name(tag=tag, by=request.user, name_id=name_id)
            else:
                language = request.POST.get("language", "")
                change = add_name(tag=tag, by=request.user, name=typed, language=language)
                typed = ""
        except CurationError as refused:
            tag.refresh_from_db()
            error, taken = str(refused), getattr(refused, "tag", tag.merged_into)
        else:
            if not getattr(request, "htmx", False):
                return _saved(request, tag, "names", is_changed=change is not None)
            response = _names_form(request, tag, "", None, "")
            return _with_news(response, is_changed=change is not None)
    elif "read" in request.GET:
        return _read(request, tag, "names")
    else:
        typed = request.GET.get("alias", "")[:300]
    return _names_form(request, tag, error, taken, typed)


def _names_form(request: HttpRequest, tag: Tag, error: str, taken: Tag | None, typed: str) -> HttpResponse:
    context = {
        "tag": tag,
        "part": "names",
        "aliases": TagName.objects.filter(tag=tag, is_live=True, is_alias=True).order_by("name"),
        "error": error,
        "taken": taken,
        "typed": typed,
        "form_template": "tags/_names_edit.html",
    }
    status = 422 if error and not getattr(request, "htmx", False) else 200
    return render_page(request, "tags/edit.html", context, partial="tags/_names_edit.html", status=status)


def _form(request: HttpRequest, tag: Tag, part: str, form: PartForm, *, status: int = 200) -> HttpResponse:
    is_inline = bool(getattr(request, "htmx", False))
    context = {
        "tag": tag,
        "part": part,
        "form": form,
        "form_template": "tags/_edit.html",
        "is_inline": is_inline,
    }
    if is_inline:
        status = 200  # a form with its errors is swapped in like any other
    return render_page(request, "tags/edit.html", context, partial="tags/_edit.html", status=status)


def _read(request: HttpRequest, tag: Tag, part: str) -> HttpResponse:
    if not getattr(request, "htmx", False):
        return redirect(tag)
    context = {"tag": tag, "part": part, **part_context(tag)}
    return render_page(request, "tags/_part.html", context)


def _saved(request: HttpRequest, tag: Tag, part: str, *, is_changed: bool) -> HttpResponse:
    if getattr(request, "htmx", False):
        response = _with_news(_read(request, tag, part), is_changed=is_changed)
        if is_changed and part == "outlook":
            response["HX-Trigger"] = "tag-changed, outlook-changed"
        return response
    if is_changed:
        messages.success(request, _("Saved."))
    return redirect(tag)


def _with_news(response: HttpResponse, *, is_changed: bool) -> HttpResponse:
    if is_changed:
        response["HX-Trigger"] = "tag-changed"
        response["X-Said"] = quote(_("Saved. The key u takes it back."))
    return response


def part_context(tag: Tag) -> dict[str, Any]:
    """What the parts show besides the tag's own fields."""
    names = TagName.objects.filter(tag=tag, is_live=True).order_by("name").values_list("name", flat=True)
    return {
        "names": [name for name in names if name not in (tag.name, tag.name_fr)],
        "themes": list(Theme.objects.filter(tags=tag)),
    }


@require_http_methods(["GET", "POST"])
@analysts_only
def new(request: HttpRequest) -> HttpResponse:
    """Add a tag by hand; what may be the same is offered before anything is made."""
    assert isinstance(request.user, User)
    htmx = getattr(request, "htmx", None)
    if request.method == "GET":
        kind = request.GET.get("kind", "")
        asked = {
            "kind": kind if kind in Kind.values else Kind.SIGNAL.value,
            "status": Tag.Status.TRACKED.value,
            "name": request.GET.get("name", "")[:300],
        }
        if htmx and htmx.target == "similar-new":
            return render_page(request, "tags/_similar_new.html", {"alike": _alike(request.GET)})
        form = PartForm(None, EVERY, initial=asked)
        return _new_form(request, form, _alike(asked))
    form = PartForm(None, EVERY, request.POST)
    alike: list[tuple[Tag, str]] = []
    if form.is_valid():
        alike = _alike(request.POST)
        # Sure of those that were shown; others that came up since are shown first.
        shown = set(request.POST.get("sure", "").split(","))
        if {str(tag.pk) for tag, _why in alike} <= shown:
            try:
                tag = add_tag(by=request.user, values=form.values())
            except CurationError as refused:
                form.refuse(refused)
            else:
                messages.success(request, _("Added. It is being matched with past articles."))
                return redirect(tag)
    return _new_form(request, form, alike, asks=bool(alike), status=422)


def _new_form(
    request: HttpRequest,
    form: PartForm,
    alike: list[tuple[Tag, str]],
    *,
    asks: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "alike": alike, "asks": asks}
    return render_page(request, "tags/new.html", context, status=status)


def _alike(asked: Any) -> list[tuple[Tag, str]]:
    name = str(asked.get("name", "")).replace("\x00", "").strip()[:300]
    if not name:
        return []
    return tags_like(
        kind=str(asked.get("kind", "")),
        name=name,
        name_fr=str(asked.get("name_fr", ""))[:300],
        description=str(asked.get("description", ""))[:2000],
    )
