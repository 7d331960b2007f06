"""One view, one URL: the whole page, or only the part that htmx asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from signals.models import sample_day

ROWS = 50


def render_page(
    request: HttpRequest,
    page: str,
    context: Mapping[str, Any],
    *,
    partial: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render `page`, or `partial` when htmx swaps a part; a history restore gets the whole page."""
    htmx = getattr(request, "htmx", None)
    wants_part = bool(partial and htmx and not htmx.history_restore_request and not htmx.boosted)
    response = render(request, partial if wants_part and partial else page, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


def known_until() -> datetime | None:
    """While only the sample is loaded, the end of its last day: pages open as known then. Else None."""
    day = sample_day()
    return datetime.combine(day + timedelta(days=1), time.min, UTC) if day else None


def page_of(
    request: HttpRequest, rows: QuerySet[Any] | list[Any], per_page: int = ROWS, *, count: int | None = None
) -> Page[Any]:
    """The page that `?page=` asks for; nonsense means the first, too far the last.

    `count` saves counting the rows, for who knows a faster way.
    """
    paginator = Paginator(rows, per_page)
    if count is not None:
        paginator.count = count
    return paginator.get_page(request.GET.get("page"))


def way_back(said: str, otherwise: str) -> str:
    """The page of ours that a form came from, else `otherwise`."""
    return said if said.startswith("/") and url_has_allowed_host_and_scheme(said, None) else otherwise
