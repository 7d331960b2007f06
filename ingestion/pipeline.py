"""The steps in order: claim, fetch, parse, store, group into stories, tag. Read this first.

A poll may be killed between any two lines: the claim ends by itself, the attempt is closed as lost, and since
the validators are saved with the entries, the next poll reads what this one did not store.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from random import Random, SystemRandom
from typing import Any, ClassVar, Literal

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from ingestion import health, schedule
from ingestion.client import default_fetcher
from ingestion.errors import HttpStatus, IngestError
from ingestion.fetch import Fetcher
from ingestion.hosts import Hosts, default_hosts
from ingestion.models import Fetch, Schedule
from ingestion.pace import Hints, NextCheck, next_after_failure, next_check, pause_asked
from ingestion.sources.registry import Reader, reader_for
from ingestion.store import Counts
from ingestion.stories import group_stories
from ingestion.types import Fetched
from signals.models import Article, Source
from signals.tagging.service import tag_articles

MOVES_AFTER_POLLS = 3
MOVES_AFTER = timedelta(days=3)
_LONGEST_HOLD = timedelta(days=1)

State = Literal["stored", "unchanged", "failed", "skipped", "deferred"]


# What was never reached is tried again at least every hour: perhaps there is no network yet.
_TRIES_OUT_OF_REACH = 3
_TRIES_TOGETHER = 2


class StoreFailed(IngestError):
    """The answer was read, but could not be stored."""

    code: ClassVar[str] = "store"
    sentence: ClassVar[str] = "What the source sent could not be stored."


@dataclass(frozen=True, slots=True)
class PollResult:
    """What came of one poll. `article_ids` are new and changed articles, still to be processed."""

    source_id: int
    state: State
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    error: str = ""
    error_text: str = ""
    next_at: datetime | None = None
    article_ids: list[int] = field(default_factory=list)


def poll_source(
    source_id: int,
    *,
    fetcher: Fetcher | None = None,
    hosts: Hosts | None = None,
    now: datetime | None = None,
    force: bool = False,
    patience: float = 10.0,
    rng: Random | None = None,
) -> PollResult:
    """Read one source that is due (with `force`, in any case) and store what it says.

    `patience` is how many seconds to wait for the host's turn before the poll is put off.
    """
    now = now or timezone.now()
    hosts = hosts or default_hosts()
    held = schedule.claim(source_id, now=now, force=force)
    if held is None:
        return PollResult(source_id, "skipped")
    source = Source.objects.select_related("schedule").get(pk=source_id)
    turn = hosts.take(source.url, patience=patience)
    if isinstance(turn, float):
        until = now + timedelta(seconds=turn)
        schedule.release(held, due_at=until)
        return PollResult(source_id, "deferred", next_at=until)
    row = Fetch.objects.create(source=source, started_at=now)
    attempt = _Attempt(source, row, held, now, rng or SystemRandom(), time.monotonic())
    try:
        reader = reader_for(source.kind)
        fetched = attempt.fetch(fetcher or default_fetcher(), reader)
    except IngestError as error:
        return attempt.fail(error, hosts)
    finally:
        hosts.give_back(turn)
    pause = pause_asked(fetched.headers, now)
    if pause is not None:
        hosts.hold(source.url, min(pause, _LONGEST_HOLD))
    body_hash = hashlib.sha256(fetched.body).hexdigest()
    if fetched.not_modified or (attempt.knows_validators and body_hash == source.schedule.body_hash):
        return attempt.succeed(fetched, body_hash=source.schedule.body_hash)
    try:
        parsed = reader.parse(fetched.body, fetched.content_type, fetched.url_final)
        return attempt.succeed(fetched, body_hash=body_hash, reader=reader, parsed=parsed)
    except IngestError as error:
        return attempt.fail(error, hosts, status=fetched.status)
    except OperationalError:
        # The database went away: not the source's fault. The claim ends, and the source is read again.
        raise
    except DatabaseError as error:
        reason = str(error).strip().split("\n", 1)[0]
        return attempt.fail(StoreFailed(reason), hosts, status=fetched.status)


@dataclass(slots=True)
class _Attempt:
    source: Source
    row: Fetch
    held: schedule.Claim
    now: datetime
    rng: Random
    started: float

    @property
    def knows_validators(self) -> bool:
        """Whether what the last answer vouched for was said of this address."""
        return self.source.schedule.validators_url == self.source.url

    def fetch(self, fetcher: Fetcher, reader: Reader[Any]) -> Fetched:
        stored = self.source.schedule
        known = self.knows_validators
        return fetcher.get(
            self.source.url,
            etag=stored.etag if known else None,
            last_modified=stored.last_modified if known else None,
            accept=reader.accept,
        )

    def succeed(
        self, fetched: Fetched, *, body_hash: str, reader: Reader[Any] | None = None, parsed: Any = None
    ) -> PollResult:
        """Store the entries, the validators, the attempt and the next check together, or nothing."""
        counts = Counts()
        with transaction.atomic():
            stored = self.lock()
            if stored is None:
                return self.superseded()
            hints = Hints.from_json(stored.hints)
            if reader is not None:
                counts = reader.store(self.source, parsed, self.now)
                hints = reader.hints(parsed, self.now)
                self.describe(reader, parsed)
                stored.refresh_from_db(fields=["uses_guid"])
            check = next_check(hints, now=self.now, fresh_for=_fresh_for(fetched, self.now), rng=self.rng)
            stored.hints = hints.as_json()
            stored.body_hash = body_hash
            # A 304 need not repeat the validators it confirms.
            stored.etag = fetched.etag or (stored.etag if fetched.not_modified else "")
            stored.last_modified = fetched.last_modified or (
                stored.last_modified if fetched.not_modified else ""
            )
            stored.validators_url = self.source.url
            stored.failures = 0
            stored.interval_seconds = int(check.interval.total_seconds())
            self.follow_move(stored, fetched)
            self.close(stored, due_at=check.at)
            health.note_success(self.source, hints=hints, check=check, new=counts.new, now=self.now)
            self.record(
                status=fetched.status,
                bytes=fetched.bytes_received,
                new=counts.new,
                changed=counts.changed,
                unchanged=counts.unchanged,
                refused=len(counts.refusals),
                refusals=counts.refusals[:100],
                next_at=check.at,
                next_reason=check.reason,
            )
        return PollResult(
            self.source.pk,
            "stored" if counts.new or counts.changed else "unchanged",
            new=counts.new,
            changed=counts.changed,
            unchanged=counts.unchanged,
            refused=len(counts.refusals),
            next_at=check.at,
            article_ids=counts.article_ids,
        )

    def fail(self, error: IngestError, hosts: Hosts, *, status: int | None = None) -> PollResult:
        """Record a failure and when to try again; only a 410 ends a source."""
        retry_after = None
        if isinstance(error, HttpStatus):
            status, retry_after = error.status, error.retry_after
        with transaction.atomic():
            stored = self.lock()
            if stored is None:
                return self.superseded()
            stored.failures += 1
            tries = stored.failures
            if health.is_out_of_reach(self.source, error):
                tries = min(tries, _TRIES_OUT_OF_REACH)
            check: NextCheck | None = next_after_failure(
                tries, now=self.now, retry_after=retry_after, rng=self.rng
            )
            if status == 410:
                check = None
            self.close(stored, due_at=check.at if check else self.now)
            health.note_failure(self.source, error=error, check=check, now=self.now)
            self.record(
                status=status,
                error=error.code,
                error_text=str(error)[:400],
                next_at=check.at if check else None,
                next_reason=check.reason if check else "it said that it is gone for good",
            )
            if status in (429, 503) and retry_after is not None:
                hold = min(retry_after, _LONGEST_HOLD)
                schedule.hold_host(self.source.url, until=self.now + hold)
                transaction.on_commit(lambda: hosts.hold(self.source.url, hold))
        return PollResult(
            self.source.pk,
            "failed",
            error=error.code,
            error_text=str(error),
            next_at=check.at if check else None,
        )

    def lock(self) -> Schedule | None:
        """The schedule while the claim is ours, and the source as people left it while it was read."""
        stored = schedule.lock_claimed(self.held)
        if stored is not None:
            self.source.refresh_from_db(
                fields=["is_enabled", "health", "health_reason", "next_attempt_at"],
                from_queryset=Source.objects.select_for_update(no_key=True),
            )
        return stored

    def superseded(self) -> PollResult:
        """Our claim ended while we worked, and somebody else reads the source: leave it to them."""
        text = "It took longer than its claim; another worker reads the source."
        self.record(error=schedule.LOST, error_text=text)
        return PollResult(self.source.pk, "failed", error=schedule.LOST, error_text=text)

    def record(self, **columns: Any) -> None:
        elapsed = time.monotonic() - self.started
        Fetch.objects.filter(pk=self.row.pk).update(
            finished_at=self.now + timedelta(seconds=elapsed), milliseconds=int(elapsed * 1000), **columns
        )

    def close(self, stored: Schedule, *, due_at: datetime) -> None:
        stored.lease_until = None
        stored.due_at = due_at
        stored.save()

    def describe(self, reader: Reader[Any], parsed: Any) -> None:
        said = reader.describe(parsed)
        if said.title and self.source.name in ("", self.source.url[:200]):
            self.source.name = said.title[:200]
        if said.site_url and not self.source.site_url and len(said.site_url) <= 2000:
            self.source.site_url = said.site_url

    def follow_move(self, stored: Schedule, fetched: Fetched) -> None:
        """Take over a new address once permanent redirects have led to valid answers for days."""
        target = fetched.permanent_url or ""
        if not target or len(target) > 2000:
            stored.moved_to, stored.moved_seen, stored.moved_since = "", 0, None
            return
        if stored.moved_to != target or stored.moved_since is None:
            stored.moved_to, stored.moved_seen, stored.moved_since = target, 1, self.now
            return
        stored.moved_seen += 1
        taken = Source.objects.filter(kind=self.source.kind, url=target).exists()
        if stored.moved_seen < MOVES_AFTER_POLLS or self.now - stored.moved_since < MOVES_AFTER or taken:
            return
        self.source.url = target
        if fetched.url_final == target:
            stored.validators_url = target
        stored.moved_to, stored.moved_seen, stored.moved_since = "", 0, None


def _fresh_for(fetched: Fetched, now: datetime) -> timedelta | None:
    if fetched.max_age is not None:
        return fetched.max_age
    return fetched.expires - now if fetched.expires is not None else None


def process_articles(article_ids: Sequence[int]) -> int:
    """Group articles into stories and tag them; returns how many. Those another worker has are left to it."""
    processed = 0
    while ids := claim_unprocessed(Q(pk__in=article_ids)):
        processed += _process(ids)
    return processed


def process_leftovers(*, batch: int = 500) -> int:
    """Process whatever waits and nobody works on, as a killed run leaves it; returns how many."""
    processed = 0
    while ids := claim_unprocessed(Q(), limit=batch):
        processed += _process(ids)
    return processed


def _process(claimed: Sequence[int]) -> int:
    try:
        if claimed:
            group_stories(claimed)
            tag_articles(claimed)
    except Exception as error:
        # Of many nobody knows which it was; those are tried one at a time later.
        if len(claimed) == 1:
            words = f"{type(error).__name__}: {error}".replace("\0", "")
            Article.objects.filter(pk=claimed[0]).update(analyze_failure=words[:300])
        raise
    return len(claimed)


def claim_unprocessed(which: Q, *, limit: int | None = None) -> list[int]:
    """Take articles the tagger has not seen, which nobody else works on; the claim ends by itself.

    What was begun in vain before comes after the others and alone: one of them may be what kills the worker.
    """
    now = timezone.now()
    free = Article.objects.unprocessed().filter(
        which, Q(analyze_lease_until=None) | Q(analyze_lease_until__lt=now)
    )
    with transaction.atomic():
        locked = free.select_for_update(skip_locked=True).order_by("id").values_list("id", flat=True)
        ids = list(locked.filter(analyze_tries__lt=_TRIES_TOGETHER)[:limit]) or list(locked[:1])
        Article.objects.filter(pk__in=ids).update(
            analyze_lease_until=now + settings.ANALYZE_LEASE, analyze_tries=F("analyze_tries") + 1
        )
    return ids


def try_again() -> int:
    """Let the articles that were set aside be tried again; how many."""
    return Article.objects.set_aside().update(analyze_tries=0, analyze_failure="", analyze_lease_until=None)


def poll_sources(
    source_ids: Iterable[int], *, threads: int = 4, force: bool = False, patience: float = 120.0
) -> Iterator[PollResult]:
    """Poll many sources in this process, several at a time; results come as they are done."""
    waiting: SimpleQueue[int] = SimpleQueue()
    for source_id in source_ids:
        waiting.put(source_id)
    done: SimpleQueue[PollResult | None] = SimpleQueue()

    def work() -> None:
        try:
            while True:
                try:
                    source_id = waiting.get_nowait()
                except Empty:
                    return
                done.put(poll_source(source_id, force=force, patience=patience))
        finally:
            # Each thread has a connection of its own, which nobody else would close.
            connection.close()
            done.put(None)

    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="poll") as pool:
        working = [pool.submit(work) for _ in range(threads)]
        ended = 0
        while ended < threads:
            result = done.get()
            if result is None:
                ended += 1
            else:
                yield result
        for thread in working:
            thread.result()
