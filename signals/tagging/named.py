"""Technologies that a text names: products by what is said beside their name, acronyms, sorts of things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from signals.tagging.phrases import VERBS, Casing, is_joint, is_title_case, is_weighing, word_set
from signals.tagging.words import STOP_WORDS, split_words, stem

_SORTS: Final = (
    r"(?:language |world |foundation |reasoning |coding |video |image |voice |audio |speech |vision "
    r"|embedding |diffusion )?"
    r"(?:models?|llms?|slms?|frameworks?|chips?|architectures?|protocols?|librar(?:y|ies)|engines?"
    r"|algorithms?|accelerators?"
    r"|compilers?|processors?|toolkits?|sdks?|datasets?|benchmarks?|agents?|assistants?|chatbots?"
    r"|platforms?|tools?|apps?"
    r"|apis?|plugins?|extensions?|browsers?|editors?|ides?|robots?|wearables?|sandbox|runtimes?|databases?|malware"
    r"|vulnerabilit(?:y|ies)|languages?|systems?|techniques?|methods?|servers?|clis?|services?|networks?|generators?"
    r"|supercomputers?|gpus?|tpus?|cpus?|devices?|toys?|glasses|social network|specifications?|standards?|features?)"
)
_SORTS_FR: Final = (
    r"(?:modèles?|IA|puces?|bibliothèques?|moteurs?|algorithmes?|protocoles?|processeurs?|outils?"
    r"|plateformes?|agents?"
    r"|assistants?|chatbots?|applications?|logiciels?|navigateurs?|robots?|frameworks?|bases? de données|malwares?"
    r"|techniques?|méthodes?|fonctions?|fonctionnalités?|services?|systèmes?|langages?|versions?)"
)
# A name: words with capitals, or with capitals or figures inside; a version may follow.
_CAPITAL: Final = r"[A-Z][\w+.]*[\w+]|[a-z]+[A-Z]\w*"
_NEXT: Final = r"[A-Z][\w.]*[\w+]|[a-z]+[A-Z]\w*|v?\d+(?:\.\d+)*[a-z]?\b|[A-Z]\b"
_NAME: Final = rf"(?P<name>(?:{_CAPITAL})(?:[- ](?:{_NEXT})){{0,3}})"
_MODIFIERS: Final = (
    r"(?:(?!(?:who|that|which|for|of|to|in|with|at|from|by|and|qui|que|de|du|des|pour|par|et)\b)"
    r"[\w'’‑-]+,? ){0,5}?"
)
# What comes behind the sort shows that the phrase ends with it: "a service provider" is no service.
_ENDS: Final = (
    r"(?=[\s\"”»]*(?:[,.;:)(–—|]|$|\n)|[\s\"”»]+(?:that|which|for|to|from|with|in|on|by|at|is|and"
    r"|designed|built|developed|"
    r"trained|capable|meant|able|based|running|aimed|where|qui|que|pour|de|du|des|à|capable|conçue?"
    r"|développée?|dédiée?)\b)"
)
# "OrcBot is a self-hosted agent", "OpenClaw, an open-source AI agent framework": the turn between the two.
_TURN: Final = re.compile(
    r"(?:,| is| are| est| —| –| -| :|:) (?:an?|its|our|the (?:first|new|latest|popular|open)|une?|l['’]) ?",
    re.IGNORECASE,
)
_SORT_AHEAD: Final = re.compile(rf"(?i:{_MODIFIERS}(?:{_SORTS}|{_SORTS_FR})){_ENDS}")
_NAME_BEHIND: Final = re.compile(rf"(?<![\w-]){_NAME}(?: \([^)]{{2,40}}\))?$")
_SAID_OF: Final = (
    # "a model called Devstral", "un malware baptisé PromptSpy".
    re.compile(
        rf"(?i:\b{_SORTS}|\b{_SORTS_FR})[^.;:,]{{0,20}}?,? "
        rf"(?i:called|named|dubbed|known as|baptisée?|nommée?|appelée?|surnommée?) [\"“«'‘ ]{{0,2}}{_NAME}"
    ),
    # "its new model Foo", "le nouveau modèle Foo".
    re.compile(
        rf"\b(?i:new|latest|nouveau|nouvelle|nouvel) (?i:(?:[\w'’-]+ ){{0,2}}?(?:{_SORTS}|{_SORTS_FR}))"
        rf"(?:, (?i:called|named|dubbed))? [\"“«'‘ ]{{0,2}}{_NAME}"
    ),
)  # fmt: skip
# One of these stands in every text that the pattern of the same place fits: to look for them takes far less.
_SAID_WITH: Final = (
    ("called", "named", "dubbed", "known as", "baptis", "nomm", "appel"),
    ("new", "latest", "nouve"),
)
_LAUNCHED: Final = re.compile(
    r"(?:^|\b)(?:(?i:introducing|announcing|meet|launch(?:es|ed|ing)?|unveil(?:s|ed|ing)?|releas(?:es|ed"
    r"|ing)|debut(?:s|ed)|"
    r"open[- ]sourc(?:es|ed|ing)|roll(?:s|ed|ing)? out|introduces|introduced|presents)|lance|dévoile"
    r"|présente|déploie) "
    r"(?i:(?:its|the|new|la|le|son|sa|nouveau|nouvelle) ){0,2}[\"“«'‘]? ?" + _NAME
)
# What is said of a thing shows that it is the catalogue's business.
_STRONG: Final = re.compile(
    r"\b(?:AI|IA|LLMs?|SLMs?|[Mm]odels?|modèles?|[Aa]gents?|agentic|[Cc]hatbots?|GPUs?|TPUs?|NPUs?"
    r"|chips?|puces?|accelerators?"
    r"|benchmarks?|datasets?|robots?|humanoids?|transformers?|neural|machine learning|coding|inference"
    r"|prompts?|RAG|vector"
    r"|voice|speech|multimodal|assistants?|supercomputers?|generative|générative)\b"
)
_ACRONYM: Final = re.compile(
    r"\b(?P<long>[A-Za-z][\w-]+(?: (?:of |de |and |et )?[\w-]+){1,5}) \((?P<short>[A-Z][A-Za-z]{1,6}s?)\)"
)
_HEAD: Final = (
    r"models|networks|architectures|chips|protocols|accelerators|transformers|agents|robots|glasses"
    r"|browsers|assistants"
    r"|chatbots|companions|toys|wearables|datasets|benchmarks|sandboxes|coding|databases|robotaxis"
    r"|drones|humanoids|avatars"
    r"|earbuds|simulations|interpretability|quantization|distillation|watermarking|orchestration|cloning|inference"
    r"|copilots|twins|supercomputers|embeddings|context engineering|harness engineering"
    r"|prompt engineering|vibe coding"
)
_PHRASES: Final = (
    re.compile(rf"(?<![\w-])[A-Za-z][\w‑-]+ (?:[A-Za-z][\w‑-]+ )?(?:{_HEAD})\b(?![-’'])"),
    re.compile(r"\b(?:modèles|réseaux|puces|algorithmes|architectures|protocoles|agents|robots|lunettes|navigateurs|jumeaux)"
               r" (?:(?:de |d['’]|à )[a-zà-ÿ-]{4,}|[a-zà-ÿ-]{3,}(?:ïdes|ifs|ives|els|elles|iques|ants"
               r"|eurs|aires|ées|és|nts)\b)"),
)  # fmt: skip
_BLAND_WORDS: Final = """
best better large larger largest big small smaller latest powerful different existing current several
various these those using other such good great popular open business role data based related called
including many first second next future recent actual real capable advanced human face faire avec pour plus
capables existants actuels nouveaux social sociaux comme economique economic training trained build building
running deploying creating underlying use ai ia new more modern your our their its his her with without
between own any all both one two three four five specific individual multiple single additional thousand
million hundred most every each traditional custom local cloud personal help let make run add get give need
want meet why how what when where who is are can will deploy create manage connect test turn train ship
launch release join improve scale like top proprietary commercial frontier leading state-of-the-art special
key smart google openai meta anthropic microsoft apple amazon nvidia claude chatgpt gemini copilot llm llms
mistral grok software prompt platform chinese american european french language intelligent complete
customer user developer enterprise company internal external powered available free fast faster cheap
cheaper simple complex long short useful reliable older previous same similar certain particular dedicated
major famous capacity low high higher lower mobile web video audio image controlling evaluating
understanding reading writing introducing agent agents model models tool entire web-based nouvelles autres
grands petits leurs ses nos vos tous toutes performants puissants avances neural deep vacuum aspirateur
teach teaching keep bring bringing built building-ready full effective important successful everyday ready
"""
_BLAND: Final = frozenset(stem(word) for word in _BLAND_WORDS.split())
_NO_NAME: Final = frozenset(
    stem(word)
    for word in word_set("""
