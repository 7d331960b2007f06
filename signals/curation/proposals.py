"""Deciding on proposed tags: make it a tag, fold it into one, or drop it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.aliases import forget_alias, learn_alias
from signals.curation.catalogue import create_tag
from signals.curation.errors import CurationError
from signals.models import (
    Article,
    Change,
    Decision,
    Origin,
    Proposal,
    State,
    Tag,
    Tagging,
    User,
)
from signals.tagging.likeness import is_same, proposal_key
from signals.tagging.proposing import alike_proposals
from signals.tagging.service import stop_taggers
from signals.trends.marks import mark_articles

_ASKED: Final = 0.45
"""Confidence of a suggestion on an article that nobody looked at: asked about, never counted."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How an analyst wants the new tag to read; what is None stays as proposed."""

    kind: str | None = None
    name: str | None = None
    description: str | None = None
    change: str | None = None
    outlook: str | None = None
    driving_force: str | None = None


def accept_proposal(
    *, proposal: Proposal, by: User, wording: Wording | None = None, now: datetime | None = None
) -> Tag:
    """Make a tracked tag of it, as proposed or as corrected, and confirm it on the articles it was seen in.

    Waiting proposals of the same thing are folded into the new tag. Raises CurationError when somebody decided
    before, or the name is taken.
    """
    now = now or timezone.now()
    corrected = wording or Wording()

    def field(name: str) -> str:
        said: str | None = getattr(corrected, name)
        return str(getattr(proposal, name)) if said is None else said.replace("\x00", "").strip()

    with transaction.atomic():
        along = _same_things(proposal, also=(field("kind"), field("name")))
        proposal, *others = _lock(proposal, along)
        tag = create_tag(
            kind=field("kind"),
            name=field("name"),
            description=field("description"),
            change=field("change"),
            outlook=field("outlook"),
            driving_force=field("driving_force"),
            origin="proposal",
            by=by,
        )
        made = {"created": tag.pk, **_give_articles(proposal, tag, now)}
        _close(
            proposal,
            Proposal.Status.ACCEPTED,
            tag,
            by,
            now,
            {**made, "along": _fold_along(others, tag, by, now)},
        )
        _mark(made)
    return tag


def fold_proposal(*, proposal: Proposal, into: Tag, by: User, now: datetime | None = None) -> None:
    """Make its name an alias of a tag and link its articles; a suggestion that waits there is confirmed.

    Waiting proposals of the same thing are folded along. Raises CurationError when decided before.
    """
    now = now or timezone.now()
    with transaction.atomic():
        proposal, *others = _lock(proposal, _same_things(proposal))
        if into.merged_into_id:
            raise CurationError(_("This item was merged into another one."))
        made: dict[str, Any] = {"alias": None}
        alias = learn_alias(tag=into, name=proposal.name, by=by)
        made["alias"] = alias.pk if alias else None
        made |= _give_articles(proposal, into, now)
        made["along"] = _fold_along(others, into, by, now)
        _close(proposal, Proposal.Status.FOLDED, into, by, now, made)
        _mark(made)


def reject_proposal(*, proposal: Proposal, by: User, now: datetime | None = None) -> None:
    """Drop it; it is not proposed again. Raises CurationError when decided before."""
    with transaction.atomic():
        (proposal,) = _lock(proposal)
        _close(proposal, Proposal.Status.REJECTED, None, by, now or timezone.now(), {})


def undo_proposal(*, proposal: Proposal, change: Change, by: User, now: datetime | None = None) -> None:
    """Put a decided proposal back in the inbox, and take back what the decision made.

    Raises CurationError when people have used the new tag since.
    """
    now = now or timezone.now()
    with transaction.atomic():
        if change.after.get("created"):
            # Who looks for the new tag in past articles must not write of it while it goes away.
            stop_taggers()
        _lock_articles([proposal.pk, *(seen["proposal"] for seen in change.after.get("along", []))])
        proposal = Proposal.objects.select_for_update().get(pk=proposal.pk)
        if not Change.objects.filter(pk=change.pk, undone_at=None).update(undone_at=now, undone_by=by):
            raise CurationError(_("This was undone before."))
        if created := change.after.get("created"):
            tag = Tag.objects.get(pk=created)
            if tag.merged_into_id is not None or tag.merged.exists():
                raise CurationError(_("The new item was merged since: take that back first."))
            if tag.ratings.filter(undone_at=None).exists() or tag.decisions.filter(undone_at=None).exists():
                raise CurationError(_("The new item was rated or decided on since: take that back first."))
            articles = list(tag.taggings.values_list("article_id", flat=True))
            mark_articles(articles)
            tag.delete()
        for other in Proposal.objects.select_for_update().filter(
            pk__in=[seen["proposal"] for seen in change.after.get("along", [])]
        ):
            _put_back(other)
        for seen in [change.after, *change.after.get("along", [])]:
            _take_articles_back(seen, proposal.tag_id if "created" not in change.after else None)
        if alias := change.after.get("alias"):
            forget_alias(alias)
        _put_back(proposal)


