"""One analyst at work over HTTP: a session, a connection kept open, suggestions of their own, and what was accepted."""

from __future__ import annotations

import http.client
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client

from signals.models import User

# Of 100 actions: decisions by verdict, ratings, undos, and reading the next page of the inbox.
_MIX: Final = (("accept", 40), ("reject", 20), ("score", 20), ("rate", 8), ("undo", 8), ("read", 4))
_KEPT_OPEN: Final = 1.0
"""The server ends a connection after 2 seconds of silence."""
Pair = tuple[int, int]


@dataclass(slots=True)
class Took:
    """One action: which, how it was answered, and the milliseconds from sending to holding the answer."""

    action: str
    status: int
    ms: float


@dataclass(slots=True)
class Analyst:
    """Acts one thing after another; `decided` and `rated` hold what was accepted and not taken back."""

    user: User
    port: int
    pairs: list[Pair]
    """Suggestions to decide on, the last first."""
    tags: Sequence[int]
    rng: random.Random
    took: list[Took] = field(default_factory=list)
    decided: list[tuple[Pair, str, int | None]] = field(default_factory=list)
    rated: list[tuple[int, int]] = field(default_factory=list)
    undone: int = 0
    refused: int = 0
    unexpected: list[str] = field(default_factory=list)
    _stack: list[str] = field(default_factory=list)
    _headers: dict[str, str] = field(default_factory=dict)
    _connection: http.client.HTTPConnection | None = None
    _used: float = 0.0

    def log_in(self) -> None:
        """Get a session and the token that forms carry."""
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(self.user)
        cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        self._headers = {"Cookie": cookie, "Accept-Encoding": "gzip"}
        _status, headers = self._send("GET", "/settings/")
        found = re.search(rf"{settings.CSRF_COOKIE_NAME}=(\w+)", headers.get("set-cookie", ""))
        if found is None:
            raise RuntimeError("the server gave no token for forms")
        self._headers |= {
            "Cookie": f"{cookie}; {settings.CSRF_COOKIE_NAME}={found[1]}",
            "X-CSRFToken": found[1],
            "HX-Request": "true",
            "Origin": f"http://127.0.0.1:{self.port}",
        }

    def act(self) -> None:
        """Do the next thing, and note what came of it."""
        names, weights = zip(*_MIX, strict=True)
        action = self.rng.choices(names, weights)[0]
        if action == "undo" and not self._stack:
            action = "accept"
        began = time.perf_counter()
        status = getattr(self, f"_{action}")() if action in {"rate", "undo", "read"} else self._decide(action)
        self.took.append(Took(action, status, 1000 * (time.perf_counter() - began)))
        if status == 409:
            self.refused += 1
        elif status >= 400:
            self.unexpected.append(f"{action}: {status}")

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _decide(self, verdict: str) -> int:
        article, tag = pair = self.pairs.pop()
        number = self.rng.randint(1, 5) if verdict == "score" else None
        form = {"relevancy": str(number)} if number else {"verdict": verdict}
        status, _headers = self._send("POST", f"/inbox/{article}/{tag}/", form)
        if status == 200:
            self.decided.append((pair, verdict, number))
            self._stack.append("decision")
        return status

    def _rate(self) -> int:
        tag, number = self.rng.choice(self.tags), self.rng.randint(1, 5)
        form = {"relevancy": str(number), "rationale": "As read this week."}
        status, _headers = self._send("POST", f"/tags/{tag}/rate/", form)
        if status == 200:
            self.rated.append((tag, number))
            self._stack.append("rating")
        return status

    def _undo(self) -> int:
        status, _headers = self._send("POST", "/inbox/undo/", {})
        if status == 204:
            (self.decided if self._stack.pop() == "decision" else self.rated).pop()
            self.undone += 1
        return status

    def _read(self) -> int:
        return self._send("GET", f"/inbox/?page={self.rng.randint(1, 3)}")[0]

    def _send(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, dict[str, str]]:
        body = urlencode(form).encode() if form is not None else None
        headers = self._headers | (
            {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        )
        if time.monotonic() - self._used > _KEPT_OPEN:
            self.close()
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.will_close:
            self.close()
        self._used = time.monotonic()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
