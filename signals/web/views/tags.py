"""The trend table, its exports and its saved views."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from signals.curation.errors import CurationError
from signals.curation.saved_views import delete_view, rename_view, save_view, without_page
from signals.models import Kind, Label, SavedView, User
from signals.web.access import people_only
from signals.web.pages import page_of, render_page
from signals.web.past_days import sent_once_known, shown_once_known
from signals.web.trend_exports import FORMS, export
from signals.web.trend_plots import VIEWS, plot
from signals.web.trend_rows import rows_html
from signals.web.trend_table import TrendTable


@require_GET
@shown_once_known
def tag_table(request: HttpRequest, kind: str | None = None) -> HttpResponseBase:
    """`/tags/`, `/tags/<kind>/`: what moved first."""
    table = _table(request, kind)
    page = page_of(request, table.places)
    drawn = request.GET.get("view", "")
    drawing = plot(table, drawn) if drawn in ("matrix", "radar") and table.places else None
    rows = table.rows(list(page.object_list)) if drawing is None else []
    context = {
        "table": table,
        "kind": kind,
        "kind_label": Kind(kind).label if kind else "",
        "page": page,
        "rows": rows,
        "body": rows_html(rows, has_force=table.has_force),
        "has_unsure": any(row.is_unsure for row in rows),
        "plot": drawing,
        "renderings": [
            (words, table.query(view=name or None), name == (drawing.name if drawing else ""))
            for name, words in VIEWS.items()
        ],
        "total": table.total,
        "as_of": table.listing.as_of,
        "exports": [(words, _export_address(kind, form)) for form, words in FORMS.items()],
        **_views(request, kind or ""),
    }
    return render_page(request, "tags/table.html", context, partial="tags/_table.html")


@require_GET
@sent_once_known
def tag_export(request: HttpRequest, form: str, kind: str | None = None) -> HttpResponseBase:
    """The rows of the table of the same URL, all pages of them, as CSV, XLSX, JSON, Markdown or RSS."""
    if form not in FORMS:
        raise Http404
    table = _table(request, kind)
    title = str(Kind(kind).label) if kind else _("Trends")
    address = settings.PUBLIC_URL + _table_address(kind, table.query())
    response = export(table, form, title, address)
    if response is None:
        raise Http404
    if form in {"csv", "xlsx"}:
        response["Content-Disposition"] = f'attachment; filename="vigie-{kind or "tags"}.{form}"'
    return response


@require_POST
@people_only
def save(request: HttpRequest) -> HttpResponse:
    """Keep the table as it is under a name."""
    assert isinstance(request.user, User)
    kind = request.POST.get("kind", "")
    kind = kind if kind in Kind.values else ""
    query = request.POST.get("query", "")
    try:
        view = save_view(
            by=request.user,
            name=request.POST.get("name", ""),
            query=query,
            kind=kind,
            is_shared=bool(request.POST.get("is_shared")),
        )
    except CurationError as refused:
        messages.error(request, str(refused))
        return redirect(_table_address(kind, without_page(query)[:2000]))
    messages.success(request, _("The view “%s” was saved.") % view.name)
    return redirect(_table_address(view.kind, view.query))


@require_POST
@people_only
def change_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename or delete a view of one's own."""
    assert isinstance(request.user, User)
    view = get_object_or_404(SavedView.objects.seen_by(request.user), pk=pk)
    address = _table_address(view.kind, view.query)
    try:
        if request.POST.get("what") == "delete":
            delete_view(view=view, by=request.user)
            messages.success(request, _("The view “%s” was deleted.") % view.name)
        else:
            rename_view(view=view, by=request.user, name=request.POST.get("name", ""))
            messages.success(request, _("The view is now called “%s”.") % view.name)
    except CurationError as refused:
        messages.error(request, str(refused))
    return redirect(address)


def _table(request: HttpRequest, kind: str | None) -> TrendTable:
    if kind is not None and kind not in Kind.values:
        raise Http404
    return TrendTable(request.GET, kind)


def _table_address(kind: str | None, query: str) -> str:
    address = reverse("tags-kind", args=[kind]) if kind else reverse("tags")
    return f"{address}?{query}" if query else address


def _export_address(kind: str | None, form: str) -> str:
    return reverse("tags-kind-export", args=[kind, form]) if kind else reverse("tags-export", args=[form])


def _views(request: HttpRequest, kind: str) -> dict[str, Any]:
    """Views worth a tab, one's own and shared ones: words, address, whether it is this one."""
    tabs = [
        (_("What moved"), ""),
        (_("Early risers"), f"label={Label.EMERGING}&label={Label.NEW}"),
        (_("Surging"), f"label={Label.SURGING}"),
        (_("Losing share"), f"label={Label.FADING}"),
        (_("Most relevant"), "sort=relevance"),
        (_("A to Z"), "sort=name"),
    ]
    now = without_page(request.GET.urlencode())
    views = [(words, f"?{query}", without_page(query) == now, False) for words, query in tabs]
    mine: SavedView | None = None
    if isinstance(request.user, User):
        for view in SavedView.objects.seen_by(request.user):
            is_this = (view.kind, view.query) == (kind, now)
            if is_this and view.user_id == request.user.pk:
                mine = view
            views.append((view.name, _table_address(view.kind, view.query), is_this, True))
    return {"views": views, "view": mine, "view_query": now}
