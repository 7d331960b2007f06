"""The first ten rows of the trend table, week by week, for people to judge: `make bench NAME=weekly`.

* *news*: the fortnightly snapshots of the feeds and the days of the news in the order of their days, parsed,
  stored, grouped, tagged and rolled up by the product's own code on a clock set by hand, without HTTP and workers.
  Every Monday of the last 20 weeks the ten first rows of the table go to a Markdown file, each with its label, its
  sentence, three articles that stand behind it, and what a reader made of it before, out of weekly_verdicts.json:
  right, doubtful or wrong. A row that nobody has judged under this label is marked as new.
* *issues*: 411 daily issues whose editor tagged the models they speak of: counts of (model, day) go to the scorer
  alone, and each model's first week as new or rising stands beside its release date as a registry states it, and
  how many rose within so many days of it. One
  editor is one publisher, so the floor of two publishers is taken as met.

`.venv/bin/python -m benchmarks.weekly FOLDER` writes there instead of a fresh folder under the system's own for
passing files. Prints where the files are, and figures, as one JSON object.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.installation import passing_installation
from benchmarks.newsfeeds import News, Publisher, by_day, publishers_of, read_news
from signals.trends.labels import Label, Thresholds, gather_evidence, label_tags, replay_moving
from signals.trends.score import choose_pace, score_history, score_series

if TYPE_CHECKING:
    from signals.models import Source, Tag

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
WEEKS: Final = 20
ROWS: Final = 10
VERDICTS: Final = Path(__file__).with_name("weekly_verdicts.json")
SOON: Final = (7, 14, 30, 60)
_MOVING: Final = (Label.NEW, Label.EMERGING, Label.SURGING)


def main() -> int:
    """Write both files and print one JSON object; 2 without the data."""
    news, history = DATA / "news/dev.jsonl.xz", DATA / "feeds/history.tar.xz"
    issues, models = DATA / "ainews/dev.jsonl", DATA / "models/modelsdev-api.json"
    missing = [path.name for path in (news, history, issues, models) if not path.exists()]
    if missing:
        print(f"weekly: no {', '.join(missing)} in ../shared/data, which is not part of it", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="vigie-weekly-"))
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    figures: dict[str, Any] = {"folder": str(folder), "issues": judge_issues(issues, models, folder)}
    with passing_installation(has_workers=False):
        figures["news"] = replay_news(news, history, folder)
    print(json.dumps(figures | {"seconds": round(time.monotonic() - started, 1)}))
    return 0


def replay_news(news_file: Path, archive: Path, folder: Path) -> dict[str, Any]:
    """Store everything on its day; each Monday write down the table. Returns how many rows had which label."""
    from benchmarks.timelapse import read_history, say
    from ingestion.pipeline import process_leftovers
    from signals.curation.catalogue import load_catalogue
    from signals.trends.rollup import roll_up

    load_catalogue()
    snapshots, news = read_history(archive), read_news(news_file)
    publishers, days = publishers_of(news), dict(by_day(news))
    sources: dict[str, Source] = {}
    last = max(days)
    first_monday = last - timedelta(days=last.weekday()) - timedelta(weeks=WEEKS - 1)
    labels: defaultdict[str, int] = defaultdict(int)
    verdicts = read_verdicts()
    judged: list[tuple[str, str]] = []
    with (folder / "news.md").open("w", encoding="utf-8") as out:
        out.write("# The ten first rows of each week\n")
        for today in (min(snapshots) + timedelta(days=n) for n in range((last - min(snapshots)).days + 2)):
            if today.weekday() == 0 and today >= first_monday:
                roll_up(datetime.combine(today, datetime.min.time(), UTC) + timedelta(minutes=10))
                for label, verdict in _write_week(out, today, verdicts):
                    labels[label] += 1
                    judged.append((label, verdict))
                say(f"{today}: written")
            if today > last:
                break
            _read(sources, publishers, snapshots.get(today, {}), days.get(today, []), today)
            process_leftovers()
    return {"rows": dict(labels), "judged": count_verdicts(judged)}


def read_verdicts() -> dict[tuple[str, str, str], str]:
    """What a reader made of the rows: the verdict by (Monday, item, label); empty where there is none."""
    if not VERDICTS.exists():
        return {}
    return {
        (row["week"], row["tag"], row["label"]): row["verdict"]
        for row in json.loads(VERDICTS.read_text(encoding="utf-8"))
    }


def count_verdicts(judged: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Of rows as (label, verdict or ""): how many are new, and what share is right of those judged, and moved."""
    known = [(label, verdict) for label, verdict in judged if verdict]
    moved = [verdict for label, verdict in known if label != Label.STEADY]
    return {
        "new": len(judged) - len(known),
        **Counter(verdict for _label, verdict in known),
        "share_right": _share([verdict for _label, verdict in known]),
        "share_right_of_moves": _share(moved),
    }


