"""A person's word on (article, tag): accept, reject, score, and take back.

Decisions are append-only rows; what those that hold make of the tagging says `replaying`. No rule, model or
re-run touches a tagging that a person decided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.curation.ratings import check_review_day, checked_reason, refresh_relevancies, told_day
from signals.curation.replaying import (
    Standing,
    replay,
    replay_without,
    restore_tagging,
    tagging_snapshot,
    write_forms,
)
from signals.models import UNSAID, Article, Change, Decision, Stance, Tag, Tagging, User
from signals.scores import FAR, Voices, is_far
from signals.trends.marks import mark_articles

# Whoever adds a tag that nobody suggested, without a score, says that it is a real part of the article.
_UNSCORED: Final = 3


class DecidedSinceError(CurationError):
    """Somebody else decided after the page was shown; their word stands."""

    def __init__(self, decision: Decision, *, tells_score: bool) -> None:
        said = decision.get_verdict_display()
        if decision.relevancy is not None and tells_score:
            said = f"{said} {decision.relevancy}"
        super().__init__(
            _("%(who)s decided meanwhile: %(what)s. Decide again if you see it otherwise.")
            % {"who": decision.user, "what": said}
        )
        self.decision = decision


class ReasonWantedError(CurationError):
    """The score is far from before or from the others', and came without a reason."""


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
    review_on: date | None = None,
    seen: str | None = None,
    must_explain: bool = False,
    now: datetime | None = None,
) -> Decision:
    """Record a verdict and let the tagging follow it; a tag that nobody suggested is added.

    A score stands beside those of others: the tagging's number is the median of what each last said.
    `stance` is what the article says of the tag's claim: "" leaves it as it is, UNSAID takes it back.
    `comment` is why; with `must_explain` a score far from one's last or from the others' is refused without it.
    `review_on` is when they want to look again, as long as this is their last word that holds.
    `seen` is the tagging's `decided_at` that the person saw, as `seen_form` writes it: when they had not seen
    their own last word, saying the same once more returns it. None asks nothing.
    Raises DecidedSinceError when somebody else has decided since, ReasonWantedError for a missing reason.
    Raises DayError for a day that is not to come.
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
    comment = checked_reason(comment)
    now = now or timezone.now()
    check_review_day(review_on, now=now)
    with transaction.atomic():
        # One lock order for everybody: the article first, so two analysts queue up instead of colliding.
        locked = Article.objects.select_for_update(no_key=True).only("inbox_score").get(pk=article.pk)
        taggings = list(
            Tagging.objects.filter(article=article).order_by(F("confidence").desc(nulls_last=True), "pk")
        )
        position = next((place for place, one in enumerate(taggings, 1) if one.tag_id == tag.pk), None)
        tagging = taggings[position - 1] if position else None
        # Where nobody decided there is nothing to read.
        said = _said_of(article.pk, tag.pk) if tagging is not None and tagging.decided_at else []
        if seen is not None and said and tagging is not None and seen_form(tagging) != seen:
            last = said[-1]
            if last.user_id != by.pk:
                raise DecidedSinceError(last, tells_score=has_scored(said, by))
            is_same = (last.verdict, last.relevancy, last.stance) == (verdict, relevancy, stance)
            if is_same and comment in {"", last.comment} and review_on in {None, last.review_on}:
                return last
        before = tagging_snapshot(tagging)
        standing = Standing.after(said, before)
        if must_explain and not comment and _wants_reason(standing.voices, by, relevancy):
            raise ReasonWantedError(_("This is far from before or from the others: please say why."))
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
            review_on=review_on,
            before=before,
            inbox_score=locked.inbox_score,
            position=position,
            made_at=now,
            known_at=now,
        )
        after = standing.add(decision)
        restore_tagging(article.pk, tag.pk, after)
        Change.objects.create(
            user=by,
            verb="tagging.decided",
            target=f"decision:{decision.pk}",
            title=title_of(decision),
            before=before | told_day(_last_of(said, by)),
            after=after | told_of(decision),
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


def explain_score(*, article: Article, tag: Tag, by: User, comment: str) -> Decision:
    """Say why one's own score is what it is: part of that decision, and undone with it; nothing said changes nothing.

    Raises CurationError for an endless reason, and when no score of this person holds.
    """
    comment = checked_reason(comment)
    with transaction.atomic():
        Article.objects.select_for_update(no_key=True).only("pk").get(pk=article.pk)
        said = _said_of(article.pk, tag.pk)
        scored = [one for one in said if one.user_id == by.pk and one.relevancy is not None]
        if not scored:
            raise CurationError(_("There is no score of yours to give a reason for."))
        decision = scored[-1]
        if comment not in {"", decision.comment}:
            Decision.objects.filter(pk=decision.pk).update(comment=comment)
            pair = (article.pk, tag.pk)
            decision.comment = comment
            forms = replay({pair: said[0].before}, {pair: said})
            write_forms(forms)
            for change in Change.objects.filter(target=f"decision:{decision.pk}", undone_at=None):
                change.after = change.after | told_of(decision)
                change.save(update_fields=["after"])
    return decision


def has_scored(said: Iterable[Decision], user: object) -> bool:
    """Whether this person gave a score, or rejected: what others scored is told after one's own word."""
    own = [one for one in said if isinstance(user, User) and one.user_id == user.pk]
    return any(one.relevancy is not None or one.verdict == Decision.Verdict.REJECT for one in own)


def _wants_reason(voices: Voices, by: User, relevancy: int | None) -> bool:
    if relevancy is None:
        return False
    voice = voices.by_person.get(by.pk)
    if voice is not None and voice.number is not None and abs(relevancy - voice.number) >= FAR:
        return True
    return is_far(relevancy, voices.numbers(without=by.pk))


def _last_of(said: Iterable[Decision], by: User) -> Decision | None:
    own = [one for one in said if one.user_id == by.pk]
    return own[-1] if own else None


def _said_of(article_id: int, tag_id: int) -> list[Decision]:
    """The decisions on a pair that hold, the earliest first."""
    pair = Decision.objects.filter(article=article_id, tag=tag_id, undone_at=None)
    texts = ("article__text", "article__html", "article__search")
    return list(pair.select_related("user", "tag", "article").defer(*texts).order_by("pk"))


def holding_decision(article_id: int, tag_id: int) -> Decision | None:
    """The last word on the pair that was not taken back."""
    pair = Decision.objects.filter(article=article_id, tag=tag_id, undone_at=None)
    texts = ("article__text", "article__html", "article__search")
    return pair.select_related("user", "tag", "article").defer(*texts).order_by("-pk").first()


def seen_form(tagging: Tagging) -> str:
    """What tells a tagging's last decision from any other; empty when there is none."""
    return tagging.decided_at.isoformat() if tagging.decided_at else ""


def told_of(decision: Decision) -> dict[str, Any]:
    """What the log tells of a decision besides what became of the tagging: one's own score, why, the day."""
    said = {"score": decision.relevancy, "rationale": decision.comment}
    return {name: value for name, value in said.items() if value} | told_day(decision)


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
        written = write_forms(replay_without([decision]))
        decision.undone_at, decision.undone_by = now, by
        decision.save(update_fields=["undone_at", "undone_by"])
        Change.objects.filter(target=f"decision:{decision.pk}", undone_at=None).update(
            undone_at=now, undone_by=by
        )
        mark_articles([decision.article_id])
        refresh_after(written, tag_ids=[decision.tag_id])
