"""A person's word on (article, tag): accept, reject, score, and take back.

Decisions are append-only rows; the tagging shows the one that holds. No rule, model or re-run touches
a tagging that a person decided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
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


class DecidedSinceError(CurationError):
    """Somebody else decided after the page was shown; their word stands."""

    def __init__(self, decision: Decision) -> None:
        said = decision.get_verdict_display()
        if decision.relevancy is not None:
            said = f"{said} {decision.relevancy}"
        super().__init__(
            _("%(who)s decided meanwhile: %(what)s. Decide again if you see it otherwise.")
            % {"who": decision.user, "what": said}
        )
        self.decision = decision


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
    seen: str | None = None,
    now: datetime | None = None,
) -> Decision:
    """Record a verdict and let the tagging follow it; a tag that nobody suggested is added.

    `stance` is what the article says of the tag's claim: "" leaves it as it is, UNSAID takes it back.
    `seen` is the tagging's `decided_at` that the person saw, as `seen_form` writes it: when they had not seen
    their own last word, saying the same once more returns it. None asks nothing.
    Raises DecidedSinceError when somebody else has decided since.
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
        raise CurationError(_("This item was merged into another one."))
    now = now or timezone.now()
    with transaction.atomic():
        # One lock order for everybody: the article first, so two analysts queue up instead of colliding.
        locked = Article.objects.select_for_update(no_key=True).only("inbox_score").get(pk=article.pk)
        taggings = list(
            Tagging.objects.filter(article=article).order_by(F("confidence").desc(nulls_last=True), "pk")
        )
        position = next((place for place, one in enumerate(taggings, 1) if one.tag_id == tag.pk), None)
        tagging = taggings[position - 1] if position else None
        if seen is not None and tagging is not None and seen_form(tagging) != seen:
            last = holding_decision(article.pk, tag.pk)
            if last is not None and last.user_id != by.pk:
                raise DecidedSinceError(last)
            if last is not None and (last.verdict, last.relevancy, last.stance) == (
                verdict,
                relevancy,
                stance,
            ):
                return last
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
        after = applied(before, decision)
        restore_tagging(article.pk, tag.pk, after)
        Change.objects.create(
            user=by,
            verb="tagging.decided",
            target=f"decision:{decision.pk}",
            title=title_of(decision),
            before=before,
            after=after,
            made_at=now,
        )
        mark_articles([article.pk])
        # The lock on the tag: a merge that came first is seen here, one that comes waits.
        if any(read.merged_into_id for read in refresh_after([(before, after)], tag_ids=[tag.pk])):
            raise CurationError(_("This item was merged into another one."))
    return decision


def refresh_after(
    moved: Iterable[tuple[dict[str, Any], dict[str, Any]]], *, tag_ids: Collection[int]
) -> list[Tag]:
    """Lock tags whose taggings moved between these snapshots, and bring their relevance up to date; returns them."""
    if any(form.get("stated_relevancy") is not None for pair in moved for form in pair):
        return refresh_relevancies(tag_ids=tag_ids)
    # No stated number, no change of a median: a tag that thousands carry is not counted for each decision.
    tags = Tag.objects.filter(pk__in=tag_ids).only("merged_into").order_by("pk")
    return list(tags.select_for_update(no_key=True))


def explain_rejection(*, article: Article, tag: Tag, by: User, why: str) -> Decision:
    """Say why one's own rejection was made: part of it, not another decision, and undone with it.

    Raises CurationError for an unknown reason, and when what holds is not a rejection of this person.
    """
    if why not in Decision.Why.values:
        raise CurationError(_("Unknown reason."))
    with transaction.atomic():
        Article.objects.select_for_update(no_key=True).only("pk").get(pk=article.pk)
        decision = holding_decision(article.pk, tag.pk)
        if decision is None or decision.user_id != by.pk or decision.verdict != Decision.Verdict.REJECT:
            raise CurationError(_("There is no rejection of yours to give a reason for."))
        if decision.why != why:
            decision.why = why
            decision.save(update_fields=["why"])
            Change.objects.filter(target=f"decision:{decision.pk}", undone_at=None).update(
                title=title_of(decision)
            )
    return decision


def holding_decision(article_id: int, tag_id: int) -> Decision | None:
    """The last word on the pair that was not taken back."""
    pair = Decision.objects.filter(article=article_id, tag=tag_id, undone_at=None)
    texts = ("article__text", "article__html", "article__search")
    return pair.select_related("user", "tag", "article").defer(*texts).order_by("-pk").first()


def seen_form(tagging: Tagging) -> str:
    """What tells a tagging's last decision from any other; empty when there is none."""
    return tagging.decided_at.isoformat() if tagging.decided_at else ""


def title_of(decision: Decision) -> str:
    """The decision in words, for the log."""
    verdict = str(decision.get_verdict_display())
    if decision.why:
        verdict = f"{verdict} ({decision.get_why_display()})"
    what = f"{decision.tag.name} - {decision.article.title}"
    return (_("%(what)s: %(title)s") % {"what": verdict, "title": what})[:400]


def undo_decision(*, decision: Decision, by: User, now: datetime | None = None) -> None:
    """Take a decision back; what was decided on top of it holds on.

    Raises CurationError when it was taken back before.
    """
    now = now or timezone.now()
    with transaction.atomic():
        Article.objects.select_for_update(no_key=True).only("pk").get(pk=decision.article_id)
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
    article_id: int, tag_id: int, form: dict[str, Any], *, without: Decision | None = None, after: int = 0
) -> None:
    """Let a tagging be what the decisions on the pair that hold, made after that number, make of a snapshot."""
    holding = Decision.objects.filter(article=article_id, tag=tag_id, undone_at=None, pk__gt=after)
    holding = holding.order_by("pk")
    for decision in holding:
        if without is not None and decision.pk == without.pk:
            continue
        if decision.before != form:
            decision.before = form
            decision.save(update_fields=["before"])
        form = applied(form, decision)
    restore_tagging(article_id, tag_id, form)


def _replay(undone: Decision) -> None:
    """Let the tagging be what the pair's other decisions make of what was before the first of them."""
    pair = Decision.objects.filter(article=undone.article_id, tag=undone.tag_id, undone_at=None)
    first = pair.order_by("pk")[0]
    replay_from(undone.article_id, undone.tag_id, first.before, without=undone)


def applied(before: dict[str, Any], decision: Decision) -> dict[str, Any]:
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


def columns_of(snapshot: dict[str, Any]) -> dict[str, Any]:
    """A tagging's columns and what a snapshot has in them."""
    # A snapshot of before there were stances says nothing of them: none was said.
    columns: dict[str, Any] = {"stance": Stance.UNSTATED.value}
    columns |= {field: snapshot[field] for field in _KEPT if field in snapshot}
    for moment in ("known_at", "decided_at"):
        columns[moment] = datetime.fromisoformat(snapshot[moment]) if snapshot[moment] else None
    return columns


def restore_tagging(article_id: int, tag_id: int, before: dict[str, Any], *, pk: int | None = None) -> None:
    """Put a tagging back as a snapshot has it, under its old number if it has to be made anew.

    The article must be locked.
    """
    if not before:
        Tagging.objects.filter(article=article_id, tag=tag_id).delete()
        return
    fields = columns_of(before)
    # The article is locked, so nobody adds the tagging in between.
    if not Tagging.objects.filter(article=article_id, tag=tag_id).update(**fields):
        Tagging.objects.create(pk=pk, article_id=article_id, tag_id=tag_id, **fields)
