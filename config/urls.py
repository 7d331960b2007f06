"""Every address of the site; each app's own list is mounted here."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("", include("signals.web.urls")),
]
