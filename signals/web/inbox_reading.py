"""One article in the inbox's preview: its suggestions, who said what of them, and its text."""

from __future__ import annotations

from dataclasses import dataclass

from signals.curation.decisions import seen_form
from signals.models import Article, Decision, State, Tagging
from signals.web.passages import marked_text

TEXTS = ("html", "text", "search")
"""Columns that a list needs none of."""
REASONS = [(number, *choice) for number, choice in enumerate(Decision.Why.choices[1:], 1)]
"""Why something is rejected, with the key that says so."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A tagging as the preview shows it, with the last word on it."""

    tagging: Tagging
    decision: Decision | None = None

    @property
    def waits(self) -> bool:
        """Whether it wants a decision."""
        return self.tagging.state in {State.SUGGESTED, State.SAMPLED}

    @property
    def seen(self) -> str:
        """What the form says was seen."""
        return seen_form(self.tagging)


def suggestions_of(article: Article, decision: Decision | None = None) -> list[Suggestion]:
    """The article's taggings, the surest first; a second query only where somebody decided.

    With a `decision` that is known none: it alone is said.
    """
    taggings = (
        Tagging.objects.filter(article=article)
        .select_related("tag")
        .with_relevance()
        .order_by("-confidence", "pk")
    )
    rows = list(taggings)
    last = {decision.tag_id: decision} if decision else {}
    if not decision and any(tagging.decided_at for tagging in rows):
        holding = Decision.objects.filter(article=article, undone_at=None)
        newest = holding.order_by("tag", "-pk").distinct("tag").select_related("user")
        last = {decision.tag_id: decision for decision in newest}
    return [Suggestion(tagging, last.get(tagging.tag_id)) for tagging in rows]


def count_left_in(suggestions: list[Suggestion]) -> int:
    """How many still want a decision."""
    return sum(suggestion.waits for suggestion in suggestions)


def reading(article: Article) -> dict[str, object]:
    """What the preview needs."""
    suggestions = suggestions_of(article)
    spans = [
        (t.quote_start, t.quote_start + len(t.quote))
        for t in (suggestion.tagging for suggestion in suggestions)
        if t.quote_start is not None and t.quote_field == "text" and t.state != State.REJECTED
    ]
    return {
        "article": article,
        "suggestions": suggestions,
        "left": count_left_in(suggestions),
        "body": marked_text(article.text, spans),
        "scale": range(1, 6),
        "reasons": REASONS,
    }
