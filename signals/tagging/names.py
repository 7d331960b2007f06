"""When two names are the same name."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LIGATURES: Final = str.maketrans({"œ": "oe", "æ": "ae"})
# Every dash that text holds, and the apostrophes that differ by typography alone.
_GAPS: Final = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
_APOSTROPHES: Final = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u0060\u00b4", "'"))


def fold(text: str) -> str:
    """`text` casefolded and without accents; its length may differ."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character)).translate(
        _LIGATURES
    )


def normalise_name(text: str) -> str:
    """`text` as names are compared: NFKC, casefolded, no accents, spaces and hyphens as one space.

    Other punctuation stays: C++ is not C.
    """
    return _GAPS.sub(" ", fold(text).translate(_APOSTROPHES)).strip()
