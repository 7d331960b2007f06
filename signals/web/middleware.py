"""Who may see what: everything needs a log-in, except what says it does not."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from signals.models import User
from signals.web.access import ask_to_log_in

_VISIT_STEP = timedelta(minutes=5)
_VISIT_ENDS = timedelta(minutes=30)


class LogInRequiredMiddleware:
    """Send strangers to the log-in page unless the view is marked `public`.

    With PUBLIC_READ_ONLY, pages may be read by anybody with GET, and only views marked
    `for_people` still ask for a log-in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User):
            translation.activate(user.language)
            request.LANGUAGE_CODE = user.language
            with suppress(zoneinfo.ZoneInfoNotFoundError, ValueError):
                timezone.activate(user.time_zone)
            _note_visit(user, timezone.now())
        try:
            return self.get_response(request)
        finally:
            # The thread serves somebody else next.
            timezone.deactivate()

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        """Decide before the view runs."""
        if request.user.is_authenticated or getattr(view, "is_public", False):
            return None
        if view.__module__.startswith("allauth.") or request.path.startswith(settings.STATIC_URL):
            return None
        if (
            settings.PUBLIC_READ_ONLY
            and request.method in {"GET", "HEAD"}
            and not getattr(view, "for_people", False)
        ):
            return None
        return ask_to_log_in(request)


def _note_visit(user: User, now: datetime) -> None:
    """Remember that somebody is here, every few minutes, and when the visit before this one ended."""
    last = user.last_visit_at
    if last is not None and now - last <= _VISIT_STEP:
        return
    is_new = last is not None and now - last > _VISIT_ENDS
    seen = {"last_visit_at": now, **({"previous_visit_at": last} if is_new else {})}
    # A page asks for several things at once: only the first of them ends the visit before.
    if User.objects.filter(pk=user.pk, last_visit_at=last).update(**seen):
        user.last_visit_at, user.previous_visit_at = now, last if is_new else user.previous_visit_at
    else:
        user.refresh_from_db(fields=["last_visit_at", "previous_visit_at"])
