"""Subscribing and leaving: signed links, no log-in; GET shows a page, only POST changes something."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from signals.digests import subscribe as service
from signals.digests.wishes import Wishes
from signals.models import Kind, Subscription
from signals.web.access import public
from signals.web.pages import render_page


class WishesForm(forms.Form):
    """What a reader wants to get."""

    language = forms.ChoiceField(
        choices=[("en", "English"), ("fr", "Français")], label=gettext_lazy("Language of the mails")
    )
    kinds = forms.MultipleChoiceField(
        choices=Kind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Kinds"),
        help_text=gettext_lazy("None ticked means all of them."),
    )
    least_relevancy = forms.TypedChoiceField(
        coerce=int,
        choices=[
            (1, gettext_lazy("everything")),
            (2, gettext_lazy("2 or more")),
            (3, gettext_lazy("3 or more")),
            (4, gettext_lazy("4 or more")),
            (5, gettext_lazy("5 only")),
        ],
        label=gettext_lazy("Least relevance"),
        help_text=gettext_lazy("From 2 on, what nobody has rated yet is left out."),
    )

    def wishes(self) -> Wishes:
        """The cleaned wishes."""
        cleaned = self.cleaned_data
        return Wishes(
            language=cleaned["language"],
            kinds=tuple(sorted(cleaned["kinds"])),
            least_relevancy=cleaned["least_relevancy"],
            is_paused=cleaned.get("is_paused", False),
        )


class SubscribeForm(WishesForm):
    """The address first."""

    email = forms.EmailField(
        max_length=254,
        label=gettext_lazy("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    field_order = ["email", "language", "kinds", "least_relevancy"]


class PreferencesForm(WishesForm):
    """A pause beside."""

    is_paused = forms.BooleanField(
        required=False, label=gettext_lazy("Pause: send nothing until I untick this")
    )


@never_cache
@public
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Ask for the newsletter; the answer is the same for every address."""
    first = {"language": translation.get_language(), "least_relevancy": 1}
    form = SubscribeForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method != "POST" or not form.is_valid():
        return _page(request, "digests/subscribe.html", {"form": form})
    if not service.may_ask(_client(request)):
        form.add_error(None, _("Too many requests from your network. Try again in an hour."))
        return _page(request, "digests/subscribe.html", {"form": form}, status=429)
    try:
        service.request_subscription(email=form.cleaned_data["email"], wishes=form.wishes())
    except OSError:
        form.add_error(None, _("The mail could not be sent. Try again later."))
        return _page(request, "digests/subscribe.html", {"form": form}, status=503)
    return redirect("subscribe-asked")


@never_cache
@public
@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    """What happens next, whoever asked."""
    return _page(request, "digests/asked.html", {})


@never_cache
@public
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button, so that a link scanner confirms nothing; POST confirms."""
    if request.method == "POST":
        reader = service.confirm_subscription(token=token)
        if reader is not None:
            with translation.override(reader.language):
                return _page(request, "digests/confirmed.html", _links(reader))
        return _gone(request)
    found = service.find_confirmation(token=token)
    if found is None:
        return _gone(request)
    reader, confirmation = found
    with translation.override(confirmation.wishes.language):
        return _page(request, "digests/confirm.html", {"reader": reader})


@never_cache
@public
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """What a reader gets and why; all that is kept of them."""
    reader = service.find_reader(token=token)
    if reader is None:
        return _gone(request)
    kept = {
        "language": reader.language,
        "kinds": reader.kinds,
        "least_relevancy": reader.least_relevancy,
        "is_paused": reader.is_paused,
    }
    form = PreferencesForm(request.POST if request.method == "POST" else None, initial=kept)
    if request.method == "POST" and form.is_valid():
        service.change_wishes(reader=reader, wishes=form.wishes())
        with translation.override(form.cleaned_data["language"]):
            messages.success(request, _("Saved."))
        return redirect("subscription", token=token)
    with translation.override(reader.language):
        deliveries = reader.deliveries.select_related("edition").order_by("-edition__ends_on")[:20]
        context = {
            "form": form,
            "reader": reader,
            "token": token,
            "is_subscribed": service.is_subscribed(reader),
            "deliveries": deliveries,
        }
        return _page(request, "digests/preferences.html", context)


@never_cache
@public
@require_POST
def forget(request: HttpRequest, token: str) -> HttpResponse:
    """Delete all that is kept of a reader."""
    reader = service.find_reader(token=token)
    if reader is None:
        return _gone(request)
    with translation.override(reader.language):
        service.forget_reader(reader=reader)
        return _page(request, "digests/forgotten.html", {})


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
        return _gone(request)
    with translation.override(reader.language):
        context = _links(reader) | {"has_left": request.method == "POST"}
        return _page(request, "digests/leave.html", context)


def _from_our_page(request: HttpRequest) -> bool:
    try:
        return "page" in request.POST
    except (MultiPartParserError, BadRequest):
        return False


def _links(reader: Subscription) -> dict[str, Any]:
    return {"reader": reader, "token": service.token_of(reader)}


def _gone(request: HttpRequest) -> HttpResponse:
    return _page(request, "digests/gone.html", {}, status=410)


def _page(request: HttpRequest, page: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page whose `lang` is the reader's; its address is a key, so it is told to nobody."""
    shown = context | {"LANGUAGE_CODE": translation.get_language()}
    response = render_page(request, page, shown, status=status)
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response


def _client(request: HttpRequest) -> str:
    """Whom to count: the address of the connection, or behind a trusted proxy the one that it reports."""
    reported = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return reported.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR", "")
