"""The full text of articles whose feed gives an excerpt: from the page, behind robots.txt, in its own time.

A page that can't be read leaves the feed's own text and says why.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Literal

import redis
from django.core.cache import cache
from django.db import transaction
from django.db.models import Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from ingestion.client import default_fetcher
from ingestion.dates import clamp
from ingestion.errors import FetchError, HttpStatus, IngestError, ParseError
from ingestion.fetch import ACCEPT_PAGE, Fetcher
from ingestion.hosts import Hosts, default_hosts, host_of
from ingestion.language import choose_language
from ingestion.parser_pool import shared_pool
from ingestion.robots import Robots, robots_url
from ingestion.stories import content_hash, story_columns
from ingestion.types import ExtractedPage, Fetched
from signals.models import Article, TextOrigin
from signals.trends.marks import mark_articles

LEASE: Final = timedelta(minutes=10)
_GIVE_UP_AFTER: Final = timedelta(days=3)
_SOONEST_RETRY: Final = timedelta(minutes=30)
_ROBOTS_FOR: Final = timedelta(hours=24)
# A page that has hardly more than the excerpt is a teaser, a consent form or an error.
_WORTH: Final = 1.2

Outcome = Literal["done", "failed", "later", "skipped"]


class RobotsRefuse(FetchError):
    """robots.txt asks us to leave this address alone."""

    code: ClassVar[str] = "robots"
    permanent = True
    sentence: ClassVar[str] = "The website asks programs not to read this page (robots.txt)."


class NoText(ParseError):
    """The page holds no article."""

    code: ClassVar[str] = "no_text"
    permanent = True
    sentence: ClassVar[str] = "The page holds no text that can be read."


class NotOurTurn(IngestError):
    """The host is busy, or wants to be left in peace for longer than we wait."""

    code: ClassVar[str] = "busy"
    sentence: ClassVar[str] = "The website wants to be left in peace for a while."

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"{seconds:.0f} s")


@dataclass(frozen=True, slots=True)
class Pages:
    """Reads pages as robots.txt and their hosts allow."""

    fetcher: Fetcher
    hosts: Hosts
    patience: float = 10.0

    def read(self, url: str) -> ExtractedPage:
        """The readable part of a page; raises IngestError."""
        if not self._robots(url).allows(url, self.fetcher.user_agent):
            raise RobotsRefuse(host_of(url))
        fetched = self._get(url)
        page = shared_pool().extract_page(fetched.body, fetched.url_final, fetched.content_type)
        if page is None or not page.text:
            raise NoText
        return page

    def _get(self, url: str) -> Fetched:
        turn = self.hosts.take(url, patience=self.patience)
        if isinstance(turn, float):
            raise NotOurTurn(turn)
        try:
            return self.fetcher.get(url, accept=ACCEPT_PAGE)
        except HttpStatus as error:
            if error.status in (429, 503) and error.retry_after is not None:
                self.hosts.hold(url, min(error.retry_after, timedelta(days=1)))
            raise
        finally:
            self.hosts.give_back(turn)

    def _robots(self, url: str) -> Robots:
        address = robots_url(url)
        key = f"robots:{hashlib.sha256(address.encode()).hexdigest()}"
        text = _cached(key)
        if text is None:
            try:
                fetched = self._get(address)
                text = fetched.body.decode("utf-8", "replace")
            except HttpStatus as error:
                # No rules are no refusal; a site with a fault has not said anything yet.
                if not 400 <= error.status < 500 or error.status == 429:
                    raise
                text = ""
            _cache(key, text)
        return Robots(text)


def default_pages() -> Pages:
    """The pages as the settings of this installation want them read."""
    return Pages(default_fetcher(), default_hosts())


def claim_due_pages(*, now: datetime, limit: int, per_publisher: int = 20) -> dict[str, list[int]]:
    """Take articles whose page is due, newest first, by host; a lost claim is due again after a while.

    A few of each publisher at a time: its host is asked once a second, and others must not wait for that.
    """
    place = Window(RowNumber(), partition_by="publisher", order_by=["-sort_at", "-id"])
    due = Article.objects.filter(text_due_at__lte=now)
    first = due.annotate(place=place).filter(place__lte=per_publisher).order_by("-sort_at")
    by_host: defaultdict[str, list[int]] = defaultdict(list)
    with transaction.atomic():
        chosen = list(first.values_list("id", flat=True)[:limit])
        rows = list(due.filter(pk__in=chosen).select_for_update(skip_locked=True).values_list("id", "url"))
        Article.objects.filter(pk__in=[pk for pk, _ in rows]).update(text_due_at=now + LEASE)
    for pk, url in rows:
        by_host[host_of(url)].append(pk)
    return dict(by_host)


def enrich_article(article_id: int, *, pages: Pages | None = None, now: datetime | None = None) -> Outcome:
    """Read an article's page for its full text; "done" means it wants tagging again."""
    now = now or timezone.now()
    article = Article.objects.filter(pk=article_id).exclude(text_due_at=None).first()
    if article is None:
        return "skipped"
    try:
        page = (pages or default_pages()).read(article.url)
    except IngestError as error:
        return _failed(article, error, now)
    if len(page.text) < _WORTH * len(article.text):
        _close(article, text_failure="The page says hardly more than the feed.")
        return "failed"
    with transaction.atomic():
        _take_text(Article.objects.select_for_update(no_key=True).get(pk=article_id), page)
    return "done"


def _take_text(article: Article, page: ExtractedPage) -> None:
    gains_date = article.is_date_first_seen and page.published is not None
    if gains_date:
        mark_articles([article.pk])
        article.published_at, article.is_date_first_seen = page.published, False
        article.sort_at = clamp(page.published or article.sort_at, article.known_at)
    article.text, article.html = page.text, ""
    article.text_origin, article.text_failure, article.text_due_at = TextOrigin.PAGE, "", None
    article.author = article.author or page.author[:400]
    language = choose_language(feed=article.language, page=page.language, text=page.text)
    article.language = (language or "")[:16]
    article.content_hash = content_hash(article.title, article.text)
    for column, value in story_columns(article.title, article.text).items():
        setattr(article, column, value)
    article.processed_at = article.analyze_lease_until = None
    article.analyze_tries, article.analyze_failure = 0, ""
    article.save()
    if gains_date:
        mark_articles([article.pk])


def _failed(article: Article, error: IngestError, now: datetime) -> Outcome:
    if isinstance(error, NotOurTurn):
        _close(article, text_due_at=now + timedelta(seconds=error.seconds))
        return "later"
    age = now - article.known_at
    hopeless = error.permanent or (isinstance(error, HttpStatus) and 400 <= error.status < 500)
    if isinstance(error, HttpStatus) and error.status == 429:
        hopeless = False
    if hopeless or age > _GIVE_UP_AFTER:
        _close(article, text_failure=str(error)[:200])
        return "failed"
    # Twice as late each time, until it is too old to be worth it.
    _close(article, text_failure=str(error)[:200], text_due_at=now + max(_SOONEST_RETRY, age))
    return "later"


def _close(article: Article, **columns: Any) -> None:
    Article.objects.filter(pk=article.pk).update(**{"text_due_at": None, **columns})


def _cached(key: str) -> str | None:
    try:
        found = cache.get(key)
    except redis.RedisError:
        return None
    return found if isinstance(found, str) else None


def _cache(key: str, text: str) -> None:
    try:
        cache.set(key, text, timeout=_ROBOTS_FOR.total_seconds())
    except redis.RedisError:
        return  # it is asked for again next time
