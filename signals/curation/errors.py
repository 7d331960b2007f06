"""What a person may be told when a change can't be made."""

from __future__ import annotations


class CurationError(ValueError):
    """The change is refused; the message is for the person who asked."""


class GoneError(CurationError):
    """What a change was about is no longer there, so it can't be taken back."""
