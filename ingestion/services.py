"""What a person does with sources: look before adding, add, read now, pause, remove; lists in and out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ingestion import schedule
from ingestion.client import default_fetcher
from ingestion.errors import BadUrl, FetchError, IngestError, NotAFeed, ParseError
from ingestion.fetch import Fetcher
from ingestion.models import Schedule
from ingestion.opml import Outline, read_opml, write_opml
from ingestion.parser_pool import shared_pool
from ingestion.queue import enqueue
from ingestion.sources.discover import well_known_feed_urls
from ingestion.sources.registry import READERS, reader_for
from ingestion.types import Entry, Fetched
from ingestion.urls import canonical_with_fragment, safe_link
from signals.curation.changed_again import refuse_under_a_later_one
from signals.curation.errors import CurationError
from signals.curation.people import mark_undone
from signals.models import Change, Source, SourceKind, User

_STATED_FEEDS = 5
_SHOWN_ENTRIES = 5


class UnknownKind(IngestError):
    """No reader for that kind of source."""

    code: ClassVar[str] = "unknown_kind"
    permanent = True
    sentence: ClassVar[str] = "Sources of this kind can't be read over the network."


class SourceInUse(IngestError):
    """A source whose articles we hold can't be removed, they are evidence."""

    code: ClassVar[str] = "in_use"
    permanent = True
    sentence: ClassVar[str] = "This source has articles: pause it instead."


@dataclass(frozen=True, slots=True)
class Preview:
    """What would come in from an address. `url` is the source's own, found from the site's if need be."""

    url: str
    kind: str
    title: str = ""
    site_url: str = ""
    entries: tuple[Entry, ...] = ()
    entries_count: int = 0
    refused: int = 0
    known: Source | None = None


@dataclass(slots=True)
class OpmlImport:
    """What came of a list of feeds."""

    added: list[Source] = field(default_factory=list)
    known: int = 0
    refused: list[str] = field(default_factory=list)


def preview_source(url: str, *, kind: str | None = None, fetcher: Fetcher | None = None) -> Preview:
    """Read an address without storing anything; a site's address finds its feed. Raises IngestError."""
    kind = kind or SourceKind.FEED
    if kind not in READERS:
        raise UnknownKind(kind)
    url = _address(url)
    fetcher = fetcher or default_fetcher()
    fetched = fetcher.get(url, accept=reader_for(kind).accept)
    try:
        return _preview(url, kind, fetched)
    except NotAFeed:
        if kind != SourceKind.FEED:
            raise
        return _preview_as_other_kind(url, fetched) or _preview_of_site(fetched, fetcher)


def _preview_as_other_kind(url: str, fetched: Fetched) -> Preview | None:
    """What is no feed may be a registry: nobody should need to know the name of its kind."""
    for kind in READERS:
        if kind != SourceKind.FEED:
            try:
                return _preview(url, kind, fetched)
            except ParseError:
                continue
    return None


def _preview_of_site(page: Fetched, fetcher: Fetcher) -> Preview:
    stated = [link.url for link in shared_pool().discover(page.body, page.content_type, page.url_final)]
    for url in [*stated[:_STATED_FEEDS], *well_known_feed_urls(page.url_final)]:
        try:
            # A site that answers everything with a page has no feed there: it has to parse.
            return _preview(url, SourceKind.FEED, fetcher.get(url))
        except (FetchError, ParseError):
            continue
    raise NotAFeed("and no feed was found on the site")


def _preview(url: str, kind: str, fetched: Fetched) -> Preview:
    reader = reader_for(kind)
    parsed = reader.parse(fetched.body, fetched.content_type, fetched.url_final)
    said = reader.describe(parsed)
    entries: Sequence[Entry] = getattr(parsed, "entries", ())
    return Preview(
        url=url,
        kind=kind,
        title=said.title,
        site_url=said.site_url,
        entries=tuple(entries[:_SHOWN_ENTRIES]),
        entries_count=said.count,
        refused=len(getattr(parsed, "refused", ())),
        known=known_source(url, kind),
    )


def add_source(
    *,
    url: str,
    kind: str | None = None,
    name: str = "",
    folder: str = "",
    fetcher: Fetcher | None = None,
    by: User | None = None,
    now: datetime | None = None,
) -> Source:
    """Add a source after reading it, due at once; one we have already is returned. Raises IngestError."""
    known = known_source(_address(url), kind or SourceKind.FEED)
    if known is not None:
        return known
    preview = preview_source(url, kind=kind, fetcher=fetcher)
    if preview.known is not None:
        return preview.known
    return make_source(
        url=preview.url,
        kind=preview.kind,
        name=name or preview.title,
        site_url=preview.site_url,
        folder=folder,
        by=by,
        now=now,
    )


