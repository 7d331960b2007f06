"""How long every page takes at 100,000 articles: `make bench NAME=pages`.

An installation is generated (`benchmarks.bulk`) at full size and at a tenth of it, and read over HTTP from the
web server of `make run`, logged in as an analyst, one request after the other. Each page is asked for in many
forms (filters, orders, words, tags): times are over all of them and `slowest` is the form with the longest median.
`cpu_ms` is what a request takes of the cores, server and database together: on a machine with other work it says
more than the times. Queries are counted in a second pass, in this process, and are the most that any form makes;
`gzip_bytes` is the largest answer. No form is asked for before it is measured, so that its first reading counts too;
only a past day, which a worker puts together, is there before (`put_together_s`).

    python -m benchmarks.pages --keep DIR          keep both databases there, and use them when they are there
    python -m benchmarks.pages --keep DIR --size 100000 --only "trend table,search" --statements

`--statements` says which SQL each page spends its time on. What is kept can be looked at:
`VIGIE_HOME=DIR/100000 STARTER_CONTENT=no make run`.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import psutil

from config import embedded, env
from config.processes import bound_to_parent

SIZE: Final = 100_000
_READY_SECONDS: Final = 60.0
_WARM: Final = 12
"""Requests for a page that isn't measured, until every process of the server has imported what it needs."""
_LONGEST: Final = 1_500.0
"""A size that takes longer is ended."""