january february march april may june july august september october november december monday tuesday
wednesday thursday friday saturday sunday the this that it its our we they you he she there here these
those my your in on at as and or but for with by from to of if when while why how what who where their
today now new one two first une un le la les des il elle nous ce cette ces son sa en et ou mais dans pour
par avec sur selon qui que quoi ceo cto ai ia api llm llms gpu cpu us uk eu usa china europe france paris
google openai meta anthropic microsoft apple amazon nvidia intel amd samsung tesla xai ibm oracle mwc gtc
part partie chapter table figure show hn news model models agent agents tools tool data access support
system week weekend episode introducing announcing ios android windows linux mac macos python java
javascript typescript rust india japan germany university department pentagon congress senate house court
president trump musk elon altman sam board team series group company inc ltd reuters bloomberg techcrunch
verge wired reddit youtube twitter x tiktok instagram facebook dall linkedin slack github adobe telegram
mozilla whatsapp uber spotify netflix disney salesforce sap cisco qualcomm signal discord zoom figma canva
shopify walmart sony firefox chrome hipaa gdpr rgpd hugging face huggingface aws azure gcp nasa nato fda
ftc
""")
)
# What has an acronym and is no technology.
_BODIES: Final = word_set("""
institute congress department agency commission association university authority office act regulation
company organization organisation foundation committee group bureau council union ministry center centre
conference forum laboratory exchange force court bank fund school intelligence service administration
board ceo officer society federation institut agence universite ministere autorite loi week summit award
index pact program programme team
""")
_MAKERS: Final = word_set("""
google openai meta anthropic microsoft apple amazon nvidia intel amd samsung mistral ibm alibaba bytedance
tencent baidu huawei deepmind xai s
""")


@dataclass(frozen=True, slots=True)
class Named:
    """A technology as a text names it, where, and how often what is found this way is one."""

    name: str
    start: int
    end: int
    worth: float


def named_things(whole: str, title_end: int, casing: Casing) -> Iterator[Named]:
    """Names of technologies in `whole` (title, line end, text), with their offsets."""
    title = whole[:title_end]
    shouted = is_title_case(title)
    for turn in _TURN.finditer(whole):
        # The name first: it is the rarer of the two.
        begin = max(0, turn.start() - 60)
        behind = _NAME_BEHIND.search(whole[begin : turn.start()])
        ahead = _SORT_AHEAD.match(whole, turn.end()) if behind is not None else None
        if behind is not None and ahead is not None and _is_name(behind["name"], casing):
            start = begin + behind.start("name")
            worth = 0.8 if _STRONG.search(ahead[0]) else 0.45
            yield Named(_without_maker(behind["name"]), start, start + len(behind["name"]), worth)
    small = whole.lower()
    for pattern, words_with in zip(_SAID_OF, _SAID_WITH, strict=True):
        if not any(word in small for word in words_with):
            continue
        for match in pattern.finditer(whole):
            name = match["name"]
            if not _is_name(name, casing) or (" " in name and not _is_coined(name)):
                continue
            if match.start() < title_end and shouted and not (_is_coined(name) or whole.count(name) > 1):
                continue
            worth = 0.75 if _STRONG.search(whole[match.start() : match.start("name")]) else 0.45
            yield Named(_without_maker(name), match.start("name"), match.end("name"), worth)
    for match in _LAUNCHED.finditer(whole):
        name = match["name"]
        if not _is_name(name, casing):
            continue
        in_title = match.start() < title_end
        # Where every word has a capital, a name is told by capitals or figures inside, or by being said again.
        if not _is_coined(name) and whole.count(name) < 2 and (" " not in name or (in_title and shouted)):
            continue
        follows = whole[match.end() : match.end() + 20]
        if re.match(r"[’']s\b| (?:CEO|Inc|University|Foundation|Group|and [A-Z])", follows):
            continue
        yield Named(_without_maker(name), match.start("name"), match.end("name"), 0.65)
    for match in _ACRONYM.finditer(whole) if " (" in whole else ():
        begins = _expansion(match["long"], match["short"])
        # Who goes on to use the short form is speaking of the thing.
        if begins is not None and len(re.findall(rf"\b{match['short']}", whole)) > 1:
            long = match["long"][begins:]
            if not _BODIES.isdisjoint(split_words(long).stems):
                continue
            name = f"{long[:1].upper()}{long[1:]} ({match['short']})"
            yield Named(name, match.start("long") + begins, match.end(), 0.7)
    counts: dict[str, int] = {}
    places: dict[str, re.Match[str]] = {}
    texts: dict[str, str] = {}
    for number, pattern in enumerate(_PHRASES):
        for match in pattern.finditer(whole):
            text = match[0]
            words = split_words(text).stems
            if number == 0 and not text.isascii():
                continue  # an English head behind French words
            while len(words) > 2 and (words[0] in _BLAND or words[0] in STOP_WORDS):
                text = text.split(" ", 1)[1]
                words = split_words(text).stems
            if any(word in _BLAND or word in STOP_WORDS or is_joint(word) for word in words[:-1]):
                continue
            if words[0] in _BLAND or words[0] in VERBS or (len(words) > 1 and is_weighing(words[0])):
                continue
            shared = " ".join(words)
            texts.setdefault(shared, text)
            counts[shared] = counts.get(shared, 0) + (2 if match.start() < title_end else 1)
            places.setdefault(shared, match)
    for shared, match in places.items():
        if counts[shared] >= 2:
            text = texts[shared]
            name = casing.written(text, is_title_case(text) or text[0].isupper())
            yield Named(name[:1].upper() + name[1:], match.start(), match.end(), 0.5)


def _is_name(name: str, casing: Casing) -> bool:
    words = re.split(r"[ -]", name)
    stems = [stem(word) for word in words]
    if len(words) == 1 and (stems[0] in _NO_NAME or len(name) < 3 or words[0].casefold() in casing.small):
        return False
    if (stems[0] in _NO_NAME and stems[0] not in _MAKERS) or stems[-1] in _NO_NAME:
        return False
    if all(s in _NO_NAME or word.casefold() in casing.small for s, word in zip(stems, words, strict=True)):
        return False
    return not any(word.endswith(("’s", "'s")) for word in words)


def _is_coined(name: str) -> bool:
    return any(
        (any(c.isupper() for c in word[1:]) and not word.isupper()) or any(c.isdigit() for c in word)
        for word in re.split(r"[ -]", name)
        if word
    )


def _without_maker(name: str) -> str:
    """ "Google Gemini 3" is "Gemini 3": the maker's name is no part of the thing's."""
    first, _, rest = name.partition(" ")
    if first.casefold() in _MAKERS and len(rest) > 3 and rest[0].isalpha():
        return rest
    return name


def _expansion(long: str, short: str) -> int | None:
    """Where in `long` the words begin that `short` abbreviates; None when it doesn't."""
    letters = short.rstrip("s").casefold()
    if len(letters) < 2:
        return None
    matches = list(re.finditer(r"[A-Za-z]\w*", long))
    for skip in (False, True):
        words = [m for m in matches if not skip or stem(m[0]) not in STOP_WORDS]
        tail = words[-len(letters) :]
        if len(tail) == len(letters) and all(
            m[0][0].casefold() == c for m, c in zip(tail, letters, strict=True)
        ):
            return tail[0].start()
    return None
