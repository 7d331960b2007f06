"""Sentences of change, practice, risk and debate, in English and French."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from signals.tagging.links import FRAME_WORDS
from signals.tagging.phrases import (
    LONGEST,
    Casing,
    Token,
    folded_words,
    is_joint,
    is_telling,
    is_title_case,
    is_vague,
    is_weighing,
    phrase_after,
    phrase_before,
    tokenize,
    word_set,
)
from signals.tagging.words import stem

# Which phrase a pattern makes its name of: the one behind its words, the one before them, or both.
_AFTER, _BEFORE, _BOTH = "after", "before", "both"
_BLAND: Final = FRAME_WORDS | word_set("""
model models tool tools technology technologies system systems modèles modele outil outils systeme tech
solution solutions product products software digital company companies startup startups feature features
ai's ai-powered ai-driven us uk eu google microsoft openai anthropic meta apple amazon nvidia
""")
_SUPERLATIVES: Final = frozenset(
    ["most", "best", "worst", "largest", "biggest", "plus", "its", "their", "his", "her", "our", "your", "my"]
)
_MACHINES: Final = word_set("""
ai ia agent bot robot llm chatbot automation algorithm model modele machine assistant agentic deepfake
drone robotaxi humanoid copilot gpt claude chatgpt gemini vibe coding
""")
# Harms and shortages that say by themselves that machines are meant; an attack or a fraud has to say so.
_OF_MACHINES: Final = word_set("""
slop psychosis deepfake hallucination injection jailbreak sycophancy deskilling loss layoff surveillance
shortage sovereignty backlash boom race rush copyright crunch debt lock-in sprawl divide
""")
_GENERIC: Final = 0.25
_OF: Final = r"(?:de la|du|des|de|d['’]|de l['’]|liés? à|liées? à)"

_ACTORS: Final = (
    "startups companies businesses enterprises organi[sz]ations developers engineers teams employees workers "
    "consumers students teachers researchers scientists hospitals doctors banks firms people kids children "
    "teens teenagers parents programmers coders lawyers journalists artists creators marketers retailers "
    "governments police hackers attackers cybercriminals scammers criminals managers executives professionals "
    "americans schools universities farmers designers recruiters candidates patients users customers hobbyists"
)
_DOING: Final = {
    "use": r"use|using|uses|used",
    "adopt": r"adopt|adopting|adopted",
    "rely on": r"rely on|relying on|relied on",
    "turn to": r"turn to|turning to|turned to",
    "prefer": r"prefer|preferring",
    "opt for": r"opt for|opting for|choose|choosing",
    "experiment with": r"experiment with|experimenting with",
    "evaluate": r"evaluate|evaluating",
    "deploy": r"deploy|deploying|deployed",
    "switch to": r"switch to|switching to|switched to",
    "delegate to": r"delegate to|delegating to",
    "replace": r"replace|replacing|replaced",
    "abandon": r"abandon|abandoning|ditch|ditching|ditched|abandoned",
    "exploit": r"exploit|exploiting|exploited|abuse|abusing",
    "embrace": r"embrace|embracing|embraced",
}
_ACTORS_FR: Final = (
    "entreprises|développeurs|équipes|salariés|employés|utilisateurs|étudiants|élèves|enseignants|chercheurs|banques|"
    "hôpitaux|internautes|français|jeunes|adolescents|médecins|avocats|cybercriminels|pirates|hackers|recruteurs|"
    "consommateurs|enfants|parents|artistes|journalistes|professionnels|collectivités|PME"
)
_DOING_FR: Final = (
    r"utilisent|adoptent|préfèrent|choisissent|se tournent vers|expérimentent|déploient|s['’]appuient sur|"
    r"optent pour|délaissent|testent|recourent à|exploitent|remplacent|abandonnent"
)


@dataclass(frozen=True, slots=True)
class SentencePattern:
    """A way of saying something; `name` is how a row made of it is called, `worth` how often it makes a good one."""

    kind: str
    name: str
    side: str
    worth: float
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Said:
    """What a sentence says: a row's kind and name, the change where it names both ends, and how good a name it is."""

    kind: str
    name: str
    change: str
    worth: float
    start: int = 0


