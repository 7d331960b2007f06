"""What a person may be told when a change can't be made."""

from __future__ import annotations

from django.utils.translation import gettext as _

from signals.models import Change


class CurationError(ValueError):
    """The change is refused; the message is for the person who asked."""


class DayError(CurationError):
    """What was given is no day, or none that is to come."""


class GoneError(CurationError):
    """What a change was about is no longer there, so it can't be taken back."""


class UndoRefused(CurationError):
    """The last change can't be taken back; it is named, so that the one before it can be asked for."""

    def __init__(self, change: Change, why: str) -> None:
        super().__init__(_("“%(what)s” can't be undone: %(why)s") % {"what": change.title, "why": why})
        self.change = change
