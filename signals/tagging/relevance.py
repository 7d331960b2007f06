"""How much an article is about a tag, 1 to 5, from where and how often it is named."""

from __future__ import annotations

from dataclasses import dataclass

SHORT_TEXT = 700
LONG_TEXT = 2500
ALIKE = 0.05
"""Similarity from which the rest of a text speaks of the same thing."""
_ALIKE_POINTS = 5.0
_MOST_ALIKE = 1.2
_TITLE_POINTS = 2.8
_SHARE_POINTS = 1.4


@dataclass(frozen=True, slots=True)
class Prominence:
    """Where a tag is named. `first` is the first mention's offset in the text, `length` the text's."""

    in_title: bool
    title_share: float
    mentions: int
    first: int | None
    length: int
    paragraphs: int
    similarity: float
    phrasing: float | None = None
    """Log-odds by how the tag is spoken of, where that was learned."""


def estimate_relevance(prominence: Prominence) -> int:
    """1 named in passing, 2 marginal, 3 a real part of it, 4 a main theme, 5 decisive."""
    if not prominence.in_title and not prominence.mentions:
        if prominence.phrasing is not None:
            # What is told without its name is seldom told in passing.
            return 4 if prominence.phrasing >= 0 else 3
        return 3 if prominence.similarity >= 0.3 else 2
    # The more the whole speaks of it, the less it can be one subject among many.
    alike = min(_MOST_ALIKE, _ALIKE_POINTS * prominence.similarity)
    points = _title_points(prominence) + _text_points(prominence) + alike
    return min(5, max(1, int(points + 0.5)))


def _title_points(prominence: Prominence) -> float:
    if not prominence.in_title:
        return 0.0
    # A title that says little else makes the tag its subject.
    return _TITLE_POINTS + _SHARE_POINTS * min(1.0, prominence.title_share)


def _text_points(prominence: Prominence) -> float:
    mentions, first, length = prominence.mentions, prominence.first, prominence.length
    if not mentions or first is None:
        # Named in the title, then never again in a long text: a hook, not the subject.
        return -1.0 if prominence.in_title and length > LONG_TEXT else 0.0
    per_thousand = mentions / max(1.0, length / 1000)
    repeated = min(2.0 if per_thousand >= 0.5 else 1.0, 0.5 * (mentions - 1))
    spread = 0.4 if prominence.paragraphs >= 3 else 0.0
    if prominence.in_title:
        return 0.8 + repeated + spread
    early = first <= max(200, length * 0.15)
    if length > LONG_TEXT:
        base = 2.0 if early else 1.0
    else:
        # Named once in a short text: a real part of it only if the rest speaks of the same thing.
        is_alike = prominence.similarity >= (ALIKE if early else 2 * ALIKE)
        base = 2.6 if is_alike else 2.3 if length <= SHORT_TEXT else 1.8
    return base + repeated + spread
