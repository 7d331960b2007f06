"""`make run` from the first start to the last process, in one installation."""

import json
import os
import signal
import socket
import stat
import urllib.request
from pathlib import Path

import pytest

from tests.house.processes import Running, left_behind, manage, none_left

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"
)


def get(address: str) -> tuple[int, str]:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.status, answer.read().decode()


@pytest.fixture(scope="module")
def running(home: Path):
    running = Running(home)
    running.address = running.wait_until_up()
    yield running
    if running.process.poll() is None:
        running.press_ctrl_c()


def test_it_answers_with_everything_up(running: Running):
    assert get(running.address + "/healthz") == (200, "ok\n")
    status, body = get(running.address + "/readyz")
    assert status == 200
    assert json.loads(body) == {
        "database": True,
        "migrations": True,
        "valkey": True,
        "workers": ["fetch", "analyze", "mail"],
    }


def test_it_prints_a_log_in_link_because_no_password_exists(running: Running):
    assert any(line.strip().startswith(f"{running.address}/log-in/") for line in running.said)


def test_its_secret_and_its_servers_are_closed_to_others(running: Running, home: Path):
    assert stat.S_IMODE((home / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "run").stat().st_mode) == 0o700
    assert not [
        line for line in left_behind(home) if "listen_addresses=" in line and "listen_addresses= " not in line
    ]


def test_a_command_attaches_while_it_runs_and_leaves_the_servers_up(running: Running, home: Path):
    done = manage(home, "log_in_link", "--json")
    assert done.returncode == 0, done.stderr
    # The port was given to `make run` alone.
    assert json.loads(done.stdout)["log_in"].startswith(f"{running.address}/log-in/")
    assert get(running.address + "/readyz")[0] == 200


def test_a_second_one_on_the_same_home_is_refused_in_one_line(running: Running, home: Path):
    second = Running(home)
    assert second.end() == 1
    assert second.said == [f"Vigie can't start: Vigie is already running from {home}\n"]


def test_a_service_that_is_killed_is_started_again(running: Running, home: Path):
    (beat,) = (line.split()[0] for line in left_behind(home) if " beat " in line)
    os.kill(int(beat), signal.SIGKILL)
    assert "beat ended" in running.process.stdout.readline()
    # It comes back after a pause of a second, under another number.
    again = None
    while again is None or again == beat:
        again = next((line.split()[0] for line in left_behind(home) if " beat " in line), None)


def test_killed_with_9_it_takes_its_processes_along_and_recovers_then_ctrl_c_leaves_none(
    running: Running, home: Path
):
    running.kill()
    assert none_left(home), left_behind(home)
    again = Running(home)
    assert get(again.wait_until_up() + "/readyz")[0] == 200
    assert again.press_ctrl_c() == 0
    assert left_behind(home) == []


def test_a_port_in_use_is_one_clear_line(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = Running(tmp_path / "home", PORT=str(port))
        assert refused.end() == 1
    (line,) = "".join(refused.said).splitlines()
    assert line.startswith(
        f"Vigie can't start: port {port} on 127.0.0.1 can't be used (Address already in use)"
    )
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PORT", "http", "PORT must be a whole number, not 'http'"),
        ("WEB_PROCESSES", "many", "WEB_PROCESSES must be a whole number, not 'many'"),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_clear_line(tmp_path: Path, name: str, value: str, reason: str):
    refused = Running(tmp_path / "home", **{name: value})
    assert refused.end() == 1
    assert refused.said == [f"Vigie can't start: {reason}\n"]
    assert left_behind(tmp_path) == []
