"""What waits in the inbox, narrowed: the list shows it, and a bulk action takes it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Self

from django.db.models import Exists, OuterRef, Q, QuerySet

from signals.models import Article, Claim, State, Tagging, User
from signals.search.postgres import ts_query
from signals.search.query import parse


@dataclass(frozen=True, slots=True)
class Waiting:
    """Which suggestions; empty says all. Kind, tag and the draw narrow suggestions, the rest narrows articles."""

    kind: str = ""
    tag: int | None = None
    is_drawn: bool = False
    source: int | None = None
    language: str = ""
    words: str = ""
    unclaimed_by_others_of: int | None = None
    """A user: articles that others are reading are left out."""
    articles: tuple[int, ...] = ()
    """These alone."""

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """As `as_json` wrote it."""
        known = {one.name for one in fields(cls)}
        given = {name: value for name, value in kept.items() if name in known}
        return cls(**{**given, "articles": tuple(given.get("articles", ()))})

    def as_json(self) -> dict[str, Any]:
        """For a job's arguments."""
        return {**asdict(self), "articles": list(self.articles)}

    @property
    def is_about_suggestions(self) -> bool:
        """Whether of an article only some suggestions are meant."""
        return bool(self.kind or self.tag or self.is_drawn)

    def suggestions(self) -> QuerySet[Tagging]:
        """Waiting taggings that are meant, whatever their articles are."""
        found = Tagging.objects.waiting().order_by()
        if self.kind:
            found = found.filter(tag__kind=self.kind)
        if self.tag is not None:
            found = found.filter(tag=self.tag)
        return found.filter(state=State.SAMPLED) if self.is_drawn else found

    def listed(self, now: datetime) -> QuerySet[Article]:
        """Articles with such a suggestion that nobody put off."""
        meant = self.suggestions().filter(article=OuterRef("pk"))
        return Article.objects.filter(Exists(meant)).filter(self._of_articles(now))

    def taggings(self, now: datetime) -> QuerySet[Tagging]:
        """The suggestions of those articles; from small indexes, where looking at all articles would read them."""
        found = self.suggestions()
        if self.articles:
            found = found.filter(article__in=self.articles)
        if self.source or self.language or self.words or self.unclaimed_by_others_of:
            return found.filter(article__in=Article.objects.filter(self._of_articles(now)).values("pk"))
        return found.exclude(article__in=Article.objects.filter(snoozed_until__gt=now).values("pk"))

    def _of_articles(self, now: datetime) -> Q:
        wanted = Q(snoozed_until=None) | Q(snoozed_until__lte=now)
        if self.articles:
            wanted &= Q(pk__in=self.articles)
        if self.source is not None:
            wanted &= Q(source=self.source)
        if self.language:
            wanted &= Q(language=self.language) | Q(language__startswith=f"{self.language}-")
        if self.words and (choices := parse(self.words)):
            wanted &= Q(search=ts_query(choices))
        if self.unclaimed_by_others_of is not None:
            others = Claim.objects.filter(until__gt=now).exclude(user=self.unclaimed_by_others_of)
            wanted &= ~Q(pk__in=others.values("article"))
        return wanted


def claimed_by_others(articles: list[int], *, by: User, now: datetime) -> dict[int, User]:
    """Who else is reading which of these articles; one query."""
    claims = Claim.objects.filter(article__in=articles, until__gt=now).exclude(user=by)
    return {claim.article_id: claim.user for claim in claims.select_related("user")}
