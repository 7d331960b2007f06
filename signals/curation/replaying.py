"""What decisions make of a tagging: one fold, for a new word, a word taken back, many at once, merges and splits.

The tagging's number is the median of what each person last said, a half as the step above; whether it stands is
the last word of all. What stood before the first word (a note's number, a model's estimate) is nobody's vote: it
is there again when no score counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from signals.models import UNSAID, Decision, Dispute, Origin, Stance, State, Tagging
from signals.scores import Voices, whole

Pair = tuple[int, int]
"""An article and a tag, by their keys."""
Form = dict[str, Any]
"""A tagging's fields as JSON; empty for one that does not exist."""

_KEPT: Final = (
    "state",
    "origin",
    "stated_relevancy",
    "estimated_relevancy",
    "confidence",
    "quote",
    "quote_start",
    "quote_field",
    "reason",
    "because",
    "stance",
    "dispute",
    "tagger_version",
    "draw_probability",
)


class Standing:
    """A tagging as the decisions so far make it, and who said what of it."""

    def __init__(self, form: Form) -> None:
        """Before any decision."""
        self.form = form
        self.voices = Voices()
        self.stated: int | None = form.get("stated_relevancy")
        """The number before anybody's word."""

    @classmethod
    def after(cls, decisions: Iterable[Decision], form: Form) -> Standing:
        """After these decisions, the earliest first, which left that form."""
        standing = cls(form)
        for number, decision in enumerate(decisions):
            if not number:
                standing.stated = decision.before.get("stated_relevancy")
            standing._hear(decision)
        return standing

    def add(self, decision: Decision) -> Form:
        """Take in the next decision; returns the tagging's fields after it."""
        form = dict(self.form) if self.form else _first_form(decision)
        self._hear(decision)
        rejected = decision.verdict == Decision.Verdict.REJECT
        form["state"] = State.REJECTED.value if rejected else State.CONFIRMED.value
        middle = self.voices.middle
        form["stated_relevancy"] = self.stated if middle is None else whole(middle)
        form["dispute"] = str(Dispute.NONE if rejected else self._dispute())
        if decision.stance:
            form["stance"] = Stance.UNSTATED.value if decision.stance == UNSAID else str(decision.stance)
        form["decided_at"] = decision.known_at.isoformat()
        self.form = form
        return form

    def _hear(self, decision: Decision) -> None:
        self.voices.hear(
            decision.user_id,
            number=decision.relevancy,
            is_rejection=decision.verdict == Decision.Verdict.REJECT,
            is_explained=bool(decision.comment),
        )

    def _dispute(self) -> Dispute:
        if self.voices.is_unexplained:
            return Dispute.UNEXPLAINED
        return Dispute.CONTESTED if self.voices.is_contested else Dispute.NONE


def _first_form(decision: Decision) -> Form:
    return tagging_snapshot(Tagging(origin=Origin.PERSON, estimated_relevancy=3, known_at=decision.known_at))


def replay(
    bases: Mapping[Pair, Form],
    holding: Mapping[Pair, Sequence[Decision]],
    *,
    without: Collection[int] = (),
) -> dict[Pair, Form]:
    """What each pair's decisions, but for those keys, make of what was before the first of them.

    Each decision's `before` becomes what it stands on now: one write, however many pairs.
    """
    forms: dict[Pair, Form] = {}
    moved: list[Decision] = []
    for pair, base in bases.items():
        standing = Standing(base)
        for decision in holding.get(pair, ()):
            if decision.pk in without:
                continue
            if decision.before != standing.form:
                decision.before = standing.form
                moved.append(decision)
            standing.add(decision)
        forms[pair] = standing.form
    if moved:
        Decision.objects.bulk_update(moved, ["before"], batch_size=500)
    return forms


def replay_without(undone: Collection[Decision]) -> dict[Pair, Form]:
    """What the other decisions that hold make of the pairs that these are about."""
    pairs = {(decision.article_id, decision.tag_id) for decision in undone}
    holding = holding_of(pairs)
    bases = {pair: holding[pair][0].before for pair in pairs}
    return replay(bases, holding, without={decision.pk for decision in undone})


def holding_of(pairs: Collection[Pair]) -> defaultdict[Pair, list[Decision]]:
    """The decisions on these pairs that were not taken back, the earliest first."""
    found: defaultdict[Pair, list[Decision]] = defaultdict(list)
    near = Decision.objects.filter(
        article__in={article for article, _tag in pairs},
        tag__in={tag for _article, tag in pairs},
        undone_at=None,
    )
    for decision in near.order_by("pk"):
        found[decision.article_id, decision.tag_id].append(decision)
    return found


def write_forms(
    forms: Mapping[Pair, Form], *, keys: Mapping[Pair, int] | None = None
) -> list[tuple[Form, Form]]:
    """Let taggings be as these forms have them, one that has to be made anew under its key of `keys`.

    Returns what each was and is. The articles must be locked.
    """
    keys = keys or {}
    standing = {
        (tagging.article_id, tagging.tag_id): tagging
        for tagging in Tagging.objects.filter(
            article__in={article for article, _tag in forms}, tag__in={tag for _article, tag in forms}
        )
        if (tagging.article_id, tagging.tag_id) in forms
    }
    written = [(tagging_snapshot(standing.get(pair)), form) for pair, form in forms.items()]
    gone = [tagging.pk for pair, tagging in standing.items() if not forms[pair]]
    if gone:
        Tagging.objects.filter(pk__in=gone).delete()
    kept = {pair: form for pair, form in forms.items() if form}
    columns: set[str] = set()
    changed = []
    for pair, form in kept.items():
        if pair in standing:
            # Of many that change alike few columns do: the rest is not written again.
            for name, value in columns_of(form).items():
                if getattr(standing[pair], name) != value:
                    setattr(standing[pair], name, value)
                    columns.add(name)
            changed.append(standing[pair])
    if columns:
        Tagging.objects.bulk_update(changed, sorted(columns), batch_size=500)
    # The articles are locked, so nobody adds one in between.
    Tagging.objects.bulk_create(
        Tagging(pk=keys.get(pair), article_id=pair[0], tag_id=pair[1], **columns_of(form))
        for pair, form in kept.items()
        if pair not in standing
    )
    return written


def tagging_snapshot(tagging: Tagging | None) -> Form:
    """The tagging's fields as JSON; empty for one that does not exist."""
    if tagging is None:
        return {}
    kept: Form = {field: getattr(tagging, field) for field in _KEPT}
    kept["known_at"] = tagging.known_at.isoformat()
    kept["decided_at"] = tagging.decided_at.isoformat() if tagging.decided_at else None
    return kept


def columns_of(form: Form) -> dict[str, Any]:
    """A tagging's columns and what a form has in them."""
    # A snapshot of before there were stances, or disputes, says nothing of them: there was none.
    columns: dict[str, Any] = {"stance": Stance.UNSTATED.value, "dispute": Dispute.NONE.value}
    columns |= {field: form[field] for field in _KEPT if field in form}
    for moment in ("known_at", "decided_at"):
        columns[moment] = datetime.fromisoformat(form[moment]) if form[moment] else None
    return columns


def restore_tagging(article_id: int, tag_id: int, form: Form) -> None:
    """Let one tagging be as a form has it. The article must be locked."""
    if not form:
        Tagging.objects.filter(article=article_id, tag=tag_id).delete()
        return
    columns = columns_of(form)
    # The article is locked, so nobody adds the tagging in between.
    if not Tagging.objects.filter(article=article_id, tag=tag_id).update(**columns):
        Tagging.objects.create(article_id=article_id, tag_id=tag_id, **columns)
