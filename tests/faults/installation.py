"""An installation of its own, with real servers and real workers, to be broken on purpose."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import redis
from celery import Celery
from kombu.exceptions import OperationalError

from config import embedded
from config.processes import bound_to_parent

ROOT = Path(__file__).resolve().parents[2]
PREPARE = """
import django
django.setup()
from django.core.management import call_command
from signals.curation.catalogue import load_catalogue
call_command("migrate", verbosity=0, interactive=False)
load_catalogue()
"""


class Installation:
    def __init__(self, home: Path):
        self.home = home
        self.environment = {
            "PATH": os.environ["PATH"],
            "VIGIE_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "FETCH_ALLOW_NETWORKS": "127.0.0.0/8",
            "FETCH_HOST_DELAY_MS": "0",
            "FETCH_LEASE": "3",
            "ANALYZE_LEASE": "6",
            "LOG_LEVEL": "ERROR",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        self.valkey = redis.Redis.from_url(embedded.redis_url(home))
        self.celery = Celery("outside", broker=embedded.celery_url(embedded.redis_url(home)))
        self.workers: dict[str, subprocess.Popen] = {}

    def python(self, code: str) -> None:
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=self.environment, check=True)

    def begin(self, urls: list[str]) -> None:
        """Only these sources, nothing read yet."""
        # The pages of their entries don't exist.
        add = """INSERT INTO signals_source (kind, name, url, site_url, folder, publisher, language, is_enabled,
                     fetches_full_text, is_sample, created_at, health, health_reason)
                 SELECT 'feed', u, u, '', '', '', '', true, false, false, now(), 'waiting', ''
                 FROM unnest(%s::text[]) u"""
        with psycopg.connect(embedded.database_url(self.home)) as connection:
            connection.execute("TRUNCATE signals_source CASCADE")
            connection.execute(add, [urls])
        self.valkey.flushall()

    def start(self, *arguments: str) -> subprocess.Popen:
        log = self.home / "log" / f"{'-'.join(arguments)[:60].replace('/', '')}.log"
        with log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True, preexec_fn=bound_to_parent(signal.SIGKILL),
            )  # fmt: skip

    def start_worker(self, queue: str) -> None:
        pool = {"fetch": ["threads", "8"], "mail": ["threads", "2"]}.get(queue, ["prefork", "1"])
        self.workers[queue] = self.start(
            "-m", "celery", "-A", "config", "worker", "-Q", queue, "-n", f"{queue}@%h", "-P", pool[0],
            "-c", pool[1], "-l", "ERROR", "--without-gossip", "--without-mingle",
        )  # fmt: skip

    def kill(self, process: subprocess.Popen) -> None:
        """As a machine would that ran out of memory: without a word, and its children with it."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_worker(self, queue: str) -> None:
        self.kill(self.workers[queue])
        self.start_worker(queue)

    def end_workers(self) -> None:
        while self.workers:
            self.kill(self.workers.popitem()[1])

    def kill_postgres(self, number: int) -> None:
        """Its keeper starts it again."""
        pid = (embedded.data_folder(self.home) / "postgres" / "postmaster.pid").read_text().split()[0]
        os.kill(int(pid), number)

    def tick(self) -> None:
        """What beat does, only more often."""
        self.ask_for("ingestion.tasks.poll_due", "fetch")
        self.ask_for("ingestion.tasks.sweep", "fetch")

    def ask_for(self, task: str, queue: str) -> None:
        with suppress(OperationalError, redis.RedisError):
            self.celery.send_task(task, queue=queue, retry=False, expires=30)

    def do(self, statement: str) -> None:
        with psycopg.connect(embedded.database_url(self.home)) as connection:
            connection.execute(statement)

    def ask(self, question: str):
        """One value from PostgreSQL; waits while it is away."""
        limit = time.monotonic() + 30
        while True:
            try:
                with psycopg.connect(embedded.database_url(self.home), connect_timeout=5) as connection:
                    return connection.execute(question).fetchone()[0]
            except psycopg.OperationalError:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.1)

    def words_of_workers(self) -> str:
        logs = sorted((self.home / "log").glob("*.log"))
        state = self.ask("""SELECT json_build_object(
            'attempts', (SELECT json_object_agg(error, n) FROM
                         (SELECT error, count(*) AS n FROM ingestion_fetch GROUP BY error) one),
            'texts', (SELECT json_agg(DISTINCT error_text) FROM ingestion_fetch),
            'health', (SELECT json_object_agg(health, n) FROM
                       (SELECT health, count(*) AS n FROM signals_source GROUP BY health) two),
            'articles', (SELECT count(*) FROM signals_article),
            'processed', (SELECT count(processed_at) FROM signals_article),
            'open', (SELECT count(*) FROM ingestion_fetch WHERE finished_at IS NULL),
            'leases', (SELECT count(*) FROM ingestion_schedule WHERE lease_until > now()))""")
        queues = {queue: self.valkey.llen(queue) for queue in ("fetch", "analyze", "mail")}
        return f"{state}\n{queues}\n" + "\n".join(
            f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs
        )


@contextmanager
def installation(home: Path):
    with embedded.running(home):
        there = Installation(home)
        try:
            there.python(PREPARE)
            yield there
        finally:
            there.end_workers()
            there.celery.close()
            there.valkey.close()
