"""Noun phrases of English and French sentences, cut where the clause ends, and how they are written as names.

No grammar is read: a phrase goes on until a word or a mark that can't stand inside one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from signals.tagging.names import fold

LONGEST: Final = 8
"""Words that a name has at most."""
_TOKEN: Final = re.compile(
    r"(?:\b[ldcjmnst]|\bqu)['’](?=\w)"
    r"|[\w$€][\w$€%+#&/‑-]*(?:\.(?=[\da-z])\w+)*(?:['’](?:s|re|ve|ll|t|d|m)\b)?|['’]s\b",
    re.IGNORECASE,
)


def word_set(words: str) -> frozenset[str]:
    """The words of a list written as running text."""
    return frozenset(words.split())


# Skipped where a phrase begins.
_OPENERS: Final = word_set("""
the a an its their his her our your my this that these those some any all both each every many several much
most various other such so very increasingly growing new latest recent current potential possible ongoing
wider broader serious major huge massive big sharp rapid sudden apparent alleged further fresh more certain
real true mere entire today's same own what is are just even only also now not no le la les l un une des du
de d ce cet cette ces son sa ses leur leurs notre nos votre vos mon ma mes plusieurs certains certaines
quelques tout tous toute toutes nouveau nouvelle nouveaux nouvelles autres autre grands
""")
# A phrase ends before these.
_STOPS: Final = word_set("""
what what's va-t-elle va-t-il est-elle est-il peut-elle peut-il that which who whom whose where when while
why how if unless because since before after although though than as but or nor so yet it they we he she you
i them us him me there here this these those is are was were be been being am isn't aren't wasn't will would
can could may might must should shall do does did has have had having don't doesn't can't won't it's let's
that's at by from into onto over under about through during until amid among against between without within
despite toward towards across along around behind beyond via per up down off out away back upon versus vs
not never still already even also just now then once again soon today yesterday tomorrow tonight ago later
monday tuesday wednesday thursday friday saturday sunday say says said saying warn warns warned get gets got
make makes made take takes took bring brings brought help helps helped let lets want wants wanted keep keeps
kept become becomes became seem seems go goes went come comes came give gives gave show shows showed shown
find finds found continue continues remain remains add adds added join joins raise raises raised unveil
unveils unveiled announce announces announced introduce introduces launches launched acquires acquired
expands hires hits tell tells told think thinks believe believes argue argues deny denies reveal reveals
revealed begin begins began start starts started stop stops stopped face faces faced enter enters entered
opens opened push pushes build builds buy buys bought sell sells sold run runs ran use uses used need needs
require requires allow allows enable enables enabling mean means leads led hold holds held sees saw seen
know knows known worries sparks fuels angers allowed conteste suggest suggests reach reaches create creates
created leave leaves left look looks work works call calls called involving involves named dubbed using
based compared following including according due thanks like worth instead ask asks turn turns turned
threaten threatens grow grows grew hurt hurts lose loses lost win wins won pay pays paid qui que qu dont où
ou mais car donc ni lorsque quand si alors afin ainsi comme puisque parce ce elle il ils elles nous vous je
on est sont être était étaient sera seront serait a ont avait aura peut peuvent doit doivent va vont fait
font n ne pas plus jamais se s y par avec sans sous vers chez dès depuis pendant avant après selon contre
entre malgré grâce jusqu lors permet devient crée offre propose oblige pousse pose reste représente soulève
inquiète menace révèle explique affirme montre veut prend met aujourd'hui hier demain désormais déjà encore
toujours notamment actuellement
""")
_DETERMINERS: Final = word_set(
    "the a an every any some no this that these those all each both such le la les un une des du"
)
# Adjectives and the like that weigh a thing without saying which it is; "widening skills gap" is the skills gap.
_WEIGHING: Final = word_set("""
critical strict formal dangerous widespread widening high-severity severe serious major growing rising
looming global massive new possible potential alleged compromising bridging fully rampant fresh dire strong
chronic persistent so-called first second third two three several multiple more most bad worst acute
imminent upcoming sudden sharp proposed total exponential actual common typical latest recent full official
broad extensive important significant swift swifter harsh tough wave
""")
_GERUND_NOUNS: Final = word_set(
    "training learning coding computing engineering banking manufacturing advertising hiring marketing processing "
    "reasoning programming mining pricing funding gaming trading tracking testing shopping parenting teaching nursing"
)
# Verbs that stand before a noun as often as not: a phrase read backwards ends at them.
VERBS: Final = word_set("""
predict predicts mirror mirrors codename like likes offer offers offering demand demands demanding embrace
embraces beat beats tolerate tolerates violate violates escape escapes toward compose composes executes
execute report reports outline outlines rank ranks hate hates love loves ban bans reduce reduces deliver
delivers drop drops break breaks broke track tracks prevent prevents preventing avoid avoids avoiding fight
fights fighting combat combats combating stop stopping cause causes causing detect detects detecting block
blocks blocking tackle tackles tackling fix fixes fixing spread spreads spreading spark sparks sparking fuel
fuels fueling fuelling drive drives driving boost boosts boosting accelerate accelerates accelerating
improve improves improving ensure ensures ensuring address addresses addressing enhance enhances enhancing
trigger triggers triggering expose exposes exposing exploit exploits exploiting limit limits limiting
increase increases increasing decrease curb curbs curbing cut cuts cutting cite cites citing amid rethink
rethinking meet meets meeting manage manages managing support supports supporting steal steals stealing push
pushing launch launching face facing hide hides hiding understand understanding measure measures measuring
strengthen strengthens strengthening weaken weakens eliminate eliminates eliminating mitigate mitigates
mitigating pose poses posing see seeing sees test tests testing suffer suffers suffering promote promotes
promoting perform performs worsen worsens worsening deepen deepens end ends ending lutter éviter réduire
réduit provoque provoquer renforcer plein pleine set series bunch wave list kind claim claims share shares
order orders announce back backs backing power powers powering lead leading name names
""")
# One of these may stand inside, when a noun follows.
_JOINS: Final = word_set("of for in and & de du des d en à au aux et pour dans l la le les on to with sur")
_DEEP: Final = word_set("of de du des d l la le les & en")
_LINKS: Final = word_set("of for in and & de du des d en à au aux et pour dans on to with sur")
_LY: Final = word_set(
    "family supply early daily weekly monthly friendly assembly anomaly reply only italy july"
)
_AFTER_VERB: Final = word_set(
    "the a an by to in on with for from at its their his her your as it them into that some more all new and"
)
_NO_END: Final = word_set("""
of for in and & de du des d en à au aux et pour dans l la le les on to with sur the a an new more most its
their his her our your one two three un une very own big such other first last next this these those every
2024 2025 2026 2027 fully not
""")
_NO_START: Final = word_set("to on in for with and or by et ou pour dans sur avec en au aux à of")
_VAGUE: Final = word_set("""
thing things way ways lot kind sort type bit time times year years month months week weeks day days today
world everything something nothing anything everyone people person use case cases part parts number amount
question questions issue issues problem problems work job story life point fact idea level area end start
sense matter need chose choses façon manière fois temps an ans année années mois semaine jour jours monde
gens partie nombre cas one ones it them those these others more less all some new best top here there what
début beginning dying stock shares valuation activity change changes future power company companies price
prices
""")


@dataclass(frozen=True, slots=True)
class Token:
    """A word with its place in the sentence."""

    text: str
    word: str
    start: int
    end: int


def tokenize(sentence: str) -> list[Token]:
    """The words of a sentence; a French elided article is a word of its own."""
    return [
        Token(m[0], m[0].casefold().replace("’", "'").rstrip("'"), m.start(), m.end())
        for m in _TOKEN.finditer(sentence)
    ]


def phrase_after(sentence: str, tokens: Sequence[Token], start: int, limit: int = LONGEST) -> tuple[int, int]:
    """Where the noun phrase that begins at or after offset `start` stands; (start, start) when there is none."""
    place = next((i for i, token in enumerate(tokens) if token.start >= start), len(tokens))
    if place < len(tokens) and not _is_gap(sentence[start : tokens[place].start]):
        return start, start
    place, first = _skip_openers(sentence, tokens, place), 0
    first, kept, joins = place, place, 0
    while place < len(tokens) and place - first < limit + 3:
        token = tokens[place]
        if place > first and not _is_gap(sentence[tokens[place - 1].end : token.start]):
            break
        if place == first and token.word in _NO_START:
            return start, start
        if token.word in _JOINS and place > first:
            if token.word not in _DEEP:
                joins += 1
            if joins > 1 or not _goes_on(sentence, tokens, place):
                break
        elif (
            token.word in _STOPS
            or (place > first and _is_verb_like(tokens, place))
            or (place > first and token.word in _DETERMINERS and tokens[place - 1].word not in _JOINS)
        ):
            break
        place += 1
        if place - first <= limit:
            kept = place
    while kept > first and (tokens[kept - 1].word in _NO_END or tokens[kept - 1].word in _STOPS):
        kept -= 1
    # "AI agents and their" or a limit in the middle: back to before the join.
    if kept < place and kept - first >= limit:
        for back in range(kept - 1, first, -1):
            if tokens[back].word in _LINKS:
                kept = back
                break
        else:
            return start, start
    if kept - first > 2 and re.fullmatch(r"[A-Za-z]{3,}ed", tokens[kept - 1].text):
        kept -= 1
    following = tokens[kept].word if kept < len(tokens) else ""
    if kept - first > 2 and following in {"par", "by"} and re.search(r"(?:ée?s?|ed)$", tokens[kept - 1].word):
        kept -= 1
    # "in production with secure, scalable ...": what the comma cuts is half a phrase.
    if kept - first > 2 and kept == place and sentence[tokens[kept - 1].end :].startswith(","):
        for back in (kept - 2, kept - 3):
            if back > first and tokens[back].word in _LINKS - _DEEP:
                kept = back
                break
    if kept == first:
        return start, start
    return tokens[first].start, tokens[kept - 1].end


def phrase_before(sentence: str, tokens: Sequence[Token], end: int, limit: int = 6) -> tuple[int, int]:
    """Where the noun phrase that ends at offset `end` stands; (end, end) when there is none."""
    last = next((i for i in range(len(tokens) - 1, -1, -1) if tokens[i].end <= end), -1)
    if last < 0 or not _is_gap(sentence[tokens[last].end : end]):
        return end, end
    first = last + 1
    for place in range(last, max(-1, last - limit - 1), -1):
        token = tokens[place]
        if place < last and not _is_gap(sentence[token.end : tokens[place + 1].start]):
            break
        if (
            token.word in _STOPS
            or token.word in VERBS
            or token.word in _DETERMINERS
            or token.word in _JOINS | {"its", "their", "his", "her", "your"}
        ):
            break
        if place < last and _is_verb_like(tokens, place):
            break
        if token.word.endswith("ing") and is_weighing(token.word):
            break
        first = place
    if last + 1 - first > limit:
        return end, end
    first = _skip_openers(sentence, tokens[: last + 1], first)
    while first < last and is_weighing(tokens[first].word):
        first += 1
    while first <= last and tokens[first].word in _NO_END:
        first += 1
    if first == last and is_weighing(tokens[first].word):
        return end, end
    return (tokens[first].start, tokens[last].end) if first <= last else (end, end)


def is_weighing(word: str) -> bool:
    """Whether a word (casefolded) says how much, or that something goes on, and not which thing."""
    return (
        word in _WEIGHING
        or (word.endswith("ed") and "-" not in word and len(word) > 4 and word != "generated")
        or (word.endswith("ing") and len(word) > 5 and word not in _GERUND_NOUNS)
    )


def is_telling(words: Sequence[str], bland: frozenset[str]) -> bool:
    """Whether a phrase's words (casefolded) say anything by themselves: a noun that isn't vague."""
    telling = [
        w for w in words if len(w) > 2 and w not in _VAGUE | _OPENERS | _JOINS | _STOPS and w not in bland
    ]
    return bool(telling)


def is_vague(word: str) -> bool:
    """Whether a word (casefolded) is too common to end a name."""
    return word in _VAGUE


def is_joint(word: str) -> bool:
    """Whether a word can follow a noun phrase without being part of it."""
    low = word.casefold()
    return low in _STOPS or low in _JOINS or low.endswith(("ed", "ly"))


def _skip_openers(sentence: str, tokens: Sequence[Token], place: int) -> int:
    while place < len(tokens) and (
        tokens[place].word in _OPENERS
        or (tokens[place].word.endswith("ly") and tokens[place].word not in _LY)
        or tokens[place].word in {"'s", "%"}
    ):
        if place + 1 < len(tokens) and not _is_gap(sentence[tokens[place].end : tokens[place + 1].start]):
            return len(tokens)
        place += 1
    return place


def _is_gap(between: str) -> bool:
    return not between.strip(" \u00a0'’“\"‘«»”")


def _goes_on(sentence: str, tokens: Sequence[Token], place: int) -> bool:
    """Whether a noun follows the joining word at `place`."""
    after = place + 1
    if after >= len(tokens) or not _is_gap(sentence[tokens[place].end : tokens[after].start]):
        return False
    while after < len(tokens) and tokens[after].word in _OPENERS | {"l", "la", "le", "les"}:
        after += 1
    if after >= len(tokens) or (tokens[after].word in _STOPS):
        return False
    word = tokens[after].word
    if tokens[place].word == "to":
        return False
    if tokens[place].word == "in" and (word[:2] in {"19", "20"} or word in _MONTHS):
        return False
    if word.endswith("ing") and len(word) > 5 and word not in _GERUND_NOUNS:
        return tokens[place].word in {"of", "for"}
    return not (tokens[place].word in {"and", "et", "&"} and _is_verb_like(tokens, after))


_MONTHS: Final = word_set(
    "january february march april may june july august september october november december order"
)


def _is_verb_like(tokens: Sequence[Token], place: int) -> bool:
    """A word that is probably a verb or an adverb where it stands."""
    word = tokens[place].word
    following = tokens[place + 1].word if place + 1 < len(tokens) else ""
    if word.endswith("ly") and word not in _LY and word.isalpha():
        return True
    if "-" in word or not tokens[place].text[0].islower():
        return False
    if word.endswith("ed") and len(word) > 4:
        return following in _AFTER_VERB or not following
    if word.endswith("ing") and len(word) > 5:
        return following in _AFTER_VERB and following not in {"and", "for", "in", "by"}
    return False


_SMALL: Final = word_set("and or of for in on at to by with from a an the vs via as de du des et la le les")
_ENDINGS: Final = word_set("""
ing tion tions ment ments ity ities ness ism ance ence ers able ible ous ful ive ized ised ed ly ists als
ies ure ures ware ship ical ics ages age ants ents ors
""")


class Casing:
    """Which words are written small, and which are names, as far as the catalogue and an article show."""

    def __init__(self, small: frozenset[str], names: frozenset[str], text: str = "") -> None:
        self._small = small
        self._names = names
        self._text = text

    def with_article(self, text: str) -> Casing:
        """The same, and what an article's running text shows, which is read when first asked for."""
        return Casing(self._small, self._names, text[:3000])

    @property
    def small(self) -> frozenset[str]:
        """Words that are no names, casefolded."""
        self._read()
        return self._small

    @property
    def names(self) -> frozenset[str]:
        """Words that begin with a capital wherever they stand, casefolded."""
        self._read()
        return self._names

    def _read(self) -> None:
        if not self._text:
            return
        small: set[str] = set()
        names: set[str] = set()
        for sentence in re.split(r"(?<=[.!?…])\s+|\n", self._text):
            if is_title_case(sentence):
                continue
            for number, token in enumerate(tokenize(sentence)):
                if token.text[0].islower():
                    small.add(token.word)
                elif number:
                    names.add(token.word)
        self._text = ""
        self._small, self._names = (
            self._small | (small - self._names),
            self._names | (names - small - self._small),
        )

    def written(self, phrase: str, shouted: bool) -> str:
        """A phrase in sentence case; `shouted` says that it comes from a headline with capitals all over."""
        phrase = " ".join(phrase.replace("’", "'").split()).strip(" -–'\"“”‘«»,:;")
        phrase = re.sub(r"(?<!\w)'([^']+)'(?!\w)", r"\1", phrase.replace("“", '"').replace("”", '"'))
        phrase = re.sub(r"(?<![sS])'(?=\s|$)|(?<!\w)'(?=\w)", "", phrase)
        if phrase.count('"') % 2 or "‘" in phrase:
            phrase = phrase.replace('"', "").replace("‘", "")
        if not shouted:
            return phrase
        return re.sub(r"[\w'‑-]+", lambda match: self._word(match[0]), phrase)

    def _word(self, word: str) -> str:
        low = word.casefold()
        if not word[0].isupper() or not word[1:].islower():
            pieces = re.split(r"([-‑])", word)
            if len(pieces) > 1 and word[:1].isupper():
                return "".join(self._word(p) if p not in "-‑" and p else p for p in pieces)
            return word
        base = re.sub(r"'s$", "", low)
        if low in _SMALL or base in self.small:
            return low
        if base in self.names:
            return word
        return low if base.endswith(tuple(_ENDINGS)) and len(base) > 5 else word


def is_title_case(sentence: str) -> bool:
    """Whether most longer words of a sentence begin with a capital."""
    words = [t.text for t in tokenize(sentence)[1:] if len(t.text) > 3 and t.text[0].isalpha()]
    return len(words) >= 2 and sum(word[0].isupper() for word in words) > 0.6 * len(words)


def folded_words(phrase: str) -> list[str]:
    """A phrase's words, casefolded and without accents."""
    return [fold(token.text) for token in tokenize(phrase)]