def _compile(*rows: tuple[str, str, str, float, str]) -> tuple[SentencePattern, ...]:
    return tuple(
        SentencePattern(kind, name, side, worth, re.compile(rf"(?<![\w-])(?:{text})", re.IGNORECASE))
        for kind, name, side, worth, text in rows
    )


PATTERNS: Final = _compile(
    # Changes.
    (
        "signal", "{how} of {x}", _AFTER, 0.7,
        r"(?P<how>rise|emergence|growth|spread|decline|surge|explosion|proliferation|adoption|commoditi[sz]ation"
        r"|democrati[sz]ation|demise|resurgence)\s+(?:of|in)\s",
    ),
    ("signal", "End of {x}", _AFTER, 0.6, r"(?:the )?(?:end|death) of (?!(?:the )?(?:year|day|month|world)\b)"),
    ("signal", "Era of {x}", _AFTER, 0.6, r"(?:era|age) of (?!\d)"),
    ("signal", "Shift towards {x}", _AFTER, 0.65, r"(?:shift|transition|pivot|moving|shifting)\s+(?:towards?|to)\s"),
    ("signal", "Race for {x}", _AFTER, 0.6, r"race for\s"),
    ("signal", "Democratisation of {x}", _AFTER, 0.6, r"democrati[sz](?:ing|e|es)\s"),
    ("signal", "First {x}", _AFTER, 0.55, r"(?:the )?(?:world['’]s first(?:-ever)?|first-ever)\s"),
    ("signal", "{y} instead of {x}", _BOTH, 0.6, r"(?:instead of|rather than)\s"),
    ("signal", "{y} replacing {x}", _BOTH, 0.65, r"(?:is |are |will |could |may |can )?(?:replace[sd]?|replacing)\s"),
    (
        "signal", "{y} {how} {x}", _BOTH, 0.6,
        r"(?:is|are) (?P<how>reshaping|transforming|changing|disrupting|revolutioni[sz]ing|redefining"
        r"|upending|rewriting"
        r"|overtaking|outpacing|reinventing|eroding|accelerating)\s",
    ),
    (
        "signal", "Surge in {x}", _BEFORE, 0.6,
        r"(?:is |are |has |have )?(?:soars?|soared|soaring|surge[sd]|surging|skyrockets?|skyrocketed"
        r"|skyrocketing|booming"
        r"|explode[sd]?|exploding|doubles(?! down)|doubled(?! down)|triples|tripled)(?!\s*-)\b",
    ),
    (
        "signal", "Fall in {x}", _BEFORE, 0.6,
        r"(?:is |are |has |have )?(?:plunges?|plunged|plummets?|plummeted|plummeting|slumps?|slumped"
        r"|shrinking|dwindling)\b",
    ),
    ("signal", "{x} {how}", _BEFORE, 0.65, r"(?P<how>boom|arms race|gold rush|bubble)\b"),
    (
        "signal", "{how} {x}", _AFTER, 0.7,
        r"(?P<how>(?:essor|émergence|montée en puissance|montée|généralisation|démocratisation|recul|déclin|explosion"
        rf"|avènement|flambée|fin(?! de (?:semaine|mois|journée|l))|ère|course|ruée)\s+(?:{_OF}|vers"
        rf"|à l['’]|aux?))\s?",
    ),
    (
        "signal", "{y} {how} {x}", _BOTH, 0.55,
        r"(?P<how>remplacent?|bouleversent?|transforment?|révolutionnent?|redessinent?|supplantent?)\s",
    ),
    # Practices.
    *(
        (
            "behavior", "{who} " + verb + " {x}", _AFTER, 0.75,
            rf"(?P<who>{'|'.join(_ACTORS.split())})\s+(?:(?:are|have|may|often|increasingly|now|also"
            rf"|already|who|still"
            rf"|in the \w+)\s+){{0,3}}(?:{forms})\s",
        )
        for verb, forms in _DOING.items()
    ),
    (
        "behavior", "{who} {how} {x}", _AFTER, 0.75,
        rf"(?P<who>{_ACTORS_FR})\s+(?P<how>{_DOING_FR})\s",
    ),
    ("behavior", "Using {x}", _AFTER, 0.55, r"how (?:i|we|to|they)\s+(?:use|used|are using|am using)\s"),
    (
        "behavior", "{how} {x}", _AFTER, 0.6,
        r"(?P<how>(?:recours|utilisation|usage)\s+(?:à l['’]|aux?|à|de l['’]|des|du|de))\s?",
    ),
    # Fears and harms.
    (
        "concern", "Fears of {x}", _AFTER, 0.65,
        r"(?:fears?|worries|worry|concerns?|alarms?|warn(?:s|ed|ing|ings)?|anxiety)\s+(?:about|over"
        r"|around|of|against)\s",
    ),
    ("concern", "{y} threatening {x}", _BOTH, 0.55, r"(?:threatens?|is threatening|are threatening)\s(?!to\b)"),
    (
        "concern", "{x} {how}", _BEFORE, 0.7,
        r"(?P<how>scams?|fraud|attacks?|slop|psychosis|deepfakes?|misinformation|disinformation"
        r"|hallucinations?|addiction"
        r"|layoffs|surveillance|plagiarism|theft|prompt injections?|poisoning|jailbreaks?|abuse|harassment|espionage"
        r"|malware|sabotage|impersonation|bias|phishing|propaganda|sycophancy|job losses|deskilling|leakage"
        r"|exfiltration|extraction attacks?|nudes|companions)\b",
    ),
    (
        "concern", "{how} {x}", _AFTER, 0.65,
        r"(?P<how>(?:craintes?|inquiétudes?|peurs?|préoccupations?|menaces?|dérives?|dangers?)\s+"
        rf"(?:{_OF}|sur|quant à|face à|autour de|autour du|autour des))\s?",
    ),
    # What is argued about, lacking, forbidden, taken to court.
    ("issue", "Risk of {x}", _AFTER, 0.65, r"(?:risks?|dangers?|threats?)\s+(?:of|from|posed by)\s"),
    ("issue", "Lack of {x}", _AFTER, 0.7, r"(?:lack|scarcity|absence)\s+of\s"),
    ("issue", "Shortage of {x}", _AFTER, 0.75, r"shortages?\s+of\s"),
    (
        "issue", "Lawsuit over {x}", _AFTER, 0.65,
        r"(?:lawsuits?|suits?|sue[sd]?|suing)\s(?:[\w’'.]+\s){0,4}?(?:over|alleging)\s",
    ),
    ("issue", "Ban on {x}", _AFTER, 0.65, r"(?:bans?|moratorium|curbs?|restrictions?|crackdown|clampdown)\s+on\s"),
    ("issue", "Ban on {x}", _AFTER, 0.5, r"(?:to ban|bans|banning|prohibits|outlaws|forbids)\s(?!on\b|by\b|from\b)"),
    (
        "issue", "Debate over {x}", _AFTER, 0.65,
        r"(?:debates?|controversy|controversies|dispute|row|clash|feud)\s+(?:about|over|around|on)\s",
    ),
    ("issue", "Doubts about {x}", _AFTER, 0.6, r"(?:doubts|scepticism|skepticism)\s+(?:about|over|around)\s"),
    (
        "issue", "Backlash against {x}", _AFTER, 0.7,
        r"(?:backlash|protests?|opposition|pushback|revolt)\s+(?:against|over|to)\s",
    ),
    (
        "issue", "Investigation into {x}", _AFTER, 0.55,
        r"(?:investigations?|probes?|inquiry|inquiries)\s+(?:into|over)\s",
    ),
    (
        "issue", "Accusations of {x}", _AFTER, 0.55,
        r"(?:accus(?:ed|es|ing|ations?)|allegations?)\s(?:[\w’'.]+\s){0,4}?of\s",
    ),
    (
        "issue", "{how} of {x}", _AFTER, 0.6,
        r"(?P<how>limits|limitations|challenges?|hidden costs?|environmental impact|misuse)\s+of\s",
    ),
    ("issue", "Vulnerabilities in {x}", _AFTER, 0.6, r"(?:vulnerabilit(?:y|ies)|flaws?|zero-days?)\s+in\s"),
    (
        "issue", "{x} {how}", _BEFORE, 0.65,
        r"(?P<how>shortages?|lawsuits?|ban|backlash|crackdown|controversy|scandal|liability|regulation"
        r"|sovereignty|copyright|outages?|energy consumption|divide|skills gap|dilemma|crunch|debt"
        r"|fatigue|lock-in|sprawl)\b",
    ),
    (
        "issue", "{how} {x}", _AFTER, 0.65,
        r"(?P<how>(?:débats?|polémique|controverse|doutes|enquête|interrogations|bras de fer)\s+sur)\s",
    ),
    (
        "issue", "{how} {x}", _AFTER, 0.65,
        rf"(?P<how>(?:risques?|manque|pénurie|limites|enjeux|défis?|interdiction|souveraineté|impact"
        rf"|coût|failles?)\s+{_OF})\s?",
    ),
)  # fmt: skip
_FROM: Final = re.compile(
    r"(?<![\w-])(?:shift|mov|transition|evolv|go|pass|graduat)(?:e|es|s|ed|ing)?\s+(?:away\s+)?from\s",
    re.IGNORECASE,
)
_FROM_FR: Final = re.compile(
    r"(?<![\w-])(?:passe(?:r|nt)?|passage|transition|basculer?|basculent)\s+(?P<of>de la|du|des|de l['’]"
    r"|d['’]|de)\s?",
    re.IGNORECASE,
)
_INFINITIVE: Final = re.compile(
    r"(?!danger|papier|chantier|métier|fichier|quartier|courrier|dernier|premier|calendrier|cahier"
    r"|pouvoir|titre|centre)"
    r"[a-zàâéèêîôû]{3,}(?:er|ir|tre|dre|oir|ire|ure)\b(?! (?:de|du|des|d['’]))"
)
_TURN: Final = re.compile(r"\bfrom\b|pass(?:e|age)|transition|bascul", re.IGNORECASE)
_TO: Final = re.compile(r"\s*(?:to|towards?|into)\s", re.IGNORECASE)
_TO_FR: Final = re.compile(r"\s+(?:à la|à l['’]|à|aux?|vers)(?!\w)\s?|\s+à l['’]", re.IGNORECASE)
_PURPOSE: Final = re.compile(r"\s*(to|for|pour)\s", re.IGNORECASE)
_OUTLOOK: Final = re.compile(
    r"\b(?:in (?:ten|five|\d+) years|within (?:a|the next) (?:decade|\w+ years)|by 20[3-4]\d|over the next decade"
    r"|d['’]ici (?:20[3-4]\d|dix ans|cinq ans|\d+ ans)|dans (?:dix|cinq|\d+) ans)\b",
    re.IGNORECASE,
)
_DRIVER: Final = re.compile(
    r"\b(?:driven by|because of|due to|thanks to|fuelled by|fueled by|under pressure from|spurred by"
    r"|portée?s? par|grâce à|grâce aux|en raison de|sous l['’]effet de|poussée?s? par)\s+(?P<x>[^.,!?;:…\n]{5,120})",
    re.IGNORECASE,
)


