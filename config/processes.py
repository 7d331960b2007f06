"""What every process of ours needs: to die with its parent and to say where it failed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
# Loaded here because a child between fork and exec must not load anything.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Ask the kernel to send this process a signal when its parent's thread ends (Linux only)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def bound_to_parent(number: int = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn` that ties the child to the process that is about to start it."""
    parent = os.getpid()

    def bind() -> None:
        die_with_parent(number)
        # The parent may have died before the request was made.
        if os.getppid() != parent:
            os._exit(1)

    return bind
