"""Rules: a tag is spoken of where words of several groups stand together, in any order.

A rule is a cue with " + " in it: "sue|lawsuit + author*|publisher|music label + <ai> - spam". Groups are joined
by " + ", alternatives by "|"; "*" stands for any ending, <ai> and the like for the sets of `SETS`, and " - " puts
a group that must be absent. All groups in one title or sentence are a match; all in title and opening
together are a weaker one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from signals.tagging.names import fold
from signals.tagging.words import Words, split_words

PLUS: Final = " + "
_MINUS: Final = " - "
_ENDING: Final = "*"
_SHORTEST_BEGINNING: Final = 3
_CACHE_LIMIT: Final = 200_000

SETS: Final = {
    "<ai>": """ai|ia|genai|artificial intelligence|intelligence artificielle|machine learning|<model>|<assistant>|
        <agent>|<lab>|deep learning|neural*|algorithm*|apprentissage automatique|ki""",
    "<model>": """llm|llms|language model|modele de langage|foundation model|frontier model|ai model|model|modele|
        gpt*|claude|gemini|llama|mistral|deepseek|qwen|grok|opus|sonnet|kimi""",
    "<assistant>": """chatgpt|claude|gemini|copilot|chatbot|assistant|perplexity|grok|siri|alexa|le chat|deepseek|
        agent conversationnel|ai mode|robot conversationnel""",
    "<agent>": "agent|agentic|agentique|bot|openclaw|moltbot|clawdbot|subagent|multi agent",
    "<lab>": """openai|anthropic|deepmind|xai|mistral|meta ai|google ai|deepseek|perplexity|hugging face|
        moonshot|cohere|stability ai|midjourney|character.ai|databricks|ai startup|ai company|ai lab""",
    "<big>": "google|meta|microsoft|amazon|apple|alphabet|aws|nvidia|bytedance|alibaba|tencent|oracle|<lab>",
    "<code>": """code|coding|codebase|programming|software|developer|programmer|developpeur|programmeur|pull request|
        repository|commit|claude code|codex|cursor|copilot|windsurf|replit|lovable|kiro""",
    "<company>": """company|enterprise|business|bank|banking|insurer|insurance|retailer|firm|corporate|organization|
        organisation|employee|worker|workplace|customer|client|entreprise|banque|assureur|assurance|salarie|employe|
        pme|startup|cio|ceo|executive|staff|finance|industry|industrie|dirigeant""",
}


Present = dict[int, tuple[int, int]]
"""Groups met in a passage, each with its first place there: the first and the last of its words."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one profile: the groups that must be there, those that must not, by number."""

    profile: int
    text: str
    groups: tuple[int, ...]
    without: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule, and the words that meet it: of each group the first and the last word, in the text's order."""

    rule: Rule
    places: tuple[tuple[int, int], ...]


class Rules:
    """All rules of all profiles; a text costs about as much as it has words, not as there are rules."""

    def __init__(self, texts: Sequence[tuple[int, str]]) -> None:
        self._groups: dict[tuple[str, ...], int] = {}
        self._words: dict[str, list[int]] = defaultdict(list)
        self._beginnings: dict[str, list[int]] = defaultdict(list)
        self._phrases: dict[str, list[tuple[tuple[str, ...], str, int]]] = defaultdict(list)
        self._known: dict[str, tuple[int, ...]] = {}
        self.rules = [self._rule(profile, text) for profile, text in texts]
        rarity = [0] * len(self._groups)
        for group in (group for rule in self.rules for group in rule.groups):
            rarity[group] += 1
        self._by_key: dict[int, list[Rule]] = defaultdict(list)
        for rule in self.rules:
            self._by_key[min(rule.groups, key=lambda group: (rarity[group], group))].append(rule)

    def present(self, words: Words, start: int, end: int) -> Present:
        """The groups met by `words[start:end]`, each with its first place there."""
        found: Present = {}
        stems = words.stems
        for place in range(start, end):
            word = stems[place]
            for group in self._of(word):
                found.setdefault(group, (place, place))
            for phrase, beginning, group in self._phrases.get(word, ()):
                last = place + len(phrase) + bool(beginning)
                if (
                    last <= end
                    and group not in found
                    and tuple(stems[place : place + len(phrase)]) == phrase
                    and stems[last - 1].startswith(beginning)
                ):
                    found[group] = (place, last - 1)
        return found

    def met(self, present: Present) -> list[Hit]:
        """The rules whose groups are all present; per profile one, that of the most groups."""
        best: dict[int, Hit] = {}
        for key in present:
            for rule in self._by_key.get(key, ()):
                if any(group not in present for group in rule.groups) or any(
                    group in present for group in rule.without
                ):
                    continue
                known = best.get(rule.profile)
                if known is None or len(rule.groups) > len(known.rule.groups):
                    places = dict.fromkeys(sorted(present[group] for group in rule.groups))
                    best[rule.profile] = Hit(rule, tuple(places))
        return list(best.values())

    def _of(self, word: str) -> tuple[int, ...]:
        known = self._known.get(word)
        if known is None:
            groups = list(self._words.get(word, ()))
            for length in range(_SHORTEST_BEGINNING, len(word) + 1):
                groups += self._beginnings.get(word[:length], ())
            known = tuple(dict.fromkeys(groups))
            if len(self._known) >= _CACHE_LIMIT:
                self._known.clear()
            self._known[word] = known
        return known

    def _rule(self, profile: int, text: str) -> Rule:
        wanted, *unwanted = text.split(_MINUS)
        groups = tuple(dict.fromkeys(self._group(part) for part in wanted.split(PLUS)))
        return Rule(profile, text, groups, tuple(self._group(part) for part in unwanted))

    def _group(self, text: str) -> int:
        alternatives = alternatives_of(text)
        known = self._groups.get(alternatives)
        if known is not None:
            return known
        number = self._groups[alternatives] = len(self._groups)
        for alternative in alternatives:
            stems = tuple(split_words(alternative).stems)
            beginning = fold(alternative[:-1]).split(" ")[-1] if alternative.endswith(_ENDING) else ""
            if len(stems) == 1 and beginning:
                self._beginnings[beginning].append(number)
            elif len(stems) == 1:
                self._words[stems[0]].append(number)
            elif stems:
                self._phrases[stems[0]].append((stems[:-1] if beginning else stems, beginning, number))
        return number


def is_rule(cue: str) -> bool:
    """Whether a cue is a rule, not just a word that supports a mention."""
    return PLUS in cue


def cues_of(row: Mapping[str, Any]) -> list[str]:
    """The cues and rules of a tag in a catalogue file."""
    return [*row.get("cues", ()), *(" ".join(rule.split()) for rule in row.get("rules", ()))]


def alternatives_of(group: str) -> tuple[str, ...]:
    """The alternatives of one group, its sets spelled out, sorted."""
    found: set[str] = set()
    for alternative in group.split("|"):
        written = " ".join(alternative.split())
        if written in SETS:
            found.update(alternatives_of(SETS[written]))
        elif written:
            found.add(written)
    return tuple(sorted(found))
