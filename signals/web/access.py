"""Decorators that say who a view is for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from signals.models import User

View = Callable[..., HttpResponseBase]


def public(view: View) -> View:
    """A page that needs no log-in: subscribing, signed links, health."""
    view.is_public = True  # type: ignore[attr-defined]  # a mark that the middleware reads
    return view


def ask_to_log_in(request: HttpRequest) -> HttpResponse:
    """The log-in page, and back from there; a part of a page is only told, so that what was typed stays."""
    if "HX-Request" in request.headers:
        return _told(401, _("You were logged out. Log in again in another window; nothing of it was saved."))
    if request.method in {"GET", "HEAD"}:
        return redirect_to_login(request.get_full_path())
    # What takes a form shows no page: back to the one that had it.
    came_from = urlsplit(request.headers.get("Referer", ""))
    is_ours = came_from.netloc == request.get_host()
    return redirect_to_login(came_from._replace(scheme="", netloc="").geturl() if is_ours else "/")


def refuse_role(request: HttpRequest) -> HttpResponse:
    """Tell a part of a page that one's role does not allow this; raises PermissionDenied for a whole page."""
    if "HX-Request" in request.headers:
        return _told(403, _("Your role does not allow this."))
    raise PermissionDenied


def _told(status: int, words: str) -> HttpResponse:
    response = HttpResponse(status=status)
    response["X-Reason"] = quote(words)
    return response


def _only(allowed: Callable[[User], bool]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return ask_to_log_in(request)
            if not allowed(request.user):
                return refuse_role(request)
            return view(request, *args, **kwargs)

        checked.for_people = True  # type: ignore[attr-defined]  # a mark that the middleware reads
        return checked

    return decorate


analysts_only = _only(lambda user: user.is_analyst)
administrators_only = _only(lambda user: user.is_administrator)
people_only = _only(lambda user: True)
