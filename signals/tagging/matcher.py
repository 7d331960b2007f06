"""Names found in text, word by word: accents, case, hyphens and plurals don't matter, an acronym's case does.

All names stand in one trie of words, so that the cost of reading a text hardly depends on how many there are.
Rules (`signals.tagging.rules`) are found beside them, sentence by sentence.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from signals.tagging.evidence import split_sentences
from signals.tagging.profiles import GAP, Profile
from signals.tagging.rules import Hit, Present, Rules
from signals.tagging.words import STOP_WORDS, Words, split_words

MAX_GAP: Final = 2
_EXACT_LETTERS: Final = 6
# What may stand between two words of a name, and what ends even a name with a gap.
_JOINERS: Final = frozenset(
    " \t\n\r\u00a0\u202f-\u2010\u2011\u2012\u2013'\u2019\u2018\"\u201c\u201d\u00ab\u00bb/*"
)
_ENDERS: Final = frozenset(".!?;:|")
_SEPARATORS: Final = frozenset(",;!:")
_LEAST_HEADLINES: Final = 3
_WORDS_A_HEADLINE: Final = 2.5
_SUBJECT: Final = "ai"


RULE_LIMIT: Final = 1500
"""Characters of a text in which rules are looked for: further on, words meet by chance."""


class Scope(IntEnum):
    """What holds all words of a rule together; a name is no rule."""

    NAME = 0
    SENTENCE = 1
    OPENING = 2


@dataclass(frozen=True, slots=True)
class Name:
    """One name of one tag in the trie, or one rule; `exact` holds the words whose case counts."""

    profile: int
    text: str
    words: int
    exact: tuple[str, ...] | None
    has_gap: bool
    scope: Scope = Scope.NAME


@dataclass(frozen=True, slots=True)
class Match:
    """A name at `text[start:end]`; of a rule, `parts` are the places of its words in there."""

    name: Name
    start: int
    end: int
    parts: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class _Node:
    words: dict[str, _Node] = field(default_factory=dict)
    gap: _Node | None = None
    names: list[Name] = field(default_factory=list)


class Matcher:
    """Finds the names of many profiles in one pass over a text."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self.profiles = profiles
        self._root = _Node()
        self._names: list[Name] = []
        self.vocabulary: set[str] = set()
        for index, profile in enumerate(profiles):
            for name in profile.all_names:
                self._add(index, name)
        self._rules = Rules(
            [(index, rule) for index, profile in enumerate(profiles) for rule in profile.rules]
        )
        self._ruled = {
            (rule.profile, rule.text, scope): Name(
                rule.profile, rule.text, len(rule.groups), None, has_gap=True, scope=scope
            )
            for rule in self._rules.rules
            for scope in (Scope.SENTENCE, Scope.OPENING)
        }
        self._names += self._ruled.values()

    def names(self) -> list[Name]:
        """Every name and rule that it looks for."""
        return self._names

    def find(self, text: str | Words) -> list[Match]:
        """All names in `text`, in the order of their starts; of one tag's overlapping names the longest."""
        words = split_words(text) if isinstance(text, str) else text
        root = self._root.words
        matches: list[Match] = []
        for position, word in enumerate(words.stems):
            node = root.get(word)
            if node is not None:
                self._walk(node, words, position, position + 1, matches)
        return _longest(matches) if len(matches) > 1 else matches

    def find_rules(self, title: Words, text: Words, opening: int) -> tuple[list[Match], list[Match]]:
        """The rules that title and text meet, per profile and sentence one.

        Where no sentence meets a rule, title and the first `opening` characters together may.
        """
        if not self._rules.rules:
            return [], []
        of_title = self._rules.present(title, 0, len(title.stems))
        parts = _headlines(title)
        if len(parts) == 1:
            in_title = [self._ruled_match(hit, title) for hit in self._rules.met(of_title)]
        else:
            in_title = [match for start, end in parts for match in self._in_headline(title, start, end)]
        in_text: list[Match] = []
        of_opening: Present = {}
        for sentence in split_sentences(text.text[:RULE_LIMIT]):
            start, end = bisect_left(text.starts, sentence.start), bisect_left(text.starts, sentence.end)
            present = self._rules.present(text, start, end)
            in_text += [self._ruled_match(hit, text) for hit in self._rules.met(present)]
            if sentence.start < opening:
                of_opening = present | of_opening
        if len(parts) > 1:
            return in_title, in_text
        met = {match.name.profile for match in in_title + in_text}
        for hit in self._rules.met(of_title | of_opening):
            places = self._rules.places(hit.rule, of_opening)
            if places and hit.rule.profile not in met:
                first, last = places[0]
                name = self._ruled[hit.rule.profile, hit.rule.text, Scope.OPENING]
                part = (text.starts[first], text.ends[last])
                in_text.append(Match(name, *part, (part,)))
        return in_title, in_text

    def _in_headline(self, title: Words, start: int, end: int) -> list[Match]:
        present = self._rules.present(title, start, end)
        # A digest says once what all its headlines are about.
        present.setdefault(_SUBJECT, (start, start))
        return [self._ruled_match(hit, title) for hit in self._rules.met(present)]

    def _ruled_match(self, hit: Hit, words: Words) -> Match:
        name = self._ruled[hit.rule.profile, hit.rule.text, Scope.SENTENCE]
        parts = tuple((words.starts[first], words.ends[last]) for first, last in hit.places)
        return Match(name, parts[0][0], max(end for _start, end in parts), parts)

    def _add(self, profile: int, text: str) -> None:
        parts = [split_words(part) for part in text.split(GAP)]
        parts = [part for part in parts if part.stems]
        count = sum(len(part.stems) for part in parts)
        if not count or (count == 1 and parts[0].stems[0] in STOP_WORDS):
            return
        node = self._root
        for index, part in enumerate(parts):
            if index:
                node.gap = node.gap or _Node()
                node = node.gap
            self.vocabulary.update(part.stems)
            for word in part.stems:
                node = node.words.setdefault(word, _Node())
        raw = [word for part in parts for word in part.raw]
        name = Name(profile, text, count, _exact(raw), len(parts) > 1)
        node.names.append(name)
        self._names.append(name)

    def _walk(self, node: _Node, words: Words, first: int, following: int, matches: list[Match]) -> None:
        for name in node.names:
            if name.exact is None or _same_case(name.exact, words.raw[first:following]):
                matches.append(Match(name, words.starts[first], words.ends[following - 1]))
        if following >= len(words.stems):
            return
        between = words.text[words.ends[following - 1] : words.starts[following]]
        if node.words:
            child = node.words.get(words.stems[following])
            if child is not None and len(between) <= 3 and _JOINERS.issuperset(between):
                self._walk(child, words, first, following + 1, matches)
        if node.gap is not None:
            for skipped in range(MAX_GAP + 1):
                place = following + skipped
                if place >= len(words.stems):
                    return
                if not _ENDERS.isdisjoint(words.text[words.ends[place - 1] : words.starts[place]]):
                    return
                child = node.gap.words.get(words.stems[place])
                if child is not None:
                    self._walk(child, words, first, place + 1, matches)


