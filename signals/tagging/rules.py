"""Rules: a tag is spoken of where words of several groups stand together, in any order.

A rule is a cue with " + " in it: "sue|lawsuit + author*|publisher|music label + <ai> - spam". Groups are joined
by " + ", alternatives by "|"; "*" stands for any ending, <ai> and the like for the sets of `SETS`, and " - " puts
a group that must be absent. All groups in one title or sentence are a match; all in title and opening
together are a weaker one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
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
_NO_PHRASES: Final[dict[str, tuple[tuple[str, ...], str]]] = {}

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


Present = dict[str, tuple[int, int]]
"""What a passage holds of all alternatives, each with its first place there: its first and its last word."""


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
    """All rules of all profiles. Only those are looked at of whose rarest group a word is there."""

    def __init__(self, texts: Sequence[tuple[int, str]]) -> None:
        self._numbers: dict[frozenset[str], int] = {}
        self._groups: list[frozenset[str]] = []
        self._words: set[str] = set()
        self._beginnings: set[str] = set()
        self._phrases: dict[str, dict[str, tuple[tuple[str, ...], str]]] = defaultdict(dict)
        self._known: dict[str, tuple[str, ...]] = {}
        self.rules = [self._rule(profile, text) for profile, text in texts]
        common = Counter(word for rule in self.rules for group in rule.groups for word in self._groups[group])
        self._by_word: dict[str, list[Rule]] = defaultdict(list)
        for rule in self.rules:
            rarest = min(rule.groups, key=lambda group: sum(common[word] for word in self._groups[group]))
            for word in self._groups[rarest]:
                self._by_word[word].append(rule)

    def present(self, words: Words, start: int, end: int) -> Present:
        """What `words[start:end]` holds of the alternatives."""
        found: Present = {}
        stems = words.stems
        for place in range(start, end):
            word = stems[place]
            for alternative in self._of(word):
                found.setdefault(alternative, (place, place))
            for alternative, (phrase, beginning) in self._phrases.get(word, _NO_PHRASES).items():
                last = place + len(phrase) + bool(beginning)
                if (
                    last <= end
                    and alternative not in found
                    and tuple(stems[place : place + len(phrase)]) == phrase
                    and stems[last - 1].startswith(beginning)
                ):
                    found[alternative] = (place, last - 1)
        return found

    def met(self, present: Present) -> list[Hit]:
        """The rules whose groups are all present; per profile one, that of the most groups."""
        best: dict[int, Rule] = {}
        is_there: dict[int, bool] = {}
        keys = present.keys()

        def has(group: int) -> bool:
            known = is_there.get(group)
            if known is None:
                known = is_there[group] = not keys.isdisjoint(self._groups[group])
            return known

        for word in keys:
            for rule in self._by_word.get(word, ()):
                known = best.get(rule.profile)
                if known is not None and len(rule.groups) <= len(known.groups):
                    continue
                if all(map(has, rule.groups)) and not any(map(has, rule.without)):
                    best[rule.profile] = rule
        return [Hit(rule, self.places(rule, present)) for rule in best.values()]

    def places(self, rule: Rule, present: Present) -> tuple[tuple[int, int], ...]:
        """Where what is present of a rule's groups stands first, in the text's order."""
        found = {
            min(present[word] for word in there)
            for there in (present.keys() & self._groups[group] for group in rule.groups)
            if there
        }
        return tuple(sorted(found))

    def _of(self, word: str) -> tuple[str, ...]:
        known = self._known.get(word)
        if known is None:
            known = (word,) if word in self._words else ()
            for length in range(_SHORTEST_BEGINNING, len(word) + 1):
                if word[:length] in self._beginnings:
                    known += (word[:length] + _ENDING,)
            if len(self._known) >= _CACHE_LIMIT:
                self._known.clear()
            self._known[word] = known
        return known

    def _rule(self, profile: int, text: str) -> Rule:
        wanted, *unwanted = text.split(_MINUS)
        groups = tuple(dict.fromkeys(self._group(part) for part in wanted.split(PLUS)))
        return Rule(profile, text, groups, tuple(self._group(part) for part in unwanted))

    def _group(self, text: str) -> int:
        group = frozenset(filter(None, map(self._alternative, alternatives_of(text))))
        known = self._numbers.get(group)
        if known is None:
            known = self._numbers[group] = len(self._groups)
            self._groups.append(group)
        return known

    def _alternative(self, text: str) -> str:
        """An alternative as compared, remembered as something to look for."""
        stems = tuple(split_words(text).stems)
        if not stems:
            return ""
        beginning = fold(text[:-1]).split(" ")[-1] if text.endswith(_ENDING) else ""
        if len(stems) == 1 and not beginning:
            self._words.add(stems[0])
            return stems[0]
        if len(stems) == 1:
            self._beginnings.add(beginning)
            return beginning + _ENDING
        phrase = stems[:-1] if beginning else stems
        written = " ".join([*phrase, beginning + _ENDING] if beginning else phrase)
        self._phrases[stems[0]][written] = (phrase, beginning)
        return written


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
