"""The app that learns it."""

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    """Sources are polled, parsed and stored here."""

    name = "ingestion"
