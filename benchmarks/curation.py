"""What the desk sustains: 20 analysts at once over HTTP: `make bench NAME=curation`.

An installation of some thousands of articles is generated (`benchmarks.bulk`) in a passing home, with the workers
and the web server of `make run`. Each analyst has a session and a connection of their own, decides, scores, rates,
takes back and reads the list; every tenth suggestion is one that another analyst decides on as well. First they act
as people do, each after 1 to 5 seconds of reading (`paced`), then one action follows the other (`flat_out`). Times
are from sending a request to holding its answer; `cpu_ms` is what an action takes of the cores, server and database
together. Afterwards everything accepted has to be in the database once, and the counts have to be those of a rebuild.

    python -m benchmarks.curation --articles 5000 --paced 30 --actions 2000
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from benchmarks.installation import errors_logged, passing_installation

ANALYSTS: Final = 20
_SEED: Final = 20261122
_THINKS: Final = (1.0, 5.0)


def main() -> int:
    """Print one JSON object; 1 when an action failed, got lost or was counted wrongly."""
    asked = _arguments()
    # Set before the settings are read.
    os.environ |= {"PUBLIC_URL": "http://127.0.0.1", "STARTER_CONTENT": "no"}
    with passing_installation() as home:
        from benchmarks import bulk
        from benchmarks.pages import web_server

        bulk.fill(asked.articles, say=_say)
        with web_server(home) as port:
            analysts = _analysts(port, asked)
            _say(f"{len(analysts)} analysts, {sum(len(one.pairs) for one in analysts):,} suggestions")
            load = round(os.getloadavg()[0], 1)
            paced = _work(analysts, seconds=asked.paced)
            _say(f"paced: {json.dumps(paced)}")
            flat_out = _work(analysts, actions=asked.actions)
            _say(f"flat out: {json.dumps(flat_out)}")
            for one in analysts:
                one.close()
        wrong = _verify(analysts)
        wrong += [f"{count} errors in the workers' logs"] if (count := errors_logged(home)) else []
    errors = sum(len(one.unexpected) for one in analysts)
    result = {
        "actions_per_minute": flat_out["actions_per_minute"],
        "p50_ms": paced["p50_ms"],
        "p95_ms": paced["p95_ms"],
        "errors": errors,
        "lost_or_twice": len(wrong),
        "analysts": len(analysts),
        "refused": sum(one.refused for one in analysts),
        "undone": sum(one.undone for one in analysts),
        "paced": paced,
        "flat_out": flat_out,
        "load": load,
        "wrong": (wrong + [words for one in analysts for words in one.unexpected])[:10],
    }
    print(json.dumps(result))
    return int(bool(errors or wrong))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=5_000)
    parser.add_argument("--paced", type=float, default=60.0, help="seconds of acting as people do")
    parser.add_argument("--actions", type=int, default=2_000, help="actions flat out, of all together")
    return parser.parse_args()


def _say(words: str) -> None:
    print(f"curation: {words}", file=sys.stderr, flush=True)


def _analysts(port: int, asked: argparse.Namespace) -> list[Any]:
    """People with their sessions, and suggestions in the order of the inbox, dealt out in turn."""
    from benchmarks.curation_desk import Analyst
    from signals.models import Role, Tag, Tagging, User

    rng = random.Random(_SEED)  # a benchmark that draws the same each time
    waiting = Tagging.objects.waiting().order_by("-article__inbox_score", "-article", "tag")
    pairs = list(waiting.values_list("article_id", "tag_id"))
    tags = list(Tag.objects.live().order_by("pk").values_list("pk", flat=True))
    people = [
        User.objects.create_user(f"desk{number}@example.org", role=Role.ANALYST) for number in range(ANALYSTS)
    ]
    analysts = []
    for number, user in enumerate(people):
        own = pairs[number::ANALYSTS]
        # Every tenth is somebody else's as well.
        shared = pairs[(number + 1) % ANALYSTS :: ANALYSTS][::10]
        mine = [pair for place, pair in enumerate(own) if place % 10] + shared
        mine.sort(key=lambda pair: rng.random())
        analysts.append(Analyst(user, port, mine, tags, random.Random(_SEED + number)))
    for one in analysts:
        one.log_in()
    return analysts


def _work(analysts: Sequence[Any], *, seconds: float = 0.0, actions: int = 0) -> dict[str, Any]:
    """All at once, for so long with pauses, or so many actions without."""
    from benchmarks.pages import cpu_seconds

    before = [len(one.took) for one in analysts]
    failures: list[BaseException] = []

    def desk(one: Any) -> None:
        try:
            if actions:
                for _each in range(actions // len(analysts)):
                    one.act()
                return
            until = time.monotonic() + seconds
            # They don't begin in step.
            time.sleep(one.rng.uniform(0, _THINKS[1]))
            while time.monotonic() < until:
                one.act()
                time.sleep(one.rng.uniform(*_THINKS))
        except BaseException as error:  # noqa: BLE001  # raised again in the main thread
            failures.append(error)

    threads = [threading.Thread(target=desk, args=[one], daemon=True) for one in analysts]
    used, began = cpu_seconds(), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lasted, used = time.monotonic() - began, cpu_seconds() - used
    if failures:
        raise failures[0]
    took = [each for one, start in zip(analysts, before, strict=True) for each in one.took[start:]]
    times = sorted(each.ms for each in took)
    by_action = {
        action: round(statistics.median(each.ms for each in took if each.action == action), 1)
        for action in sorted({each.action for each in took})
    }
    return {
        "actions": len(took),
        "seconds": round(lasted, 1),
        "actions_per_minute": round(60 * len(took) / lasted),
        "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[max(0, -(-len(times) * 95 // 100) - 1)], 1),
        "slowest_ms": round(times[-1], 1),
        "cpu_ms": round(1000 * used / len(took), 1),
        "median_ms": by_action,
    }


def _verify(analysts: Sequence[Any]) -> list[str]:
    """What is lost, there twice, or counted otherwise than from scratch."""
    from signals.curation.ratings import refresh_relevancies
    from signals.models import Change, Decision, Rating, Tag
    from signals.trends.rollup import roll_up

    wrong = []
    for one in analysts:
        held = Decision.objects.filter(user=one.user, undone_at=None).order_by("pk")
        found = Counter(
            ((article, tag), verdict, relevancy)
            for article, tag, verdict, relevancy in held.values_list(
                "article_id", "tag_id", "verdict", "relevancy"
            )
        )
        rated = Rating.objects.filter(user=one.user, undone_at=None)
        told = Counter(rated.values_list("tag_id", "relevancy"))
        changes = Change.objects.filter(user=one.user)
        checks = {
            "decisions": (found, Counter(one.decided)),
            "ratings": (told, Counter(one.rated)),
            "changes that hold": (changes.filter(undone_at=None).count(), len(one.decided) + len(one.rated)),
            "changes undone": (changes.exclude(undone_at=None).count(), one.undone),
        }
        wrong += [f"{one.user}: {what}" for what, (there, told_here) in checks.items() if there != told_here]
    if unlike := _unlike_a_replay():
        wrong.append(f"{len(unlike)} mentions differ from what the decisions on them make: {unlike[:2]}")
    roll_up()
    as_counted, relevancies = _counts(), _relevancies()
    roll_up(from_scratch=True)
    for name, rows in _counts().items():
        if differing := sorted(set(rows) ^ set(as_counted[name])):
            wrong.append(f"{len(differing)} rows of {name} differ from those of a rebuild: {differing[:2]}")
    refresh_relevancies(tag_ids=list(Tag.objects.values_list("pk", flat=True)))
    if relevancies != _relevancies():
        wrong.append("the relevance of tags differs from what their ratings say")
    return wrong


def _unlike_a_replay() -> list[tuple[int, int]]:
    """Article and tag of each mention that is not what the decisions that hold make of it from scratch."""
    from signals.curation.replaying import Standing, columns_of, holding_of
    from signals.models import Decision, Tagging

    pairs = set(Decision.objects.filter(undone_at=None).values_list("article_id", "tag_id"))
    holding = holding_of(pairs)
    differing = []
    for article, tag in sorted(pairs):
        standing = Standing(holding[article, tag][0].before)
        for decision in holding[article, tag]:
            standing.add(decision)
        found = Tagging.objects.get(article=article, tag=tag)
        if any(getattr(found, name) != value for name, value in columns_of(standing.form).items()):
            differing.append((article, tag))
    return differing


def _counts() -> dict[str, list[str]]:
    from signals.models import MentionDelta, TagTrend, VolumeDelta

    rows: dict[str, list[str]] = {}
    for model in (MentionDelta, VolumeDelta, TagTrend):
        # All but the number of a row and the moment it was written.
        columns = [
            column.attname
            for column in model._meta.concrete_fields
            if column.attname != "id" and not column.attname.endswith("_at")
        ]
        rows[model.__name__] = [repr(row) for row in model.objects.values_list(*columns)]
    return rows


def _relevancies() -> list[Any]:
    from signals.models import Tag

    return list(
        Tag.objects.order_by("pk").values_list(
            "pk", "relevancy", "relevancy_raters", "relevancy_spread", "relevancy_notes"
        )
    )


if __name__ == "__main__":
    sys.exit(main())
