"""Decorators that say who a view is for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from signals.models import User

View = Callable[..., HttpResponse]


def public(view: View) -> View:
    """A page that needs no log-in: subscribing, signed links, health."""
    view.is_public = True  # type: ignore[attr-defined]  # a mark that the middleware reads
    return view


def _only(allowed: Callable[[User], bool]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not isinstance(request.user, User):
                return redirect_to_login(request.get_full_path())
            if not allowed(request.user):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        checked.for_people = True  # type: ignore[attr-defined]  # a mark that the middleware reads
        return checked

    return decorate


analysts_only = _only(lambda user: user.is_analyst)
administrators_only = _only(lambda user: user.is_administrator)
people_only = _only(lambda user: True)