def _share(verdicts: Sequence[str]) -> float | None:
    return round(sum(verdict == "right" for verdict in verdicts) / len(verdicts), 2) if verdicts else None


def _read(
    sources: dict[str, Source],
    publishers: dict[str, Publisher],
    snapshot: dict[str, bytes],
    news: Sequence[News],
    today: date,
) -> None:
    """Parse and store what a day brings, in its evening."""
    from django.db import transaction

    from ingestion.services import make_source
    from ingestion.sources.feed import parse
    from ingestion.store import store_entries
    from signals.models import Source

    now = datetime(today.year, today.month, today.day, 23, 59, 30, tzinfo=UTC)
    pages = {
        f"https://feeds.example/{name}": (body, "application/rss+xml") for name, body in snapshot.items()
    }
    fresh: defaultdict[str, list[News]] = defaultdict(list)
    for one in news:
        fresh[one.publisher].append(one)
    for name, found in fresh.items():
        publishers[name].items += found
        page = publishers[name].page(len(found))
        pages[f"https://{name}/feed"] = (page.body, page.content_type)
    for url, (body, content_type) in pages.items():
        if url not in sources:
            sources[url] = make_source(url=url, now=now)
            Source.objects.filter(pk=sources[url].pk).update(fetches_full_text=False)
        with transaction.atomic():
            store_entries(sources[url], parse(body, content_type, url), now)


def _write_week(
    out: Any, monday: date, verdicts: Mapping[tuple[str, str, str], str]
) -> list[tuple[str, str]]:
    """The ten first rows as a section; returns their labels and verdicts."""
    from signals.models import Tag
    from signals.web.explanations import explain

    tags = list(
        Tag.objects.tracked()
        .filter(trend__momentum__isnull=False)
        .select_related("trend")
        .order_by("-trend__momentum")[:ROWS]
    )
    out.write(f"\n## Week before {monday.isoformat()}\n")
    told = []
    for place, tag in enumerate(tags, 1):
        trend = tag.trend
        verdict = verdicts.get((monday.isoformat(), tag.name, str(trend.get_label_display())), "")
        told.append((str(trend.label), verdict))
        out.write(
            f"\n{place}. **{tag.name}** ({tag.kind}): {trend.get_label_display()}, at least x{trend.times:.2f}"
            f"{', flagged' if trend.is_flagged else ''}. {explain(trend)} [{verdict or 'NEW'}]\n"
        )
        for line in _evidence(tag, trend.as_of, int(trend.explanation["days"])):
            out.write(f"   - {line}\n")
    return told


def _evidence(tag: Tag, as_of: date, days: int) -> list[str]:
    from signals.models import Tagging

    since = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) - timedelta(days=days - 1)
    found = (
        Tagging.objects.counted()
        .filter(tag=tag, article__published_at__gte=since)
        .select_related("article")
        .order_by("-confidence", "-article__published_at")[:12]
    )
    # The same news is one mention, so it is shown once.
    stories = {one.article.story_id or f"alone {one.article_id}": one for one in reversed(found)}
    return [
        f"{one.article.title[:140]} ({one.article.publisher}, {one.article.published_at:%Y-%m-%d}): "
        f"“{' '.join(one.quote.split())[:200]}” {one.confidence:.2f}"
        for one in list(stories.values())[::-1][:3]
        if one.article.published_at and one.confidence is not None
    ]


@dataclass(frozen=True, slots=True)
class Named:
    """A model: days from its release to its first and third issue, and to its first week as new or rising."""

    name: str
    released: date
    issues: int
    first: int
    third: int
    moved: int | None
    label: str