def _headlines(title: Words) -> list[tuple[int, int]]:
    """Where the headlines of a digest's title start and end ("A Beats B, New Rules for C, D Sold"), by word."""
    starts = [0]
    for place in range(1, len(title.raw)):
        between = title.text[title.ends[place - 1] : title.starts[place]]
        if not _SEPARATORS.isdisjoint(between) and title.raw[place][:1].isupper():
            starts.append(place)
    if len(starts) < _LEAST_HEADLINES or len(title.raw) < _WORDS_A_HEADLINE * len(starts):
        return [(0, len(title.raw))]
    return list(zip(starts, [*starts[1:], len(title.raw)], strict=True))


def _exact(raw: Sequence[str]) -> tuple[str, ...] | None:
    """The words as written when they are a short acronym ("RAG", "MoE", "AI Act"), else None."""
    joined = "".join(raw)
    if len(joined) <= _EXACT_LETTERS and sum(letter.isupper() for letter in joined) >= 2:
        return tuple(_without_plural(word) for word in raw)
    return None


def _same_case(exact: tuple[str, ...], raw: Iterable[str]) -> bool:
    return exact == tuple(_without_plural(word) for word in raw)


def _without_plural(word: str) -> str:
    return word[:-1] if len(word) > 2 and word[-1] == "s" and word[-2].isupper() else word


def _longest(matches: list[Match]) -> list[Match]:
    """Of overlapping matches of one profile the longest, the earlier of equals."""
    kept: list[Match] = []
    taken: dict[int, list[tuple[int, int]]] = {}
    for match in sorted(matches, key=lambda match: (match.start - match.end, match.start)):
        spans = taken.setdefault(match.name.profile, [])
        if all(match.end <= start or match.start >= end for start, end in spans):
            spans.append((match.start, match.end))
            kept.append(match)
    kept.sort(key=lambda match: (match.start, match.end))
    return kept
