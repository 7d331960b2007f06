"""Deciding on proposed tags: make it a tag, fold it into one, or drop it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.catalogue import create_tag
from signals.curation.errors import CurationError
from signals.curation.matching import start_matching
from signals.models import (
    Article,
    Change,
    Decision,
    Origin,
    Proposal,
    State,
    Tag,
    Tagging,
    TagName,
    User,
)
from signals.tagging.names import normalise_name
from signals.trends.marks import mark_articles


def accept_proposal(*, proposal: Proposal, by: User, now: datetime | None = None) -> Tag:
    """Make a tracked tag of it and confirm it on the articles it was seen in.

    Raises CurationError when somebody decided before, or the name is taken.
    """
    now = now or timezone.now()
    with transaction.atomic():
        proposal = _lock(proposal)
        tag = create_tag(
            kind=proposal.kind,
            name=proposal.name,
            description=proposal.description,
            change=proposal.change,
            outlook=proposal.outlook,
            driving_force=proposal.driving_force,
            origin="proposal",
            by=by,
        )
        article_ids = []
        for seen in proposal.evidence.all():
            Tagging.objects.create(
                article_id=seen.article_id,
                tag=tag,
                state=State.CONFIRMED,
                origin=Origin.PERSON,
                estimated_relevancy=seen.relevancy or 3,
                quote=seen.quote,
                reason="",
                known_at=now,
                decided_at=now,
            )
            article_ids.append(seen.article_id)
        _close(proposal, Proposal.Status.ACCEPTED, tag, by, now, {"created": tag.pk})
        mark_articles(article_ids)
    return tag


def fold_proposal(*, proposal: Proposal, into: Tag, by: User, now: datetime | None = None) -> None:
    """Make its name an alias of a tag and link its articles; raises CurationError when decided before."""
    now = now or timezone.now()
    with transaction.atomic():
        proposal = _lock(proposal)
        if into.merged_into_id:
            raise CurationError(_("This tag was merged into another one."))
        made: dict[str, Any] = {"alias": None, "taggings": []}
        normalised = normalise_name(proposal.name)
        if not TagName.objects.filter(kind=into.kind, normalised=normalised, is_live=True).exists():
            alias = TagName.objects.create(
                tag=into, kind=into.kind, name=proposal.name, normalised=normalised, origin="learned"
            )
            made["alias"] = alias.pk
            start_matching(tag_ids=[into.pk], by=by)
        for seen in proposal.evidence.all():
            _tagging, created = Tagging.objects.get_or_create(
                article_id=seen.article_id,
                tag=into,
                defaults={
                    "state": State.CONFIRMED,
                    "origin": Origin.PERSON,
                    "estimated_relevancy": seen.relevancy or 3,
                    "quote": seen.quote,
                    "known_at": now,
                    "decided_at": now,
                },
            )
            if created:
                made["taggings"].append(seen.article_id)
        _close(proposal, Proposal.Status.FOLDED, into, by, now, made)
        mark_articles(made["taggings"])


def reject_proposal(*, proposal: Proposal, by: User, now: datetime | None = None) -> None:
    """Drop it; it is not proposed again. Raises CurationError when decided before."""
    with transaction.atomic():
        proposal = _lock(proposal)
        _close(proposal, Proposal.Status.REJECTED, None, by, now or timezone.now(), {})


def undo_proposal(*, proposal: Proposal, change: Change, by: User, now: datetime | None = None) -> None:
    """Put a decided proposal back in the inbox, and take back what the decision made.

    Raises CurationError when people have used the new tag since.
    """
    now = now or timezone.now()
    with transaction.atomic():
        _lock_articles(proposal)
        proposal = Proposal.objects.select_for_update().get(pk=proposal.pk)
        if not Change.objects.filter(pk=change.pk, undone_at=None).update(undone_at=now, undone_by=by):
            raise CurationError(_("This was undone before."))
        if created := change.after.get("created"):
            tag = Tag.objects.get(pk=created)
            if tag.ratings.filter(undone_at=None).exists() or tag.decisions.filter(undone_at=None).exists():
                raise CurationError(_("The new tag was rated or decided on since: take that back first."))
            articles = list(tag.taggings.values_list("article_id", flat=True))
            mark_articles(articles)
            tag.delete()
        if alias := change.after.get("alias"):
            TagName.objects.filter(pk=alias).delete()
        if taggings := change.after.get("taggings"):
            mark_articles(taggings)
            decided = Decision.objects.filter(article__in=taggings, tag=proposal.tag_id, undone_at=None)
            kept = decided.values("article")
            made = Tagging.objects.filter(article__in=taggings, tag=proposal.tag_id)
            made.exclude(article__in=kept).delete()
        proposal.status, proposal.tag, proposal.decided_by, proposal.decided_at = (
            Proposal.Status.WAITING,
            None,
            None,
            None,
        )
        proposal.save()


def _lock_articles(proposal: Proposal) -> None:
    """Before the proposal, as taggers do: two who took them in different orders would wait for each other."""
    seen_in = Article.objects.filter(proposal_evidence__proposal=proposal).order_by("pk")
    list(seen_in.select_for_update(no_key=True, of=("self",)).values_list("pk"))


def _lock(proposal: Proposal) -> Proposal:
    _lock_articles(proposal)
    locked = Proposal.objects.select_for_update().get(pk=proposal.pk)
    if locked.status != Proposal.Status.WAITING:
        raise CurationError(_("Somebody decided on this before: %(status)s.") % {"status": locked.status})
    return locked


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
