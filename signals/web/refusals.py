"""A change that was refused, told to who asked."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _


def refused_with_reason(request: HttpRequest, refused: Exception, back: str) -> HttpResponse:
    """Say why: a header for the script, a message on the page without it."""
    if getattr(request, "htmx", False):
        response = HttpResponse(status=409)
        response["X-Reason"] = quote(str(refused))
        return response
    messages.error(request, str(refused))
    return redirect(back)


def refuse_old_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For CSRF_FAILURE_VIEW: the form is of another log-in, or from elsewhere."""
    response = render(request, "403_csrf.html", status=403)
    response["X-Reason"] = quote(
        _("This page is older than your log-in: load it again. Nothing of it was saved.")
    )
    return response
