"""Getting in by a one-time link, one's own settings, and what administrators do."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from signals.curation.people import find_log_in_link, use_log_in_link
from signals.curation.starter import remove_sample
from signals.models import OutboxMail, User
from signals.web.access import administrators_only, people_only, public
from signals.web.pages import page_of, render_page

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@never_cache
@public
@require_http_methods(["GET", "HEAD", "POST"])
def log_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button, so that a link scanner consumes nothing; POST logs in, once."""
    if request.method == "POST":
        user = use_log_in_link(token=token)
        if user is None:
            return render_page(request, "account/link.html", {"link": None}, status=410)
        login(request, user, backend=_BACKEND)
        return redirect("home")
    link = find_log_in_link(token=token)
    return render_page(request, "account/link.html", {"link": link}, status=200 if link else 410)


if TYPE_CHECKING:
    _UserForm = forms.ModelForm[User]
else:
    _UserForm = forms.ModelForm


class SettingsForm(_UserForm):
    """What a person sets for themselves."""

    class Meta:
        model = User
        fields = ["name", "language", "time_zone"]

    language = forms.ChoiceField(
        choices=[("en", "English"), ("fr", "Français")], label=gettext_lazy("Language of the pages")
    )
    time_zone = forms.ChoiceField(
        choices=[(zone, zone) for zone in sorted(zoneinfo.available_timezones())],
        label=gettext_lazy("Time zone"),
    )


@people_only
@require_http_methods(["GET", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    """Name, language, time zone; for administrators the mail and the sample."""
    assert isinstance(request.user, User)
    form = SettingsForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        translation.activate(user.language)
        messages.success(request, _("Saved."))
        return redirect("settings")
    context = {
        "form": form,
        "people": User.objects.order_by("email") if request.user.is_administrator else [],
    }
    return render_page(request, "settings/settings.html", context)


@require_POST
@administrators_only
def send_test_mail(request: HttpRequest) -> HttpResponse:
    """A mail to oneself through the mail settings in force; a failure is shown as the server said it."""
    assert isinstance(request.user, User)
    mail = EmailMultiAlternatives(
        subject=_("Test mail from Vigie"),
        body=_("If you can read this, Vigie can send mail. Sent %(when)s.")
        % {"when": timezone.now().isoformat(" ", "minutes")},
        to=[request.user.email],
    )
    try:
        mail.send()
    except OSError as failure:  # SMTPException is an OSError
        messages.error(request, _("The mail server refused: %(why)s") % {"why": failure})
    else:
        messages.success(request, _("Sent to %(to)s.") % {"to": request.user.email})
    return redirect("settings")


@require_GET
@administrators_only
def outbox(request: HttpRequest) -> HttpResponse:
    """Mails that would have gone out, newest first."""
    return render_page(
        request, "settings/outbox.html", {"page": page_of(request, OutboxMail.objects.defer("raw"), 30)}
    )


@require_GET
@administrators_only
def outbox_mail(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail as text, with its headers."""
    mail = get_object_or_404(OutboxMail.objects.defer("raw"), pk=pk)
    return render_page(request, "settings/outbox_mail.html", {"mail": mail})


@require_POST
@administrators_only
def remove_the_sample(request: HttpRequest) -> HttpResponse:
    """Sample articles go; the catalogue and the release facts stay."""
    removed = remove_sample()
    messages.success(request, _("%(count)d sample articles removed.") % {"count": removed})
    return redirect("home")
