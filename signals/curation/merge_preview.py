"""What a merge would move and what a split would give back, told before it is done."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, OuterRef, Value
from django.db.models.functions import Cast, Concat

from signals.curation.merge_fields import edited_since
from signals.models import Change, Comment, Decision, Rating, Tag, Tagging


@dataclass(frozen=True, slots=True)
class Moves:
    """How many of each go from one tag to the other; `both` are mentions on articles that carry both."""

    mentions: int = 0
    both: int = 0
    ratings: int = 0
    names: int = 0
    rows: int = 0
    comments: int = 0
    signposts: int = 0


def what_moves(source: Tag, into: Tag) -> Moves:
    """What a merge would move, before it is done."""
    carried = Tagging.objects.filter(tag=source)
    return Moves(
        mentions=carried.count(),
        both=carried.filter(article__in=Tagging.objects.filter(tag=into).values("article")).count(),
        ratings=source.ratings.filter(undone_at=None).count(),
        names=source.names.filter(is_live=True).count(),
        rows=source.note_rows.count(),
        comments=source.comments.filter(undone_at=None).count(),
        signposts=source.signposts.filter(undone_at=None).count(),
    )


@dataclass(frozen=True, slots=True)
class Split:
    """What a split gives back, what stays because it came or was edited since, and why it can't be done yet."""

    back: Moves
    decisions_stay: int
    ratings_stay: int
    comments_stay: int
    edited: tuple[str, ...]


def what_a_split_moves(change: Change) -> Split:
    """What taking this merge back would do, before it is done."""
    moved = change.before
    into = Tag.objects.get(pk=moved["into"])
    own = [row for row in moved["names"] if row.get("tag", moved["source"]) == moved["source"]]
    since = {"tag": into, "made_at__gt": change.made_at, "undone_at": None}
    return Split(
        back=Moves(
            mentions=len(moved["articles"]) + len(moved["both"]),
            both=len(moved["both"]),
            ratings=len(moved["ratings"]),
            names=len(own),
            rows=len(moved["rows"]),
            comments=len(moved.get("comments", [])),
            signposts=len(moved.get("signposts", [])),
        ),
        decisions_stay=Decision.objects.filter(
            tag=into, pk__gt=moved["last_decision"], undone_at=None
        ).count(),
        ratings_stay=Rating.objects.filter(**since).count(),
        comments_stay=Comment.objects.filter(**since).count(),
        edited=tuple(sorted(edited_since(into, moved.get("fields", {})))),
    )


def merges_into(tag: Tag) -> list[tuple[Change, Tag]]:
    """The merges into a tag that hold, the latest first, each with the tag that went."""
    gone = {f"merge:{source.pk}": source for source in Tag.objects.filter(merged_into=tag)}
    changes = Change.objects.filter(
        target__in=gone, verb="tag.merged", undone_at=None, before__into=tag.pk
    ).select_related("user")
    return [(change, gone[change.target]) for change in changes.order_by("-pk")]


def rated_as(tag: Tag) -> dict[int, str]:
    """What the thing was called that a rating was given to, by the key of each that came with a merge."""
    target = Concat(Value("merge:"), Cast(OuterRef("pk"), CharField()))
    holding = Change.objects.filter(target=target, verb="tag.merged", undone_at=None).order_by("-pk")
    gone = Tag.objects.filter(merged_into=tag).annotate(
        moved=ArraySubquery(holding.values("before__ratings")[:1]),
        made=ArraySubquery(holding.values("pk")[:1]),
    )
    found: dict[int, str] = {}
    # Through several merges to the first of them: that tag had it.
    for source in sorted(gone, key=lambda one: getattr(one, "made", None) or [0], reverse=True):
        for ratings in getattr(source, "moved", []):
            found |= dict.fromkeys(ratings or [], str(source))
    return found
