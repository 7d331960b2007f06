"""A title for an entry that has none."""

from __future__ import annotations

import re

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s")
_LONGEST = 120


def title_or_start(title: str, text: str) -> str:
    """`title`, or the first line or sentence of the text, cut at a word to 120 characters."""
    if title:
        return title
    start = text.strip().split("\n", 1)[0].strip()
    start = _SENTENCE_END.split(start, maxsplit=1)[0]
    if len(start) <= _LONGEST:
        return start
    return start[:_LONGEST].rsplit(" ", 1)[0].rstrip(" ,;:–-") + "…"
