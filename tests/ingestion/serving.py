"""A real HTTP server on the loopback that says what a test wants it to say."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    has_validators: bool = True


@dataclass
class Site:
    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def say(self, path: str, body: bytes | str = b"", **options) -> str:
        body = body.encode() if isinstance(body, str) else body
        headers = {"Content-Type": "application/xml", **options.pop("headers", {})}
        self.answers[path] = Answer(body, headers=headers, **options)
        return self.url + path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self):
        site = self.server.site
        site.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        answer = site.answers.get(self.path, Answer(status=404, has_validators=False))
        etag = f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"'
        status, body = answer.status, answer.body
        if answer.has_validators and status == 200 and self.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        self.send_response(status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.has_validators:
            self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # whoever asked was killed


@contextmanager
def serving() -> Iterator[Site]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.site = Site(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.site
    finally:
        server.shutdown()
        server.server_close()


def rss(*entries: str, head: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>A feed</title>'
        f"<link>https://lab.example/</link>{head}{''.join(entries)}</channel></rss>"
    ).encode()


def item(number, *, title=None, text=None, guid=None, url=None, date="Mon, 02 Mar 2026 10:00:00 GMT"):
    name = PurePosixPath(str(number)).name
    parts = [
        f"<title>{title if title is not None else f'Entry number {number}'}</title>",
        f"<link>{url if url is not None else f'https://lab.example/posts/{name}'}</link>",
        f"<description>{text if text is not None else f'What entry {number} says.'}</description>",
    ]
    if guid != "":
        parts.append(f"<guid isPermaLink='false'>{guid or f'guid-{number}'}</guid>")
    if date:
        parts.append(f"<pubDate>{date}</pubDate>")
    return f"<item>{''.join(parts)}</item>"
