"""The replay itself: documents are served, workers read them, and the clock is ours."""

from __future__ import annotations

import sys
import tarfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from statistics import median
from typing import Any

from django.core.management import call_command
from django.db import connection

from benchmarks.ledger import Balance, Ledger, Served, read_rss
from benchmarks.newsfeeds import News, Publisher, by_day, publishers_of, read_news
from benchmarks.serving import Page, Site
from config.celery import app
from ingestion.models import Fetch, Schedule
from ingestion.services import make_source
from signals.curation.catalogue import load_catalogue
from signals.models import Article, ArticleVersion, Kind, Label, Source, Tag, Tagging, TagTrend
from signals.trends.rollup import roll_up

_WAIT_SECONDS = 120.0
_NUDGE_SECONDS = 30.0
_RISING = (Label.SURGING, Label.EMERGING)
# The last moment of a day at which everything dated that day has been published.
_EVENING = time_of_day(23, 59, 30, tzinfo=UTC)


class ReplayError(RuntimeError):
    """The replay can't go on; the message says what did not happen."""


@dataclass(frozen=True, slots=True)
class Week:
    """The trend table of one evening: how many tags have a number, rise, or are flagged."""

    as_of: date
    articles: int
    numbers: int
    rising: int
    flagged: int
    spikes: int
    top: tuple[tuple[str, str, float], ...]

    @property
    def is_jump(self) -> bool:
        """Most of its days lie in February 2026."""
        middle = self.as_of - timedelta(days=3)
        return (middle.year, middle.month) == (2026, 2)


@dataclass(slots=True)
class Counted:
    """What one installation holds in the end."""

    entries: int = 0
    deliveries: int = 0
    articles: int = 0
    versions: int = 0
    tagged: int = 0
    carrying_tags: int = 0
    taggings: int = 0
    polls: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    balance: Balance = field(default_factory=Balance)
    seconds: float = 0.0


@dataclass(slots=True)
class Timelapse:
    """One installation with the starter catalogue, read from a site on a clock that is set by hand."""

    site: Site
    ledger: Ledger = field(default_factory=Ledger)
    sources: dict[str, int] = field(default_factory=dict)
    nudges: int = 0
    spent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _started: float = field(default_factory=time.monotonic)

    def open(self) -> None:
        """Empty the database and load the catalogue."""
        call_command("flush", interactive=False, verbosity=0)
        self.site.pages.clear()
        load_catalogue()

    def serve(self, path: str, page: Page, entries: Sequence[Served], *, now: datetime) -> None:
        """Put a document on the web, at an address that becomes a source."""
        self.site.pages[path] = page
        self.ledger.serve(path, list(entries))
        if path not in self.sources:
            source = make_source(url=self.site.url + path, now=now)
            # The pages behind the entries are on the real web, which is none of a benchmark's business.
            Source.objects.filter(pk=source.pk).update(fetches_full_text=False)
            self.sources[path] = source.pk

    def poll(self, paths: Iterable[str], *, now: datetime) -> None:
        """Have the workers read these addresses, and wait until each attempt is recorded."""
        started = time.monotonic()
        ids = [self.sources[path] for path in paths]
        Schedule.objects.filter(source__in=ids).update(due_at=now)
        with app.producer_pool.acquire(block=True) as producer:
            for source_id in ids:
                app.send_task(
                    "ingestion.tasks.poll_source", args=[source_id, now.isoformat()], producer=producer
                )
        done = Fetch.objects.filter(source__in=ids, started_at=now, finished_at__isnull=False)
        self._wait_for(lambda: len(ids) - done.count(), "the workers did not read every source")
        self.spent["polling"] += time.monotonic() - started

    def settle(self) -> None:
        """Wait until everything stored has been grouped and tagged."""
        started = time.monotonic()
        self._wait_for(Article.objects.unprocessed().count, "articles are left untagged")
        self.spent["tagging, after polling"] += time.monotonic() - started

    def evening(self, day: date) -> Week:
        """The trend table when `day` is over."""
        self.settle()
        started = time.monotonic()
        roll_up(datetime.combine(day + timedelta(days=1), time_of_day(0, 10), UTC))
        self.spent["roll-up"] += time.monotonic() - started
        numbered = TagTrend.objects.exclude(momentum=None)
        rising = numbered.filter(label__in=_RISING)
        week_ago = datetime.combine(day - timedelta(days=6), time_of_day(), UTC)
        return Week(
            as_of=day,
            articles=Article.objects.filter(published_at__gte=week_ago).count(),
            numbers=numbered.count(),
            rising=rising.count(),
            flagged=numbered.filter(is_flagged=True).count(),
            spikes=numbered.filter(label=Label.SPIKE).count(),
            top=tuple(
                (trend.tag.name, trend.label, trend.momentum or 0.0)
                for trend in rising.select_related("tag").order_by("-momentum")[:5]
            ),
        )

    def count(self) -> Counted:
        """What is stored now, against what was served."""
        self.settle()
        paths = {source_id: path for path, source_id in self.sources.items()}
        titles: defaultdict[int, set[str]] = defaultdict(set)
        for article_id, title in ArticleVersion.objects.values_list("article_id", "title"):
            titles[article_id].add(title)
        rows = Article.objects.values_list("id", "source_id", "url", "title")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT COALESCE(NULLIF(error, ''), status::text), count(*) FROM ingestion_fetch GROUP BY 1"
            )
            statuses = Counter(dict(cursor.fetchall()))
        return Counted(
            entries=self.ledger.entries(),
            deliveries=self.ledger.deliveries,
            articles=Article.objects.count(),
            versions=ArticleVersion.objects.count(),
            tagged=Article.objects.exclude(processed_at=None).count(),
            carrying_tags=Tagging.objects.values("article").distinct().count(),
            taggings=Tagging.objects.count(),
            polls=Fetch.objects.count(),
            statuses=statuses,
            balance=self.ledger.check(
                (paths[source], url, titles[article] | {title}) for article, source, url, title in rows
            ),
            seconds=time.monotonic() - self._started,
        )

    def _wait_for(self, left: Callable[[], int], failure: str) -> None:
        """Wait until nothing is left; a stand-still is met with what beat does every minute."""
        least, moved, nudged = left(), time.monotonic(), time.monotonic()
        while least:
            time.sleep(0.02)
            now, remaining = time.monotonic(), left()
            if remaining < least:
                least, moved, nudged = remaining, now, now
            elif now - moved > _WAIT_SECONDS:
                raise ReplayError(f"{failure}: {remaining} for {_WAIT_SECONDS:.0f} s")
            elif now - nudged > _NUDGE_SECONDS:
                app.send_task("ingestion.tasks.sweep")
                self.nudges, nudged = self.nudges + 1, now