def _same_things(proposal: Proposal, also: tuple[str, str] | None = None) -> list[int]:
    """Waiting proposals that are this one (or this kind and name) in other words, by id."""
    keys = {(proposal.kind, proposal.normalised)}
    if also is not None:
        keys.add((also[0], proposal_key(also[1])))
    wanted = sorted(key for key in keys if key[1])
    found = {
        pk
        for (kind, _key), near in zip(wanted, alike_proposals(wanted), strict=True)
        for pk, alike in near
        if is_same(kind, alike)
    }
    # The same words said of another kind are the same thing, seen from another side.
    equal = Q(normalised__in=[key for _kind, key in wanted]) | Q(pk__in=found)
    waiting = Proposal.objects.filter(equal, status=Proposal.Status.WAITING).exclude(pk=proposal.pk)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def _give_articles(
    proposal: Proposal, tag: Tag, now: datetime, *, is_confirmed: bool = True
) -> dict[str, Any]:
    """Link the articles of a proposal to a tag; what a person or a note said of a pair stays as it is.

    Returns the articles that carry it anew (`taggings`), those whose suggestion was confirmed (`confirmed`), and
    what those `were`.
    """
    made: dict[str, Any] = {"taggings": [], "confirmed": [], "were": []}
    state = State.CONFIRMED if is_confirmed else State.SUGGESTED
    for seen in proposal.evidence.order_by("article_id"):
        tagging, created = Tagging.objects.get_or_create(
            article_id=seen.article_id,
            tag=tag,
            defaults={
                "state": state,
                "origin": Origin.PERSON if is_confirmed else Origin.TAGGER,
                "confidence": None if is_confirmed else _ASKED,
                "estimated_relevancy": seen.relevancy or 3,
                "quote": seen.quote,
                "known_at": now,
                "decided_at": now if is_confirmed else None,
            },
        )
        if created:
            made["taggings"].append(seen.article_id)
        elif is_confirmed and tagging.state in {State.SUGGESTED, State.SAMPLED} and not tagging.decided_at:
            made["confirmed"].append(seen.article_id)
            made["were"].append(tagging.state)
            tagging.state, tagging.decided_at = State.CONFIRMED, now
            tagging.save(update_fields=["state", "decided_at"])
    return made


def _fold_along(others: Sequence[Proposal], tag: Tag, by: User, now: datetime) -> list[dict[str, Any]]:
    """Fold proposals nobody looked at: their articles get a suggestion, their names are no aliases."""
    along: list[dict[str, Any]] = []
    for other in others:
        made = _give_articles(other, tag, now, is_confirmed=False)
        other.status, other.tag, other.decided_by, other.decided_at = Proposal.Status.FOLDED, tag, by, now
        other.save(update_fields=["status", "tag", "decided_by", "decided_at"])
        _mark(made)
        along.append({"proposal": other.pk, **made})
    return along


def _take_articles_back(made: dict[str, Any], tag_id: int | None) -> None:
    """Undo `_give_articles`, but for what people decided on since; without a tag it was deleted already."""
    articles = [*made.get("taggings", []), *made.get("confirmed", [])]
    mark_articles(articles)
    if tag_id is None:
        return
    decided = Decision.objects.filter(article__in=articles, tag=tag_id, undone_at=None).values("article")
    given = Tagging.objects.filter(tag=tag_id).exclude(article__in=decided)
    given.filter(article__in=made.get("taggings", [])).delete()
    for article_id, state in zip(made.get("confirmed", []), made.get("were", []), strict=True):
        given.filter(article=article_id).update(state=state, decided_at=None)


def _mark(made: dict[str, Any]) -> None:
    mark_articles([*made["taggings"], *made["confirmed"]])


def _put_back(proposal: Proposal) -> None:
    proposal.status, proposal.tag, proposal.decided_by, proposal.decided_at = (
        Proposal.Status.WAITING,
        None,
        None,
        None,
    )
    proposal.save(update_fields=["status", "tag", "decided_by", "decided_at"])


def _lock_articles(proposals: Sequence[int]) -> None:
    """Before the proposals, as taggers do: two who took them in different orders would wait for each other."""
    seen_in = Article.objects.filter(proposal_evidence__proposal__in=proposals).distinct().values("pk")
    locked = Article.objects.filter(pk__in=seen_in).order_by("pk").select_for_update(no_key=True)
    list(locked.values_list("pk"))


def _lock(proposal: Proposal, others: Sequence[int] = ()) -> list[Proposal]:
    """The proposal and those of the others that still wait, locked; CurationError when it was decided on."""
    ids = [proposal.pk, *others]
    _lock_articles(ids)
    locked = {one.pk: one for one in Proposal.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    own = locked.pop(proposal.pk)
    if own.status != Proposal.Status.WAITING:
        raise CurationError(_("Somebody decided on this before: %(status)s.") % {"status": own.status})
    return [own, *(one for one in locked.values() if one.status == Proposal.Status.WAITING)]


def _close(
    proposal: Proposal, status: str, tag: Tag | None, by: User, now: datetime, made: dict[str, Any]
) -> None:
    proposal.status, proposal.tag, proposal.decided_by, proposal.decided_at = status, tag, by, now
    proposal.save()
    Change.objects.create(
        user=by,
        verb=f"proposal.{status}",
        target=f"proposal:{proposal.pk}",
        title=f"{proposal.get_status_display()}: {proposal.name}"[:400],
        after=made,
        made_at=now,
    )
