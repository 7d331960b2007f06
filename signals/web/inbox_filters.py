"""The inbox's filters: the address says what is listed, and so what "all that match" means."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from django.core.cache import cache
from django.db import connection
from django.http import QueryDict
from django.utils.translation import gettext
from redis.exceptions import RedisError

from signals.curation.waiting import Waiting
from signals.models import Kind, Source, Tag, User
from signals.templatetags.vigie import language_name
from signals.web.inbox_counts import MOST

_NAMES: Final = ("q", "kind", "tag", "source", "language", "drawn", "free", "all")
_LISTED: Final = 30
_SECONDS: Final = 60

# Of the newest that wait, so that it is quick however much does.
_VALUES: Final = """
WITH newest AS MATERIALIZED (
    SELECT article_id, tag_id FROM signals_tagging
    WHERE state IN ('suggested', 'sampled') ORDER BY article_id DESC LIMIT %(most)s
), articles AS MATERIALIZED (
    SELECT source_id, split_part(language, '-', 1) AS language FROM signals_article
    WHERE id IN (SELECT article_id FROM newest)
)
(SELECT 'tag', tag_id::text FROM newest GROUP BY 2 ORDER BY count(*) DESC, 2 LIMIT %(listed)s)
UNION ALL
(SELECT 'source', source_id::text FROM articles GROUP BY 2 ORDER BY count(*) DESC, 2 LIMIT %(listed)s)
UNION ALL
(SELECT 'language', language FROM articles WHERE language <> '' GROUP BY 2 ORDER BY count(*) DESC LIMIT %(listed)s)
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a filter, in words."""

    value: str
    words: str
    is_on: bool


class InboxFilter:
    """What a query string asks for."""

    def __init__(self, parameters: QueryDict, user: User) -> None:
        said = {name: parameters.get(name, "").replace("\x00", "").strip()[:200] for name in _NAMES}
        for name in ("tag", "source"):
            if not (said[name].isascii() and said[name].isdecimal() and len(said[name]) < 18):
                said[name] = ""
        if said["kind"] not in Kind.values:
            said["kind"] = ""
        self.said = {name: value for name, value in said.items() if value}
        self.is_all = self.said.pop("all", "") == "1"
        """Whether everything that matches is chosen."""
        self.waiting = Waiting(
            kind=said["kind"],
            tag=int(said["tag"]) if said["tag"] else None,
            is_drawn=said["drawn"] == "1",
            source=int(said["source"]) if said["source"] else None,
            language=said["language"],
            words=said["q"],
            unclaimed_by_others_of=user.pk if said["free"] == "1" else None,
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        return self.waiting != Waiting()

    def chosen(self, choices: dict[str, list[Choice]]) -> list[str]:
        """What is chosen besides words, as the filters call it."""
        chosen = [str(Kind(self.said["kind"]).label)] if "kind" in self.said else []
        chosen += [choice.words for values in choices.values() for choice in values if choice.is_on]
        if self.waiting.is_drawn:
            chosen.append(gettext("only drawn at random"))
        if self.waiting.unclaimed_by_others_of:
            chosen.append(gettext("without what others read"))
        return chosen

    def query(self, **more: str) -> str:
        """The address' query without a page or an article; `more` is added."""
        parameters = QueryDict(mutable=True)
        parameters.update({**self.said, **more})
        return parameters.urlencode()

    def of_articles(self, articles: list[int]) -> Waiting:
        """The same for these alone: what is said of suggestions holds, an article chosen by hand is meant anyway."""
        meant = self.waiting
        return Waiting(kind=meant.kind, tag=meant.tag, is_drawn=meant.is_drawn, articles=tuple(articles))

    def choices(self) -> dict[str, list[Choice]]:
        """The commonest values of what waits, and the one that is chosen."""
        found = _values()
        for name in found:
            if (on := self.said.get(name, "")) and on not in found[name]:
                found[name].insert(0, on)
        tags = {
            str(tag.pk): str(tag) for tag in Tag.objects.filter(pk__in=found["tag"]).only("name", "name_fr")
        }
        sources = Source.objects.filter(pk__in=found["source"]).only("name", "url")
        words = {
            "tag": tags,
            "source": {str(source.pk): str(source) for source in sources},
            "language": {value: language_name(value) for value in found["language"]},
        }
        return {
            name: [
                Choice(value, words[name][value], value == self.said.get(name))
                for value in sorted(values, key=lambda one: words[name].get(one, "").casefold())
                if value in words[name]
            ]
            for name, values in found.items()
        }


def _values() -> dict[str, list[str]]:
    with suppress(RedisError):
        kept = cache.get("inbox-values")
        if isinstance(kept, dict):
            return kept
    found: dict[str, list[str]] = {"tag": [], "source": [], "language": []}
    with connection.cursor() as cursor:
        cursor.execute(_VALUES, {"most": MOST, "listed": _LISTED})
        for name, value in cursor.fetchall():
            found[name].append(value)
    with suppress(RedisError):
        cache.set("inbox-values", found, _SECONDS)
    return found