def read_latest(folder: Path) -> dict[str, bytes]:
    """The documents of a folder of feeds, by file name."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.xml"))}


def read_history(archive: Path) -> dict[date, dict[str, bytes]]:
    """The documents of each snapshot, by file name."""
    snapshots: dict[date, dict[str, bytes]] = defaultdict(dict)
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isfile() else None
            if file is not None:
                folder, name = Path(member.name).parts[-2:]
                snapshots[date.fromisoformat(folder)][name] = file.read()
    return dict(sorted(snapshots.items()))


def replay_latest(site: Site, folder: Path, day: date) -> Counted:
    """Read the newest snapshot twice into an empty installation: all of it is new, then nothing is."""
    lapse = Timelapse(site)
    lapse.open()
    documents = read_latest(folder)
    now = datetime.combine(day, _EVENING)
    for name, body in documents.items():
        lapse.serve(f"/feeds/{name}", _feed(body), read_rss(body), now=now)
    lapse.poll(lapse.sources, now=now)
    lapse.settle()
    say(f"latest: {len(documents)} feeds read and tagged after {lapse.spent['polling']:.1f} s of polling")
    lapse.poll(lapse.sources, now=now + timedelta(hours=1))
    return lapse.count()


@dataclass(slots=True)
class Outcome:
    """What the long replay showed."""

    counted: Counted
    weeks: list[Week]
    numbers_by_kind: dict[str, int]
    tracked_by_kind: dict[str, int]
    last_news_day: date
    spent: dict[str, float]
    nudges: int


def replay_time(site: Site, archive: Path, news_file: Path, *, shows_table: bool = False) -> Outcome:
    """Replay snapshots and news in the order of their days, and look at the trends every Sunday."""
    lapse = Timelapse(site)
    lapse.open()
    snapshots = read_history(archive)
    news = read_news(news_file)
    publishers = publishers_of(news)
    days = dict(by_day(news))
    last = max(days)
    weeks: list[Week] = []
    by_kind: dict[str, int] = {}
    today, end = min(min(snapshots), min(days)), max(max(snapshots), last)
    while today <= end:
        now = datetime.combine(today, _EVENING)
        _serve_snapshot(lapse, snapshots.get(today, {}), now)
        _serve_news(lapse, publishers, days.get(today, []), now)
        if today == last or (today.isoweekday() == 7 and min(days) <= today < last):
            week = lapse.evening(today)
            weeks.append(week)
            say(
                f"{today}: {week.articles} articles in the week, {week.numbers} tags with a number, "
                f"{week.rising} rising, {week.flagged} flagged"
            )
        elif today in snapshots:
            lapse.evening(today)
            say(f"{today}: snapshot of {len(snapshots[today])} feeds")
        if today == last:
            numbered = TagTrend.objects.exclude(momentum=None)
            found = Counter(numbered.values_list("tag__kind", flat=True))
            by_kind = {kind: found[kind] for kind in Kind.values}
            if shows_table:
                _show_table()
        today += timedelta(days=1)
    spent = {name: round(seconds, 1) for name, seconds in lapse.spent.items()}
    kinds = Counter(Tag.objects.tracked().values_list("kind", flat=True))
    tracked = {kind: kinds[kind] for kind in Kind.values}
    return Outcome(lapse.count(), weeks, by_kind, tracked, last, spent, lapse.nudges)


def february(weeks: Sequence[Week]) -> dict[str, Any]:
    """How many tags rose in the weeks of the jump (February 2026), against the weeks around them."""
    # A table without a number can't rise: the first weeks have no baseline yet.
    judged = [week for week in weeks if week.numbers]
    jump = [week for week in judged if week.is_jump]
    others = [week for week in judged if week not in jump]

    def figures(chosen: Sequence[Week], name: str) -> list[int]:
        return [getattr(week, name) for week in chosen]

    return {
        "articles_per_week": {
            "february": figures(jump, "articles"),
            "others_median": median(figures(others, "articles") or [0]),
        },
        **{
            name: {
                "february": figures(jump, name),
                "others_median": median(figures(others, name) or [0]),
            }
            for name in ("numbers", "rising", "flagged", "spikes")
        },
        "rising_share": {
            "february": [round(week.rising / week.numbers, 3) for week in jump],
            "others_median": round(median([week.rising / week.numbers for week in others] or [0.0]), 3),
        },
    }


def top_rises_february(weeks: Sequence[Week]) -> list[dict[str, Any]]:
    """The strongest rises that the tables of February's weeks showed."""
    return [
        {"as_of": week.as_of.isoformat(), "tag": tag, "label": label, "momentum": round(momentum, 2)}
        for week in weeks
        if week.is_jump
        for tag, label, momentum in week.top
    ]