def _beginnings(pattern: str) -> set[str]:
    """How the words that a pattern's match may hold begin: one of them is in every sentence that it fits."""
    literal = re.sub(r"\?P<\w+>|\\[a-z]|\w\?", " ", pattern)
    runs = re.findall(r"[^\W\d_]{3,}", literal.lower())
    return {run[:4] for run in runs if run not in _COMMON}


_COMMON: Final = word_set("""
the over about around from into are has have how can may will could now also already still often who that
this of with to and year day month world quant sur par posed
""")
_BY_BEGINNING: Final[dict[str, list[int]]] = {}
for _number, _pattern in enumerate(PATTERNS):
    for _beginning in _beginnings(_pattern.pattern.pattern):
        _BY_BEGINNING.setdefault(_beginning, []).append(_number)


def _that_may_fit(sentence: str) -> list[SentencePattern]:
    """The patterns worth trying: searching for each of them in each sentence would cost most of the time."""
    numbers: set[int] = set()
    for word in re.findall(r"\w{3,}", sentence.lower()):
        numbers.update(_BY_BEGINNING.get(word[:4], ()))
        numbers.update(_BY_BEGINNING.get(word[:3], ()))
    return [PATTERNS[number] for number in sorted(numbers)]


def read_sentence(sentence: str, casing: Casing) -> list[Said]:
    """What a sentence says that rows could be made of, the best first."""
    tokens: list[Token] | None = None
    shouted: bool | None = None
    found: list[Said] = []
    if _TURN.search(sentence):
        found += _changes(sentence, casing, is_title_case(sentence))
    for pattern in _that_may_fit(sentence):
        match = pattern.pattern.search(sentence)
        if match is None:
            continue
        tokens = tokens or tokenize(sentence)
        shouted = is_title_case(sentence) if shouted is None else shouted
        said_here = _read(pattern, match, sentence, tokens, casing, shouted)
        if said_here is not None:
            found.append(said_here)
    found.sort(key=lambda said: -said.worth)
    return found


