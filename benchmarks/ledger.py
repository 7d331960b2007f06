"""What was served, kept apart from the product's own rules, to tell what it lost or stored twice.

An entry is told by its guid, and by its address with its words where a guid changes or stands for several.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree import ElementTree

_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"


@dataclass(frozen=True, slots=True)
class Served:
    """One entry of a document."""

    guid: str
    link: str
    title: str
    text: str


@dataclass(slots=True)
class Balance:
    """Entries without an article, and articles beyond one for each entry, with a few named."""

    lost: int = 0
    duplicates: int = 0
    named: list[str] = field(default_factory=list)

    def __add__(self, other: Balance) -> Balance:
        return Balance(self.lost + other.lost, self.duplicates + other.duplicates, self.named + other.named)


class Ledger:
    """Everything that one installation was served, by feed."""

    def __init__(self) -> None:
        self.deliveries = 0
        # feed -> address -> its forms, each with the document that showed it first
        self._forms: defaultdict[str, defaultdict[str, dict[tuple[str, str], None]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        self._titles: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        # guids that stood for different words in one document, and pairs that one document kept apart
        self._ambiguous: set[tuple[str, str]] = set()
        self._apart: set[tuple[str, frozenset[str]]] = set()

    def serve(self, feed: str, entries: list[Served]) -> None:
        """Write down one document of a feed."""
        self.deliveries += len(entries)
        words: dict[str, str] = {}
        guids: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for entry in entries:
            said = _squeeze(f"{entry.title}\n{entry.text}")
            # One feed dropped the closing slash of all its addresses, and of the guids made from them.
            link = _place(entry.link)
            name = _place(entry.guid) or link
            if words.setdefault(name, said) != said:
                self._ambiguous.add((feed, name))
            guids[link, said].add(name)
            self._forms[feed][link][name, said] = None
            self._titles[feed, link].add(_letters(entry.title))
        for together in guids.values():
            if len(together) > 1:
                self._apart |= {(feed, frozenset((a, b))) for a in together for b in together if a != b}

    def expected(self) -> dict[tuple[str, str], int]:
        """How many entries there are at each (feed, address)."""
        return {
            (feed, link): self._count(feed, list(forms))
            for feed, links in self._forms.items()
            for link, forms in links.items()
        }

    def entries(self) -> int:
        """How many different entries were served."""
        return sum(self.expected().values())

    def check(self, articles: Iterable[tuple[str, str, set[str]]]) -> Balance:
        """Compare with the stored articles: the feed, the address and all titles that each has had."""
        balance = Balance()
        expected = self.expected()
        stored: defaultdict[tuple[str, str], list[set[str]]] = defaultdict(list)
        for feed, address, titles in articles:
            stored[feed, _place(address)].append(titles)
        for place in expected.keys() | stored.keys():
            wanted, found = expected.get(place, 0), stored.get(place, [])
            said = {_letters(title) for titles in found for title in titles}
            unsaid = self._titles.get(place, set()) - said if found else set()
            lost = max(wanted - len(found), len(unsaid), 0)
            extra = max(len(found) - wanted, 0)
            if lost or extra:
                balance.named.append(
                    f"{place[0]} {place[1]}: {wanted} served, {len(found)} stored"
                    + "".join(f", never called {title!r}" for title in sorted(unsaid))
                )
            balance.lost += lost
            balance.duplicates += extra
        return balance

    def _count(self, feed: str, forms: list[tuple[str, str]]) -> int:
        """Forms are one entry when they share a guid that means one, or the words under a new guid."""
        leader = list(range(len(forms)))

        def find(place: int) -> int:
            while leader[place] != place:
                place = leader[place]
            return place

        for i, (guid, said) in enumerate(forms):
            for j, (other, words) in enumerate(forms[:i]):
                same_guid = guid == other and (feed, guid) not in self._ambiguous
                same_words = said == words and (feed, frozenset((guid, other))) not in self._apart
                if same_guid or same_words:
                    leader[find(i)] = find(j)
        return sum(leader[place] == place for place in range(len(forms)))


def read_rss(body: bytes) -> list[Served]:
    """The entries of an RSS document, by the plainest of parsers."""
    return [
        Served(
            guid=(entry.findtext("guid") or "").strip(),
            link=(entry.findtext("link") or "").strip(),
            title=entry.findtext("title") or "",
            text=entry.findtext(_CONTENT) or entry.findtext("description") or "",
        )
        for entry in ElementTree.fromstring(body).iter("item")
    ]


def _place(address: str) -> str:
    """An address without what may change while it stays the same place."""
    path, mark, fragment = address.partition("#")
    return re.sub(r"^https?://(www\.)?", "", path).rstrip("/") + mark + fragment


def _letters(title: str) -> str:
    """A title's plain letters and digits: entities are resolved and broken characters mended on the way."""
    return re.sub(r"[^a-z0-9]+", "", html.unescape(title).casefold())


def _squeeze(text: str) -> str:
    return " ".join(text.split())
