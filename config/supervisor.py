"""Runs the whole of Vigie under one process: `make run`.

Prepares the database, starts the web server, the workers and beat, waits until they answer, then
restarts what falls over. Ctrl-C (or TERM) stops everything in order. Services are children in
process groups of their own: they die with us, and what they leave behind is swept with their group.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import dotenv, embedded, env
from config.celery import QUEUES
from config.processes import bound_to_parent

_READY_SECONDS = 120.0
_STOP_SECONDS = 12.0
_LONGEST_PAUSE = 30.0
# A service that ran this long was well: its next fall starts from a short pause again.
_WELL_SECONDS = 60.0
_LARGEST_LOG = 10_000_000
# How manage.py and we begin the one line that says why there is no start.
_REFUSED = "Vigie can't start: "


class StartError(RuntimeError):
    """Vigie can't start; the message is one line for the person at the terminal."""


@dataclass
class Service:
    """One long-running child and what is known about its falls."""

    name: str
    command: list[str]
    # Asked to leave in this order; the same number means together.
    stops: int
    inherits: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    falls: int = 0
    starts_at: float = field(default=0.0)


def services(bound: socket.socket) -> list[Service]:
    """The web server on an open socket, three workers and beat."""
    python = [sys.executable, "-m"]
    cores = max(1, min(4, os.cpu_count() or 1))

    def worker(queue: str, *options: str) -> list[str]:
        common = ["--queues", queue, "--hostname", f"{queue}@%h", "--without-gossip", "--without-mingle"]
        return [*python, "celery", "-A", "config", "worker", "--loglevel", "WARNING", *common, *options]

    def count(name: str, default: int) -> str:
        return str(env.number(name, default))

    beat = [*python, "celery", "-A", "config", "beat", "--loglevel", "WARNING"]
    web = [*python, "gunicorn", "--config", "python:config.gunicorn"]
    for name in ("WEB_PROCESSES", "WEB_THREADS"):
        # Better refused here than by gunicorn, over and over.
        env.number(name, 1)
    return [
        Service("web", web, stops=2, inherits=(bound.fileno(),)),
        Service(
            "fetch",
            worker("fetch", "--pool", "threads", "--concurrency", count("FETCH_THREADS", 16)),
            stops=1,
        ),
        Service(
            "analyze",
            worker("analyze", "--pool", "prefork", "--concurrency", count("ANALYZE_PROCESSES", cores)),
            stops=1,
        ),
        Service(
            "mail", worker("mail", "--pool", "threads", "--concurrency", count("MAIL_THREADS", 2)), stops=1
        ),
        # Beat only ticks, so it needs no file that a crash could spoil.
        Service("beat", [*beat, "--scheduler", "celery.beat:Scheduler", "--pidfile="], stops=0),
    ]


class Supervisor:
    """Starts the services, keeps them up, and stops them."""

    def __init__(self, home: Path, services: list[Service], environment: dict[str, str]) -> None:
        self.home = home
        self.services = services
        self.environment = environment
        self.stopping = False

    def ask_to_stop(self, *_: object) -> None:
        """The handler of INT, TERM and HUP."""
        self.stopping = True

    def log_path(self, name: str) -> Path:
        """Where a service's words go."""
        return self.home / "log" / f"{name}.log"

    def start(self, service: Service) -> None:
        """Start a service in a session of its own, writing to its log."""
        with self.log_path(service.name).open("ab") as log:
            service.process = subprocess.Popen(  # noqa: S603 - our own commands
                service.command,
                cwd=embedded.ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=service.inherits,
                # Ctrl-C in the terminal is for us alone: we stop them in order.
                start_new_session=True,
                preexec_fn=bound_to_parent(signal.SIGKILL),
            )
        service.started = time.monotonic()

    def tend(self) -> None:
        """Note who fell, sweep what they left, and start again those whose pause is over."""
        now = time.monotonic()
        for service in self.services:
            process = service.process
            if process is not None and process.poll() is not None:
                _sweep(process.pid)
                service.process = None
                service.falls = 1 if now - service.started > _WELL_SECONDS else service.falls + 1
                pause = min(_LONGEST_PAUSE, 2.0 ** (service.falls - 1))
                service.starts_at = now + pause
                killed = process.returncode < 0
                why = f"signal {-process.returncode}" if killed else self.last_words(service.name)
                _say(f"{service.name} ended ({why}); starting it again in {pause:.0f} s")
            if service.process is None and now >= service.starts_at:
                self.start(service)

    def last_words(self, name: str) -> str:
        """The last line of a service's log."""
        with self.log_path(name).open("rb") as log:
            log.seek(max(0, self.log_path(name).stat().st_size - 2000))
            lines = log.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "it said nothing"

    def trim_logs(self) -> None:
        """Keep one older piece of each log, so that logs can't fill the disk."""
        for service in self.services:
            path = self.log_path(service.name)
            if path.exists() and path.stat().st_size > _LARGEST_LOG:
                with suppress(OSError):
                    shutil.copyfile(path, path.with_suffix(".log.1"))
                os.truncate(path, 0)

    def run_until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Tend the services until a condition holds; False when stopped or out of time."""
        limit = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < limit:
            self.tend()
            if done():
                return True
            time.sleep(0.1)
        return False

    def run(self) -> None:
        """Tend the services until asked to stop."""
        trimmed = time.monotonic()
        while not self.stopping:
            self.tend()
            if time.monotonic() - trimmed > _WELL_SECONDS:
                self.trim_logs()
                trimmed = time.monotonic()
            time.sleep(0.2)

    def stop(self) -> None:
        """Ask each rank of services to leave, wait, then end what is still there."""
        for rank in sorted({service.stops for service in self.services}):
            leaving = [s.process for s in self.services if s.stops == rank and s.process is not None]
            for process in leaving:
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
            limit = time.monotonic() + _STOP_SECONDS
            for process in leaving:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.1, limit - time.monotonic()))
                _sweep(process.pid)
                process.wait()

    def call(self, *arguments: str) -> str:
        """Run a management command to its end and return what it printed; StartError when it fails."""
        command = [sys.executable, "manage.py", *arguments]
        with subprocess.Popen(  # noqa: S603 - our own command
            command,
            cwd=embedded.ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=bound_to_parent(signal.SIGKILL),
        ) as process:
            while True:
                try:
                    output, trouble = process.communicate(timeout=0.2)
                    break
                except subprocess.TimeoutExpired:
                    if self.stopping:
                        _sweep(process.pid)
        if process.returncode and not self.stopping:
            (self.home / "log" / "prepare.log").write_text(output + trouble)
            lines = trouble.strip().splitlines() or ["no reason given"]
            full = "No space left on device" in trouble
            if lines[-1].startswith(_REFUSED):
                raise StartError(lines[-1].removeprefix(_REFUSED))
            reason = "the disk is full (no space left on device)" if full else lines[-1]
            raise StartError(f"`manage.py {arguments[0]}` failed: {reason}")
        return output


def _sweep(group: int) -> None:
    """End whatever is left of a service's process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def bind(host: str, port: int) -> socket.socket:
    """The socket that the web server will answer on; StartError says what to do when it is taken.

    Bound here and handed down, so that nobody can take the port between the question and the start.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        advice = f": choose another, for example PORT={port + 1 if port < 65535 else 8000}"
        raise StartError(f"port {port} on {host} can't be used ({error.strerror}){advice}") from None
    except OverflowError:
        bound.close()
        raise StartError(f"PORT must be between 0 and 65535, not {port}") from None
    return bound


def answers(url: str, host: str) -> dict[str, object]:
    """The JSON object behind an address of ours, or an empty one while it doesn't answer."""
    request = urllib.request.Request(url, headers={"Host": host})  # noqa: S310 - our own http address
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
            found = json.load(response)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _only_one(home: Path) -> object:
    """Hold the lock that says Vigie runs here; StartError when it does already."""
    embedded.make_folder(home / "locks")
    lock = (home / "locks" / "supervisor").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StartError(f"Vigie is already running from {home}") from None
    return lock


