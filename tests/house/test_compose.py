"""docker-compose.yml without Docker: what it names exists, and its commands run as they stand."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

from config import embedded
from config.mail import PROVIDERS
from tests.house.processes import ROOT, left_behind

SETTINGS = (ROOT / "config" / "settings.py").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "vigie"}


def test_every_service_waits_for_services_and_mounts_volumes_that_exist():
    for name, service in COMPOSE["services"].items():
        for other, wish in service.get("depends_on", {}).items():
            needed = COMPOSE["services"][other]
            if wish["condition"] == "service_healthy":
                assert "test" in needed["healthcheck"], (
                    f"{name} waits for {other}, which never says it is well"
                )
        for mount in service.get("volumes", []):
            assert mount.split(":")[0] in COMPOSE["volumes"]
    assert {"web", "beat", "postgres", "redis", "mailpit"} < set(COMPOSE["services"])


def test_no_secret_has_a_default_and_no_database_is_published():
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        assert re.findall(rf"\$\{{{name}([^?}}]*)", text) == [":"] * text.count("${" + name)
    assert [name for name, service in COMPOSE["services"].items() if service.get("ports")] == [
        "web",
        "mailpit",
    ]


def test_whatever_concerns_mail_reaches_the_containers():
    given = set(OURS["worker-mail"]["environment"])
    asked = set(re.findall(r"\"((?:E?MAIL|DIGEST)S?_[A-Z_]+)\"", SETTINGS))
    assert asked
    assert asked | {f"ANYMAIL_{name}" for names in PROVIDERS.values() for name in names} <= given


def test_every_variable_is_described_in_the_example():
    described = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    for path in [*(ROOT / "config").glob("*.py")]:
        used |= set(
            re.findall(r"env\.(?:text|flag|number|words|networks)\(\s*\"([A-Z_]+)\"", path.read_text())
        )
    assert used - described == set()


def test_the_images_own_commands_serve_in_production(home: Path, tmp_path: Path):
    """Each command as compose would run it, on the embedded servers, with settings for production."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        name: value.replace(":-", "-").split("-", 1)[-1].rstrip("}") if value.startswith("${") else value
        for name, value in OURS["web"]["environment"].items()
        if value is not None
    }
    environment |= {
        "VIGIE_MODE": "production",
        "VIGIE_HOME": str(home),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": embedded.database_url(home),
        "REDIS_URL": embedded.redis_url(home),
        "STATIC_ROOT": str(tmp_path),
        "PUBLIC_URL": "https://vigie.example",
        "PORT": str(port),
        "STARTER_CONTENT": "no",
    }

    def start(name: str) -> subprocess.Popen[str]:
        python, *words = OURS[name]["command"]
        assert python == "python"
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    with embedded.running(home, durable=False):
        said, _ = (prepare := start("prepare")).communicate(timeout=120)
        assert prepare.returncode == 0, said
        assert "https://vigie.example/log-in/" in said
        running = {name: start(name) for name in OURS if name != "prepare"}
        try:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/readyz", headers={"Host": "vigie.example"}
            )
            limit = time.monotonic() + 60
            workers: list[str] = []
            while workers != ["fetch", "analyze", "mail"] and time.monotonic() < limit:
                try:
                    with urllib.request.urlopen(request, timeout=5) as answer:
                        workers = json.load(answer)["workers"]
                except OSError:
                    continue
            assert workers == ["fetch", "analyze", "mail"]
            assert all(process.poll() is None for process in running.values())
        finally:
            for process in running.values():
                process.terminate()
            for process in running.values():
                process.communicate(timeout=30)
        assert not (home / "secret").exists()
    assert left_behind(home) == []


@pytest.mark.skipif(shutil.which("docker") is None, reason="needs docker")
def test_without_a_secret_compose_is_refused():
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True)
    if asked.returncode:
        pytest.skip("needs docker compose")
    environment = {
        name: value for name, value in os.environ.items() if name not in {"SECRET_KEY", "POSTGRES_PASSWORD"}
    }
    done = subprocess.run(
        ["docker", "compose", "config", "--quiet"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "put SECRET_KEY into .env" in done.stderr or "put POSTGRES_PASSWORD into .env" in done.stderr
