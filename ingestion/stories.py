"""Articles that are the same news become one story; the earliest heads it, the others say why they joined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Left

from ingestion.dedupe import WINDOW, Evidence, StoryReason, content_hash, same_story, story_keys, title_key
from signals.curation.stories import lock_stories
from signals.models import Article, ArticleType, Story
from signals.trends.marks import mark_articles

__all__ = ["content_hash", "group_stories", "story_columns"]

_COMPARED: Final = 6000
_BATCH: Final = 200
# Values as parameters of one statement: a CASE for each row takes longer than what it writes.
_WRITE_KEYS: Final = """
UPDATE signals_article AS article SET title_key = found.title_key, story_keys = found.keys::bigint[]
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS found (id, title_key, keys) WHERE article.id = found.id
"""
_WRITE_STORIES: Final = """
UPDATE signals_article AS article SET story_id = found.story_id, story_reason = found.reason
FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS found (id, story_id, reason) WHERE article.id = found.id
"""


@dataclass(slots=True)
class _Member:
    pk: int
    evidence: Evidence
    keys: frozenset[int]
    story_id: int | None
    reason: str
    is_new: bool
    is_decided: bool

    @property
    def is_settled(self) -> bool:
        """Without a story, but decided or with a reason: somebody took it out, and it stays out."""
        return self.story_id is None and (self.is_decided or bool(self.reason))


def story_columns(title: str, text: str) -> dict[str, Any]:
    """The columns that find an article's likes."""
    return {"title_key": title_key(title), "story_keys": story_keys(title, text)}


def group_stories(article_ids: Sequence[int]) -> int:
    """Join each of these articles to the story of an article like it; returns how many joined one."""
    joined = 0
    for start in range(0, len(article_ids), _BATCH):
        with transaction.atomic():
            # Two workers that group at once would make two stories of one; grouping is short, so one at a time.
            lock_stories()
            with connection.cursor() as cursor:
                # Thousands of keys look to the planner like every row, and comparing them with every row
                # takes minutes.
                cursor.execute("SET LOCAL enable_seqscan = off")
            joined += _group(article_ids[start : start + _BATCH])
    return joined


def _group(article_ids: Sequence[int]) -> int:
    _give_keys(article_ids)
    members = _load(Q(pk__in=article_ids), new=set(article_ids))
    fresh = sorted(members.values(), key=_age)
    if not fresh:
        return 0
    keys = sorted({key for member in fresh for key in member.keys})
    addresses = {member.evidence.url_key for member in fresh if member.evidence.url_key}
    near = Q(when__gte=fresh[0].evidence.when - WINDOW, when__lte=fresh[-1].evidence.when + WINDOW)
    # Two look-ups in two indexes; said in one, the planner reads the whole table.
    likes = Article.objects.filter(_shares(keys)).values_list("pk", flat=True)
    neighbours = Article.objects.filter(url_key__in=addresses).values_list("pk", flat=True)
    candidates = {*likes, *neighbours}.difference(article_ids)
    members |= _load(Q(pk__in=candidates) & near, new=set())
    by_key: defaultdict[int, list[_Member]] = defaultdict(list)
    by_address: defaultdict[str, list[_Member]] = defaultdict(list)
    for member in members.values():
        by_address[member.evidence.url_key].append(member)
        for key in member.keys:
            by_key[key].append(member)
    touched: dict[int, _Member] = {}
    merged: dict[int, int] = {}
    held = _held_stories(members.values())
    for member in fresh:
        if member.is_settled:
            continue
        alike = {c.pk: c for key in member.keys for c in by_key[key]}
        if member.evidence.url_key:
            alike |= {c.pk: c for c in by_address[member.evidence.url_key]}
        match = _match(member, alike.values(), held)
        if match is not None:
            _join(member, *match, touched=touched, merged=merged)
    _save(touched, merged)
    return len(touched)


def _give_keys(article_ids: Sequence[int]) -> None:
    """Notes and pasted texts come without keys. Releases get none: "X released Y" and "X released Z" look alike."""
    bare = Article.objects.filter(pk__in=article_ids, title_key="").exclude(type=ArticleType.RELEASE)
    keyed = [
        (pk, columns["title_key"], f"{{{','.join(map(str, columns['story_keys']))}}}")
        for pk, columns in (
            (pk, story_columns(title, text)) for pk, title, text in bare.values_list("pk", "title", "text")
        )
    ]
    if keyed:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE_KEYS, [list(column) for column in zip(*keyed, strict=True)])


