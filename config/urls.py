"""Every address of the site; each app's own list is mounted here."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("sources/", include("ingestion.urls_web")),
    path("", include("signals.web.digest_urls")),
    path("", include("signals.web.urls")),
]
