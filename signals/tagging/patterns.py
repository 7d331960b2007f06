"""Sentences of change, practice, risk and debate, in English and French."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from signals.tagging.links import FRAME_WORDS
from signals.tagging.words import STOP_WORDS, split_words, stem

_NAME_WORDS: Final = 9
_BOUND: Final = r",;:.!?()\[\]\u2014\u2026\n\"\u201c\u201d\u00ab\u00bb"
_CLAUSE: Final = (
    "that which who whose but while because as when where if so by since after before although though than it they "
    "we he she is are was were will would can could may might has have had says said despite amid through until "
    "qui que dont mais car alors lorsque quand si ainsi afin ce elle il ils elles nous est sont sera etait ont a peut"
)
_ENDS: Final = rf"(?=\s*(?:[{_BOUND}]|\s[-\u2013]\s|$)|\s(?:{'|'.join(_CLAUSE.split())})\s)"
_ANY: Final = rf"[^{_BOUND}]{{3,90}}?"
_OF: Final = r"(?:(?:de la|du|des|de|liés? à|liées? à)\s+|(?:de l|d)['’])"
_ON: Final = r"(?:(?:sur|quant à|face à|autour de|autour du|autour des|des|du|de la|de)\s+|(?:de l|d)['’])"

_ACTORS: Final = (
    "companies businesses enterprises organizations organisations startups developers engineers teams employees "
    "workers users customers students teachers researchers hospitals banks firms people"
)
_PRACTICES: Final = (
    "adopt adopting adopted use using rely#on relying#on turn#to turning#to opt#for opting#for prefer preferring "
    "choose choosing evaluate evaluating tailor tailoring experiment#with experimenting#with deploy deploying "
    "switch#to switching#to delegate delegating"
)
_ACTORS_FR: Final = (
    "entreprises développeurs équipes salariés employés utilisateurs étudiants élèves enseignants chercheurs banques "
    "hôpitaux internautes"
)
_PRACTICES_FR: Final = (
    "utilisent adoptent préfèrent choisissent se#tournent#vers expérimentent déploient s['’]appuient#sur "
    "optent#pour délaissent testent"
)


@dataclass(frozen=True, slots=True)
class SentencePattern:
    """A way of saying something; `name` is how a row made of it is called."""

    kind: str
    name: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Said:
    """What a sentence says: a row's kind and name, and the change where it names both ends."""

    kind: str
    name: str
    change: str


def _either(words: str) -> str:
    return "|".join(word.replace("#", r"\s+") for word in words.split())


def _compile(rows: Iterable[tuple[str, str, str]]) -> tuple[SentencePattern, ...]:
    return tuple(
        SentencePattern(
            kind,
            name,
            re.compile(
                text.replace("<A>", rf"(?P<a>{_ANY})").replace("<X>", rf"(?P<x>{_ANY}){_ENDS}"), re.IGNORECASE
            ),
        )
        for kind, name, text in rows
    )


