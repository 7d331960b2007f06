"""What a reader asked for: part of it says what a mail holds, part of it when the mail comes. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

RELEASES: Final = "release"
"""Among the kinds of tags: models that came out, and their prices."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The wishes of one reader, or of many alike; empty kinds and themes mean all of them.

    `themes` and `tags` are keys. Chosen tags come whatever else is said, and where nothing else is said only
    they come. `weekday` is 0 on Monday, `hour` counts in `time_zone`, which is an IANA name. `is_paused` is
    without an end; `paused_until` is the first day on which mails come again.
    """

    language: str
    kinds: tuple[str, ...] = ()
    themes: tuple[int, ...] = ()
    tags: tuple[int, ...] = ()
    least_relevancy: int = 1
    cadence: str = "weekly"
    weekday: int = 0
    hour: int = 7
    time_zone: str = "UTC"
    is_paused: bool = False
    paused_until: date | None = None

    @property
    def only_tags(self) -> bool:
        """Whether the chosen tags are all that is wanted."""
        return bool(self.tags) and not (self.kinds or self.themes or self.least_relevancy > 1)

    def want_tag(
        self, keys: Collection[int], kind: str, themes: Collection[int], relevancy: float | None
    ) -> bool:
        """Whether a tag belongs into the mail; `keys` are its own and those merged into it, unrated is 1."""
        if not frozenset(self.tags).isdisjoint(keys):
            return True
        if self.only_tags or (self.kinds and kind not in self.kinds):
            return False
        if self.themes and frozenset(self.themes).isdisjoint(themes):
            return False
        return (relevancy or 1) >= self.least_relevancy

    @property
    def want_releases(self) -> bool:
        """Whether models and prices belong into the mail."""
        return RELEASES in self.kinds if self.kinds else not self.only_tags


def everything(language: str) -> Wishes:
    """The wishes of who wants it all; the archive shows what they get."""
    return Wishes(language)


def preferences_hash(wishes: Wishes) -> str:
    """What is equal for readers who get the same mail; language, day, hour and cadence are no part of it."""
    said = [sorted(set(wishes.kinds)), sorted(set(wishes.themes)), sorted(set(wishes.tags))]
    return hashlib.sha256(json.dumps([*said, wishes.least_relevancy]).encode()).hexdigest()


def wishes_params(wishes: Wishes) -> dict[str, Any]:
    """As JSON-able values, read back by `wishes_from_params`."""
    until = wishes.paused_until
    return asdict(wishes) | {"paused_until": until and until.isoformat()}


def wishes_from_params(params: dict[str, Any]) -> Wishes:
    """The wishes that `params` was made from."""
    until = params["paused_until"]
    lists = {name: tuple(params[name]) for name in ("kinds", "themes", "tags")}
    return Wishes(**{**params, **lists, "paused_until": date.fromisoformat(until) if until else None})
