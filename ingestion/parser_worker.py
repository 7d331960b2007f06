"""A process that reads documents for its parent, one at a time, and may be killed at any moment.

Run by `ingestion.parser_pool`: `python -m ingestion.parser_worker PARENT_PID MEMORY_BYTES CPU_SECONDS`.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import Any, BinaryIO

from ingestion.charset import decode
from ingestion.errors import ParseError
from ingestion.extract import extract_page
from ingestion.sources.discover import discover
from ingestion.sources.feed import parse
from ingestion.wire import feed_to_json, frame, page_to_json, read_frame

_PR_SET_PDEATHSIG = 1


def main(parent: int, memory_bytes: int, cpu_seconds: int) -> None:
    """Answer requests from standard input until it ends."""
    _die_with(parent)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Ctrl-C in a terminal reaches the whole group; the parent decides when its parsers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Whatever a library prints must not end up among the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests: BinaryIO = sys.stdin.buffer
    _send(answers, {"ready": True})
    while (request := read_frame(requests)) is not None:
        header, body = request
        _allow_cpu(cpu_seconds)
        try:
            _send(answers, {"result": _answer(header, body)})
        except ParseError as error:
            _send(answers, {"error": error.code, "detail": error.detail})


def _answer(header: dict[str, Any], body: bytes) -> dict[str, Any] | None:
    if header["task"] == "feed":
        return feed_to_json(parse(body, header["content_type"], header["url"]))
    if header["task"] == "links":
        links = discover(decode(body, header["content_type"]), header["url"])
        return {"links": [[link.url, link.title, link.content_type] for link in links]}
    page = extract_page(body, header["url"], header["content_type"])
    return None if page is None else page_to_json(page)


def _send(answers: BinaryIO, header: dict[str, Any]) -> None:
    answers.write(frame(header))
    answers.flush()


def _allow_cpu(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have died before that line.
    if os.getppid() != parent:
        sys.exit(0)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
