"""The starter pack: real sources that are read once there is a network."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import signals
from ingestion.services import import_opml

PACK: Final = Path(signals.__file__).resolve().parent / "starter" / "sources.opml"


def add_starter_sources() -> int:
    """Add the sources of the pack that are not there yet, due at once; returns how many were added."""
    return len(import_opml(PACK.read_bytes()).added)
