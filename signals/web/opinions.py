"""What people scored a mention, as one of them may see it: others' numbers show once one has said one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from signals.curation.decisions import has_scored, seen_form
from signals.curation.replaying import Pair, Standing, holding_of, tagging_snapshot
from signals.models import Decision, Tagging, User
from signals.scores import agreement, spread_of, tally


@dataclass(frozen=True, slots=True)
class Bar:
    """How many gave a score, as a bar in a drawing of 70 x 32; `is_mine` where one's own is among them."""

    step: int
    count: int
    x: int
    y: int
    height: int
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Opinion:
    """A mention's number and what it is made of, for one person."""

    number: int | None
    """What may be shown of its relevance; what stood before people while others' scores are held back."""
    seen: str = ""
    """Which last decision the person is shown, for the form."""
    mine: int | None = None
    review_on: date | None = None
    """The day this person wants to look again, as their last word says."""
    others: int = 0
    """How many other people's scores count."""
    is_held_back: bool = False
    has_said: bool = False
    """Whether this person scored, or rejected: whoever has not is told no number of others, not even an old one."""
    is_opened: bool = False
    """Whether this person is shown what several people said."""
    scores: tuple[int, ...] = ()
    middle: float | None = None
    spread: float | None = None
    rejections: int = 0
    wants_reason: bool = False
    is_unexplained: bool = False
    """Whether a score far from the others' has no reason."""

    @property
    def count(self) -> int:
        """How many scores the median is of."""
        return len(self.scores)

    @property
    def agreement(self) -> str:
        """Agreed, contested, or "unexplained" for contested without a reason; "" for none of them."""
        return "unexplained" if self.is_unexplained else agreement(self.spread)

    @property
    def is_between(self) -> bool:
        """Whether the median is a half, which counts as the step above."""
        return self.middle is not None and self.middle != self.number

    @property
    def bars(self) -> list[Bar]:
        """A bar for each step of the scale."""
        steps = tally(self.scores)
        most = max((count for _step, count in steps), default=0) or 1
        return [
            Bar(
                step,
                count,
                14 * (step - 1),
                20 - (height := round(18 * count / most)),
                height,
                step == self.mine,
            )
            for step, count in steps
        ]


def opinion_of(tagging: Tagging, said: Sequence[Decision], user: object) -> Opinion:
    """What these decisions, the earliest first, come to for this person; without any, what the tagging says."""
    shown = tagging.stated_relevancy if tagging.stated_relevancy is not None else tagging.estimated_relevancy
    if not said or not isinstance(user, User) or not user.is_analyst:
        return Opinion(shown, seen_form(tagging))
    standing = Standing.after(said, tagging_snapshot(tagging))
    voices = standing.voices
    review_on = next((one.review_on for one in reversed(said) if one.user_id == user.pk), None)
    own = voices.by_person.get(user.pk)
    mine = own.number if own is not None and own.counts else None
    others = voices.numbers(without=user.pk)
    has_said = has_scored(said, user)
    if others and not has_said:
        stood = standing.stated if standing.stated is not None else tagging.estimated_relevancy
        return Opinion(stood, seen_form(tagging), review_on=review_on, others=len(others), is_held_back=True)
    scores = voices.numbers()
    return Opinion(
        shown,
        seen_form(tagging),
        mine=mine,
        review_on=review_on,
        others=len(others),
        has_said=has_said,
        is_opened=len(voices.by_person) > 1,
        scores=tuple(scores),
        middle=voices.middle,
        spread=spread_of(scores),
        rejections=voices.rejections,
        wants_reason=voices.wants_reason(user.pk),
        is_unexplained=voices.is_unexplained,
    )


def opinions_of(taggings: Iterable[Tagging], user: object) -> dict[Pair, Opinion]:
    """Each mention's, by article and tag; one question, and none where nobody decided."""
    found = {(tagging.article_id, tagging.tag_id): tagging for tagging in taggings}
    decided = [pair for pair, tagging in found.items() if tagging.decided_at is not None]
    said = holding_of(decided) if decided and isinstance(user, User) and user.is_analyst else {}
    return {pair: opinion_of(tagging, said.get(pair, ()), user) for pair, tagging in found.items()}
