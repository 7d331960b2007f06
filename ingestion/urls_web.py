"""The addresses of the pages about sources."""

from django.urls import path

from ingestion import views

urlpatterns = [
    path("", views.source_list, name="sources"),
    path("add/", views.add, name="source-add"),
    path("poll/", views.poll_all, name="sources-poll"),
    path("<int:pk>/", views.source_page, name="source"),
    path("<int:pk>/poll/", views.poll_now, name="source-poll"),
    path("<int:pk>/enabled/", views.set_enabled, name="source-enabled"),
]
