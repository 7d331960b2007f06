"""PostgreSQL and Valkey without installing anything: where they are, and a lease on them.

Settings ask only for addresses. A command that needs the servers holds `running(home)`: the first
one starts `config.servers`, later ones attach, the last one out waits until they have stopped.
Three files in VIGIE_HOME/locks carry this, because the kernel frees a lock however its holder dies:

* `start` is held for the moment of arriving or leaving, one process at a time;
* `users` is held shared by everyone who uses the servers;
* `keeper` is held by the process that owns the servers, for as long as they run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import secrets
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ("postgres", "valkey")
# sun_path holds 108 bytes with its closing zero.
_LONGEST_SOCKET = 107
_STOP_SECONDS = 60


class ServerError(RuntimeError):
    """The servers can't be used; the message is one line for the person at the terminal."""


def secret_key(home: Path) -> str:
    """The installation's secret, made on first use and readable by its owner only."""
    path = home / "secret"
    try:
        make_folder(home)
        if not path.exists():
            draft = home / f"secret.{os.getpid()}.{secrets.token_hex(4)}"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(50))
                file.flush()
                os.fsync(file.fileno())
            give_to_owner(draft, home)
            # A link fails where two processes arrive together, so both read the winner's secret.
            with suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise ServerError(f"cannot keep a secret in {home}: {error.strerror or error}") from None


def database_url(home: Path) -> str:
    """The address of the embedded PostgreSQL."""
    return f"postgresql://vigie@/vigie?host={quote(str(socket_folder(home)), safe='')}"


def redis_url(home: Path) -> str:
    """The address of the embedded Valkey."""
    return f"unix://{quote(str(socket_folder(home) / 'valkey.sock'))}"


def celery_url(redis_url: str) -> str:
    """A Redis address as kombu spells it: a Unix socket is redis+socket://."""
    return (
        redis_url.replace("unix://", "redis+socket://", 1) if redis_url.startswith("unix://") else redis_url
    )


def plain_user(home: Path) -> int:
    """The user the servers run as: ourselves, or for root the folder's owner, postgres or nobody.

    Raises ServerError when root has nobody to hand over to.
    """
    if os.geteuid() != 0:
        return os.geteuid()
    for folder in (home, *home.parents):
        if folder.exists():
            owner = folder.stat().st_uid
            with suppress(KeyError):
                if owner != 0 and pwd.getpwuid(owner):
                    return owner
            break
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise ServerError("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it")


def may_enter(path: Path, uid: int) -> bool:
    """Whether a user can walk down to a path, judged by its nearest folders that exist."""
    for folder in (path, *path.parents):
        if not folder.exists():
            continue
        status = folder.stat()
        needed = stat.S_IXUSR if status.st_uid == uid else stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


def data_folder(home: Path) -> Path:
    """Where the servers keep their files: VIGIE_HOME, unless their user can't reach it.

    That happens to root under a closed folder such as /root; opening it is not ours to do.
    """
    if os.geteuid() != 0 or may_enter(home, plain_user(home)):
        return home
    return Path("/var/lib") / f"vigie-{_mark(home)}"


def socket_folder(home: Path) -> Path:
    """Where the servers listen: beside their files, or in /tmp where that path is too long."""
    folder = data_folder(home) / "run"
    # libpq reads a comma as the start of another host.
    if len(os.fsencode(folder / ".s.PGSQL.5432")) <= _LONGEST_SOCKET and "," not in str(folder):
        return folder
    return Path("/tmp") / f"vigie-{os.geteuid()}-{_mark(home)}"  # noqa: S108 - its owner is checked on start


def _mark(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:12]


def make_folder(folder: Path) -> None:
    """Make a folder and what is missing above it: closed to others, or passable when we are root."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
            path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            give_to_owner(path, path.parent)


def give_to_owner(path: Path, like: Path) -> None:
    """Root gives what it made to whoever owns the folder it stands in."""
    if os.geteuid() == 0:
        status = like.stat()
        os.chown(path, status.st_uid, status.st_gid)


def unset_servers() -> tuple[str, ...]:
    """The servers the environment gives no address for."""
    given = {"postgres": os.environ.get("DATABASE_URL"), "valkey": os.environ.get("REDIS_URL")}
    return tuple(name for name in SERVERS if not given[name])


@contextmanager
def running(home: Path, *, servers: tuple[str, ...] = SERVERS, durable: bool = True) -> Iterator[None]:
    """Hold the servers up for a while: start them or attach; the last one out sees them stopped.

    `durable=False` lets PostgreSQL skip fsync and is for tests. Raises ServerError in one line.
    """
    if not servers:
        yield
        return
    try:
        make_folder(home / "locks")
        start, users, keeper = (_open_lock(home, name) for name in ("start", "users", "keeper"))
    except OSError as error:
        raise ServerError(f"cannot write in {home}: {error.strerror or error}") from None
    with start, users, keeper:
        fcntl.flock(start, fcntl.LOCK_EX)
        # Waits here while a keeper is stopping.
        fcntl.flock(users, fcntl.LOCK_SH)
        process = None
        if _try(keeper, fcntl.LOCK_EX):
            fcntl.flock(keeper, fcntl.LOCK_UN)
            process = _start_keeper(home, servers, durable)
        else:
            keeper.seek(0)
            lacking = set(servers) - set(keeper.read().split())
            if lacking:
                raise ServerError(
                    f"the servers of {home} were started without {' and '.join(sorted(lacking))}: "
                    "stop what uses them, or give the same DATABASE_URL and REDIS_URL"
                )
        fcntl.flock(start, fcntl.LOCK_UN)
        try:
            yield
        finally:
            if _leave(start, users, keeper) and process is not None:
                process.wait()


def _open_lock(home: Path, name: str) -> IO[str]:
    path = home / "locks" / name
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    give_to_owner(path, home)
    return file


def _try(file: IO[str], operation: int) -> bool:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start_keeper(home: Path, servers: tuple[str, ...], durable: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "config.servers", str(home), *servers]
    process = subprocess.Popen(  # noqa: S603 - our own module
        command if durable else [*command, "--unsafe"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Its own session: Ctrl-C in this terminal is for us, and others may be using the servers.
        start_new_session=True,
    )
    assert process.stdout is not None and process.stderr is not None
    with process.stdout, process.stderr:
        answer = process.stdout.readline().strip()
        if answer != "ready":
            trouble = answer or process.stderr.read().strip().rpartition("\n")[2] or "no reason given"
            process.wait()
            raise ServerError(trouble)
    return process


def _leave(start: IO[str], users: IO[str], keeper: IO[str]) -> bool:
    """Let go; true when the servers have stopped because nobody else was left."""
    fcntl.flock(start, fcntl.LOCK_EX)
    fcntl.flock(users, fcntl.LOCK_UN)
    # Exclusive here means nobody else is left; not even shared, that the keeper has seen it already.
    if _try(users, fcntl.LOCK_EX):
        fcntl.flock(users, fcntl.LOCK_UN)
    elif _try(users, fcntl.LOCK_SH):
        fcntl.flock(users, fcntl.LOCK_UN)
        return False
    limit = time.monotonic() + _STOP_SECONDS
    while not _try(keeper, fcntl.LOCK_EX):
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True