def make_source(
    *,
    url: str,
    kind: str = SourceKind.FEED,
    name: str = "",
    site_url: str = "",
    folder: str = "",
    language: str = "",
    by: User | None = None,
    now: datetime | None = None,
) -> Source:
    """Store a source without reading it, due at once; one with that address already is returned."""
    now = now or timezone.now()
    with transaction.atomic():
        source, is_new = Source.objects.get_or_create(
            kind=kind,
            url=url,
            defaults={
                "name": (name or url)[:200],
                "site_url": site_url if len(site_url) <= 2000 else "",
                "folder": folder[:120],
                "language": language[:16],
                "next_attempt_at": now,
            },
        )
        Schedule.objects.get_or_create(source=source, defaults={"due_at": now})
        if is_new and by is not None:
            _log(source, by, "source.added", {}, {"url": url})
    return source


def known_source(url: str, kind: str) -> Source | None:
    """The source we have at this address, however it is spelt."""
    exact = Source.objects.filter(kind=kind, url=url).first()
    if exact is not None:
        return exact
    wanted = canonical_with_fragment(url)
    for source in Source.objects.filter(kind=kind):
        if canonical_with_fragment(source.url) == wanted:
            return source
    return None


def poll_now(*, source: Source, now: datetime | None = None) -> bool:
    """Make a source due and ask a worker to read it; false when it has to wait for the next tick.

    Raises UnknownKind for a source that is not read over the network.
    """
    if source.kind not in READERS:
        raise UnknownKind(source.kind)
    schedule.make_due(source, now=now or timezone.now())
    return enqueue("ingestion.tasks.poll_source", source.pk)


def set_enabled(
    *, source: Source, enabled: bool, by: User | None = None, now: datetime | None = None
) -> None:
    """Pause a source, or resume it, due at once."""
    with transaction.atomic():
        was = Source.objects.select_for_update(no_key=True).get(pk=source.pk).is_enabled
        schedule.set_enabled(source, enabled=enabled, now=now or timezone.now())
        if was != enabled:
            verb = "source.resumed" if enabled else "source.paused"
            _log(source, by, verb, {"is_enabled": was}, {"is_enabled": enabled})


def undo_source(*, change: Change, by: User) -> None:
    """Pause a source again, or resume it; remove one that was added and has brought nothing yet.

    Raises CurationError when it was paused or resumed since, or has articles.
    """
    with transaction.atomic():
        source = Source.objects.select_for_update(no_key=True).get(pk=change.key)
        if change.verb == "source.added":
            if source.articles.exists():
                raise CurationError(_("It has brought articles: pause it instead."))
            source.delete()
        elif source.is_enabled != change.after["is_enabled"]:
            raise CurationError(_("This was changed again since: take that back first."))
        else:
            refuse_under_a_later_one(change)
            schedule.set_enabled(source, enabled=change.before["is_enabled"], now=timezone.now())
        mark_undone(change, by)


def _log(
    source: Source, by: User | None, verb: str, before: dict[str, object], after: dict[str, object]
) -> None:
    Change.objects.create(
        user=by, verb=verb, target=f"source:{source.pk}", title=source.name[:400], before=before, after=after
    )


def set_address(*, source: Source, url: str) -> None:
    """Read a source from another address; raises BadUrl, and IntegrityError when another has it."""
    source.url = _address(url)
    source.save(update_fields=["url"])


def remove_source(*, source: Source) -> None:
    """Remove a source that has brought nothing; raises SourceInUse."""
    if source.articles.exists():
        raise SourceInUse()
    source.delete()


def import_opml(body: bytes, *, now: datetime | None = None) -> OpmlImport:
    """Add the feeds of an OPML list, unread: their first poll shows whether they work. Raises ParseError."""
    result = OpmlImport()
    listed = read_opml(body)
    result.refused += listed.refused
    for outline in listed.outlines:
        kind = outline.kind if outline.kind in READERS else SourceKind.FEED
        if len(outline.url) > 2000:
            result.refused.append(f"{outline.title}: its address is too long")
        elif known_source(outline.url, kind) is not None:
            result.known += 1
        else:
            result.added.append(
                make_source(
                    url=outline.url,
                    kind=kind,
                    name=outline.title,
                    site_url=outline.site_url,
                    folder=" / ".join(outline.folders),
                    language=outline.language,
                    now=now,
                )
            )
    return result


def export_opml(*, title: str = "Vigie", now: datetime | None = None) -> str:
    """All feeds as OPML, in their folders."""
    feeds = Source.objects.filter(kind=SourceKind.FEED, is_sample=False).exclude(url="")
    outlines = (
        Outline(
            url=source.url,
            title=source.name,
            site_url=source.site_url,
            folders=tuple(source.folder.split(" / ")) if source.folder else (),
            language=source.language,
        )
        for source in feeds
    )
    return write_opml(title, outlines, now or timezone.now())


def _address(text: str) -> str:
    address = text.strip()
    if address.startswith("feed:"):
        address = address.removeprefix("feed:").removeprefix("//")
    if "://" not in address:
        address = f"https://{address}"
    url = safe_link(address)
    if not url.startswith("http") or len(url) > 2000:
        raise BadUrl(text[:200])
    return url
