"""Which articles tell the same news, when a person says so: move, take out, group, split, and take back.

A person's word holds: the machine neither moves such an article nor makes its story one with another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.curation.errors import CurationError
from signals.models import Article, Change, Story, User
from signals.trends.marks import mark_articles

AT_ONCE: Final = 200
"""Articles that may change their story in one go."""
_LOCK: Final = 0x5649_4749_45


@dataclass(frozen=True, slots=True)
class _Place:
    story: int | None
    reason: str
    decided: bool

    def as_json(self) -> dict[str, Any]:
        return {"story": self.story, "reason": self.reason, "decided": self.decided}


def lock_stories() -> None:
    """Let nobody else group articles until the end of the transaction; before any article is locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def move_article(*, article: Article, to: Article, by: User, now: datetime | None = None) -> Change:
    """Say that an article tells the same news as another one; it alone leaves its story for the other's.

    Raises CurationError when they are one story already.
    """
    with transaction.atomic():
        places = _lock([article.pk, to.pk])
        story = places[to.pk].story
        if article.pk == to.pk or (story is not None and places[article.pk].story == story):
            raise CurationError(_("They tell the same news already."))
        wanted = {article.pk: story, **({to.pk: None} if story is None else {})}
        return _place(
            wanted, places, "story.moved", f"{article.title} → {to.title}", by, now, is_new=story is None
        )


def take_out(*, article: Article, by: User, now: datetime | None = None) -> Change:
    """Say that an article tells news of its own; CurationError when it is in no story."""
    with transaction.atomic():
        places = _lock([article.pk])
        if places[article.pk].story is None:
            raise CurationError(_("Nobody else tells this news."))
        return _place({article.pk: None}, places, "story.left", article.title, by, now)


def group_articles(*, articles: Collection[int], by: User, now: datetime | None = None) -> Change:
    """Say that these articles, and with them all of their stories, tell the same news.

    Raises CurationError for fewer than two, more than `AT_ONCE`, or one story already.
    """
    if len(set(articles)) > AT_ONCE:
        raise CurationError(_("At most %(limit)d articles at once.") % {"limit": AT_ONCE})
    with transaction.atomic():
        places = _lock(articles)
        chosen = [pk for pk in dict.fromkeys(articles) if pk in places]
        if len(chosen) < 2:
            raise CurationError(_("Choose at least two articles."))
        stories = {places[pk].story for pk in chosen}
        if len(stories) == 1 and None not in stories:
            raise CurationError(_("They tell the same news already."))
        known = sorted(story for story in stories if story is not None)
        story = known[0] if known else None
        wanted = {pk: story for pk, place in places.items() if pk in chosen or place.story in known}
        return _place(wanted, places, "story.grouped", _titles(chosen), by, now, is_new=story is None)


def split_story(*, articles: Collection[int], by: User, now: datetime | None = None) -> Change:
    """Say that these articles of one story tell other news: together they leave it.

    Raises CurationError when they are not of one story, are more than `AT_ONCE`, or nothing would stay.
    """
    if len(set(articles)) > AT_ONCE:
        raise CurationError(_("At most %(limit)d articles at once.") % {"limit": AT_ONCE})
    with transaction.atomic():
        places = _lock(articles)
        chosen = [pk for pk in dict.fromkeys(articles) if pk in places]
        stories = {places[pk].story for pk in chosen}
        if len(stories) != 1 or None in stories:
            raise CurationError(_("Choose articles that tell the same news."))
        if all(pk in chosen for pk, place in places.items() if place.story in stories):
            raise CurationError(_("At least one has to stay."))
        wanted: dict[int, int | None] = dict.fromkeys(chosen)
        return _place(wanted, places, "story.split", _titles(chosen), by, now, is_new=len(chosen) > 1)


