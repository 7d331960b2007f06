"""Entries into articles: what is new is inserted, what was edited becomes a version, the rest costs nothing.

To be called in the transaction that also saves the validators (`ingestion.pipeline`), under the lock of the
source's schedule row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import DatabaseError, connection, transaction

from ingestion.dates import clamp
from ingestion.language import choose_language
from ingestion.models import Schedule, SeenEntry
from ingestion.sources.identity import guids_are_unreliable, keyed_entries
from ingestion.stories import content_hash, story_columns
from ingestion.types import Entry, ParsedFeed
from ingestion.urls import canonical_with_fragment, publisher_of, url_key
from signals.models import Article, ArticleVersion, Source, TextOrigin
from signals.trends.marks import mark_articles

# A feed's text shorter than this is taken for an excerpt of the page.
EXCERPT_LENGTH: Final = 700
_LONGEST_URL: Final = 2000


@dataclass(slots=True)
class Counts:
    """What storing a document did; `article_ids` are those to be tagged, new and changed."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refusals: list[dict[str, Any]] = field(default_factory=list)
    article_ids: list[int] = field(default_factory=list)

    def refuse(self, position: int, reason: str, title: str = "") -> None:
        """Record an entry that was not stored."""
        self.refusals.append({"position": position, "reason": reason[:300], "title": title[:200]})


@dataclass(frozen=True, slots=True)
class _Form:
    """What an entry says, in hashes: title and text, and the rest."""

    content: str
    rest: str


def store_entries(source: Source, parsed: ParsedFeed, now: datetime) -> Counts:
    """Store a feed's entries; one that can't be stored is refused alone. Raises DatabaseError."""
    counts = Counts()
    for refused in parsed.refused:
        counts.refuse(refused.position, refused.reason)
    keyed = _keyed(source, parsed)
    forms = {key: _form(entry) for key, entry in keyed.items()}
    seen = _seen(source, keyed, forms)
    fresh: dict[str, Entry] = {}
    edited: dict[str, SeenEntry] = {}
    rewritten: list[SeenEntry] = []
    for key, entry in keyed.items():
        known, form = seen.get(key), forms[key]
        if known is None:
            fresh[key] = entry
        elif (known.content_hash, known.form_hash) == (form.content, form.rest) or known.article_id is None:
            counts.unchanged += 1
            if known.entry_key != key:
                known.entry_key = key
                rewritten.append(known)
        else:
            edited[key] = known
    if rewritten:
        SeenEntry.objects.bulk_update(rewritten, ["entry_key"])
    _insert(source, parsed, fresh, forms, now, counts)
    _edit(source, parsed, edited, keyed, forms, now, counts)
    return counts


# --- identity -------------------------------------------------------------------------------------------
def _keyed(source: Source, parsed: ParsedFeed) -> dict[str, Entry]:
    schedule = Schedule.objects.filter(source=source).first()
    uses_guid = schedule is None or schedule.uses_guid
    if uses_guid and guids_are_unreliable(parsed.entries):
        uses_guid = False
        Schedule.objects.filter(source=source).update(uses_guid=False)
    return {
        hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest(): entry
        for key, entry in keyed_entries(parsed.entries, degraded=not uses_guid).items()
    }


def _seen(source: Source, keyed: Mapping[str, Entry], forms: Mapping[str, _Form]) -> dict[str, SeenEntry]:
    """What we have of the entries, by their key of today; a row that changed its key keeps its old one."""
    rows = SeenEntry.objects.filter(source=source)
    seen = {row.entry_key: row for row in rows.filter(entry_key__in=list(keyed))}
    missing = [key for key in keyed if key not in seen]
    if not missing:
        return seen
    # The guid changed, or the rule did: the same address with the same words is the same article.
    addresses = {key: url_key(keyed[key].url) for key in missing if keyed[key].url}
    moved: dict[str, list[SeenEntry]] = {}
    if addresses:
        for row in rows.filter(url_key__in=set(addresses.values())).select_related("article"):
            if row.entry_key not in keyed:
                moved.setdefault(row.url_key, []).append(row)
    for key, address in addresses.items():
        candidates = moved.get(address, [])
        same = _same(keyed[key], forms[key], candidates)
        if same is not None:
            candidates.remove(same)
            seen[key] = same
    return seen


def _same(entry: Entry, form: _Form, candidates: Sequence[SeenEntry]) -> SeenEntry | None:
    exact = canonical_with_fragment(entry.url)
    at_address = [
        row for row in candidates if row.article is None or canonical_with_fragment(row.article.url) == exact
    ]
    return next((row for row in at_address if row.content_hash == form.content), None)


