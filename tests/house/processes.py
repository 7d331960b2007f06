"""Starting the project's programs as a person would, and seeing what they leave behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def environment(home: Path, **more: str) -> dict[str, str]:
    """A plain environment with nothing of the tests' own settings in it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"VIGIE_HOME": str(home)} | more


def left_behind(home: Path) -> list[str]:
    """The command lines of processes that work for an installation, ours excepted."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            words = (folder / "cmdline").read_bytes()
            known = words + (folder / "environ").read_bytes()
        except OSError:
            continue
        if words and os.fsencode(home) in known:
            found.append(f"{folder.name} {words.replace(bytes(1), b' ').decode(errors='replace')}")
    return found


def none_left(home: Path, seconds: float = 20) -> bool:
    """Whether every process of an installation ends within a time."""
    limit = time.monotonic() + seconds
    while left_behind(home):
        if time.monotonic() > limit:
            return False
        time.sleep(0.1)
    return True


class Running:
    """The supervisor in a session of its own, as in a terminal of its own."""

    def __init__(self, home: Path, **more: str) -> None:
        self.home = home
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.supervisor"],
            cwd=ROOT,
            env=environment(home, **({"PORT": "0"} | more)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_until_up(self) -> str:
        """The address it printed."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if "Ctrl-C" in line:
                break
        up = next((line for line in self.said if line.startswith("Vigie is up")), None)
        assert up is not None, "".join(self.said)
        return up.split()[-1].rstrip("/")

    def press_ctrl_c(self) -> int:
        """What a terminal does on Ctrl-C; the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.end()

    def kill(self) -> None:
        """kill -9, of this process alone."""
        self.process.kill()
        self.end()

    def end(self) -> int:
        """Read what is left to read and wait."""
        self.said.append(self.process.communicate(timeout=60)[0] or "")
        return self.process.returncode


def manage(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a management command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=120,
    )
