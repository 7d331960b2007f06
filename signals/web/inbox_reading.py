"""One article in the inbox's preview: its suggestions, who said what of them, and its text."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from signals.curation.decisions import seen_form
from signals.models import Article, Decision, State, Tagging, User
from signals.web.opinions import Opinion, opinion_of
from signals.web.passages import marked_text

TEXTS = ("html", "text", "search")
"""Columns that a list needs none of."""
REASONS = [(number, *choice) for number, choice in enumerate(Decision.Why.choices[1:], 1)]
"""Why something is rejected, with the key that says so."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A tagging as the preview shows it, with the last word on it."""

    tagging: Tagging
    opinion: Opinion
    decision: Decision | None = None

    @property
    def waits(self) -> bool:
        """Whether it wants a decision."""
        return self.tagging.state in {State.SUGGESTED, State.SAMPLED}

    @property
    def seen(self) -> str:
        """What the form says was seen."""
        return seen_form(self.tagging)


def suggestions_of(article: Article, user: User, decision: Decision | None = None) -> list[Suggestion]:
    """The article's taggings, the surest first; a second query only where somebody decided.

    With a `decision` that is known only its tagging is said in full: of that alone words are read.
    """
    rows = list(
        Tagging.objects.filter(article=article)
        .select_related("tag")
        .with_relevance()
        .order_by("-confidence", "pk")
    )
    said: dict[int, list[Decision]] = defaultdict(list)
    if decision is not None and not decision.before.get("decided_at"):
        said[decision.tag_id] = [decision]
    elif decision is not None or any(tagging.decided_at for tagging in rows):
        holding = Decision.objects.filter(article=article, undone_at=None).select_related("user")
        if decision is not None:
            holding = holding.filter(tag=decision.tag_id)
        for one in holding.order_by("pk"):
            said[one.tag_id].append(one)
    return [
        Suggestion(
            tagging,
            opinion_of(tagging, said[tagging.tag_id], user),
            said[tagging.tag_id][-1] if said[tagging.tag_id] else None,
        )
        for tagging in rows
    ]


def count_left_in(suggestions: list[Suggestion]) -> int:
    """How many still want a decision."""
    return sum(suggestion.waits for suggestion in suggestions)


def reading(article: Article, user: User) -> dict[str, object]:
    """What the preview needs."""
    suggestions = suggestions_of(article, user)
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
