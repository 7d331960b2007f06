"""What decisions say of articles: whether they are worth reading, and how much that counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from signals.models import Decision
from signals.scores import Voices, whole
from signals.tagging.ranking import RELEVANT_WEIGHT

_RELEVANT_FROM: Final = 3
_UNSCORED: Final = 3
_OFF_TOPIC_WEIGHT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """An article is wanted (1) or not (-1), and an error on it counts `importance` times."""

    wanted: float
    importance: float
    stamp: datetime | None


def read_lessons() -> dict[int, Lesson]:
    """By article, from all decisions that hold: the latest word on each pair, and the median of its scores."""
    last: dict[int, dict[int, dict[str, Any]]] = defaultdict(dict)
    voices: dict[tuple[int, int], Voices] = defaultdict(Voices)
    stamps: dict[int, datetime | None] = {}
    columns = (
        "article_id",
        "tag_id",
        "user_id",
        "verdict",
        "relevancy",
        "why",
        "before",
        "article__processed_at",
    )
    for row in Decision.objects.filter(undone_at=None).order_by("pk").values(*columns).iterator():
        last[row["article_id"]][row["tag_id"]] = row
        if row["relevancy"] is not None or (row["article_id"], row["tag_id"]) in voices:
            voices[row["article_id"], row["tag_id"]].hear(
                row["user_id"],
                number=row["relevancy"],
                is_rejection=row["verdict"] == Decision.Verdict.REJECT,
                is_explained=True,
            )
        stamps[row["article_id"]] = row["article__processed_at"]
    lessons = {}
    for article_id, said in last.items():
        taught = lesson_of(
            [
                (row["verdict"], _relevancy(row, voices.get((article_id, tag_id))), row["why"])
                for tag_id, row in said.items()
            ]
        )
        if taught is not None:
            lessons[article_id] = Lesson(*taught, stamps[article_id])
    return lessons


def lesson_of(said: list[tuple[str, int, str]]) -> tuple[float, float] | None:
    """(wanted, importance) of an article from its (verdict, relevance, why); None when that teaches nothing.

    One accepted tag of relevance 3 or more makes it wanted, the more the more relevant. Off topic counts five
    times. What is said elsewhere already reads like what is wanted, so it teaches nothing.
    """
    accepted = [relevancy for verdict, relevancy, _why in said if verdict != Decision.Verdict.REJECT]
    best = max(accepted, default=0)
    if best >= _RELEVANT_FROM:
        return 1.0, RELEVANT_WEIGHT * best / 4
    reasons = [why for verdict, _relevancy, why in said if verdict == Decision.Verdict.REJECT]
    if Decision.Why.OFF_TOPIC in reasons:
        return -1.0, _OFF_TOPIC_WEIGHT
    if not accepted and all(why == Decision.Why.DUPLICATE for why in reasons):
        return None
    return -1.0, 1.0


def _relevancy(row: dict[str, Any], voices: Voices | None) -> int:
    if voices is not None and voices.middle is not None:
        return whole(voices.middle)
    before = row["before"] or {}
    stated = before.get("stated_relevancy") or before.get("estimated_relevancy")
    return int(stated or _UNSCORED)
