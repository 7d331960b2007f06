"""How fast articles are tagged, and how long a new tag takes to be matched with the past: `make bench NAME=speed`.

5,000 tags: the starter catalogue and seeded variants of it (`benchmarks.speed_catalogue`). Texts are the real news
beside the checkout, or, where they are not, words of the catalogue drawn with a seed.

* `read`: title and the first 500 characters against all tags, nothing written, in one process and in two.
* `written`: the same with stories, suggestions, proposals, facets and inbox places written to PostgreSQL, by one
  process and by the analyze workers of `make run`, one per core.
* `new_tag`: 100,000 stored articles (5,000 texts of four excerpts, twenty times over); one tag is added, and the
  job that it starts is watched until a worker has ended it.

Rates are articles a second of wall-clock time; `per_cpu_second` is articles per second of the one process's own
time on a core (with `workers_` of all processes, the database's too), which says more on a machine with other
work. `cpu_seconds` of the job are of all processes.
"""

from __future__ import annotations

import json
import lzma
import os
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

import psutil

from benchmarks.speed_catalogue import STARTER, make_rows
from signals.tagging.profiles import Profile
from signals.tagging.scorer import default_model
from signals.tagging.tagger import Document, Tagger

if TYPE_CHECKING:
    from signals.models import Article

NEWS: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "news" / "dev.jsonl.xz"
TAGS: Final = 5_000
STORED: Final = 100_000
FLOOR: Final = 250.0
"""Articles read per second of one core's time, below which it ends with 1: two cores make twice as many."""
_READ: Final = 4_000
_WRITTEN: Final = 4_000
_BATCH: Final = 100
_OPENING: Final = 500
_DIFFERENT: Final = 5_000
_DATES: Final = {"published_at", "known_at", "sort_at"}
_BODY: Final = 4
"""Excerpts that make a stored article's text."""
_LONGEST_JOB: Final = 900.0
_SEED: Final = 20261122
_NEW_TAG: Final[dict[str, Any]] = {
    "kind": "technology",
    "name": "Quantum computers",
    "aliases": ["quantum computing", "quantum processor", "qubit"],
    "description": "Machines that compute with superposed states, for chemistry, codes and learning.",
}

_taggers: list[Tagger] = []


def main() -> int:
    """Run it and print one JSON object; 1 when reading is slower than the floor."""
    texts, origin = read_texts()
    result: dict[str, Any] = {"texts": origin, "tags": TAGS, "load": round(os.getloadavg()[0], 1)}
    result["read"] = measure_reading(texts)
    from benchmarks.installation import passing_installation

    with passing_installation():
        load_rows()
        result["written"] = measure_writing(texts)
        result["new_tag"] = measure_new_tag(texts)
    print(json.dumps(result))
    return int(result["read"]["per_cpu_second"] < FLOOR)


def family_seconds() -> float:
    """What this process, the workers and the servers have used of the cores so far."""
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return float(sum(times.user + times.system for times in (process.cpu_times() for process in family)))


def say(words: str) -> None:
    """Progress, for whoever watches."""
    print(f"speed: {words}", file=sys.stderr, flush=True)