def undo_story(*, change: Change, by: User, now: datetime | None = None) -> None:
    """Put the articles back as they were; what the machine added to a story since stays where it is.

    Raises CurationError when it was taken back before, or one of the articles was moved again since.
    """
    with transaction.atomic():
        before = {int(pk): _Place(**place) for pk, place in change.before["articles"].items()}
        places = _lock([*before, *change.before["stayed"].values()])
        if (later := moved_since(change).first()) is not None:
            raise CurationError(_("“%(title)s” came later: take that back first.") % {"title": later.title})
        if not Change.objects.filter(pk=change.pk, undone_at=None).update(
            undone_at=now or timezone.now(), undone_by=by
        ):
            raise CurationError(_("This was undone before."))
        back = {pk: place for pk, place in before.items() if pk in places}
        found = _stories_of_old({place.story for place in back.values()}, change, places)
        _write(
            {pk: _Place(found.get(place.story), place.reason, place.decided) for pk, place in back.items()}
        )
        Story.objects.filter(pk=change.before["made"], articles=None).delete()


def moved_since(change: Change) -> Any:
    """Later changes that hold and say something of the same articles, the newest first."""
    later = Change.objects.filter(verb__startswith="story.", pk__gt=change.pk, undone_at=None)
    return later.filter(before__articles__has_any_keys=list(change.before["articles"])).order_by("-pk")


def _lock(articles: Collection[int]) -> dict[int, _Place]:
    """These articles and all of their stories, locked in order, with where each stands."""
    lock_stories()
    stories = Article.objects.filter(pk__in=articles, story__isnull=False).values("story")
    family = Article.objects.filter(Q(pk__in=articles) | Q(story__in=stories)).order_by("pk")
    rows = family.select_for_update(no_key=True).values_list(
        "pk", "story_id", "story_reason", "is_story_decided"
    )
    return {pk: _Place(story, reason, decided) for pk, story, reason, decided in rows}


def _place(
    wanted: Mapping[int, int | None],
    places: Mapping[int, _Place],
    verb: str,
    title: str,
    by: User,
    now: datetime | None,
    *,
    is_new: bool = False,
) -> Change:
    """Give articles the story that is wanted (a new one for all with `is_new`), and keep the change."""
    now = now or timezone.now()
    missing = [pk for pk in wanted if pk not in places]
    if missing:
        raise CurationError(_("This article is no longer there."))
    made = Story.objects.create(created_at=now).pk if is_new else None
    after = {pk: _Place(made or story, "", True) for pk, story in wanted.items()}
    _write(after)
    # The machine may make a story one with another; who stayed in it tells which one.
    stayed = {place.story: pk for pk, place in places.items() if pk not in wanted and place.story is not None}
    return Change.objects.create(
        user=by,
        verb=verb,
        target=f"story:{min(wanted)}",
        title=title[:400],
        before={
            "articles": {str(pk): places[pk].as_json() for pk in wanted},
            "stayed": {str(story): pk for story, pk in stayed.items()},
            "made": made,
        },
        after={"articles": {str(pk): place.as_json() for pk, place in after.items()}},
        made_at=now,
    )


def _write(places: Mapping[int, _Place]) -> None:
    # Counted where they were, counted where they go: both sets of days move.
    mark_articles(places)
    articles = Article.objects.in_bulk(places)
    for pk, article in articles.items():
        article.story_id, article.story_reason = places[pk].story, places[pk].reason
        article.is_story_decided = places[pk].decided
    Article.objects.bulk_update(articles.values(), ["story", "story_reason", "is_story_decided"])
    mark_articles(places)


def _stories_of_old(
    wanted: set[int | None], change: Change, places: Mapping[int, _Place]
) -> dict[int | None, int | None]:
    """Each story as it is called now: the machine made it one with another, or nothing was left of it."""
    there = set(Story.objects.filter(pk__in=[pk for pk in wanted if pk]).values_list("pk", flat=True))
    found: dict[int | None, int | None] = {None: None}
    for story in wanted - {None}:
        stayed = places.get(change.before["stayed"].get(str(story), 0))
        if story in there:
            found[story] = story
        elif stayed is not None and stayed.story is not None:
            found[story] = stayed.story
        else:
            found[story] = Story.objects.create(pk=story, created_at=change.made_at).pk
    return found


def _titles(articles: Collection[int]) -> str:
    first = Article.objects.filter(pk__in=articles).order_by("pk").values_list("title", flat=True)[0]
    more = len(articles) - 1
    if not more:
        return first
    words = ngettext("%(title)s and %(more)d more", "%(title)s and %(more)d more", more)
    return words % {"title": first[:300], "more": more}
