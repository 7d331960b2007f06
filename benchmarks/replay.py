"""Real feeds and real news through the whole pipeline: `make bench NAME=replay`.

Served over HTTP on the loopback, read by the Celery workers of `make run`, stored in an embedded PostgreSQL
with Valkey beside it, in a passing VIGIE_HOME. Two installations, one after the other:

* *latest*: the newest snapshot of the feeds into an empty installation, then again, when nothing is new;
* *time-lapse*: the snapshots of the feeds and the days of the news (one feed per publisher: RSS, Atom or JSON
  Feed) into another empty one. The two overlap in time, and an installation's clock never runs backwards: what
  a lab edited in summer must not be known in spring. So each arrives on its day, in the evening, and the trend
  table of the last day of the news is what the roll-up wrote that night, before the later snapshots came.

A publisher is polled on the days on which it has news: without news its answer would be a 304. The trends are
rolled up every Sunday of the news and after every snapshot. No pages are fetched: they are on the real web.

`lost` counts entries without an article of their own and titles that no version of the article holds,
`duplicates` articles beyond one per entry, by a ledger (`benchmarks.ledger`) that shares no code with the
product. `tags_with_a_number` are tags whose trend has a momentum on the last day of the news. `peak_mb` is the
most that the benchmark, the workers, the parsers and both servers held together (shared pages counted once).
`weeks` holds, per evening: the day, articles of its week, tags with a number, rising, flagged, one-off bursts.
With `--table` the whole trend table of the last day of the news goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from benchmarks.memory import watching_memory
from benchmarks.serving import serving

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def main() -> int:
    """Run it and print one JSON object; 1 when something was lost or stored twice, 2 without the data."""
    latest, history, news = DATA / "feeds/latest", DATA / "feeds/history.tar.xz", DATA / "news/dev.jsonl.xz"
    missing = [
        path.relative_to(DATA.parent).as_posix() for path in (latest, history, news) if not path.exists()
    ]
    if missing:
        print(
            f"replay: no {', '.join(missing)} beside the checkout. The real data is not part of the project; "
            "without it there is nothing to replay.",
            file=sys.stderr,
        )
        return 2
    started = time.monotonic()
    from benchmarks.installation import errors_logged, passing_installation

    with watching_memory() as memory, passing_installation() as home, serving() as site:
        # Models can be imported from here on: Django is set up in the installation's home.
        from benchmarks import timelapse

        timelapse.say(f"installation ready after {time.monotonic() - started:.1f} s")
        newest = max(timelapse.read_history(history))
        first = timelapse.replay_latest(site, latest, newest)
        timelapse.say(f"latest: {first.articles} articles, {first.seconds:.1f} s")
        outcome = timelapse.replay_time(site, history, news, shows_table="--table" in sys.argv[1:])
        errors = errors_logged(home)
    second = outcome.counted
    balance = first.balance + second.balance
    result = {
        "entries": first.entries + second.entries,
        "articles": first.articles + second.articles,
        "versions": first.versions + second.versions,
        "tagged": first.tagged + second.tagged,
        "tags_with_a_number": outcome.numbers_by_kind,
        "tags_with_a_number_total": sum(outcome.numbers_by_kind.values()),
        "tags_tracked": outcome.tracked_by_kind,
        "as_of": outcome.last_news_day.isoformat(),
        "lost": balance.lost,
        "duplicates": balance.duplicates,
        "february": timelapse.february(outcome.weeks),
        "top_rises_february": timelapse.top_rises_february(outcome.weeks),
        "weeks": [
            [week.as_of.isoformat(), week.articles, week.numbers, week.rising, week.flagged, week.spikes]
            for week in outcome.weeks
        ],
        "installations": {
            name: {
                "entries": counted.entries,
                "deliveries": counted.deliveries,
                "articles": counted.articles,
                "carrying_tags": counted.carrying_tags,
                "taggings": counted.taggings,
                "polls": counted.polls,
                "answers": dict(counted.statuses),
                "seconds": round(counted.seconds, 1),
            }
            for name, counted in (("latest", first), ("time_lapse", second))
        },
        "spent": outcome.spent,
        "sweeps": outcome.nudges,
        "errors_logged": errors,
        "seconds": round(time.monotonic() - started, 1),
        # The workers and servers have ended, so their time counts; other work on the machine does not.
        "cpu_seconds": round(sum(os.times()[:4]), 1),
        "peak_mb": memory.peak_mb,
        "memory_mb": memory.at_peak_mb,
    }
    for line in balance.named[:20]:
        print(line, file=sys.stderr)
    print(json.dumps(result, ensure_ascii=False))
    return 1 if balance.lost or balance.duplicates else 0


if __name__ == "__main__":
    sys.exit(main())
