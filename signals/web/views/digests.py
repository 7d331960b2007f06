"""The newsletter's pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from signals.models import Edition
from signals.web.access import public
from signals.web.pages import page_of, render_page


@public
def subscribe(request: HttpRequest) -> HttpResponse:
    """Ask for the newsletter."""
    return render_page(request, "digests/subscribe.html", {})


def archive(request: HttpRequest) -> HttpResponse:
    """All editions, newest first."""
    return render_page(request, "digests/archive.html", {"page": page_of(request, Edition.objects.all())})


def digest(request: HttpRequest, period: str) -> HttpResponse:
    """One edition."""
    edition = get_object_or_404(Edition, cadence="weekly", period=period)
    return render_page(request, "digests/digest.html", {"edition": edition})
