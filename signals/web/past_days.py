"""What is answered while a past day is being put together: a page that looks again by itself, or "try again"."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from signals.days import say_day
from signals.trends.past import NotYetKnownError
from signals.web.pages import render_page

_SECONDS = 3
_View = Callable[..., HttpResponseBase]


def shown_once_known(view: _View) -> _View:
    """A page that waits for a past day says so, and shows it once it is there."""
    return _told(view, _page)


def sent_once_known(view: _View) -> _View:
    """A file of a past day that isn't there yet is answered with 503 and when to ask again."""
    return _told(view, _refusal)


def _told(view: _View, tell: Callable[[HttpRequest, NotYetKnownError], HttpResponse]) -> _View:
    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotYetKnownError as pending:
            response = tell(request, pending)
            response["Retry-After"] = str(_SECONDS)
            response["Cache-Control"] = "no-store"
            return response

    return answer


def _words(pending: NotYetKnownError) -> str:
    day = say_day(pending.day, "j F Y")
    return _("The table as known on %(day)s is being put together; it takes some seconds.") % {"day": day}


def _page(request: HttpRequest, pending: NotYetKnownError) -> HttpResponse:
    query = request.GET.copy()
    query.pop("known_on", None)
    context = {
        "words": _words(pending),
        "seconds": _SECONDS,
        "address": request.get_full_path(),
        "present": f"{request.path}?{query.urlencode()}",
    }
    return render_page(request, "tags/pending.html", context, partial="tags/_pending.html", status=202)


def _refusal(_request: HttpRequest, pending: NotYetKnownError) -> HttpResponse:
    return HttpResponse(_words(pending), status=503, content_type="text/plain; charset=utf-8")
