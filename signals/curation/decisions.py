"""A person's word on (article, tag): accept, reject, score, and take back.

Decisions are append-only rows; the tagging shows the one that holds. No rule, model or re-run touches
a tagging that a person decided.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.curation.ratings import refresh_relevancies
from signals.models import UNSAID, Article, Change, Decision, Origin, Stance, State, Tag, Tagging, User
from signals.trends.marks import mark_articles

# Whoever adds a tag that nobody suggested, without a score, says that it is a real part of the article.
_UNSCORED = 3
_KEPT = (
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
    "tagger_version",
    "draw_probability",
)


def decide_tagging(
    *,
    article: Article,
    tag: Tag,
    by: User,
    verdict: str,
    relevancy: int | None = None,
    why: str = "",
    stance: str = Stance.UNSTATED,
    comment: str = "",
    now: datetime | None = None,
) -> Decision:
    """Record a verdict and let the tagging follow it; a tag that nobody suggested is added.

    `stance` is what the article says of the tag's claim: "" leaves it as it is, UNSAID takes it back.
    Raises CurationError when the verdict, the relevance (1-5), the reason or the stance is not one we know.
    """
    if verdict not in Decision.Verdict.values:
        raise CurationError(_("Unknown verdict."))
    if why not in Decision.Why.values:
        raise CurationError(_("Unknown reason."))
    if stance not in {*Stance.values, UNSAID}:
        raise CurationError(_("An article supports, contradicts, or does not say."))
    if verdict == Decision.Verdict.SCORE and relevancy is None:
        raise CurationError(_("A score needs a number from 1 to 5."))
    if relevancy is not None and relevancy not in range(1, 6):
        raise CurationError(_("Relevance goes from 1 to 5."))
    if tag.merged_into_id:
        raise CurationError(_("This tag was merged into another one."))
    now = now or timezone.now()
    with transaction.atomic():
        # One lock order for everybody: the article first, so two analysts queue up instead of colliding.
        locked = Article.objects.select_for_update(no_key=True).only("inbox_score").get(pk=article.pk)
        taggings = list(
            Tagging.objects.filter(article=article).order_by(F("confidence").desc(nulls_last=True), "pk")
        )
        position = next((place for place, one in enumerate(taggings, 1) if one.tag_id == tag.pk), None)
        tagging = taggings[position - 1] if position else None
        before = tagging_snapshot(tagging)
        if tagging is None and relevancy is None and verdict == Decision.Verdict.ACCEPT:
            relevancy = _UNSCORED
        decision = Decision.objects.create(
            article=article,
            tag=tag,
            user=by,
            verdict=verdict,
            relevancy=relevancy,
            why=why,
            stance=stance,
            comment=comment,
            before=before,
            inbox_score=locked.inbox_score,
            position=position,
            made_at=now,
            known_at=now,
        )
        after = _applied(before, decision)
        restore_tagging(article.pk, tag.pk, after)
        Change.objects.create(
            user=by,
            verb="tagging.decided",
            target=f"decision:{decision.pk}",
            title=f"{decision.get_verdict_display()}: {tag.name} - {article.title}"[:400],
            before=before,
            after=after,
            made_at=now,
        )
        mark_articles([article.pk])
        # The decision's key holds the tag: a merge that came first is seen here, one that comes waits.
        if any(read.merged_into_id for read in refresh_relevancies(tag_ids=[tag.pk])):
            raise CurationError(_("This tag was merged into another one."))
    return decision


def undo_decision(*, decision: Decision, by: User, now: datetime | None = None) -> None:
    """Take a decision back; what was decided on top of it holds on.

    Raises CurationError when it was taken back before.
    """
    now = now or timezone.now()
    with transaction.atomic():
        Article.objects.select_for_update(no_key=True).get(pk=decision.article_id)
        decision = Decision.objects.select_for_update().get(pk=decision.pk)
        if decision.undone_at is not None:
            raise CurationError(_("This was undone before."))
        _replay(decision)
        decision.undone_at, decision.undone_by = now, by
        decision.save(update_fields=["undone_at", "undone_by"])
        Change.objects.filter(target=f"decision:{decision.pk}", undone_at=None).update(
            undone_at=now, undone_by=by
        )
        mark_articles([decision.article_id])
        refresh_relevancies(tag_ids=[decision.tag_id])


def replay_from(
    article_id: int, tag_id: int, form: dict[str, Any], *, without: Decision | None = None
) -> None:
    """Let a tagging be what the decisions on the pair that hold make of a snapshot."""
    holding = Decision.objects.filter(article=article_id, tag=tag_id, undone_at=None).order_by("pk")
    for decision in holding:
        if without is not None and decision.pk == without.pk:
            continue
        if decision.before != form:
            decision.before = form
            decision.save(update_fields=["before"])
        form = _applied(form, decision)
    restore_tagging(article_id, tag_id, form)


def _replay(undone: Decision) -> None:
    """Let the tagging be what the pair's other decisions make of what was before the first of them."""
    pair = Decision.objects.filter(article=undone.article_id, tag=undone.tag_id, undone_at=None)
    first = pair.order_by("pk")[0]
    replay_from(undone.article_id, undone.tag_id, first.before, without=undone)


def _applied(before: dict[str, Any], decision: Decision) -> dict[str, Any]:
    """A tagging's fields after a decision."""
    after = (
        dict(before)
        if before
        else tagging_snapshot(
            Tagging(origin=Origin.PERSON, estimated_relevancy=3, known_at=decision.known_at)
        )
    )
    rejected = decision.verdict == Decision.Verdict.REJECT
    after["state"] = State.REJECTED.value if rejected else State.CONFIRMED.value
    if decision.relevancy is not None:
        after["stated_relevancy"] = decision.relevancy
    if decision.stance:
        after["stance"] = Stance.UNSTATED.value if decision.stance == UNSAID else str(decision.stance)
    after["decided_at"] = decision.known_at.isoformat()
    return after


def tagging_snapshot(tagging: Tagging | None) -> dict[str, Any]:
    """The tagging's fields as JSON; empty for one that does not exist."""
    if tagging is None:
        return {}
    kept: dict[str, Any] = {field: getattr(tagging, field) for field in _KEPT}
    kept["known_at"] = tagging.known_at.isoformat()
    kept["decided_at"] = tagging.decided_at.isoformat() if tagging.decided_at else None
    return kept


def restore_tagging(article_id: int, tag_id: int, before: dict[str, Any], *, pk: int | None = None) -> None:
    """Put a tagging back as a snapshot has it, under its old number if it has to be made anew.

    The article must be locked.
    """
    if not before:
        Tagging.objects.filter(article=article_id, tag=tag_id).delete()
        return
    # A snapshot of before there were stances says nothing of them: none was said.
    fields = {"stance": Stance.UNSTATED.value} | {field: before[field] for field in _KEPT if field in before}
    for moment in ("known_at", "decided_at"):
        fields[moment] = datetime.fromisoformat(before[moment]) if before[moment] else None
    # The article is locked, so nobody adds the tagging in between.
    if not Tagging.objects.filter(article=article_id, tag=tag_id).update(**fields):
        Tagging.objects.create(pk=pk, article_id=article_id, tag_id=tag_id, **fields)
