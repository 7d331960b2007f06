"""A backup is one file; restoring replaces everything at once or nothing."""

import json
import os
import stat
from pathlib import Path

import psycopg
import pytest

from config import embedded
from tests.house.processes import manage


def people(home: Path) -> str:
    """Through Vigie's own models, in a process of its own."""
    code = "from signals.models import User; print(sorted(User.objects.values_list('email', flat=True)))"
    done = manage(home, "shell", "-v", "0", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def installation(home: Path):
    """Servers held up for the module, so that each command only attaches."""
    with embedded.running(home, durable=False):
        assert manage(home, "migrate", "-v", "0").returncode == 0
        assert manage(home, "log_in_link", ADMIN_EMAIL="ada@example.org").returncode == 0
        yield home


def test_what_is_backed_up_comes_back_with_its_secret_and_the_rest_is_kept_aside(
    installation: Path, tmp_path: Path
):
    file = tmp_path / "my backup.tar"
    made = manage(installation, "backup", str(file), "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["bytes"] == file.stat().st_size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = (installation / "secret").read_text()

    change = "from signals.models import User; User.objects.update(email='eve@example.org')"
    assert manage(installation, "shell", "-v", "0", "-c", change).returncode == 0
    (installation / "secret").write_text("another one")
    restored = manage(installation, "restore", str(file), "--json")
    assert restored.returncode == 0, restored.stderr
    assert people(installation) == "['ada@example.org']"
    assert (installation / "secret").read_text() == before
    previous = json.loads(restored.stdout)["previous"]
    with psycopg.connect(embedded.database_url(installation).replace("/vigie?", f"/{previous}?")) as old:
        assert old.execute("SELECT email FROM signals_user").fetchall() == [("eve@example.org",)]


@pytest.mark.parametrize("content", [b"", b"not a tar at all" * 100])
def test_a_file_that_is_no_backup_changes_nothing(installation: Path, tmp_path: Path, content: bytes):
    file = tmp_path / "wrong.tar"
    file.write_bytes(content)
    refused = manage(installation, "restore", str(file))
    assert refused.returncode == 1
    assert refused.stderr == f"CommandError: {file} is not a backup of Vigie\n"
    assert people(installation) == "['ada@example.org']"


def test_nothing_is_restored_under_somebody_s_feet(installation: Path, tmp_path: Path):
    file = tmp_path / "backup.tar"
    assert manage(installation, "backup", str(file)).returncode == 0
    with psycopg.connect(embedded.database_url(installation)) as somebody:
        refused = manage(installation, "restore", str(file))
        assert somebody.execute("SELECT 1").fetchone() == (1,)
    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: somebody is connected to the database")
    with psycopg.connect(embedded.database_url(installation)) as connection:
        names = [row[0] for row in connection.execute("SELECT datname FROM pg_database")]
    assert not [name for name in names if "restored" in name]


def test_a_backup_that_can_t_be_written_leaves_no_piece_behind(installation: Path, tmp_path: Path):
    file = tmp_path / "there.tar"
    file.write_text("mine")
    refused = manage(installation, "backup", str(file))
    assert refused.returncode == 1
    assert file.read_text() == "mine"
    assert os.listdir(tmp_path) == ["there.tar"]
