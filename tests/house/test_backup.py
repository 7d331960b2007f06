"""A backup is one file; restoring replaces everything at once or nothing."""

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from config import embedded, env
from config.backup import BackupError, restore_backup, write_backup
from tests.house.processes import manage

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def installation(home: Path):
    """Servers held up for the module, so that each command only attaches."""
    with embedded.running(home, durable=False):
        # The first command on a new installation prepares it.
        done = manage(home, "log_in_link", ADMIN_EMAIL="ada@example.org", STARTER_CONTENT="no")
        assert done.returncode == 0, done.stderr
        yield home


def ask(home: Path, query: str, name: str = "vigie") -> list[str]:
    with psycopg.connect(embedded.database_url(home).replace("/vigie?", f"/{name}?")) as connection:
        cursor = connection.execute(query)
        return [row[0] for row in cursor.fetchall()] if cursor.description else []


def restore(home: Path, file: Path, known: set[tuple[str, str]] | None = None) -> str:
    """In this process: no Django is needed."""
    return restore_backup(
        source=file,
        database=env.database(embedded.database_url(home)),
        secret=home / "secret",
        known_migrations=known or set(),
    )


def test_what_is_backed_up_comes_back_with_its_secret_and_the_rest_is_kept_aside(
    installation: Path, tmp_path: Path
):
    file = tmp_path / "my backup.tar"
    made = manage(installation, "backup", str(file), "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["bytes"] == file.stat().st_size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = (installation / "secret").read_text()

    ask(installation, "UPDATE signals_user SET email = 'eve@example.org'")
    (installation / "secret").write_text("another one")
    restored = manage(installation, "restore", str(file), "--json")
    assert restored.returncode == 0, restored.stderr
    assert ask(installation, "SELECT email FROM signals_user") == ["ada@example.org"]
    assert (installation / "secret").read_text() == secret
    previous = json.loads(restored.stdout)["previous"]
    assert ask(installation, "SELECT email FROM signals_user", previous) == ["eve@example.org"]


@pytest.mark.parametrize("content", [b"", b"not a tar at all" * 100])
def test_a_file_that_is_no_backup_is_refused(installation: Path, tmp_path: Path, content: bytes):
    (file := tmp_path / "wrong.tar").write_bytes(content)
    with pytest.raises(BackupError, match=r"wrong\.tar is not a backup of Vigie"):
        restore(installation, file)


def test_what_can_t_be_restored_whole_changes_nothing(installation: Path, tmp_path: Path):
    file = tmp_path / "backup.tar"
    database = env.database(embedded.database_url(installation))
    write_backup(target=file, database=database, secret=installation / "secret", now=NOW)
    secret = (installation / "secret").read_text()
    with (
        psycopg.connect(embedded.database_url(installation)) as somebody,
        pytest.raises(BackupError, match="somebody is connected"),
    ):
        restore(installation, file)
    assert somebody.closed
    # A database that knows a migration which this code does not.
    with pytest.raises(BackupError, match="made by a newer Vigie"):
        restore(installation, file, known={("signals", "0001_initial")})
    assert ask(installation, "SELECT email FROM signals_user") == ["ada@example.org"]
    assert (installation / "secret").read_text() == secret
    names = ask(installation, "SELECT datname FROM pg_database WHERE datname LIKE '%restored%'")
    assert names == []


def test_a_backup_never_overwrites_and_leaves_no_piece_behind(installation: Path, tmp_path: Path):
    (file := tmp_path / "there.tar").write_text("mine")
    database = env.database(embedded.database_url(installation))
    with pytest.raises(BackupError, match="exists already"):
        write_backup(target=file, database=database, secret=None, now=NOW)
    with pytest.raises(BackupError, match="pg_dump failed"):
        write_backup(
            target=tmp_path / "new.tar", database=database | {"NAME": "no such"}, secret=None, now=NOW
        )
    assert os.listdir(tmp_path) == ["there.tar"]
    assert file.read_text() == "mine"
