"""Addresses that are not written to any more: how many, why, and letting one in again."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from signals.curation.errors import CurationError
from signals.digests.suppression import lift_suppression
from signals.models import Suppression, User
from signals.web.access import administrators_only
from signals.web.pages import render_page

_REASONS = 50


class LiftForm(forms.Form):
    """Only who knows the address can lift it: the list holds no addresses."""

    email = forms.EmailField(
        max_length=254,
        label=gettext_lazy("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def suppressions(request: HttpRequest) -> HttpResponse:
    """GET shows reasons and counts, POST lifts one address."""
    form = LiftForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and isinstance(request.user, User):
        status = 422
        if form.is_valid():
            try:
                lift_suppression(address=form.cleaned_data["email"], by=request.user, now=timezone.now())
            except CurationError as refused:
                form.add_error("email", str(refused))
            else:
                messages.success(request, _("The address may be written to again."))
                return redirect("digest-suppressions")
    reasons = Suppression.objects.values_list("reason").annotate(n=Count("pk"), last=Max("made_at"))
    context = {
        "form": form,
        "reasons": reasons.order_by("-n", "reason")[:_REASONS],
        "total": Suppression.objects.count(),
    }
    return render_page(request, "digests/suppressions.html", context, status=status)