def _form(entry: Entry) -> _Form:
    rest = (
        entry.url,
        entry.author,
        entry.html,
        entry.language or "",
        "\x1e".join(entry.categories),
        # Some feeds say "now" at every poll: a date counts by being there.
        "dated" if entry.published else "",
    )
    return _Form(
        _digest(" ".join(entry.title.split()), " ".join(_text(entry).split())),
        _digest(*rest),
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


# --- new ------------------------------------------------------------------------------------------------
def _insert(
    source: Source,
    parsed: ParsedFeed,
    fresh: Mapping[str, Entry],
    forms: Mapping[str, _Form],
    now: datetime,
    counts: Counts,
) -> None:
    if not fresh:
        return
    made = {key: _article(source, parsed, entry, now) for key, entry in fresh.items()}
    try:
        with transaction.atomic():
            inserted = _insert_rows(source, made, forms, now)
    except DatabaseError:
        if connection.needs_rollback:  # it was the connection, not an entry
            raise
        inserted = []
        for key, article in made.items():
            article.pk = None
            try:
                with transaction.atomic():
                    inserted += _insert_rows(source, {key: article}, forms, now)
            except DatabaseError as error:
                if connection.needs_rollback:
                    raise
                counts.refuse(fresh[key].position, _first_line(error), fresh[key].title)
    counts.new += len(inserted)
    counts.article_ids += inserted
    mark_articles(inserted)


def _insert_rows(
    source: Source, made: Mapping[str, Article], forms: Mapping[str, _Form], now: datetime
) -> list[int]:
    articles = Article.objects.bulk_create(made.values())
    SeenEntry.objects.bulk_create(
        SeenEntry(
            source=source,
            entry_key=key,
            url_key=article.url_key,
            content_hash=forms[key].content,
            form_hash=forms[key].rest,
            article=article,
            first_seen_at=now,
        )
        for key, article in made.items()
    )
    return [article.pk for article in articles]


def _article(source: Source, parsed: ParsedFeed, entry: Entry, now: datetime) -> Article:
    article = Article(source=source, known_at=now)
    _say(article, source, parsed, entry)
    _say_words(article, source, entry, now)
    _date(article, entry, now)
    return article


def _say(article: Article, source: Source, parsed: ParsedFeed, entry: Entry) -> None:
    """What may change without being another text."""
    article.url = entry.url if len(entry.url) <= _LONGEST_URL else ""
    article.url_key = url_key(entry.url)
    article.author = entry.author[:400]
    article.filed_under = list(entry.categories)
    article.publisher = _publisher(source, parsed, entry)
    if article.text_origin != TextOrigin.PAGE:
        article.html = entry.html
    article.language = (
        choose_language(
            feed=entry.language or parsed.language or source.language,
            page=None,
            text=f"{entry.title}\n{_text(entry)}",
        )
        or ""
    )[:16]


def _publisher(source: Source, parsed: ParsedFeed, entry: Entry) -> str:
    stated = source.publisher or publisher_of(entry.url)
    return (stated or publisher_of(source.site_url or parsed.site_url or source.url))[:200]


def _say_words(article: Article, source: Source, entry: Entry, now: datetime) -> None:
    """Title and text; a page's text stays until the page is read again."""
    text = _text(entry)
    article.title = entry.title or entry.url
    if article.text_origin != TextOrigin.PAGE:
        article.text = text
        article.html = entry.html
        article.text_origin = TextOrigin.FEED if text else TextOrigin.NONE
    # An address with a fragment is a part of a page: its text would be the whole page's.
    is_page = article.url.startswith("http") and "#" not in article.url
    if source.fetches_full_text and is_page and len(text) < EXCERPT_LENGTH:
        article.text_due_at = now
        article.text_failure = ""
    article.content_hash = content_hash(article.title, article.text)
    for column, value in story_columns(article.title, article.text).items():
        setattr(article, column, value)


def _date(article: Article, entry: Entry, now: datetime) -> None:
    article.is_date_first_seen = entry.published is None
    article.published_at = entry.published or now
    article.sort_at = clamp(article.published_at, now)


def _text(entry: Entry) -> str:
    return entry.text or entry.summary


# --- edited ---------------------------------------------------------------------------------------------
def _edit(
    source: Source,
    parsed: ParsedFeed,
    edited: Mapping[str, SeenEntry],
    keyed: Mapping[str, Entry],
    forms: Mapping[str, _Form],
    now: datetime,
    counts: Counts,
) -> None:
    if not edited:
        return
    # In the order in which taggers take them, or two could wait for each other.
    locked = Article.objects.select_for_update(no_key=True).order_by("pk")
    articles = locked.in_bulk([row.article_id for row in edited.values()])
    for key, row in edited.items():
        entry, article = keyed[key], articles[row.article_id or 0]
        moved = row.content_hash != forms[key].content
        try:
            with transaction.atomic():
                counts_elsewhere = _gains_date(article, entry) or article.publisher != _publisher(
                    source, parsed, entry
                )
                if counts_elsewhere:
                    mark_articles([article.pk])
                _save_edit(source, parsed, entry, article, moved=moved, now=now)
                if counts_elsewhere:
                    mark_articles([article.pk])
                row.entry_key, row.url_key = key, article.url_key
                row.content_hash, row.form_hash = forms[key].content, forms[key].rest
                row.save(update_fields=["entry_key", "url_key", "content_hash", "form_hash"])
        except DatabaseError as error:
            if connection.needs_rollback:
                raise
            counts.refuse(entry.position, _first_line(error), entry.title)
            continue
        counts.changed += 1
        if moved:
            counts.article_ids.append(article.pk)


def _gains_date(article: Article, entry: Entry) -> bool:
    """Whether a date is stated that was not stated before; a stated one stays as it was."""
    return article.is_date_first_seen and entry.published is not None


def _save_edit(
    source: Source, parsed: ParsedFeed, entry: Entry, article: Article, *, moved: bool, now: datetime
) -> None:
    if moved:
        ArticleVersion.objects.create(
            article=article,
            number=article.version,
            title=article.title,
            text=article.text,
            content_hash=article.content_hash,
            replaced_at=now,
        )
        article.version += 1
        article.processed_at = None
        article.analyze_lease_until = None
        article.analyze_tries, article.analyze_failure = 0, ""
        _say_words(article, source, entry, now)
    if _gains_date(article, entry):
        _date(article, entry, article.known_at)
    _say(article, source, parsed, entry)
    article.save()


def _first_line(error: DatabaseError) -> str:
    return str(error).strip().split("\n", 1)[0] or type(error).__name__


def article_dates(parsed: ParsedFeed) -> Iterable[datetime]:
    """The dates that a feed's entries state."""
    return (entry.published for entry in parsed.entries if entry.published is not None)
