"""The embedded servers: shared, private, and back after anything."""

import fcntl
import json
import os
import pwd
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded
from tests.house.processes import ROOT, environment, left_behind, manage, none_left

HOLD = """
import sys
from pathlib import Path
from config import embedded
with embedded.running(Path(sys.argv[1]), durable=False):
    print("up", flush=True)
    sys.stdin.readline()
"""
QUERY = "from django.db import connection; connection.cursor().execute('SELECT 1')"


def hold(home: Path, **options: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)],
        cwd=ROOT,
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )
    assert process.stdout.readline() == "up\n"
    return process


def ask(home: Path) -> tuple[str, bool]:
    with psycopg.connect(embedded.database_url(home)) as connection:
        zone = connection.execute("SELECT current_setting('TimeZone') || ' ' || lower('ÉTÉ')").fetchone()[0]
    return zone, redis.Redis.from_url(embedded.redis_url(home)).ping()


def test_the_last_one_out_stops_the_servers(home: Path):
    first, second = hold(home), hold(home)
    assert ask(home) == ("UTC été", True)
    first.communicate("\n")
    assert ask(home) == ("UTC été", True)
    second.communicate("\n")
    assert left_behind(home) == []


def test_a_user_killed_with_9_leaves_no_server_and_a_killed_keeper_is_recovered_from(home: Path):
    with hold(home) as killed:
        killed.kill()
    assert none_left(home), left_behind(home)
    with hold(home) as user:
        keeper = next(line for line in left_behind(home) if "config.servers" in line)
        os.kill(int(keeper.split()[0]), signal.SIGKILL)
        with (home / "locks" / "keeper").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
        # A newcomer waits for what the dead keeper left and starts afresh.
        with embedded.running(home, durable=False):
            assert ask(home) == ("UTC été", True)
            user.communicate("\n")
            assert ask(home) == ("UTC été", True)
    assert left_behind(home) == []


def test_a_server_that_is_killed_is_started_again(home: Path):
    with hold(home) as user:
        pid = (embedded.data_folder(home) / "postgres" / "postmaster.pid").read_text().split()[0]
        os.kill(int(pid), signal.SIGKILL)
        zone = None
        while zone is None:
            try:
                zone = ask(home)
            except psycopg.OperationalError:
                continue
        user.communicate("\n")
    assert left_behind(home) == []


def test_two_commands_at_once_share_one_set_of_servers(home: Path):
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(manage, home, "shell", "-v", "0", "-c", QUERY) for _ in range(2)]
        assert [one.result().returncode for one in both] == [0, 0]
    assert left_behind(home) == []


def test_processes_that_start_together_read_one_secret(tmp_path: Path):
    with ThreadPoolExecutor(8) as pool:
        secrets = {
            one.result() for one in [pool.submit(embedded.secret_key, tmp_path / "new") for _ in range(24)]
        }
    assert len(secrets) == 1
    assert os.listdir(tmp_path / "new") == ["secret"]


def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path: Path):
    home = tmp_path / ("long " * 30)
    assert len(os.fsencode(embedded.socket_folder(home))) < 60
    assert embedded.socket_folder(Path("/srv/a,b")).parent == Path("/tmp")


def test_an_address_with_spaces_survives_every_reader():
    home = Path("/srv/my vigie")
    assert embedded.redis_url(home) == "unix:///srv/my%20vigie/run/valkey.sock"
    assert embedded.celery_url(embedded.redis_url(home)) == "redis+socket:///srv/my%20vigie/run/valkey.sock"
    assert embedded.celery_url("redis://broker:6379/1") == "redis://broker:6379/1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start as somebody else")
def test_a_plain_user_starts_them_too():
    nobody = pwd.getpwnam("nobody")
    if not embedded.may_enter(Path(sys.executable).resolve(), nobody.pw_uid):
        pytest.skip("this Python stands in a folder that a plain user can't enter")
    home = Path("/tmp") / f"vigie-plain-{os.getpid()}"
    home.mkdir(mode=0o700)
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    try:
        with hold(home, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[]) as user:
            assert {(home / "run").stat().st_uid, (home / "postgres").stat().st_uid} == {nobody.pw_uid}
            user.communicate("\n")
        assert left_behind(home) == []
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="a folder that only root can enter")
def test_root_in_a_closed_folder_keeps_the_data_where_a_plain_user_can_go(tmp_path: Path):
    tmp_path.chmod(0o700)
    home = tmp_path / "home"
    elsewhere = embedded.data_folder(home)
    try:
        with hold(home) as user:
            assert elsewhere.parent == Path("/var/lib")
            assert ask(home) == ("UTC été", True)
            user.communicate("\n")
        assert tmp_path.stat().st_mode & 0o777 == 0o700
    finally:
        subprocess.run(["rm", "-rf", str(elsewhere)], check=True)


def test_an_unwritable_folder_is_one_clear_line():
    done = manage(Path("/proc/vigie"), "migrate")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Vigie can't start: cannot keep a secret in /proc/vigie")


def test_a_full_disk_is_one_clear_line(home: Path):
    # A limit on file size fails a write as a full disk does, at the first large file.
    limited = (
        "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (10**5, 10**5)); "
        "os.execv(sys.executable, [sys.executable, 'manage.py', 'migrate'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited],
        cwd=ROOT,
        env=environment(home / "full"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "Vigie can't start: initdb did not start" in line


def test_production_without_a_secret_refuses_to_start(tmp_path: Path):
    done = manage(tmp_path, "check", VIGIE_MODE="production", PUBLIC_URL="https://vigie.example")
    assert done.returncode == 1
    assert done.stderr == (
        "Vigie can't start: SECRET_KEY must be set: production does not start without a secret of its own\n"
    )


def test_a_command_that_needs_no_database_starts_none(tmp_path: Path):
    done = manage(tmp_path / "home", "help", "log_in_link")
    assert done.returncode == 0
    assert not (tmp_path / "home" / "postgres").exists()
    assert json.dumps(os.listdir(tmp_path / "home")) == '["secret"]'
