"""What a robots.txt allows, by RFC 9309: the longest matching rule wins, and Allow wins a tie."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

_LARGEST: Final = 512 * 1024
_LONGEST_DELAY: Final = 60.0
_PRODUCT = re.compile(r"[A-Za-z_-]+")


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: str
    allow: bool

    def matches(self, path: str) -> bool:
        # Not a regular expression: `*` many times over would make one take for ever.
        anchored = self.pattern.endswith("$")
        parts = self.pattern.removesuffix("$").split("*")
        if not path.startswith(parts[0]):
            return False
        position = len(parts[0])
        for part in parts[1:-1]:
            position = path.find(part, position)
            if position < 0:
                return False
            position += len(part)
        if len(parts) == 1:
            return not anchored or position == len(path)
        last = parts[-1]
        if anchored:
            return len(path) - len(last) >= position and path.endswith(last)
        return path.find(last, position) >= 0


@dataclass(slots=True)
class _Group:
    agents: list[str] = field(default_factory=list)
    rules: list[_Rule] = field(default_factory=list)
    delay: float | None = None


class Robots:
    """The rules of one site; `Robots("")` allows everything."""

    def __init__(self, text: str) -> None:
        self._groups: list[_Group] = []
        group: _Group | None = None
        naming = False
        for line in text[:_LARGEST].lstrip("\ufeff").splitlines():
            name, colon, value = line.split("#", 1)[0].partition(":")
            name, value = name.strip().lower(), value.strip()
            if not colon:
                continue
            if name == "user-agent":
                if group is None or not naming:
                    group = _Group()
                    self._groups.append(group)
                group.agents.append(value.lower())
                naming = True
            elif name in ("allow", "disallow", "crawl-delay") and group is not None:
                naming = False
                if name == "crawl-delay":
                    group.delay = _seconds(value)
                elif value:
                    group.rules.append(_Rule(_comparable(value), name == "allow"))

    def allows(self, url: str, user_agent: str) -> bool:
        """Whether `user_agent` may fetch `url`."""
        parts = urlsplit(url)
        path = _comparable(urlunsplit(("", "", parts.path or "/", parts.query, "")))
        if path == "/robots.txt":
            return True
        matching = [rule for group in self._of(user_agent) for rule in group.rules if rule.matches(path)]
        if not matching:
            return True
        return max(matching, key=lambda rule: (len(rule.pattern), rule.allow)).allow

    def crawl_delay(self, user_agent: str) -> float | None:
        """Seconds to leave between two requests, at most a minute; None when nothing is asked."""
        delays = [group.delay for group in self._of(user_agent) if group.delay is not None]
        return max(delays, default=None)

    def _of(self, user_agent: str) -> list[_Group]:
        product = _PRODUCT.match(user_agent)
        name = product[0].lower() if product else ""
        own = [group for group in self._groups if name and name in group.agents]
        return own or [group for group in self._groups if "*" in group.agents]


def robots_url(url: str) -> str:
    """Where the robots.txt for `url` stands."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", ""))


def _comparable(path: str) -> str:
    return quote(unquote(path), safe="/*$?=&;:@!'()+,~-._")


def _seconds(value: str) -> float | None:
    return min(float(value), _LONGEST_DELAY) if re.fullmatch(r"\d{1,6}(?:\.\d{1,3})?", value) else None
