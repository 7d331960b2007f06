"""Every address of the site; each app's own list is mounted here."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from allauth.core.internal import ratelimit
from allauth.mfa.totp.internal import auth as totp
from django.contrib import admin
from django.core.cache import caches
from django.urls import include, path
from django.utils.connection import ConnectionProxy

# Its own log-in knows neither the limit of attempts nor a second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as allauth says

# allauth counts attempts in the default cache and can't be told otherwise; without Valkey nobody could log in.
ratelimit.cache = totp.cache = ConnectionProxy(caches, "attempts")

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("sources/", include("ingestion.urls_web")),
    path("", include("signals.web.digest_urls")),
    path("", include("signals.web.urls")),
]
