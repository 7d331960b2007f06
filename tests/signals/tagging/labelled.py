"""Entries labelled by hand: reads the labels, finds the texts in the shared data, counts right and wrong tags.

`python -m tests.signals.tagging.labelled LABELS.jsonl [--list]` prints what the tagger does on any such file;
without a file, the figures of the test sample, which is never listed: nothing may be tuned on it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import re
import tarfile
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ingestion.sources.feed import parse
from ingestion.sources.identity import keyed_entries
from signals.tagging.profiles import GAP
from signals.tagging.scorer import default_model
from signals.tagging.tagger import Document, Suggestion, Tagger
from signals.tagging.training import read_profiles
from signals.tagging.words import split_words

ROOT: Final = Path(__file__).resolve().parents[3]
DATA: Final = ROOT.parent / "shared" / "data"
CATALOGUE: Final = ROOT / "signals/starter/catalogue.toml"
TEST_LABELS: Final = Path(__file__).resolve().parent / "labels/entries.jsonl"
SECOND_LABELS: Final = TEST_LABELS.with_name("second.jsonl")
TEST_SAMPLES: Final = (TEST_LABELS, SECOND_LABELS)
KINDS: Final = ("signal", "behavior", "technology", "issue", "concern")
_ID_DIGITS: Final = 16
_TITLE_WORDS: Final = 4
_FIRST_WORDS: Final = 15
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Label:
    """What a reader said of one entry; tags are written "kind: name"."""

    id: str
    required: Mapping[str, int]
    """Tags that belong here, each with its relevance 1 to 5."""
    maybe: frozenset[str]
    off_topic: bool


@dataclass(slots=True)
class Score:
    """Counts of one kind: suggestions shown and right, required tags and those found among them."""

    shown: int = 0
    right: int = 0
    required: int = 0

    @property
    def precision(self) -> float:
        return self.right / self.shown if self.shown else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.required if self.required else 0.0

    def as_json(self) -> dict[str, float | int]:
        """Both figures with what they were counted on."""
        return {
            "precision": round(self.precision, 3),
            "recall": round(self.recall, 3),
            "shown": self.shown,
            "required": self.required,
        }


def read_labels(path: Path) -> list[Label]:
    """The labels of a file, in its order."""
    labels = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        labels.append(Label(row["id"], row["tags"], frozenset(row["maybe"]), row["off_topic"]))
    return labels


def read_texts(data: Path, wanted: Collection[str] | None = None) -> dict[str, Document]:
    """Entries of the news and of the feeds' history by id, the latest text of each; all, or those wanted."""
    news, history = (
        _read_news(data / "news/dev.jsonl.xz"),
        _read_history(data / "feeds/history.tar.xz", wanted),
    )
    return {**news, **history}


def read_documents(labels: Sequence[Label], data: Path) -> list[Document]:
    """The text of each label; raises KeyError where the data has no such entry."""
    texts = read_texts(data, {label.id for label in labels})
    return [texts[label.id] for label in labels]


def twin_keys(document: Document) -> set[str]:
    """What two copies of one entry share, under whatever ids: a title of four words, or how a text begins."""
    title, text = split_words(document.title).stems, split_words(document.text[:400]).stems
    keys = {" ".join(title)} if len(title) >= _TITLE_WORDS else set()
    return keys | ({" ".join(text[:_FIRST_WORDS])} if len(text) >= _FIRST_WORDS else set())


def read_tags() -> list[str]:
    """The starter catalogue's tags as "kind: name", in its order."""
    return [f"{row['kind']}: {row['name']}" for row in _catalogue()["tag"]]


def suggest(documents: Sequence[Document]) -> list[list[Suggestion]]:
    """What the product shows for each document, knowing the starter catalogue and no decision."""
    return Tagger(read_profiles(_catalogue()), default_model()).suggest(documents)


def suggested_tags(documents: Sequence[Document]) -> list[set[str]]:
    """The tags it shows for each document."""
    tags = read_tags()
    return [{tags[one.tag_id] for one in found} for found in suggest(documents)]


