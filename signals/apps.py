"""The app that holds what we know."""

from django.apps import AppConfig


class SignalsConfig(AppConfig):
    """Articles, tags, taggings, trends, releases, digests."""

    name = "signals"
    verbose_name = "Vigie"

    def ready(self) -> None:
        """Let the log of changes take back what people did to digests, which curation doesn't know."""
        from signals.curation.editions import APPROVED, HELD
        from signals.curation.undo_nouns import NOUNS, Noun
        from signals.digests.desk import undo_at_desk
        from signals.digests.suppression import lifted_since, undo_lifting

        # An approval lets mails go: nobody does that, or stops it, by a key pressed once too often.
        NOUNS["edition"] = Noun(
            lambda change, by: undo_at_desk(change=change, by=by), from_log=frozenset({APPROVED, HELD})
        )
        NOUNS["suppression"] = Noun(
            lambda change, by: undo_lifting(change=change, by=by),
            lifted_since,
            is_desk=False,
            by_administrators=True,
        )
