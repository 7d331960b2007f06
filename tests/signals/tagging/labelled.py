"""Entries labelled by hand: reads the labels, finds the texts in the shared data, counts right and wrong tags.

`python -m tests.signals.tagging.labelled LABELS.jsonl [--list]` prints what the tagger does on any such file.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import tarfile
from pathlib import Path, PurePosixPath
from typing import Final

from ingestion.sources.feed import parse
from ingestion.sources.identity import keyed_entries
from signals.tagging.tagger import Document

_ID_DIGITS: Final = 16


def read_texts(data: Path) -> dict[str, Document]:
    """Every entry of the news and of the feeds' history by id, the latest text of each."""
    return {**_read_news(data / "news/dev.jsonl.xz"), **_read_history(data / "feeds/history.tar.xz")}


def _read_news(path: Path) -> dict[str, Document]:
    texts = {}
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            digest = hashlib.sha256(f"{row['url']}\n{row['title']}".encode()).hexdigest()
            texts[f"news:{digest[:_ID_DIGITS]}"] = Document(row["title"], row["summary"])
    return texts


def _read_history(path: Path) -> dict[str, Document]:
    with tarfile.open(path) as tar:
        snapshots = {
            PurePosixPath(member.name): file.read()
            for member in tar
            if member.isfile() and (file := tar.extractfile(member)) is not None
        }
    texts = {}
    # Folders are named by day, so that a later text of the same entry replaces the earlier.
    for name in sorted(snapshots):
        if name.suffix != ".xml":
            continue
        parsed = parse(snapshots[name], "application/xml", f"https://feeds.example/{name.name}")
        for key, entry in keyed_entries(parsed.entries).items():
            texts[f"feed:{name.name}:{key[:_ID_DIGITS]}"] = Document(entry.title, entry.text)
    return texts
