"""Subscribing and leaving: signed links, no log-in; GET shows a page, only POST changes something."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from anymail.exceptions import AnymailError
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from signals.digests import subscribe as service
from signals.digests.personal import deliveries_of, kept_of
from signals.digests.suppression import has_complained
from signals.models import Subscription
from signals.web.access import public
from signals.web.pages import render_page
from signals.web.wishes_form import PreferencesForm, SubscribeForm, WishesForm, tags_called, when_words

_NARROWS: Final = ("kinds", "themes", "tags")


@never_cache
@public
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Ask for the newsletter; the answer is the same for every address."""
    language = translation.get_language()
    may_read = settings.PUBLIC_READ_ONLY or request.user.is_authenticated
    first = {"language": language, "hour": 7, "weekday": 0, "time_zone": "UTC"}
    if request.method != "POST" or _only_looks(request):
        form = SubscribeForm(initial=first | _typed(request.POST), may_choose_tags=may_read)
        return reader_page(request, "digests/subscribe.html", _choosing(request, form))
    form = SubscribeForm(request.POST, may_choose_tags=may_read)
    if not form.is_valid():
        return reader_page(request, "digests/subscribe.html", _choosing(request, form))
    if not service.may_ask(client_of(request)):
        form.add_error(None, _("Too many requests from your network. Try again in an hour."))
        return reader_page(request, "digests/subscribe.html", _choosing(request, form), status=429)
    try:
        service.request_subscription(email=form.cleaned_data["email"], wishes=form.wishes())
    except (OSError, AnymailError):
        form.add_error(None, _("The mail could not be sent. Try again later."))
        return reader_page(request, "digests/subscribe.html", _choosing(request, form), status=503)
    return redirect("subscribe-asked")


@never_cache
@require_safe
def tag_choice(request: HttpRequest) -> HttpResponse:
    """The part of the form in which tags are looked for, as one types; for who may read the catalogue."""
    form = SubscribeForm(initial=_typed(request.GET))
    return render_page(request, "digests/_tag_choice.html", _choosing(request, form))


@never_cache
@public
@require_safe
def own_tag_choice(request: HttpRequest, token: str) -> HttpResponse:
    """The same for a reader."""
    reader = service.find_reader(token=token)
    if reader is None:
        return gone(request)
    with translation.override(reader.language):
        form = PreferencesForm(initial=_typed(request.GET))
        return reader_page(request, "digests/_tag_choice.html", _choosing(request, form))


@never_cache
@public
@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    """What happens next, whoever asked."""
    return reader_page(request, "digests/asked.html", {})


