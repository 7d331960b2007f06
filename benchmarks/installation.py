"""A passing installation for a benchmark: own home, real servers, the workers that `make run` starts."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import django
import redis
from django.core.management import call_command

from config import embedded, env
from config.celery import heartbeat_key
from config.processes import bound_to_parent
from config.supervisor import services

_WORKERS = ("fetch", "analyze")
_READY_SECONDS = 60.0
_STOP_SECONDS = 20.0


@contextmanager
def passing_installation(*, has_workers: bool = True) -> Iterator[Path]:
    """Migrated servers and running workers in a folder that is removed afterwards; Django is set up in it."""
    home = Path(tempfile.mkdtemp(prefix="vigie-bench-")).resolve()
    # Run as root, the servers belong to a plain user who must be able to walk in.
    home.chmod(0o711)
    for name in ("DATABASE_URL", "REDIS_URL", "VIGIE_MODE"):
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "VIGIE_HOME": str(home),
        "FETCH_ALLOW_NETWORKS": "127.0.0.0/8",
        # Every publisher is the same host here, and none of them needs to be spared.
        "FETCH_HOST_DELAY_MS": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    try:
        django.setup()
        with embedded.running(home):
            call_command("migrate", verbosity=0)
            with _workers(home) if has_workers else nullcontext():
                yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
        data = embedded.data_folder(home)
        if data != home:
            shutil.rmtree(data, ignore_errors=True)


def errors_logged(home: Path) -> int:
    """How many errors the workers wrote to their logs."""
    logs = (home / "log").glob("*.log")
    return sum(log.read_text(errors="replace").count(" ERROR ") for log in logs)


@contextmanager
def _workers(home: Path) -> Iterator[None]:
    logs = home / "log"
    logs.mkdir(exist_ok=True)
    with socket.socket() as unused:
        chosen = [service for service in services(unused) if service.name in _WORKERS]
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for service in chosen:
            with (logs / f"{service.name}.log").open("ab") as log:
                started[service.name] = subprocess.Popen(
                    service.command,
                    cwd=env.ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=bound_to_parent(signal.SIGKILL),
                )
        _wait_until_ready(home, started)
        yield
    except BaseException:
        for name in started:
            said = (logs / f"{name}.log").read_text(errors="replace").strip()
            print(f"--- {name} said:\n{said[-4000:]}", file=sys.stderr)
        raise
    finally:
        for process in started.values():
            process.terminate()
        for process in started.values():
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_ready(home: Path, started: dict[str, subprocess.Popen[bytes]]) -> None:
    limit = time.monotonic() + _READY_SECONDS
    with redis.Redis.from_url(embedded.redis_url(home)) as valkey:
        missing = set(started)
        while missing:
            missing -= {name for name in missing if valkey.exists(heartbeat_key(name))}
            ended = [name for name, process in started.items() if process.poll() is not None]
            if ended or time.monotonic() > limit:
                raise RuntimeError(f"no answer from the workers: {', '.join(ended or sorted(missing))}")
            time.sleep(0.05)