def outlook_of(sentence: str) -> str:
    """The sentence, when it looks years ahead."""
    return sentence if _OUTLOOK.search(sentence) else ""


def driver_of(sentence: str) -> str:
    """What a sentence says drives the change."""
    match = _DRIVER.search(sentence)
    if match is None or (match.end() == len(sentence) and len(sentence) > 200):
        return ""
    return match["x"].strip(" ,;")


def _changes(sentence: str, casing: Casing, shouted: bool) -> Iterator[Said]:
    """Changes that name both ends."""
    for opening, middle, words in (
        (_FROM, _TO, ("Shift from", "to", "From")),
        (_FROM_FR, _TO_FR, ("Passage de", "à", "De")),
    ):
        match = opening.search(sentence)
        if match is None:
            continue
        tokens = tokenize(sentence)
        start, end = _until(sentence, tokens, match.end(), middle)
        turn = middle.match(sentence, end)
        if start == end or turn is None:
            continue
        to_start, to_end = phrase_after(sentence, tokens, turn.end())
        if to_start == to_end or _is_cut(sentence, to_end):
            continue
        a, b = (
            casing.written(sentence[start:end], shouted),
            casing.written(sentence[to_start:to_end], shouted),
        )
        if not (_is_good(a, 1) and _is_good(b, 2)) or a[0].isdigit() or b[0].isdigit():
            continue
        if words[0].startswith("Passage"):
            # French keeps its articles: "Passage d'une écoute passive à une écoute active".
            ends = casing.written(sentence[match.start("of") : to_end], shouted)
            name, change = f"Passage {ends}", ends[:1].upper() + ends[1:]
        else:
            name, change = f"{words[0]} {a} {words[1]} {b}", f"{words[2]} {a} {words[1]} {b}"
        if len(name.split()) <= LONGEST + 4:
            yield Said("signal", name, change, 0.85, match.start())


