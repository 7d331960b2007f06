"""The app that holds what we know."""

from django.apps import AppConfig


class SignalsConfig(AppConfig):
    """Articles, tags, taggings, trends, releases, digests."""

    name = "signals"
    verbose_name = "Vigie"