def read_texts() -> tuple[list[Document], str]:
    """Titles and excerpts, and where they come from."""
    if NEWS.exists():
        with lzma.open(NEWS, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        return [Document(row["title"], (row["summary"] or "")[:_OPENING]) for row in rows], "news"
    random = Random(_SEED)
    tags = tomllib.loads(STARTER.read_text(encoding="utf-8"))["tag"]
    names = [tag["name"] for tag in tags]
    words = " ".join(tag["description"] for tag in tags).split()
    return [
        Document(
            " ".join(random.choices(words, k=9)),
            f"{' '.join(random.choices(words, k=40))} {random.choice(names)}. {' '.join(random.choices(words, k=20))}",
        )
        for _ in range(5_000)
    ], "generated"


def measure_reading(texts: Sequence[Document]) -> dict[str, Any]:
    """Suggestions for articles against all tags, without a database."""
    profiles = [_profile(place, row) for place, row in enumerate(make_rows(TAGS))]
    started = time.monotonic()
    _taggers[:] = [Tagger(profiles, default_model())]
    made = time.monotonic() - started
    say(f"a tagger of {TAGS} tags made in {made:.1f} s")
    batches = [list(texts[start : start + _BATCH]) for start in range(0, _READ, _BATCH)]
    _suggest(batches[0])
    started, cpu = time.monotonic(), time.process_time()
    found = sum(map(_suggest, batches))
    alone, cpu = time.monotonic() - started, time.process_time() - cpu
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        list(pool.map(_suggest, batches[:2]))
        started = time.monotonic()
        list(pool.map(_suggest, batches))
        together = time.monotonic() - started
    articles = sum(map(len, batches))
    say(f"read: {articles / alone:.0f} articles a second, {articles / together:.0f} with two processes")
    return {
        "articles": articles,
        "suggestions": found,
        "tagger_made_seconds": round(made, 2),
        "one_process": round(articles / alone, 1),
        "per_cpu_second": round(articles / cpu, 1),
        "two_processes": round(articles / together, 1),
    }


def _suggest(documents: list[Document]) -> int:
    return sum(map(len, _taggers[0].suggest(documents)))


def _profile(place: int, row: dict[str, Any]) -> Profile:
    described = (row.get(name, "") for name in ("description", "description_fr", "change"))
    names = (row["name"], row.get("name_fr", ""), *row.get("aliases", []), *row.get("aliases_fr", []))
    return Profile(
        place, row["kind"], tuple(filter(None, names)), tuple(row.get("cues", [])), " ".join(filter(None, described))
    )  # fmt: skip


def load_rows() -> None:
    """The same tags into the database."""
    from signals.curation.catalogue import load_catalogue

    columns = (
        "kind",
        "name",
        "name_fr",
        "description",
        "description_fr",
        "change",
        "cues",
        "aliases",
        "aliases_fr",
    )
    # A string of JSON is one of TOML, but for characters beyond the basic plane, which no name has.
    lines = [
        "\n".join(["[[tag]]", *(f"{name} = {json.dumps(row[name])}" for name in columns if row.get(name))])
        for row in make_rows(TAGS)
    ]
    loaded = load_catalogue("\n".join(lines))
    say(f"{loaded.created} tags loaded, {len(loaded.conflicts)} names left out")


def measure_writing(texts: Sequence[Document]) -> dict[str, Any]:
    """New articles through the whole of tagging, by this process and by the workers."""
    from ingestion.pipeline import process_articles
    from ingestion.queue import enqueue_analysis
    from signals.models import Article

    warm, ours, theirs = (
        store(_articles(texts, count, offset))
        for count, offset in ((100, 0), (_WRITTEN // 2, 100), (_WRITTEN, 2100))
    )
    process_articles(warm)
    started, cpu = time.monotonic(), time.process_time()
    for start in range(0, len(ours), _BATCH):
        process_articles(ours[start : start + _BATCH])
    alone, cpu = time.monotonic() - started, time.process_time() - cpu
    say(f"written: {len(ours) / alone:.0f} articles a second by one process")
    # Each worker makes its tagger first.
    started = time.monotonic()
    enqueue_analysis(theirs)
    waiting = Article.objects.filter(pk__in=theirs, processed_at=None)
    first = waiting.count()
    while first == len(theirs):
        time.sleep(0.02)
        first = waiting.count()
    warmed, started, used = time.monotonic() - started, time.monotonic(), family_seconds()
    while waiting.exists():
        time.sleep(0.05)
    together, used = time.monotonic() - started, family_seconds() - used
    say(f"written: {first / together:.0f} articles a second by the workers, once warm after {warmed:.1f} s")
    return {
        "articles": len(ours),
        "one_process": round(len(ours) / alone, 1),
        "per_cpu_second": round(len(ours) / cpu, 1),
        "workers": round(first / together, 1),
        "workers_per_cpu_second": round(first / used, 1),
        "workers_warm_seconds": round(warmed, 1),
    }


def measure_new_tag(texts: Sequence[Document]) -> dict[str, Any]:
    """A tag added to an installation that holds many articles: the job until its end."""
    from django.db import connection

    from signals.curation.catalogue import create_tag
    from signals.models import Article, Job

    started = time.monotonic()
    with connection.cursor() as cursor:
        # Nobody searches here, and making the words searchable takes longer than everything else.
        cursor.execute("ALTER TABLE signals_article DISABLE TRIGGER USER")
        first = store(_articles(texts, _DIFFERENT, 0, bodies=_BODY, is_processed=True))
        fields = [str(field.column) for field in Article._meta.concrete_fields if field.column != "id"]
        ago = "interval '26 minutes' * %(different)s * again"
        dated = [f"{name} - {ago}" if name in _DATES else name for name in fields]
        cursor.execute(
            f"INSERT INTO signals_article ({', '.join(fields)}) SELECT {', '.join(dated)}"
            " FROM signals_article, generate_series(1, %(times)s) again WHERE id = ANY(%(first)s)",
            {"different": _DIFFERENT, "times": STORED // _DIFFERENT - 1, "first": first},
        )
        cursor.execute("ALTER TABLE signals_article ENABLE TRIGGER USER")
        cursor.execute("ANALYZE signals_article")
    say(f"{STORED} articles stored in {time.monotonic() - started:.0f} s")
    started, cpu = time.monotonic(), family_seconds()
    tag = create_tag(**_NEW_TAG)
    job = Job.objects.get(arguments={"tags": [tag.pk]})
    while job.is_open and time.monotonic() - started < _LONGEST_JOB:
        time.sleep(0.1)
        job.refresh_from_db()
    seconds, cpu = time.monotonic() - started, family_seconds() - cpu
    if job.state != Job.State.DONE:
        raise RuntimeError(f"the job is {job.state} after {seconds:.0f} s: {job.error}")
    say(f"new tag: {job.done} articles in {seconds:.1f} s, {job.result['created']} suggestions")
    return {
        "articles": job.done,
        "seconds": round(seconds, 1),
        "articles_per_second": round(job.done / seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "suggestions": job.result["created"],
        "characters": _mean_length(),
    }


def store(articles: Iterator[Article]) -> list[int]:
    """Store articles at once; their ids."""
    from signals.models import Article

    return [article.pk for article in Article.objects.bulk_create(articles, batch_size=1_000)]


def _articles(
    texts: Sequence[Document], count: int, offset: int, *, bodies: int = 1, is_processed: bool = False
) -> Iterator[Article]:
    from signals.models import Article, Source, SourceKind, TextOrigin

    source, _ = Source.objects.get_or_create(
        kind=SourceKind.FEED, name="Speed", url="https://speed.example/feed"
    )
    random = Random(f"{_SEED}-{bodies}-{offset}")
    now = datetime.now(UTC)
    for number in range(offset, offset + count):
        # Five years of them, the newest first.
        moment = now - timedelta(minutes=26 * number)
        body = "\n".join(text.text for text in random.choices(texts, k=bodies)) if bodies > 1 else None
        text = texts[number % len(texts)]
        yield Article(
            source=source,
            title=text.title,
            text=text.text if body is None else body,
            text_origin=TextOrigin.FEED,
            url=f"https://speed.example/{bodies}/{number}",
            publisher=f"p{number % 300}.example",
            language="en",
            published_at=moment,
            known_at=moment,
            sort_at=moment,
            processed_at=now if is_processed else None,
        )


def _mean_length() -> float:
    from django.db.models import Avg
    from django.db.models.functions import Length

    from signals.models import Article

    mean: float = Article.objects.aggregate(mean=Avg(Length("text")))["mean"]
    return round(mean)


if __name__ == "__main__":
    sys.exit(main())