def _until(sentence: str, tokens: list[Token], start: int, middle: re.Pattern[str]) -> tuple[int, int]:
    """The phrase from `start` to the word that turns to the other end."""
    begin, end = phrase_after(sentence, tokens, start)
    if begin == end:
        return begin, end
    turn = middle.search(sentence, begin, end)
    if turn is not None and turn.start() > begin:
        return begin, turn.start()
    return begin, end


def _read(
    pattern: SentencePattern,
    match: re.Match[str],
    sentence: str,
    tokens: list[Token],
    casing: Casing,
    shouted: bool,
) -> Said | None:
    if match[0].rstrip().endswith(" in") and _is_noun_before(tokens, match.start()):
        return None  # "job growth in ..." is no growth of that
    parts = {name: value for name, value in match.groupdict().items() if value}
    if pattern.side in (_AFTER, _BOTH):
        start, end = phrase_after(sentence, tokens, match.end())
        if start == end or _is_cut(sentence, end):
            return None
        if pattern.kind == "behavior":
            end = _with_purpose(sentence, tokens, start, end)
        parts["x"] = sentence[start:end]
        if sentence[end:].lstrip().startswith("from ") and pattern.name.startswith("Ban"):
            return None
        if (
            parts.get("how", "").lower().startswith("menace")
            and parts["x"][:1].isupper()
            and parts["x"][:2] != "IA"
        ):
            return None
    if pattern.side in (_BEFORE, _BOTH):
        start, end = phrase_before(sentence, tokens, match.start())
        if start == end:
            return None
        parts["y" if pattern.side == _BOTH else "x"] = sentence[start:end]
        if pattern.side == _BEFORE and _continues(sentence, match.end()):
            return None
    if "who" in parts:
        start, _end = phrase_before(sentence, tokens, match.end("who"), 4)
        who = sentence[start : match.end("who")] if start < match.end("who") else parts["who"]
        parts["who"] = who if len(who.split()) <= 3 else parts["who"]
    written = {key: casing.written(value, shouted) for key, value in parts.items()}
    is_compound = pattern.side == _BEFORE and "how" in parts
    if not _is_good(written["x"], 1 if is_compound else 2, is_compound) or (
        "y" in written and not _is_good(written["y"], 1, True)
    ):
        return None
    if "how" in written and pattern.name != "{how} {x}":
        written["how"] = written["how"].lower()
    if pattern.name == "{how} {x}":
        if _INFINITIVE.match(sentence, start):
            return None
        # French keeps the article between the two; whose it is says only the sentence.
        if re.search(
            r"\b(?:son|sa|ses|leurs?|notre|nos|votre|vos|mon|ma|mes)\b", sentence[match.start() : end]
        ):
            return None
        written = {"how": casing.written(sentence[match.start("how") : end], shouted), "x": ""}
    name = " ".join(pattern.name.format(**written).split())
    if not 2 <= len(name.split()) <= LONGEST + 2:
        return None
    if "y" in written and not _is_machine(written["y"]):
        return None
    change = ""
    if pattern.name.startswith("{y} instead") or pattern.name.startswith("{y} replac"):
        change = f"From {written['x']} to {written['y']}"
    worth = (
        pattern.worth - 0.04 * max(0, len(name.split()) - 6) - (0.1 if any(c.isdigit() for c in name) else 0)
    )
    if is_compound and not _is_machine(name) and stem(written["how"].split()[-1]) not in _OF_MACHINES:
        worth -= _GENERIC
    return Said(pattern.kind, name[:1].upper() + name[1:], change, round(worth, 3), match.start())


