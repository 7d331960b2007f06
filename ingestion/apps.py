"""The app that learns it."""

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    """Sources are polled, parsed and stored here."""

    name = "ingestion"

    def ready(self) -> None:
        """Let the log of changes take back what people did to sources."""
        from ingestion.services import undo_source
        from signals.curation.undo_nouns import NOUNS, Noun

        NOUNS["source"] = Noun(
            lambda change, by: undo_source(change=change, by=by), is_desk=False, by_administrators=True
        )