def judge_issues(issues_file: Path, models_file: Path, folder: Path) -> dict[str, Any]:
    """Score what an editor tagged, each Monday, and write each model's delays beside its release date."""
    issues = [json.loads(line) for line in issues_file.read_text(encoding="utf-8").splitlines()]
    released = _release_dates(models_file)
    start = date.fromisoformat(min(issue["date"] for issue in issues))
    days = (date.fromisoformat(max(issue["date"] for issue in issues)) - start).days + 1
    names = sorted({_key(model) for issue in issues for model in issue["models"]})
    place = {name: row for row, name in enumerate(names)}
    counts, volume = np.zeros((len(names), days), dtype=np.int64), np.zeros(days, dtype=np.int64)
    for issue in issues:
        at = (date.fromisoformat(issue["date"]) - start).days
        volume[at] += 1
        for name in {_key(model) for model in issue["models"]}:
            counts[place[name], at] += 1
    labels = _weekly_labels(counts, volume)
    rows: list[Named] = []
    for name in names:
        row = counts[place[name]]
        day = released.get(name)
        if day is None or row.sum() < Thresholds().floor_mentions or not start <= day:
            continue
        first = start + timedelta(days=int(np.argmax(row > 0)))
        third = start + timedelta(days=int(np.argmax(np.cumsum(row) >= Thresholds().floor_mentions)))
        moved = [(start + timedelta(days=end), week[place[name]]) for end, week in labels]
        moved = [(when, label) for when, label in moved if label in _MOVING]
        rows.append(
            Named(
                name,
                day,
                int(row.sum()),
                (first - day).days,
                (third - day).days,
                (moved[0][0] - day).days if moved else None,
                str(moved[0][1]) if moved else "never",
            )
        )
    rows.sort(key=lambda row: (row.released, row.name))
    with (folder / "issues.md").open("w", encoding="utf-8") as out:
        out.write("# Models an editor spoke of, beside their release dates\n\n")
        out.write(
            "| model | released | issues | first named | third time | new or rising | label |\n" + "|---" * 7
        )
        for one in rows:
            moved_after = "" if one.moved is None else f"{one.moved:+d} d"
            out.write(
                f"|\n| {one.name} | {one.released} | {one.issues} | {one.first:+d} d | {one.third:+d} d "
                f"| {moved_after} | {one.label} "
            )
        out.write("|\n")
    timely = [one for one in rows if abs(one.first) <= 60]
    found = [one for one in timely if one.moved is not None]
    return {
        "models": len(names),
        "with_a_release_date": len(rows),
        "named_within_60_days": len(timely),
        "found": len(found),
        "found_within_days": {str(days): sum((one.moved or 0) <= days for one in found) for days in SOON},
        "median_days_to_first_naming": median(one.first for one in timely),
        "median_days_to_third_naming": median(one.third for one in timely),
        "median_days_to_new_or_rising": median(one.moved or 0 for one in found),
        "median_days_after_third_naming": median((one.moved or 0) - one.third for one in found),
    }


def _weekly_labels(counts: Any, volume: Any) -> list[tuple[int, list[Label]]]:
    """Every Monday's labels, from what was counted up to the Sunday."""
    kinds = np.zeros(counts.shape[0], dtype=np.int64)
    labels = []
    # The first issue is of a Wednesday.
    for end in range(5, counts.shape[1], 7):
        n, v = counts[:, :end], volume[:end]
        pace = choose_pace(v)
        scores = score_series(n, v, kinds, pace)
        history = score_history(n, v, kinds, pace, days=Thresholds().replay_days)
        evidence = gather_evidence(n, v, np.full(len(n), 2), np.zeros(len(n), dtype=np.int64), pace)
        labels.append((end, label_tags(scores, evidence, kinds, replay_moving(history))))
    return labels


def _release_dates(path: Path) -> dict[str, date]:
    """The full date that most providers state of a model, by its name without maker and date."""
    stated: defaultdict[str, Counter[date]] = defaultdict(Counter)
    for provider in json.loads(path.read_text(encoding="utf-8")).values():
        for slug, model in provider["models"].items():
            with suppress(ValueError):  # a month alone, or a day that no month has
                day = (
                    datetime.strptime(model.get("release_date") or "", "%Y-%m-%d").replace(tzinfo=UTC).date()
                )
                for name in {_key(slug), _key(model["name"])}:
                    stated[name][day] += 1
    return {name: min(days, key=lambda day: (-days[day], day)) for name, days in stated.items()}


def _key(name: str) -> str:
    """gpt-4o of openai/GPT-4o, gpt-4o-2024-05-13 and "GPT-4o (latest)"."""
    last = name.casefold().rsplit("/", 1)[-1]
    last = re.sub(
        r"\(.*?\)|:.*$|[-@](20\d{2}-?\d{2}-?\d{2}|\d{4}|latest|preview|instruct|it|chat)\b", "", last
    )
    return re.sub(r"[\s_.-]+", "-", last).strip("-")


if __name__ == "__main__":
    sys.exit(main())
