"""What somebody wanted to look at again, by the day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from signals.models import Article, ArticleVersion, Decision, Rating, Tag, Tagging, User

_CHANGES: Final = 1000
"""The newest changes of texts, among which decided mentions are looked for."""


def contested_mentions() -> QuerySet[Tagging]:
    """Mentions that people score far apart, the latest decided first."""
    return _with_names(Tagging.objects.exclude(dispute="")).order_by("-decided_at", "-pk")


def outdated_mentions() -> QuerySet[Tagging]:
    """Mentions whose article got another text after the last word on them, the latest such article first."""
    newest = ArticleVersion.objects.order_by("-pk")[:_CHANGES].values("article")
    since = ArticleVersion.objects.filter(
        article=OuterRef("article"), replaced_at__gt=OuterRef("decided_at")
    ).exclude(text=OuterRef("article__text"))
    decided = Tagging.objects.filter(article__in=newest, decided_at__isnull=False)
    return _with_names(decided.filter(Exists(since))).order_by("-article", "-pk")


def latest_change(tagging: Tagging, article: Article) -> ArticleVersion | None:
    """The last text of the article that gave way to another one after the last word on this mention."""
    if tagging.decided_at is None:
        return None
    return (
        article.versions.filter(replaced_at__gt=tagging.decided_at).exclude(text=F("article__text")).first()
    )


def _with_names(mentions: QuerySet[Tagging]) -> QuerySet[Tagging]:
    mentions = mentions.exclude(tag__status=Tag.Status.ARCHIVED)
    texts = ("tag__search", "article__text", "article__html", "article__search", "article__story_keys")
    return mentions.select_related("tag", "article").defer(*texts)


def due_outlooks(*, until: date) -> QuerySet[Tag]:
    """Tags whose outlook is to be looked at by that day, the earliest first."""
    return (
        Tag.objects.live()
        .exclude(status=Tag.Status.ARCHIVED)
        .exclude(outlook="")
        .filter(outlook_due_on__lte=until)
        .defer("search")
        .order_by("outlook_due_on", "pk")
    )


def due_ratings(user: object, *, until: date) -> QuerySet[Rating]:
    """Scores of this person that hold and that they want to look at by that day, the earliest first."""
    if not isinstance(user, User):
        return Rating.objects.none()
    ratings = _due_ratings(user, until).select_related("tag").defer("tag__search")
    return ratings.order_by("review_on", "pk")


def due_words(user: object, *, until: date) -> QuerySet[Decision]:
    """This person's words on mentions that they want to look at again by that day, the earliest first."""
    if not isinstance(user, User):
        return Decision.objects.none()
    texts = ("tag__search", "article__text", "article__html", "article__search", "article__story_keys")
    words = _due_words(user, until).select_related("tag", "article").defer(*texts)
    return words.order_by("review_on", "pk")


def count_due(user: object, *, now: datetime) -> int:
    """How much is due for this person today."""
    today = timezone.localdate(now)
    due: QuerySet[Any] = due_outlooks(until=today).order_by().values("pk")
    if isinstance(user, User):
        own = (_due_ratings(user, today), _due_words(user, today).order_by())
        due = due.union(*(rows.values("pk") for rows in own), all=True)
    return due.count()


def _due_ratings(user: User, until: date) -> QuerySet[Rating]:
    newer = Rating.objects.filter(tag=OuterRef("tag"), user=user, undone_at=None, pk__gt=OuterRef("pk"))
    ratings = Rating.objects.filter(user=user, undone_at=None, review_on__lte=until, tag__merged_into=None)
    return ratings.exclude(tag__status=Tag.Status.ARCHIVED).exclude(Exists(newer))


def _due_words(user: User, until: date) -> QuerySet[Decision]:
    pair = {"article": OuterRef("article"), "tag": OuterRef("tag")}
    newer = Decision.objects.filter(**pair, user=user, undone_at=None, pk__gt=OuterRef("pk"))
    words = Decision.objects.filter(user=user, undone_at=None, review_on__lte=until)
    return words.exclude(tag__status=Tag.Status.ARCHIVED).exclude(Exists(newer))