def _shares(keys: Sequence[int]) -> RawSQL:
    """Whether an article has one of these keys; as one parameter, where the ORM would make one of each."""
    return RawSQL('"signals_article"."story_keys" && %s::bigint[]', [list(keys)], output_field=BooleanField())


def _load(which: Q, *, new: set[int]) -> dict[int, _Member]:
    rows = (
        Article.objects.annotate(when=Coalesce("published_at", "known_at"), start=Left("text", _COMPARED))
        .filter(which)
        .values_list(
            *("pk", "title", "start", "url_key", "publisher", "when", "story_keys", "story_id"),
            *("story_reason", "is_story_decided"),
        )
    )
    return {
        pk: _Member(
            pk,
            Evidence(title, start, url_key, publisher, when),
            frozenset(keys),
            story_id,
            reason,
            pk in new,
            decided,
        )
        for pk, title, start, url_key, publisher, when, keys, story_id, reason, decided in rows
    }


def _age(member: _Member) -> tuple[datetime, int]:
    return member.evidence.when, member.pk


def _held_stories(members: Iterable[_Member]) -> set[int | None]:
    """Stories in which a person placed an article: others may join, but it is not made one with another story."""
    stories = {member.story_id for member in members} - {None}
    decided = Article.objects.filter(story__in=stories, is_story_decided=True)
    return set(decided.values_list("story_id", flat=True))


def _match(
    member: _Member, candidates: Iterable[_Member], held: set[int | None]
) -> tuple[_Member, StoryReason] | None:
    """The earliest article that is the same news and not in its story already."""
    for other in sorted(candidates, key=_age):
        if other.pk == member.pk or other.is_settled:
            continue
        if other.story_id is not None and other.story_id == member.story_id:
            continue
        stories = {member.story_id, other.story_id}
        if None not in stories and stories & held:
            continue  # a person drew the line between them
        reason = same_story(member.evidence, other.evidence)
        if reason is not None:
            return other, reason
    return None


def _join(
    member: _Member,
    other: _Member,
    reason: StoryReason,
    *,
    touched: dict[int, _Member],
    merged: dict[int, int],
) -> None:
    one_story, other_story = _survivor(member.story_id, merged), _survivor(other.story_id, merged)
    if one_story is not None and other_story is not None and one_story != other_story:
        merged[max(one_story, other_story)] = min(one_story, other_story)
    story_id = other_story or one_story or Story.objects.create(created_at=member.evidence.when).pk
    for one in (member, other):
        if one.story_id is None:
            one.story_id = story_id
            touched[one.pk] = one
    later = max(member, other, key=_age)
    if not later.is_decided:
        later.reason = later.reason or str(reason)[:200]
        touched[later.pk] = later


def _survivor(story_id: int | None, merged: dict[int, int]) -> int | None:
    """The story that this one became in this round."""
    while story_id in merged:
        story_id = merged[story_id]
    return story_id


def _save(touched: dict[int, _Member], merged: dict[int, int]) -> None:
    if not touched:
        return
    # All of their stories, in the order in which taggers take them: whoever tags or decides on one of them
    # meanwhile marks the days it knows, which lack those that come together here.
    stories = {member.story_id for member in touched.values()} | merged.keys() | set(merged.values())
    concerned = Article.objects.filter(Q(pk__in=touched) | Q(story__in=stories)).order_by("pk")
    moved = list(concerned.select_for_update(no_key=True).values_list("pk", flat=True))
    # Counted apart until now, counted together from now on: both sets of days move.
    mark_articles(moved)
    rows = [(member.pk, member.story_id, member.reason) for member in touched.values()]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_STORIES, [list(column) for column in zip(*rows, strict=True)])
    for old in sorted(merged, reverse=True):
        Article.objects.filter(story_id=old).update(story_id=merged[old])
        Story.objects.filter(pk=old).delete()
    mark_articles(moved)


def head_of(story: Story) -> int | None:
    """The id of a story's earliest article."""
    dated = story.articles.annotate(when=Coalesce("published_at", "known_at"))
    return dated.order_by("when", "pk").values_list("pk", flat=True).first()
