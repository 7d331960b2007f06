"""Reading settings from the environment, with errors that name the variable."""

from __future__ import annotations

import os
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# The file in VIGIE_HOME that keeps the address of the last start.
ADDRESS = "address"
ROOT = Path(__file__).resolve().parent.parent
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """The variable's value, or the default when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    """A yes/no variable; raises ImproperlyConfigured for anything else."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    if raw.strip().lower() in _TRUE:
        return True
    if raw.strip().lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be yes or no, not {raw!r}")


def number(name: str, default: int) -> int:
    """A whole number; raises ImproperlyConfigured for anything else."""
    raw = text(name)
    if not raw:
        return default
    try:
        return int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {raw!r}") from None


def words(name: str) -> list[str]:
    """A comma-separated list, without empty words."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def networks(name: str) -> list[str]:
    """A comma-separated list of IP networks such as 10.1.2.0/24."""
    for word in words(name):
        try:
            ip_network(word, strict=False)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} must list networks such as 10.1.2.0/24, not {word!r}"
            ) from None
    return words(name)


def home() -> Path:
    """Where Vigie keeps what it writes: VIGIE_HOME, or .vigie in the checkout."""
    return Path(text("VIGIE_HOME", str(ROOT / ".vigie"))).expanduser().resolve()


def address(home: Path) -> str:
    """Where people find this installation: PUBLIC_URL, HOST and PORT, else where it ran last."""
    if not (text("PUBLIC_URL") or text("HOST") or text("PORT")):
        with suppress(OSError):
            return (home / ADDRESS).read_text().strip()
    host = text("HOST", "127.0.0.1")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return text("PUBLIC_URL", f"http://{f'[{host}]' if ':' in host else host}:{number('PORT', 8000)}")


def database(url: str) -> dict[str, Any]:
    """Django's settings for a postgresql:// address (a socket folder may be given as ?host=)."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql://")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "vigie",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or (parts.hostname or ""),
        "PORT": options.pop("port", "") or (str(parts.port) if parts.port else ""),
        "OPTIONS": options,
    }