PATTERNS: Final = _compile(
    (
        (
            "signal",
            "Shift from {a} to {x}",
            r"\b(?:shift|mov|transition|evolv|go)(?:e|es|s|ed|ing)?\s+(?:away\s+)?from\s+<A>\s+(?:to|towards?|into)\s+<X>",
        ),
        (
            "signal",
            "Passage de {a} à {x}",
            r"\b(?:passer?|passent|passage|transition|basculer?|bascule)\s+"
            + _OF
            + r"<A>\s+(?:à|au|aux|vers)\s+<X>",
        ),
        ("signal", "Shift towards {x}", r"\b(?:shift|transition|move)s?\s+towards?\s+<X>"),
        (
            "signal",
            "{how} of {x}",
            r"\b(?P<how>rise|emergence|growth|spread|decline|surge|democrati[sz]ation)\s+(?:of|in)\s+<X>",
        ),
        ("signal", "New era of {x}", r"\bnew\s+era\s+(?:of|for)\s+<X>"),
        ("signal", "Democratisation of {x}", r"\bdemocrati[sz]ing\s+<X>"),
        (
            "signal",
            "{how} : {x}",
            r"\b(?P<how>essor|émergence|montée en puissance|montée|généralisation|démocratisation|recul)\s+"
            + _OF
            + "<X>",
        ),
        (
            "behavior",
            "{who} {how} {x}",
            rf"\b(?P<who>{_either(_ACTORS)})\s+(?:(?:are|have|may|often|increasingly|now|also)\s+){{0,3}}"
            rf"(?P<how>{_either(_PRACTICES)})\s+<X>",
        ),
        (
            "behavior",
            "{who} {how} {x}",
            rf"\b(?P<who>{_either(_ACTORS_FR)})\s+(?P<how>{_either(_PRACTICES_FR)})\s+<X>",
        ),
        (
            "concern",
            "{how} about {x}",
            r"\b(?P<how>fears?|worries|worry|concerns?)\s+(?:about|over|around)\s+<X>",
        ),
        ("concern", "{how} : {x}", rf"\b(?P<how>craintes?|inquiétudes?|peurs?|préoccupations?)\s+{_ON}<X>"),
        (
            "issue",
            "{how} about {x}",
            r"\b(?P<how>questions|debate|controversy|dispute|doubts)\s+(?:about|over|around)\s+<X>",
        ),
        (
            "issue",
            "{how} of {x}",
            r"\b(?P<how>risks?|lack|shortage|limits|limitations|challenges?)\s+of\s+<X>",
        ),
        ("issue", "{how} : {x}", r"\b(?P<how>débats?|polémique|controverse|doutes)\s+sur\s+<X>"),
        ("issue", "{how} : {x}", rf"\b(?P<how>risques?|manque|pénurie|limites|enjeux|défis)\s+{_OF}<X>"),
    )
)
_OUTLOOK: Final = re.compile(
    r"\b(?:in (?:ten|five|\d+) years|within (?:a|the next) (?:decade|\w+ years)|by 20[3-4]\d|over the next decade"
    r"|d['’]ici (?:20[3-4]\d|dix ans|cinq ans|\d+ ans)|dans (?:dix|cinq|\d+) ans)\b",
    re.IGNORECASE,
)
_DRIVER: Final = re.compile(
    r"\b(?:driven by|because of|due to|thanks to|fuelled by|fueled by|under pressure from|spurred by"
    r"|portée?s? par|grâce à|grâce aux|en raison de|sous l['’]effet de|poussée?s? par)\s+(?P<x>[^.!?\n]{5,160})",
    re.IGNORECASE,
)


def read_sentence(sentence: str) -> Said | None:
    """What a sentence says that a row could be made of, the first that fits."""
    for pattern in PATTERNS:
        match = pattern.pattern.search(sentence)
        if match is None:
            continue
        if match.end("x") == len(sentence) and sentence[-1:].isalnum() and len(sentence) > 200:
            continue  # a text cut off in the middle
        parts = {name: _phrase(value) for name, value in match.groupdict().items() if value}
        if not all(parts.values()) or not _says_something(parts["x"]):
            continue
        name = pattern.name.format(**parts)
        change = ""
        if "a" in parts:
            change = f"{parts['a'][:1].upper()}{parts['a'][1:]} → {parts['x']}"
        return Said(pattern.kind, name[:1].upper() + name[1:], change)
    return None


def outlook_of(sentence: str) -> str:
    """The sentence, when it looks years ahead."""
    return sentence if _OUTLOOK.search(sentence) else ""


def driver_of(sentence: str) -> str:
    """What a sentence says drives the change."""
    match = _DRIVER.search(sentence)
    return match["x"].strip(" ,;") if match else ""


def _phrase(text: str) -> str:
    """A captured phrase without the article before it; "" when it is too long for a name."""
    words = text.split()
    while words and (stem(words[-1]) in STOP_WORDS or not words[-1].strip("'’-")):
        words.pop()
    if len(words) > _NAME_WORDS:
        return ""
    phrase = " ".join(words).strip(" -–'’")
    return re.sub(r"^(?:(?:the|an?|le|la|les|un|une|des|du)\s+|[ld]['’])", "", phrase, flags=re.IGNORECASE)


def _says_something(phrase: str) -> bool:
    bland = STOP_WORDS | FRAME_WORDS
    words = split_words(phrase).stems
    telling = [word for word in words if word not in bland and len(word) > 2]
    return bool(telling) and len([word for word in words if word not in STOP_WORDS]) >= 2
