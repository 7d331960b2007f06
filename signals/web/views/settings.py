"""One's own settings, the mails that would have gone out, and the sample."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

from anymail.exceptions import AnymailError
from django import forms
from django.contrib import messages
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from signals.curation.people import change_settings
from signals.curation.sample import remove_sample
from signals.models import OutboxMail, User
from signals.web.access import administrators_only, people_only
from signals.web.inbox_counts import forget_counts
from signals.web.pages import page_of, render_page

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
        said = form.cleaned_data
        change_settings(
            person=request.user,
            by=request.user,
            name=said["name"],
            language=said["language"],
            time_zone=said["time_zone"],
        )
        translation.activate(said["language"])
        messages.success(request, _("Saved."))
        return redirect("settings")
    return render_page(request, "settings/settings.html", {"form": form})


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
    except (OSError, AnymailError) as failure:  # SMTPException is an OSError
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
    assert isinstance(request.user, User)
    removed = remove_sample(by=request.user)
    forget_counts()
    messages.success(request, _("%(count)d sample articles removed.") % {"count": removed})
    return redirect("home")
