"""Asking to be told when something rises, and no longer: signed links, no log-in; only POST changes something."""

from __future__ import annotations

from anymail.exceptions import AnymailError
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from signals.digests import alert_requests as service
from signals.digests.alerts import MOST, follow_tag, unfollow_tag
from signals.digests.subscribe import find_reader, is_subscribed, may_ask, token_of
from signals.models import Tag
from signals.web.access import public
from signals.web.views.subscriptions import client_of, gone, reader_page


class AlertForm(forms.Form):
    """Where to, in which language."""

    email = forms.EmailField(
        max_length=254,
        label=gettext_lazy("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    language = forms.ChoiceField(
        choices=[("en", "English"), ("fr", "Français")], label=gettext_lazy("Language of the mails")
    )


@require_safe
def form_of(request: HttpRequest, pk: int) -> HttpResponse:
    """From an item's page to its form, whose address may be passed on to who has no log-in."""
    return redirect("subscription-alert", token=service.form_token(get_object_or_404(Tag, pk=pk)))


@never_cache
@public
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for an alert; the answer is the same for every address."""
    tag = service.tag_of_form(token)
    if tag is None:
        return gone(request)
    first = {"language": (translation.get_language() or settings.LANGUAGE_CODE)[:2]}
    if request.user.is_authenticated:
        first["email"] = request.user.email
    form = AlertForm(request.POST if request.method == "POST" else None, initial=first)
    context = {"form": form, "tag": tag}
    if request.method != "POST" or not form.is_valid():
        return reader_page(request, "digests/alert.html", context, 422 if form.errors else 200)
    if not may_ask(client_of(request)):
        form.add_error(None, _("Too many requests from your network. Try again in an hour."))
        return reader_page(request, "digests/alert.html", context, 429)
    try:
        service.request_alert(
            email=form.cleaned_data["email"], tag=tag, language=form.cleaned_data["language"]
        )
    except (OSError, AnymailError):
        form.add_error(None, _("The mail could not be sent. Try again later."))
        return reader_page(request, "digests/alert.html", context, 503)
    return redirect("subscribe-asked")


@never_cache
@public
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button, so that a link scanner confirms nothing; POST confirms."""
    if request.method == "POST":
        confirmed = service.confirm_alert(token=token)
        if confirmed is None:
            return gone(request)
        reader, tag = confirmed
        with translation.override(reader.language):
            messages.success(request, _("You will be told when it rises."))
        return redirect("subscription", token=token_of(reader))
    found = service.find_alert_request(token=token)
    if found is None:
        return gone(request)
    reader, tag, language = found
    with translation.override(language):
        return reader_page(request, "digests/alert_confirm.html", {"reader": reader, "tag": tag})


@never_cache
@public
@require_POST
def change(request: HttpRequest, token: str) -> HttpResponse:
    """Follow one more item, by its name, or one less, from a reader's own page."""
    reader = find_reader(token=token)
    if reader is None or not is_subscribed(reader):
        return gone(request)
    with translation.override(reader.language):
        unfollow = request.POST.get("unfollow", "")
        if unfollow.isascii() and unfollow.isdecimal() and len(unfollow) < 19:
            unfollow_tag(reader=reader, tag_id=int(unfollow))
            messages.success(request, _("Saved."))
            return redirect("subscription", token=token)
        name = " ".join(request.POST.get("name", "").replace("\0", "").split())[:300]
        tag = (
            Tag.objects.tracked().filter(name__iexact=name).first()
            or Tag.objects.tracked().filter(name_fr__iexact=name).first()
            if name
            else None
        )
        if tag is None:
            messages.error(request, _("No item is called “%(name)s”.") % {"name": name})
        elif follow_tag(reader=reader, tag=tag, now=timezone.now()) is None:
            messages.error(request, _("More than %(most)d is too many.") % {"most": MOST})
        else:
            messages.success(request, _("Saved."))
    return redirect("subscription", token=token)