def _is_noun_before(tokens: list[Token], start: int) -> bool:
    before = [token.word for token in tokens if token.end <= start]
    return bool(before) and not (
        is_joint(before[-1]) or is_weighing(before[-1]) or before[-1] in {"the", "a", "an"}
    )


def _with_purpose(sentence: str, tokens: list[Token], start: int, end: int) -> int:
    """The end of what a practice is for ("... to write tests"), when it is near and short."""
    purpose = _PURPOSE.match(sentence, end)
    if purpose is None:
        return end
    place = next((i for i, token in enumerate(tokens) if token.start >= purpose.end()), len(tokens))
    if place >= len(tokens):
        return end
    if purpose[1].lower() in {"to", "pour"}:
        _start, stop = phrase_after(sentence, tokens, tokens[place].end)
        stop = stop if stop > tokens[place].end else tokens[place].end
        if stop == tokens[place].end:
            return end
    else:
        _start, stop = phrase_after(sentence, tokens, purpose.end())
        if _start == stop:
            return end
    if len(sentence[start:stop].split()) > LONGEST or _is_cut(sentence, stop):
        return end
    return stop


def _is_cut(sentence: str, end: int) -> bool:
    """Whether a text cut off in the middle cuts this phrase."""
    rest = sentence[end:].strip()
    # A headline ends without a mark; so does a text that somebody cut, but most end with one.
    return rest.startswith(("…", "...")) or (not rest and len(sentence) > 90 and sentence[-1:].isalnum())


def _continues(sentence: str, end: int) -> bool:
    """Whether a compound goes on behind its head ("ban talks"), so that the head isn't its head."""
    following = re.match(r"[-’'](?=\w)|\s+([a-zA-Z]+)", sentence[end:])
    if following is None:
        return False
    if following[1] is None:
        return True
    return not is_joint(following[1])


def _is_machine(phrase: str) -> bool:
    """Whether a phrase is about what this catalogue is about: what machines do to something is a change."""
    return not _MACHINES.isdisjoint(stem(word) for word in folded_words(phrase.replace("-", " ")))


def _is_good(phrase: str, least: int, is_compound: bool = False) -> bool:
    words = folded_words(phrase)
    if not words or len(words) > LONGEST or len(phrase) > 80:
        return False
    if is_vague(words[-1]) or not _SUPERLATIVES.isdisjoint(words) or re.match(r"[\d$€]", phrase):
        return False
    if is_compound:
        return any(len(word) > 1 and not is_vague(word) for word in words)
    content = [word for word in words if len(word) > 1]
    return len(content) >= least and is_telling([stem(word) for word in words], _BLAND)
