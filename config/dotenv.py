"""Reading `.env`, so that settings may live in a file; the real environment wins."""

from __future__ import annotations

import os
from pathlib import Path


def load(path: Path) -> None:
    """Put a file's NAME=value lines into the environment where the name is not set yet."""
    if path.is_file():
        for name, value in parse(path.read_text()).items():
            os.environ.setdefault(name, value)


def parse(text: str) -> dict[str, str]:
    """NAME=value lines; blank lines and # comments are skipped, one pair of quotes is taken off."""
    values = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith("#"):
            continue
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        values[name.strip().removeprefix("export ").strip()] = value
    return values