@never_cache
@public
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button, so that a link scanner confirms nothing; POST confirms."""
    if request.method == "POST":
        reader = service.confirm_subscription(token=token)
        if reader is not None:
            with translation.override(reader.language):
                when = when_words(service.wishes_of(reader))
                return reader_page(request, "digests/confirmed.html", _links(reader) | {"when": when})
        return gone(request)
    found = service.find_confirmation(token=token)
    if found is None:
        return gone(request)
    reader, confirmation = found
    with translation.override(confirmation.wishes.language):
        when = when_words(confirmation.wishes)
        return reader_page(request, "digests/confirm.html", {"reader": reader, "when": when})


@never_cache
@public
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """What a reader gets and why; all that is kept of them."""
    reader = service.find_reader(token=token)
    if reader is None:
        return gone(request)
    kept = asdict(service.wishes_of(reader))
    if request.method != "POST" or _only_looks(request):
        typed = _typed(request.POST)
        # a box that is not ticked is not sent
        form = PreferencesForm(initial=kept | ({"is_paused": False} if typed else {}) | typed)
    else:
        form = PreferencesForm(request.POST, initial=kept)
        if form.is_valid():
            service.change_wishes(reader=reader, wishes=form.wishes())
            with translation.override(form.cleaned_data["language"]):
                messages.success(request, _("Saved."))
            return redirect("subscription", token=token)
    with translation.override(reader.language):
        context = {
            "reader": reader,
            "token": token,
            "is_subscribed": service.is_subscribed(reader),
            "has_complained": has_complained(reader.email),
            "kept": json.dumps(kept_of(reader), ensure_ascii=False, indent=2),
            "deliveries": deliveries_of(reader)[:20],
        }
        return reader_page(request, "digests/preferences.html", context | _choosing(request, form))


@never_cache
@public
@require_safe
def own_data(request: HttpRequest, token: str) -> HttpResponse:
    """All that is kept of a reader, to take along."""
    reader = service.find_reader(token=token)
    if reader is None:
        return JsonResponse({"error": "gone"}, status=410)
    options = {"ensure_ascii": False, "indent": 2}
    response = JsonResponse(kept_of(reader), json_dumps_params=options)
    response["Content-Disposition"] = 'attachment; filename="vigie-my-data.json"'
    return _keep_secret(response)


@never_cache
@public
@require_POST
def forget(request: HttpRequest, token: str) -> HttpResponse:
    """Delete all that is kept of a reader."""
    reader = service.find_reader(token=token)
    if reader is None:
        return gone(request)
    with translation.override(reader.language):
        service.forget_reader(reader=reader)
        return reader_page(request, "digests/forgotten.html", {})


# The token is the permission: a mail program that POSTs has no cookie to protect.
@csrf_exempt
@never_cache
@public
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button; POST unsubscribes, by the button or by one click in a mail program (RFC 8058)."""
    reader = service.find_reader(token=token)
    if request.method == "POST":
        # first, and whatever the body looks like: mail programs send it in many ways
        if reader is not None:
            service.unsubscribe(reader=reader)
        if not _from_our_page(request):
            return HttpResponse("unsubscribed\n", content_type="text/plain")
    if reader is None:
        return gone(request)
    with translation.override(reader.language):
        context = _links(reader) | {"has_left": request.method == "POST"}
        return reader_page(request, "digests/leave.html", context)


def _only_looks(request: HttpRequest) -> bool:
    """Whether tags are looked for: by the button, or by words that no look was taken for yet."""
    words = request.POST.get("find", "").strip()
    return "look" in request.POST or (bool(words) and words != request.POST.get("found", "").strip())


def _typed(data: QueryDict) -> dict[str, Any]:
    """What stands in a form that is not done yet, to be shown again."""
    return {
        name: data.getlist(name) if name in _NARROWS else data[name]
        for name in WishesForm.base_fields.keys() | {"email", "is_paused", "paused_until"}
        if name in data or (name in _NARROWS and data)
    }


def _choosing(request: HttpRequest, form: WishesForm) -> dict[str, Any]:
    """A form with the tags chosen so far, and those that words find."""
    words = (request.POST if request.method == "POST" else request.GET).get("find", "").strip()[:200]
    chosen = form.chosen_tags()
    found = tags_called(words, but=chosen) if words and "tags" in form.fields else []
    is_open = form.is_bound or bool(words) or any(form.initial.get(name) for name in _NARROWS)
    return {"form": form, "chosen": chosen, "found": found, "find": words, "is_open": is_open}


def _from_our_page(request: HttpRequest) -> bool:
    try:
        return "page" in request.POST
    except (MultiPartParserError, BadRequest, SuspiciousOperation, UnreadablePostError):
        return False


def _links(reader: Subscription) -> dict[str, Any]:
    return {"reader": reader, "token": service.token_of(reader)}


def gone(request: HttpRequest) -> HttpResponse:
    return reader_page(request, "digests/gone.html", {}, status=410)


def reader_page(request: HttpRequest, page: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page whose `lang` is the reader's."""
    shown = context | {"LANGUAGE_CODE": translation.get_language()}
    return _keep_secret(render_page(request, page, shown, status=status))


def _keep_secret(response: HttpResponse) -> HttpResponse:
    """The address is a key: it is told to nobody."""
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response


def client_of(request: HttpRequest) -> str:
    """Whom to count: the address of the connection, or behind a trusted proxy the one that it reports."""
    reported = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return reported.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR", "")