def serve() -> None:
    """Start everything, print the address, and stay until asked to stop."""
    began = time.monotonic()
    home, host = env.home(), env.text("HOST", "127.0.0.1")
    try:
        lock = _only_one(home)
        embedded.make_folder(home / "log")
    except OSError as error:
        raise StartError(f"cannot write in {home}: {error.strerror}") from None
    with bind(host, env.number("PORT", 8000)) as bound:
        port = bound.getsockname()[1]
        environment = os.environ | {
            "PORT": str(port),
            "BIND": f"fd://{bound.fileno()}",
            "PYTHONUNBUFFERED": "1",
            # Numerical libraries would start a thread per core in every worker.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        supervisor = Supervisor(home, services(bound), environment)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, supervisor.ask_to_stop)
        with embedded.running(home, servers=embedded.unset_servers()):
            try:
                _start(supervisor, host, port, began)
                supervisor.run()
            finally:
                supervisor.stop()
    _say("Vigie has stopped.")
    del lock


def _keep_address(home: Path, address: str) -> None:
    draft = home / f"{env.ADDRESS}.draft"
    # A convenience: a full disk or a closed folder is no reason not to start.
    with suppress(OSError):
        draft.write_text(address)
        draft.replace(home / env.ADDRESS)


def _start(supervisor: Supervisor, host: str, port: int, began: float) -> None:
    prepared = json.loads(supervisor.call("prepare", "--json") or "{}")
    if supervisor.stopping:
        return
    # Commands typed elsewhere make links too, without this start's HOST, PORT and PUBLIC_URL.
    _keep_address(supervisor.home, prepared["address"])
    public = urlsplit(prepared["address"])
    local = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    base = f"http://{local}:{port}"

    def all_up() -> bool:
        workers = answers(f"{base}/readyz", public.netloc).get("workers")
        return isinstance(workers, list) and len(workers) == len(QUEUES)

    if not supervisor.run_until(all_up, _READY_SECONDS):
        if supervisor.stopping:
            return
        fallen = [s.name for s in supervisor.services if s.falls]
        raise StartError(
            f"Vigie did not answer within {_READY_SECONDS:.0f} s "
            f"({', '.join(fallen) or 'nothing'} fell over): see {supervisor.home / 'log'}"
        )
    _say(f"\nVigie is up after {time.monotonic() - began:.0f} s: {prepared['address']}/")
    if prepared.get("log_in"):
        _say(f"Log in as the administrator, once, within a day:\n\n    {prepared['log_in']}\n")
    else:
        _say("To log in without a password: ./manage.py log_in_link")
    _say("Ctrl-C stops it.")


def main() -> int:
    """Run until stopped; 1 with one line on stderr when it can't start."""
    dotenv.load(embedded.ROOT / ".env")
    try:
        serve()
    except (StartError, embedded.ServerError, ImproperlyConfigured) as error:
        sys.stderr.write(f"{_REFUSED}{error}\n")
        return 1
    except KeyboardInterrupt:
        # Ctrl-C before anything was started.
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
