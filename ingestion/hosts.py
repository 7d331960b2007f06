"""One request at a time to a host, a pause after each, and quiet when it asks for it; shared by all workers.

Redis holds nothing that matters: flushed, the pauses start anew; away, each process keeps its own.
"""

from __future__ import annotations

import functools
import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import redis
from django.conf import settings

log = logging.getLogger(__name__)

# Answers 0 and takes the turn, or the milliseconds to wait. A request in flight says how long it may last.
_TAKE: Final = """
local pause = redis.call('PTTL', KEYS[2])
if pause > 0 then return pause end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
return tonumber(ARGV[3])
"""
_GIVE_BACK: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('DEL', KEYS[1])
    local pause = redis.call('PTTL', KEYS[2])
    if tonumber(ARGV[2]) > pause then redis.call('SET', KEYS[2], '1', 'PX', ARGV[2]) end
end
"""
_BUSY_MILLISECONDS: Final = 200
_RETRY_REDIS_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to ask a host once."""

    host: str
    token: str


class Hosts:
    """Whose turn it is at each host."""

    def __init__(self, url: str, *, pause: timedelta, longest_request: timedelta) -> None:
        """`pause` follows every request; zero lets any number through at once."""
        self._pause = int(pause.total_seconds() * 1000)
        self._longest = int(longest_request.total_seconds() * 1000) + 5000
        self._redis: Any = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        self._own = _OwnTurns()
        self._away_until = 0.0

    def take(self, url: str, *, patience: float) -> Turn | float:
        """A turn at the host of `url`, waiting at most `patience` seconds, else the seconds still to wait."""
        host, token = host_of(url), secrets.token_hex(8)
        deadline = time.monotonic() + patience
        while True:
            wait = self._try(host, token) / 1000
            if not wait:
                return Turn(host, token)
            if time.monotonic() + wait > deadline:
                return wait
            time.sleep(wait)

    def give_back(self, turn: Turn) -> None:
        """End a turn; the next one at this host may start after the pause."""
        if not self._pause:
            return
        self._own.give_back(turn.host, turn.token, self._pause)
        self._ask(
            lambda client: client.eval(
                _GIVE_BACK, 2, _busy(turn.host), _quiet(turn.host), turn.token, self._pause
            )
        )

    def hold(self, url: str, span: timedelta) -> None:
        """Leave the whole host in peace for a while."""
        milliseconds = int(span.total_seconds() * 1000)
        if milliseconds > 0:
            self._own.hold(host_of(url), milliseconds)
            self._ask(lambda client: client.set(_quiet(host_of(url)), "1", px=milliseconds))

    def _try(self, host: str, token: str) -> int:
        if not self._pause:
            # Even without pauses, a host that asked for peace gets it.
            quiet = self._ask(lambda client: client.pttl(_quiet(host)))
            return max(int(quiet), 0) if quiet is not None else self._own.quiet_for(host)
        wait = self._ask(
            lambda client: client.eval(
                _TAKE, 2, _busy(host), _quiet(host), token, self._longest, _BUSY_MILLISECONDS
            )
        )
        return int(wait) if wait is not None else self._own.take(host, token)

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        """The answer of Redis, or None while it is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            return question(self._redis)
        except redis.RedisError as error:
            log.warning("the pauses between requests are kept per process for now: %s", error)
            self._away_until = time.monotonic() + _RETRY_REDIS_SECONDS
            return None


class _OwnTurns:
    """The same for this process alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: dict[str, str] = {}
        self._quiet_until: dict[str, float] = {}

    def take(self, host: str, token: str) -> int:
        with self._lock:
            wait = self._quiet_until.get(host, 0.0) - time.monotonic()
            if wait > 0:
                return int(wait * 1000) + 1
            return 0 if self._busy.setdefault(host, token) == token else _BUSY_MILLISECONDS

    def give_back(self, host: str, token: str, pause: int) -> None:
        with self._lock:
            if self._busy.get(host) == token:
                with suppress(KeyError):
                    del self._busy[host]
                self._quiet_until[host] = max(
                    self._quiet_until.get(host, 0.0), time.monotonic() + pause / 1000
                )

    def hold(self, host: str, milliseconds: int) -> None:
        with self._lock:
            self._quiet_until[host] = time.monotonic() + milliseconds / 1000

    def quiet_for(self, host: str) -> int:
        with self._lock:
            return max(int((self._quiet_until.get(host, 0.0) - time.monotonic()) * 1000), 0)


@functools.cache
def default_hosts() -> Hosts:
    """The turns that all workers of this installation share."""
    return Hosts(settings.REDIS_URL, pause=settings.FETCH_HOST_DELAY, longest_request=settings.FETCH_DEADLINE)


def host_of(url: str) -> str:
    """The host an address asks, with its port where that is an unusual one."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    host = (parts.hostname or "").lower()
    return host if port in (None, 80, 443) else f"{host}:{port}"


def _busy(host: str) -> str:
    return f"vigie:host:{host}:busy"


def _quiet(host: str) -> str:
    return f"vigie:host:{host}:quiet"
