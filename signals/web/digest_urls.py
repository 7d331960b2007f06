"""The addresses of the newsletter; those under /subscribe/ and /d/ need no log-in."""

from __future__ import annotations

from django.urls import path

from signals.web.views import digests

urlpatterns = [
    path("subscribe/", digests.subscribe, name="subscribe"),
    path("digests/", digests.archive, name="digests"),
    path("digests/<str:period>/", digests.digest, name="digest"),
]
