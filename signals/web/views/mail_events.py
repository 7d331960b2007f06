"""Where a mail provider reports bounces and complaints."""

from __future__ import annotations

from typing import Any

from anymail.signals import AnymailTrackingEvent, tracking
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from signals.digests.mail_events import keep_event, read_event
from signals.web.access import public


# The secret in the address, and the provider's signature where it signs, are the permission.
@csrf_exempt
@never_cache
@public
@require_http_methods(["HEAD", "POST"])
def mail_events(request: HttpRequest) -> HttpResponse:
    """Keep what the provider reports; 404 unless a secret is set, 400 for who doesn't know it or talks nonsense."""
    if not settings.EMAIL_PROVIDER or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        raise Http404
    view = resolve(f"/{settings.EMAIL_PROVIDER}/tracking/", urlconf="anymail.urls").func
    try:
        answer: HttpResponse = view(request)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        # not what this provider sends; which parts of it are missing differs by provider
        return HttpResponse("this is no report\n", status=400, content_type="text/plain")
    return answer


def _keep(sender: object, event: AnymailTrackingEvent, **_rest: Any) -> None:
    keep_event(read_event(event), now=timezone.now())


# django-anymail hands events over in no other way.
tracking.connect(_keep, dispatch_uid="signals.web.views.mail_events")
