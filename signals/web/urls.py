"""The addresses of the pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from signals.web import health


def _placeholder(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    return HttpResponse("")


urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("log-in/<str:token>/", _placeholder, name="log_in_link"),
    path("", _placeholder, name="home"),
    path("tags/<int:pk>-<slug:slug>/", _placeholder, name="tag"),
    path("models/<int:pk>/", _placeholder, name="model"),
]
