"""The sentence a tagging rests on, with its place in the original text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

QUOTE_LIMIT: Final = 500
# A sentence ends at a mark followed by a gap and something that can open the next one, or at a line's end.
_END: Final = re.compile(
    r"(?:[.!?\u2026]+[\"'\u201d\u2019\u00bb)\]]*(?:\s*\u00bb)?(?=\s+[\"'\u201c\u2018\u00ab(\[\-\u2013\u2014]*\s*[A-Z\u00c0-\u00de0-9])|\s*\n\s*)"
)
_ABBREVIATION: Final = re.compile(
    r"(?:^|[\s(\u00ab])(?:[A-Z]|[A-Z]\.[A-Z]|mr|mrs|ms|dr|prof|st|vs|cf|etc|approx|inc|ltd|corp|fig|no|vol|jan|feb|aug|sept|oct|nov|dec"
    r"|e\.g|i\.e|al|mme|mlle|env|ex|art|av|apr|janv|févr|juil|p|pp|u\.s|u\.k)\.$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]`."""

    start: int
    end: int


def split_sentences(text: str) -> list[Span]:
    """The sentences of English or French `text`, without the space around them."""
    spans: list[Span] = []
    start = 0
    for mark in _END.finditer(text):
        if (
            "\n" not in mark[0]
            and mark[0].startswith(".")
            and _ABBREVIATION.search(text, start, mark.start() + 1)
        ):
            continue
        _append(spans, text, start, mark.end())
        start = mark.end()
    _append(spans, text, start, len(text))
    return spans


def sentence_around(text: str, start: int, end: int, sentences: Sequence[Span] | None = None) -> Span:
    """The sentence that holds `text[start:end]`, cut at words around it when longer than a quote may be."""
    for span in sentences if sentences is not None else split_sentences(text):
        if span.start <= start and end <= span.end:
            return trim(text, span, start, end)
    return trim(text, Span(start, end), start, end)


def trim(text: str, span: Span, start: int, end: int) -> Span:
    """`span` cut to at most a quote's length, at words, keeping `text[start:end]` inside."""
    if span.end - span.start <= QUOTE_LIMIT:
        return span
    room = max(0, QUOTE_LIMIT - (end - start))
    left = max(span.start, start - room // 2)
    right = min(span.end, left + QUOTE_LIMIT)
    left = max(span.start, right - QUOTE_LIMIT)
    while span.start < left < start and not text[left - 1].isspace():
        left += 1
    while end < right < span.end and not text[right].isspace():
        right -= 1
    return _stripped(text, left, right) or Span(start, end)


def _append(spans: list[Span], text: str, start: int, end: int) -> None:
    span = _stripped(text, start, end)
    if span is not None:
        spans.append(span)


def _stripped(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end) if end > start else None
