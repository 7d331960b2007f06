"""Reading untrusted documents in long-lived processes that can be killed.

Not `multiprocessing`: Celery's prefork children may not start it. Not a thread: nothing can stop one.
"""

from __future__ import annotations

import functools
import json
import os
import select
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from ingestion.errors import NotAFeed, ParseError, ParserCrashed, ParserTimeout, RefusedDocument
from ingestion.types import ExtractedPage, FeedLink, ParsedFeed
from ingestion.wire import PREFIX, feed_from_json, frame, page_from_json

_ROOT: Final = Path(__file__).resolve().parent.parent
_STARTUP_SECONDS: Final = 60.0
_LARGEST_ANSWER: Final = 256 * 1024 * 1024
# A parser needs no secret, so it gets none.
_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
_ERRORS: Final[dict[str, type[ParseError]]] = {
    error.code: error for error in (NotAFeed, ParserCrashed, ParserTimeout, RefusedDocument)
}


class ParserPool:
    """Up to `size` parser processes, started when needed; may be used from several threads."""

    def __init__(
        self,
        *,
        size: int = 2,
        deadline: float = 20.0,
        memory_bytes: int = 1024 * 1024 * 1024,
        documents_per_process: int = 500,
    ) -> None:
        """`deadline` is in seconds of real time, and of CPU time, for one document."""
        self.size = size
        self.deadline = deadline
        self.memory_bytes = memory_bytes
        self.documents_per_process = documents_per_process
        self._idle: list[_Process] = []
        self._all: weakref.WeakSet[_Process] = weakref.WeakSet()
        self._begin()
        # A forked process may not share its parent's parsers: both would read the same answers.
        forget = weakref.WeakMethod(self._forget)
        os.register_at_fork(after_in_child=lambda: (method := forget()) and method())

    def parse_feed(self, body: bytes, content_type: str, url: str) -> ParsedFeed:
        """`sources.feed.parse` in a process of its own; raises ParseError."""
        result = self._ask({"task": "feed", "content_type": content_type, "url": url}, body)
        if result is None:
            raise ParserCrashed("no answer")
        return feed_from_json(result)

    def extract_page(self, body: bytes, url: str, content_type: str = "") -> ExtractedPage | None:
        """`extract.extract_page` in a process of its own; raises ParseError."""
        result = self._ask({"task": "page", "content_type": content_type, "url": url}, body)
        return None if result is None else page_from_json(result)

    def discover(self, body: bytes, content_type: str, url: str) -> list[FeedLink]:
        """The feeds that a page at `url` states or links to, in a process of its own; raises ParseError."""
        result = self._ask({"task": "links", "content_type": content_type, "url": url}, body)
        return [FeedLink(*link) for link in result["links"]] if result is not None else []

    def close(self) -> None:
        """End all idle processes; a pool used afterwards starts new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.kill()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(self.size)
        self._idle = []
        self._all = weakref.WeakSet()
        # The kernel ends a child when the *thread* that started it ends, so one that lasts starts them all.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parser-starter")

    def _forget(self) -> None:
        for process in list(self._all):
            process.abandon()
        self._begin()

    def _ask(self, header: Mapping[str, Any], body: bytes) -> dict[str, Any] | None:
        with self._slots:
            process = self._take()
            try:
                answer = process.ask(header, body, self.deadline)
            except BaseException:
                # Hung or dead; or, interrupted half-way, about to give its answer to the next question.
                process.kill()
                raise
            if process.documents < self.documents_per_process:
                with self._lock:
                    self._idle.append(process)
            else:
                process.kill()
        if "error" in answer:
            raise _ERRORS.get(answer["error"], ParserCrashed)(answer.get("detail", ""))
        result: dict[str, Any] | None = answer.get("result")
        return result

    def _take(self) -> _Process:
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                process = self._starter.submit(_Process, self.memory_bytes, self.deadline).result()
                self._all.add(process)
                try:
                    process.receive(time.monotonic() + _STARTUP_SECONDS)
                except ParseError:
                    process.kill()
                    raise
                return process
            if process.is_alive():
                return process
            process.kill()


class _Process:
    def __init__(self, memory_bytes: int, cpu_seconds: float) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        # One malloc arena per process: RLIMIT_AS counts what threads merely reserve.
        environment |= {"PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
        self.documents = 0
        self._popen = subprocess.Popen(  # noqa: S603 - our own module, with numbers for arguments
            [
                sys.executable,
                "-m",
                "ingestion.parser_worker",
                str(os.getpid()),
                str(memory_bytes),
                str(max(round(cpu_seconds), 1)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            env=environment,
            bufsize=0,
        )
        if self._popen.stdin is None or self._popen.stdout is None:
            raise RuntimeError("the pipes of a parser process are missing")
        self._in, self._out = self._popen.stdin.fileno(), self._popen.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)

    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def ask(self, header: Mapping[str, Any], body: bytes, seconds: float) -> dict[str, Any]:
        ends = time.monotonic() + seconds
        self.documents += 1
        self._write(frame(header, body), ends)
        return self.receive(ends)

    def receive(self, ends: float) -> dict[str, Any]:
        head_size, body_size = PREFIX.unpack(self._read(PREFIX.size, ends))
        if head_size + body_size > _LARGEST_ANSWER:
            raise ParserCrashed("its answer is too large")
        answer = json.loads(self._read(head_size, ends))
        self._read(body_size, ends)
        if not isinstance(answer, dict):
            raise ParserCrashed("its answer makes no sense")
        return answer

    def kill(self) -> None:
        self._popen.kill()
        self._popen.wait()
        self._close_pipes()

    def abandon(self) -> None:
        """Let go of a process that belongs to the process we were forked from."""
        self._popen.returncode = 0
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()

    def _write(self, message: bytes, ends: float) -> None:
        view = memoryview(message)
        while view:
            self._wait(self._in, select.POLLOUT, ends)
            try:
                view = view[os.write(self._in, view) :]
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                raise ParserCrashed(self._how_it_ended()) from error

    def _read(self, size: int, ends: float) -> bytes:
        parts: list[bytes] = []
        while size:
            self._wait(self._out, select.POLLIN, ends)
            try:
                part = os.read(self._out, min(size, 1024 * 1024))
            except BlockingIOError:
                continue
            if not part:
                raise ParserCrashed(self._how_it_ended())
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _wait(self, pipe: int, event: int, ends: float) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        remaining = ends - time.monotonic()
        if remaining <= 0 or not poll.poll(remaining * 1000):
            raise ParserTimeout()

    def _how_it_ended(self) -> str:
        try:
            code = self._popen.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "it closed its pipes"
        return f"signal {-code}" if code < 0 else f"exit code {code}"


@functools.cache
def shared_pool() -> ParserPool:
    """The pool of this process, with a parser per core."""
    return ParserPool(size=max(os.cpu_count() or 1, 2))