def say(text: str) -> None:
    """Progress, for the person who waits."""
    print(text, file=sys.stderr, flush=True)


def _serve_snapshot(lapse: Timelapse, documents: dict[str, bytes], now: datetime) -> None:
    if not documents:
        return
    paths = {f"/feeds/{name}": body for name, body in documents.items()}
    # A feed that this snapshot lacks is gone from the web, for now or for good.
    for path in [path for path in lapse.sources if path.startswith("/feeds/")]:
        if path not in paths:
            lapse.site.pages.pop(path, None)
    for path, body in paths.items():
        lapse.serve(path, _feed(body), read_rss(body), now=now)
    lapse.poll([path for path in lapse.sources if path.startswith("/feeds/")], now=now)


def _serve_news(
    lapse: Timelapse, publishers: dict[str, Publisher], news: Sequence[News], now: datetime
) -> None:
    fresh: defaultdict[str, list[News]] = defaultdict(list)
    for one in news:
        fresh[one.publisher].append(one)
    if not fresh:
        return
    paths = []
    for name, items in fresh.items():
        publisher = publishers[name]
        publisher.items += items
        entries = [Served(guid=one.url, link=one.url, title=one.title, text=one.summary) for one in items]
        lapse.serve(publisher.path, publisher.page(len(items)), entries, now=now)
        paths.append(publisher.path)
    lapse.poll(paths, now=now)


def _show_table() -> None:
    """Every tag of the table, for who wants to know what is missing."""
    for trend in TagTrend.objects.select_related("tag").order_by("tag__kind", "-mentions"):
        number = "" if trend.momentum is None else f"{trend.momentum:+.2f}"
        say(
            f"  {trend.tag.kind:10} {trend.label:10} {number:>6} {trend.mentions:4} mentions "
            f"{trend.publishers:3} publishers  {trend.tag.name}"
        )


def _feed(body: bytes) -> Page:
    return Page.of(body, "application/rss+xml; charset=utf-8")
