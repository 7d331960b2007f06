"""The memory that a process and all its descendants hold together, watched while a benchmark runs."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_PROC = Path("/proc")
_SECONDS = 1.0


@dataclass(slots=True)
class Watch:
    """The peak seen so far, in kilobytes, and what each program held at that moment."""

    peak_kb: int = 0
    at_peak: dict[str, int] = field(default_factory=dict)

    @property
    def peak_mb(self) -> int:
        """The peak in megabytes."""
        return round(self.peak_kb / 1024)

    @property
    def at_peak_mb(self) -> dict[str, int]:
        """The peak by program, largest first, in megabytes."""
        return {
            name: round(kb / 1024) for name, kb in sorted(self.at_peak.items(), key=lambda pair: -pair[1])
        }

    def look(self) -> None:
        """Add up what all processes hold now. Shared pages count once: each holder has its share of them."""
        held: defaultdict[str, int] = defaultdict(int)
        for pid in _family(os.getpid()):
            try:
                held[_program(pid)] += _share_kb(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
        if sum(held.values()) > self.peak_kb:
            self.peak_kb, self.at_peak = sum(held.values()), dict(held)


@contextmanager
def watching_memory() -> Iterator[Watch]:
    """Look once a second until the block ends."""
    watch = Watch()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_SECONDS):
            watch.look()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()


def _family(root: int) -> list[int]:
    children: defaultdict[int, list[int]] = defaultdict(list)
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                # The name in parentheses may hold spaces.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            children[int(fields[1])].append(int(folder.name))
    family = [root]
    for pid in family:
        family += children[pid]
    return family


def _share_kb(pid: int) -> int:
    try:
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except PermissionError:
        for line in (_PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def _program(pid: int) -> str:
    words = (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    for name in ("celery", "parser_worker", "postgres", "valkey", "config.servers", "benchmarks"):
        if name in words:
            if name == "celery":
                return "fetch worker" if "--queues fetch" in words else "analyze worker"
            return name
    return words.split(" ", 1)[0].rpartition("/")[2] or "ended"
