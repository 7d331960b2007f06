"""Showing text with the quoted passages marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_PARAGRAPH = re.compile(r"\n\s*\n|\n")


def merge_spans(spans: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """Sorted, clipped to the text, overlapping ones joined."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((max(0, s), min(e, length)) for s, e in spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def marked_text(text: str, spans: Sequence[tuple[int, int]] = ()) -> SafeString:
    """Paragraphs of escaped text, passages in <mark>; a passage over two paragraphs is marked in both."""
    merged = merge_spans(spans, len(text))
    parts: list[str] = []
    start = 0
    bounds = [m.span() for m in _PARAGRAPH.finditer(text)] + [(len(text), len(text))]
    for stop, following in bounds:
        paragraph = _marked(text, start, stop, merged)
        if paragraph.strip():
            parts.append(f"<p>{paragraph}</p>")
        start = following
    return mark_safe("\n".join(parts))  # noqa: S308 - every piece of text went through escape()


def _marked(text: str, start: int, stop: int, spans: Sequence[tuple[int, int]]) -> str:
    out, at = [], start
    for span_start, span_end in spans:
        low, high = max(span_start, start), min(span_end, stop)
        if low >= high:
            continue
        out += [escape(text[at:low]), "<mark>", escape(text[low:high]), "</mark>"]
        at = high
    out.append(escape(text[at:stop]))
    return "".join(str(piece) for piece in out)
