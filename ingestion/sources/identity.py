"""What makes an entry the same one at the next poll."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from ingestion.types import Entry
from ingestion.urls import canonical_with_fragment


def entry_key(entry: Entry, degraded: bool = False) -> str:
    """SHA-256 of what identifies an entry: guid, else canonical URL with fragment, else its content.

    `degraded` is true for a source whose guids have proved untrustworthy; then they are not used.
    """
    if entry.guid and not degraded:
        return _digest("guid", entry.guid)
    if entry.url:
        return _digest("url", canonical_with_fragment(entry.url))
    return content_key(entry)


def content_key(entry: Entry) -> str:
    """The identity that is left when neither guid nor URL tells entries apart."""
    return _digest("content", entry.title, entry.text)


def guids_are_unreliable(entries: Sequence[Entry]) -> bool:
    """Whether entries with different addresses share a guid, so that it can't identify them."""
    urls: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.guid:
            urls[entry.guid].add(canonical_with_fragment(entry.url))
    return any(len(found) > 1 for found in urls.values())


def keyed_entries(entries: Sequence[Entry], degraded: bool = False) -> dict[str, Entry]:
    """{entry key: entry} in feed order: literal repetitions collapse, different entries never do.

    Different entries that share a key all take their content's: which of them stands first changes from
    poll to poll, so none may keep the shared one.
    """
    groups: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
    for entry in entries:
        groups[entry_key(entry, degraded)].setdefault(content_key(entry), entry)
    keyed = {
        (shared if len(members) == 1 else own): entry
        for shared, members in groups.items()
        for own, entry in members.items()
    }
    return dict(sorted(keyed.items(), key=lambda pair: pair[1].position))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
