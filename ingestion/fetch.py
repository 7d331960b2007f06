"""The only code that opens a socket: one guarded GET.

Guards: http and https only, no credentials, no proxies from the environment; the address is checked where
the socket connects, after the name look-up, on every hop; one deadline over everything, kept by a watchdog
that shuts the socket; a size limit after decompression.
"""

from __future__ import annotations

import functools
import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NameResolutionError
from urllib3.response import BaseHTTPResponse
from urllib3.util.ssl_ import create_urllib3_context

from ingestion.addresses import Network, is_allowed
from ingestion.decompress import Decompressor
from ingestion.errors import (
    AddressRefused,
    BadUrl,
    ConnectionFailed,
    DeadlineExceeded,
    DnsError,
    FetchError,
    HttpStatus,
    TlsError,
    TooLarge,
    TooManyRedirects,
)
from ingestion.http_headers import http_date, link_header, max_age, retry_after
from ingestion.types import Fetched

ACCEPT_FEED = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, text/html;q=0.5, */*;q=0.1"
)
ACCEPT_PAGE = "text/html, application/xhtml+xml, */*;q=0.1"
ACCEPT_JSON = "application/json, */*;q=0.1"

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_CHUNK = 64 * 1024
_CONNECT_SECONDS = 10.0
_PATH_SAFE = "/%:@!$&'()*+,;=~"
_KEPT_HEADERS = re.compile(r"(?:x-)?ratelimit(?:-.*)?|date|content-language", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Fetcher:
    """A guarded HTTP client without shared state between requests; may be used from several threads."""

    def __init__(
        self,
        *,
        user_agent: str,
        allow_networks: Iterable[Network] = (),
        deadline: float = 30.0,
        max_bytes: int = 15 * 1024 * 1024,
        max_redirects: int = 5,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        """`deadline` is in seconds over all hops; `max_bytes` counts after decompression."""
        self.user_agent = _CONTROL.sub(" ", user_agent)
        self.allow_networks = tuple(allow_networks)
        self.deadline = deadline
        self.max_bytes = max_bytes
        self.max_redirects = max_redirects
        self.clock = clock

    def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str = ACCEPT_FEED,
    ) -> Fetched:
        """GET `url`, following redirects; a 304 is an answer. Raises FetchError, HttpStatus among them."""
        headers = {"User-Agent": self.user_agent, "Accept": accept, "Accept-Encoding": "gzip, deflate"}
        if etag and _sendable(etag):
            headers["If-None-Match"] = etag
        if last_modified and _sendable(last_modified):
            headers["If-Modified-Since"] = last_modified

        started = time.monotonic()
        permanent_url: str | None = None
        permanent_run = True
        current = _requestable(url)
        with _Watchdog(self.deadline) as watchdog:
            for _hop in range(self.max_redirects + 1):
                answer = self._exchange(current, headers, watchdog)
                if answer.location is None:
                    # Without a validator of ours, "not modified" would hide the entries for ever.
                    if answer.status == 304 and not headers.keys() & {"If-None-Match", "If-Modified-Since"}:
                        raise HttpStatus(304, url=current)
                    return self._fetched(url, current, permanent_url, answer, time.monotonic() - started)
                target = _requestable(_join(current, answer.location))
                # A hop from https to http is followed, but never becomes the stored address.
                downgrade = current.startswith("https:") and target.startswith("http:")
                permanent_run = permanent_run and answer.status in _PERMANENT and not downgrade
                if permanent_run:
                    permanent_url = target
                current = target
        raise TooManyRedirects(f"more than {self.max_redirects}")

    def _exchange(self, url: str, headers: Mapping[str, str], watchdog: _Watchdog) -> _Answer:
        """One request and its whole answer; raises FetchError."""
        connection = _open(url, self.allow_networks, watchdog)
        try:
            parts = urlsplit(url)
            target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
            connection.request("GET", target, headers=headers, preload_content=False, decode_content=False)
            answer = self._read(connection.getresponse(), url, watchdog)
        except FetchError:
            raise
        except (ssl.SSLError, ssl.CertificateError) as error:
            watchdog.check()
            raise TlsError(_reason(error)) from error
        except NameResolutionError as error:
            watchdog.check()
            raise DnsError(urlsplit(url).hostname or "") from error
        except (HTTPError, http.client.HTTPException, OSError, UnicodeError, ValueError) as error:
            watchdog.check()
            raise ConnectionFailed(_reason(error)) from error
        finally:
            watchdog.release()
            connection.close()
        watchdog.check()
        return answer

    def _read(self, response: BaseHTTPResponse, url: str, watchdog: _Watchdog) -> _Answer:
        headers = response.headers
        status = response.status
        location = headers.get("Location") if status in _REDIRECTS else None
        if location is not None:
            return _Answer(status, headers, b"", 0, location)
        if status >= 400 or (300 <= status < 400 and status != 304):
            raise HttpStatus(status, retry_after(headers.get("Retry-After"), self.clock()), url)
        if status in (204, 205, 304):
            return _Answer(status, headers, b"", 0, None)
        declared = headers.get("Content-Length", "")
        if declared.isascii() and declared.isdigit() and int(declared) > self.max_bytes:
            raise TooLarge(f"{int(declared):,} bytes announced")
        decompressor = Decompressor(headers.get("Content-Encoding", ""), self.max_bytes)
        received = 0
        while chunk := response.read(_CHUNK, decode_content=False):
            watchdog.check()
            received += len(chunk)
            decompressor.feed(chunk)
        # A socket that the watchdog shut looks like the end of the body.
        watchdog.check()
        return _Answer(status, headers, decompressor.finish(), received, None)

    def _fetched(
        self, requested: str, final: str, permanent_url: str | None, answer: _Answer, duration: float
    ) -> Fetched:
        headers = answer.headers
        now = self.clock()
        return Fetched(
            url_requested=requested,
            url_final=final,
            permanent_url=permanent_url,
            status=answer.status,
            body=answer.body,
            content_type=headers.get("Content-Type", ""),
            etag=headers.get("ETag"),
            last_modified=headers.get("Last-Modified"),
            max_age=max_age(headers.get("Cache-Control")),
            expires=http_date(headers.get("Expires")),
            retry_after=retry_after(headers.get("Retry-After"), now),
            links=link_header(headers.get("Link"), final),
            headers={name.lower(): value for name, value in headers.items() if _KEPT_HEADERS.fullmatch(name)},
            bytes_received=answer.received,
            duration=duration,
        )


class _Answer:
    __slots__ = ("body", "headers", "location", "received", "status")

    def __init__(
        self, status: int, headers: Mapping[str, str], body: bytes, received: int, location: str | None
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.received = received
        self.location = location


class _Watchdog:
    """Shuts the socket in use when the time is over, so that no slow drip outlives the deadline."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._seconds = seconds
        self._lock = threading.Lock()
        self._guarded: socket.socket | None = None
        self._expired = False
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self.release()

    def remaining(self) -> float:
        """Seconds left; raises DeadlineExceeded when there are none."""
        self.check()
        return max(self._ends - time.monotonic(), 0.001)

    def check(self) -> None:
        """Raise DeadlineExceeded when the time is over."""
        if self._expired or time.monotonic() >= self._ends:
            raise DeadlineExceeded(f"more than {self._seconds:g} s")

    def guard(self, sock: socket.socket) -> None:
        """Watch over `sock` until the next call of `release`."""
        # A duplicate survives the wrapping in TLS, which detaches the original, and can be shut from
        # another thread without touching the state of the TLS object.
        duplicate = sock.dup()
        with self._lock:
            self._guarded = duplicate
            late = self._expired
        if late:
            self._expire()

    def release(self) -> None:
        """Stop watching the current socket."""
        with self._lock:
            guarded, self._guarded = self._guarded, None
        if guarded is not None:
            guarded.close()

    def _expire(self) -> None:
        with self._lock:
            self._expired = True
            if self._guarded is not None:
                try:
                    self._guarded.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # the other side was faster


def _open(url: str, allow: tuple[Network, ...], watchdog: _Watchdog) -> HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    # urllib3 asks for the socket through this one method, in plain and TLS connections alike.
    connect = functools.partial(_connect, host, allow=allow, watchdog=watchdog)
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = _GuardedHTTPS(
            host, parts.port or 443, timeout=watchdog.remaining(), ssl_context=_tls_context()
        )
    else:
        connection = _GuardedHTTP(host, parts.port or 80, timeout=watchdog.remaining())
    connection.guarded_connect = connect
    return connection


class _GuardedHTTP(HTTPConnection):
    guarded_connect: Callable[[int], socket.socket]

    def _new_conn(self) -> socket.socket:
        return self.guarded_connect(self.port or 80)


class _GuardedHTTPS(HTTPSConnection):
    guarded_connect: Callable[[int], socket.socket]

    def _new_conn(self) -> socket.socket:
        return self.guarded_connect(self.port or 443)


@functools.cache
def _tls_context() -> ssl.SSLContext:
    context = create_urllib3_context()
    # The machine's own authorities (a company's, say) and, where it has none, those of certifi.
    context.load_default_certs()
    context.load_verify_locations(certifi.where())
    return context


def _connect(host: str, port: int, *, allow: tuple[Network, ...], watchdog: _Watchdog) -> socket.socket:
    """A connected socket to the first address of `host` that is allowed and answers; raises FetchError."""
    refused: list[str] = []
    failure: OSError | None = None
    for family, numeric in _addresses(host, port, watchdog):
        if not is_allowed(numeric[0], allow):
            refused.append(numeric[0])
            continue
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            watchdog.guard(sock)
            sock.settimeout(min(_CONNECT_SECONDS, watchdog.remaining()))
            sock.connect(numeric)
            sock.settimeout(watchdog.remaining())
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            watchdog.release()
            sock.close()
            failure = error
        except DeadlineExceeded:
            sock.close()
            raise
        else:
            return sock
    watchdog.check()
    if failure is not None:
        raise ConnectionFailed(_reason(failure)) from failure
    raise AddressRefused(f"{host} is {', '.join(refused)}" if refused not in ([], [host]) else host)


def _addresses(host: str, port: int, watchdog: _Watchdog) -> list[tuple[int, Any]]:
    """Look the name up; a resolver can't be interrupted, so it runs in a thread that may be left behind."""
    found: list[tuple[int, Any]] = []
    failure: list[Exception] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failure.append(error)
            return
        found.extend((int(family), address) for family, _, _, _, address in answers)

    thread = threading.Thread(target=look_up, name="name-look-up", daemon=True)
    thread.start()
    thread.join(watchdog.remaining())
    watchdog.check()
    if failure or not found:
        raise DnsError(host)
    return found


def _requestable(url: str) -> str:
    """The URL in the form it is requested: ASCII, no fragment, no credentials; raises BadUrl."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        codec = "ascii" if parts.netloc.isascii() else "idna"
        host = (parts.hostname or "").encode(codec).decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise BadUrl(url[:200]) from error
    if parts.scheme not in ("http", "https") or not host or len(url) > 8000:
        raise BadUrl(url[:200])
    if parts.username is not None or parts.password is not None or _CONTROL.search(host):
        raise BadUrl("it carries a user name or an odd host")
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc = f"{netloc}:{port}"
    path = quote(parts.path, safe=_PATH_SAFE)
    query = quote(parts.query, safe=_PATH_SAFE + "?[]")
    return urlunsplit((parts.scheme, netloc, path or "/", query, ""))


def _join(base: str, location: str) -> str:
    # http.client hands headers over as Latin-1; servers that send raw UTF-8 mean UTF-8.
    try:
        location = location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        location = location.strip()
    try:
        return urljoin(base, location.strip())
    except ValueError as error:
        raise BadUrl(location[:200]) from error


def _sendable(value: str) -> bool:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return "\r" not in value and "\n" not in value


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return type(error).__name__
