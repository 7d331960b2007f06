"""A change that was refused, told to who asked."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


def refused_with_reason(request: HttpRequest, refused: Exception, back: str) -> HttpResponse:
    """Say why: a header for the script, a message on the page without it."""
    if getattr(request, "htmx", False):
        response = HttpResponse(status=409)
        response["X-Reason"] = quote(str(refused))
        return response
    messages.error(request, str(refused))
    return redirect(back)