def main() -> int:
    """Measure both sizes and print one JSON object; 1 when a page fails."""
    asked = _arguments()
    if asked.home:
        print(json.dumps(_measure_here(asked)))
        return 0
    folder = asked.keep.resolve() if asked.keep else Path(tempfile.mkdtemp(prefix="vigie-pages-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    # Run as root, the servers belong to a plain user who must be able to walk in.
    folder.chmod(0o711)
    try:
        sizes = [asked.size] if asked.size else [SIZE, SIZE // 10]
        results = [_in_child(folder / str(size), size, asked) for size in sizes]
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    pages: dict[str, Any] = dict(results[0]["pages"])
    for smaller in results[1:]:
        for name, figures in smaller["pages"].items():
            pages[name]["tenth"] = figures
    about = [{key: value for key, value in result.items() if key != "pages"} for result in results]
    print(json.dumps(pages | {"runs": about}))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", type=Path, help="a folder for the databases, which stay there")
    parser.add_argument("--size", type=int, help="articles; without it, 100,000 and a tenth of that")
    parser.add_argument("--only", default="", help="pages, with commas between")
    parser.add_argument("--rounds", type=int, default=3, help="how often each form is asked for")
    parser.add_argument("--statements", action="store_true", help="say which SQL takes the time")
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _say(words: str) -> None:
    print(f"pages: {words}", file=sys.stderr, flush=True)


def _in_child(home: Path, size: int, asked: argparse.Namespace) -> dict[str, Any]:
    """One size in a process of its own: Django knows one database for life."""
    command = [sys.executable, "-m", "benchmarks.pages", "--home", str(home), "--size", str(size)]
    command += ["--only", asked.only, "--rounds", str(asked.rounds), *(["--statements"] * asked.statements)]
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in {"DATABASE_URL", "REDIS_URL", "VIGIE_MODE"}
    }
    environment = kept | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "VIGIE_HOME": str(home),
        "PUBLIC_URL": "http://127.0.0.1",
        "STARTER_CONTENT": "no",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        command,
        cwd=env.ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_LONGEST,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return result


def _measure_here(asked: argparse.Namespace) -> dict[str, Any]:
    import django
    from django.core.management import call_command

    home = asked.home
    embedded.make_folder(home)
    django.setup()
    with embedded.running(home):
        from benchmarks import bulk

        began = time.monotonic()
        call_command("migrate", verbosity=0)
        if not bulk.has_rows():
            bulk.fill(asked.size, say=_say)
        generated = round(time.monotonic() - began, 1)
        from benchmarks.pages_forms import forms
        from signals.models import User

        person = User.objects.order_by("pk")[1]
        only = [name.strip() for name in asked.only.split(",") if name.strip()]
        wanted = {name: urls for name, urls in forms().items() if not only or name in only}
        load = round(os.getloadavg()[0], 1)
        with web_server(home) as port:
            cookie = log_in(person)
            for _each in range(_WARM):
                _ask(port, cookie, "/settings/")
            pages = {}
            for name, urls in wanted.items():
                first = _put_together(urls)
                pages[name] = first | _times(port, cookie, urls, asked.rounds)
        for name, urls in wanted.items():
            pages[name]["queries"] = _queries(person, name, urls, asked.statements)
        for name, figures in pages.items():
            _say(f"{name}: {json.dumps(figures)}")
        return {"articles": asked.size, "generated_s": generated, "load": load, "pages": pages}


@contextmanager
def web_server(home: Path) -> Iterator[int]:
    """The web server of `make run` on a free port, with its static files."""
    from django.core.management import call_command

    from config.supervisor import answers, bind, services

    call_command("collectstatic", interactive=False, verbosity=0)
    with bind("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        web = next(service for service in services(bound) if service.name == "web")
        (home / "log").mkdir(exist_ok=True)
        with (home / "log" / "web.log").open("ab") as log:
            process = subprocess.Popen(
                web.command,
                cwd=env.ROOT,
                env=os.environ | {"PORT": str(port), "BIND": f"fd://{bound.fileno()}"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(bound.fileno(),),
                start_new_session=True,
                preexec_fn=bound_to_parent(signal.SIGKILL),
            )
        try:
            limit = time.monotonic() + _READY_SECONDS
            while not answers(f"http://127.0.0.1:{port}/readyz", "127.0.0.1"):
                if process.poll() is not None or time.monotonic() > limit:
                    raise RuntimeError(f"the web server did not start: see {home / 'log' / 'web.log'}")
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def log_in(person: Any) -> str:
    from django.conf import settings
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _times(port: int, cookie: str, urls: list[str], rounds: int) -> dict[str, Any]:
    """Milliseconds from sending a request to holding its answer."""
    spent: dict[str, list[float]] = {url: [] for url in urls}
    largest, used = 0, cpu_seconds()
    for _round in range(rounds):
        for url in urls:
            ms, size = _ask(port, cookie, url)
            spent[url].append(ms)
            largest = max(largest, size)
    used = cpu_seconds() - used
    every = sorted(ms for times in spent.values() for ms in times)
    slowest = max(spent, key=lambda url: statistics.median(spent[url]))
    return {
        "p50_ms": round(statistics.median(every), 1),
        "p95_ms": round(every[max(0, -(-len(every) * 95 // 100) - 1)], 1),
        "cpu_ms": round(1000 * used / len(every), 1),
        "gzip_bytes": largest,
        "forms": len(urls),
        "slowest": f"{slowest} {statistics.median(spent[slowest]):.0f} ms",
    }


def _put_together(urls: list[str]) -> dict[str, float]:
    """What a worker does for the past days among these forms, which no web server waits for: seconds for each."""
    from django.http import QueryDict

    from signals.models import PERIODS, TagTrend
    from signals.trends.past import recall_day

    spent = []
    for url in urls:
        query = QueryDict(url.partition("?")[2])
        if "known_on" in query:
            window = TagTrend.objects.values_list("explanation", flat=True)[0]["windows"][-1]
            period = next((weeks for weeks in PERIODS if query.get("period") == f"{weeks}w"), None)
            began = time.perf_counter()
            recall_day(date.fromisoformat(query["known_on"]), period, window)
            spent.append(time.perf_counter() - began)
    return {"put_together_s": round(max(spent), 1)} if spent else {}


def cpu_seconds() -> float:
    """What the web server and the database have used of the cores so far."""
    family = psutil.Process().children(recursive=True)
    # What a process that ended had used is counted by its parent.
    return float(sum(sum(process.cpu_times()[:4]) for process in family))


def _ask(port: int, cookie: str, url: str) -> tuple[float, int]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        began = time.perf_counter()
        connection.request("GET", url, headers={"Cookie": cookie, "Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
        ms = 1000 * (time.perf_counter() - began)
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{url} answered {answer.status}")
    size = len(body) if answer.getheader("Content-Encoding") == "gzip" else len(gzip.compress(body))
    return ms, size


def _queries(person: Any, name: str, urls: list[str], says: bool) -> int:
    """The most statements that any form takes."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    most = 0
    slow: dict[str, tuple[float, str]] = {}
    for url in urls:
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        most = max(most, len(captured))
        for query in captured.captured_queries:
            ms, sql = 1000 * float(query["time"]), re.sub(r'("\w+"\."\w+", ){3,}', "…, ", query["sql"])
            shape = sql[:120]
            if ms > slow.get(shape, (5.0, ""))[0]:
                slow[shape] = (ms, f"{url}\n      {sql[:1200]}")
    if says:
        for ms, what in sorted(slow.values(), reverse=True)[:6]:
            _say(f"{name}: {ms:.0f} ms {what}")
    return most


if __name__ == "__main__":
    sys.exit(main())
