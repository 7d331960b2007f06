"""A tag's twelve weeks as a small PNG for the mail. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of a mail; its width and height are those on the screen, half of its pixels."""

    png: bytes
    width: int
    height: int

    @property
    def content_hash(self) -> str:
        """What equal pictures share."""
        return hashlib.sha256(self.png).hexdigest()

    @property
    def cid(self) -> str:
        """Its Content-ID, without the brackets."""
        return f"{self.content_hash[:20]}@digest"
