"""What would stand on a change: the targets that later changes of it have."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from signals.curation.stories import moved_since
from signals.models import Change, Comment, Decision, OutlookReview, Rating, Signpost, Tag


def on_the_same(change: Change) -> Collection[str]:
    """Changes of the same thing."""
    return [change.target]


def on_decision(change: Change) -> Collection[str]:
    """Later decisions on the same article and tag."""
    decision = Decision.objects.filter(pk=change.key).first()
    if decision is None:
        return []
    pair = Decision.objects.filter(article=decision.article_id, tag=decision.tag_id, pk__gt=decision.pk)
    return _targets("decision", pair)


def on_rating(change: Change) -> Collection[str]:
    """Later ratings of the tag by the same person."""
    rating = Rating.objects.filter(pk=change.key).first()
    if rating is None:
        return []
    return _targets("rating", Rating.objects.filter(tag=rating.tag_id, user=rating.user_id, pk__gt=rating.pk))


def on_proposal(change: Change) -> Collection[str]:
    """What was done with the tag that was made of it."""
    created = change.after.get("created")
    return [change.target, *(_on_tag(created, change) if created else [])]


def on_merge(change: Change) -> Collection[str]:
    """What was done since with the tag that took over; what was decided there stays there."""
    into = change.before.get("into")
    return [change.target, *(_on_tag(into, change) if into else [])]


def on_tag(change: Change) -> Collection[str]:
    """Later edits of a tag; of one that was added by hand, all that was done with it."""
    if change.verb != "tag.created":
        return [change.target]
    tag_id = int(change.key)
    desk: dict[str, type[Comment] | type[Signpost] | type[OutlookReview]] = {
        "comment": Comment,
        "signpost": Signpost,
        "outlook": OutlookReview,
    }
    of_desk = [
        f"{noun}:{pk}"
        for noun, model in desk.items()
        for pk in model.objects.filter(tag=tag_id, undone_at=None)
        .order_by("-pk")
        .values_list("pk", flat=True)[:100]
    ]
    return [*_on_tag(tag_id, change), *of_desk]


def on_outlook(change: Change) -> Collection[str]:
    """Later reviews of the same outlook."""
    review = OutlookReview.objects.filter(pk=change.key).first()
    if review is None:
        return []
    later = OutlookReview.objects.filter(tag=review.tag_id, pk__gt=review.pk, undone_at=None)
    return [f"outlook:{pk}" for pk in later.values_list("pk", flat=True)[:100]]


def on_story(change: Change) -> Collection[str]:
    """Later words on where the same articles belong."""
    return [change.target, *moved_since(change).values_list("target", flat=True)[:100]]


def _on_tag(tag_id: int, change: Change) -> list[str]:
    merged = Tag.objects.filter(merged_into=tag_id).values_list("pk", flat=True)
    return [
        f"tag:{tag_id}",
        *(f"merge:{pk}" for pk in (tag_id, *merged)),
        *_targets("decision", Decision.objects.filter(tag=tag_id, made_at__gte=change.made_at)),
        *_targets("rating", Rating.objects.filter(tag=tag_id, made_at__gte=change.made_at)),
    ]


def _targets(noun: str, rows: QuerySet[Decision] | QuerySet[Rating]) -> list[str]:
    keys = rows.filter(undone_at=None).order_by("-pk").values_list("pk", flat=True)
    return [f"{noun}:{pk}" for pk in keys[:100]]
