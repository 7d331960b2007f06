#!/usr/bin/env python3
"""Django's command line, run in the project's own environment and with its servers up."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
# These read files only; every other command may rely on PostgreSQL and Valkey.
WITHOUT_SERVERS = {
    *("help", "version", "check", "collectstatic", "compilemessages", "diffsettings", "findstatic"),
    *("makemessages", "serve", "startapp", "evaluate_notes", "evaluate_tagging"),
}


def use_own_environment() -> None:
    """Start again under `.venv`'s Python when we are not there already."""
    if sys.version_info < (3, 11):  # noqa: UP036 - a plain `python3` may be older
        sys.exit(f"Vigie needs Python 3.11 or newer, and this is {sys.version.split()[0]}")
    python = ROOT / ".venv" / "bin" / "python"
    if python.exists() and Path(sys.prefix).resolve() != python.parent.parent.resolve():
        os.execv(python, [str(python), *sys.argv])  # noqa: S606 - no shell wanted


def main() -> None:
    """Run a management command."""
    use_own_environment()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} is not installed: run `make run` or `make install` first")

    from config import dotenv, embedded

    dotenv.load(ROOT / ".env")
    words = sys.argv[1:]
    alone = (
        not words or words[0] in WITHOUT_SERVERS or words[0].startswith("-") or {"-h", "--help"} & {*words}
    )
    try:
        home = settings.VIGIE_HOME
        with embedded.running(home, servers=() if alone else embedded.unset_servers()):
            execute_from_command_line(sys.argv)
    except (embedded.ServerError, ImproperlyConfigured) as error:
        sys.exit(f"Vigie can't start: {error}")


if __name__ == "__main__":
    main()
