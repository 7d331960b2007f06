"""Every address of the site; each app's own list is mounted here."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# Its own log-in knows neither the limit of attempts nor a second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as allauth says

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("sources/", include("ingestion.urls_web")),
    path("", include("signals.web.digest_urls")),
    path("", include("signals.web.urls")),
]
