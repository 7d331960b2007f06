"""Feeds over real HTTP on the loopback, with the validators that a real server sends."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Page:
    """What one address answers."""

    body: bytes
    content_type: str
    etag: str

    @classmethod
    def of(cls, body: bytes, content_type: str) -> Page:
        """A page whose ETag follows from its body."""
        return cls(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:20]}"')


@dataclass(slots=True)
class Site:
    """The addresses of the benchmark's web, and how often each status was answered."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, status: int) -> None:
        """Count an answer; called from the server's threads."""
        with self._lock:
            self.answers[status] += 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    site: Site


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        page = self.server.site.pages.get(self.path)
        if page is None:
            self.answer(404, None, b"")
        elif self.headers.get("If-None-Match") == page.etag:
            self.answer(304, page, b"")
        else:
            self.answer(200, page, page.body)

    def answer(self, status: int, page: Page | None, body: bytes) -> None:
        self.server.site.note(status)
        self.send_response(status)
        if page is not None:
            self.send_header("Content-Type", page.content_type)
            self.send_header("ETag", page.etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The counters say it."""


@contextmanager
def serving() -> Iterator[Site]:
    """A site on a free port of the loopback."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.site = Site(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.site
        finally:
            server.shutdown()
            thread.join()
