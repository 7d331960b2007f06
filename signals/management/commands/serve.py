"""`serve`: the whole of Vigie under one supervisor, as `make run` does."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Start the web server, the workers and beat, and keep them up until Ctrl-C."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Become the supervisor, which needs none of what Django has loaded by now."""
        os.chdir(settings.BASE_DIR)
        os.execv(sys.executable, [sys.executable, "-m", "config.supervisor"])  # noqa: S606 - no shell wanted