def named_tags(documents: Sequence[Document]) -> list[set[str]]:
    """The trivial rule: a tag is suggested where its name or an alias stands, word for word."""
    names = [
        (f" {_words(name)} ", f"{profile.kind}: {profile.names[0]}")
        for profile in read_profiles(_catalogue())
        for name in profile.names
        if GAP not in name
    ]
    found = []
    for document in documents:
        text = f" {_words(document.title)} | {_words(document.text)} "
        found.append({tag for name, tag in names if name in text})
    return found


def count(labels: Sequence[Label], found: Sequence[set[str]]) -> dict[str, Score]:
    """Per kind, what was shown, right and required; what a label calls "maybe" counts nowhere."""
    scores = {kind: Score() for kind in KINDS}
    for label, tags in zip(labels, found, strict=True):
        for tag in tags - label.maybe:
            scores[_kind(tag)].shown += 1
            scores[_kind(tag)].right += tag in label.required
        for tag in label.required:
            scores[_kind(tag)].required += 1
    return scores


def _catalogue() -> dict[str, Any]:
    return tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))


def _kind(tag: str) -> str:
    return tag.partition(":")[0]


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _read_news(path: Path) -> dict[str, Document]:
    texts = {}
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            digest = hashlib.sha256(f"{row['url']}\n{row['title']}".encode()).hexdigest()
            texts[f"news:{digest[:_ID_DIGITS]}"] = Document(row["title"], row["summary"])
    return texts


def _read_history(path: Path, wanted: Collection[str] | None) -> dict[str, Document]:
    snapshots: dict[str, list[tuple[str, bytes]]] = {}
    with tarfile.open(path) as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            file = tar.extractfile(member) if member.isfile() and name.suffix == ".xml" else None
            if file is not None:
                snapshots.setdefault(name.name, []).append((member.name, file.read()))
    texts: dict[str, Document] = {}
    for feed, dated in snapshots.items():
        missing = {one for one in wanted if one.startswith(f"feed:{feed}:")} if wanted is not None else None
        # Folders are named by day: from the newest back, so that the first text seen is the latest.
        for _, body in sorted(dated, reverse=True):
            if missing is not None and not missing:
                break
            parsed = parse(body, "application/xml", f"https://feeds.example/{feed}")
            for key, entry in keyed_entries(parsed.entries).items():
                texts.setdefault(f"feed:{feed}:{key[:_ID_DIGITS]}", Document(entry.title, entry.text))
            if missing is not None:
                missing -= texts.keys()
    return texts


def main() -> None:
    """Print the figures per kind and, on request, every wrong and missed tag."""
    parser = argparse.ArgumentParser(description="What the tagger does on labelled entries.")
    parser.add_argument("labels", type=Path, nargs="?", default=TEST_LABELS)
    parser.add_argument("--list", action="store_true", help="every wrong and missed tag, with its title")
    options = parser.parse_args()
    if options.list and options.labels.resolve() in TEST_SAMPLES:
        parser.error("a test sample is not listed, since nothing may be tuned on it")
    labels = read_labels(options.labels)
    documents = read_documents(labels, DATA)
    if options.list:
        _print_errors(labels, documents)
    for name, found in (("tagger", suggested_tags(documents)), ("names alone", named_tags(documents))):
        print(f"{name:12} precision  recall  shown  required")
        for kind, score in count(labels, found).items():
            print(f"{kind:12} {score.precision:9.2f} {score.recall:7.2f} {score.shown:6} {score.required:9}")


def _print_errors(labels: Sequence[Label], documents: Sequence[Document]) -> None:
    tags = read_tags()
    for label, document, found in zip(labels, documents, suggest(documents), strict=True):
        shown = {tags[one.tag_id]: one for one in found}
        wrong = [tag for tag in shown if tag not in label.required and tag not in label.maybe]
        missed = [tag for tag in label.required if tag not in shown]
        if wrong or missed:
            print(f"{label.id}  {document.title[:150]}")
        for tag in wrong:
            print(f"    wrong  {tag}  ({shown[tag].confidence:.2f}, {shown[tag].reason})")
        for tag in missed:
            print(f"    missed {tag}  (relevance {label.required[tag]})")


if __name__ == "__main__":
    main()
