"""The phrases that say what a text is about: where they stand, how often, how rare their words are. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from signals.tagging.facets_words import BREAKERS, WEAK, word_set
from signals.tagging.words import STOP_WORDS, Words, split_words

_LONGEST: Final = 5
_LEAST: Final = 2.0
_JOINERS: Final = frozenset({"de", "d", "du", "des", "of", "la", "l"})
_FRENCH: Final = frozenset({"le", "la", "et", "une", "du", "dans", "pour", "est", "qui", "sur", "aux", "ce"})
_ENGLISH: Final = frozenset({"the", "of", "and", "to", "is", "in", "for", "with", "its", "that", "it", "are"})
_JOINED: Final = re.compile(r"[ \u00a0\-\u2010\u2011'’]{1,2}")
_SENTENCE: Final = re.compile(r"[.!?:…»”\n]\s*[\"“«]?\s*$")
# Nouns that end as verbs and adverbs do.
_NOUNS: Final = word_set("""
    routing caching indexing ranking rendering scaling hosting forecasting modeling shipping lending
    voting betting gambling farming learning training computing engineering gaming banking marketing
    pricing funding hiring testing coding programming processing reasoning streaming mining hacking
    trading housing phishing monitoring tuning prompting licensing writing advertising grading spending
    manufacturing teaching screening drafting clothing cloning networking mapping imaging sequencing
    recruiting watermarking jailbreaking scraping ring king spring string speed need feed seed breed weed
    deed bed family ally supply reply assembly monopoly italy july fly anomaly gouvernement developpement
    changement paiement entrainement armement licenciement recrutement financement traitement deploiement
    mouvement investissement evenement element environnement logement lancement fonctionnement reglement
    equipement enseignement remplacement engagement abonnement comportement jugement departement parlement
    appartement vetement dossier papier atelier courrier calendrier metier financier leader chantier
    quartier banquier mer hiver signal proposal capital approval journal hospital portal arsenal appraisal
    festival animal material terminal potential credential rival goal deal music topic traffic logic
    critic fabric metric arithmetic clinic graphic initiative perspective alternative executive objective
    narrative archive drive native directive incentive detective variable cable table virus bonus campus
    status consensus focus bus climate candidate certificate template debate estimate delegate duplicate
    update state rate date graduate estate corporate senate enterprise expertise exercise franchise noise
    premise promise surprise prize size plaisir avenir souvenir desir soutien computer server serveur
    developer hacker router master power cyber super
""")


@dataclass(slots=True)
class _Phrase:
    words: Words
    part: Sequence[int]
    capitals: Sequence[bool]
    first: int
    count: int = 0
    titled: int = 0
    names: int = 0
    is_joined: bool = False
    is_whole: bool = False
    is_mixed: bool = False


def key_phrases(title: Words, text: Words, first: Sequence[str], most: int) -> list[str]:
    """At most `most` phrases, beginning with `first`; none says what another says already."""
    chosen: list[str] = []
    taken: list[frozenset[str]] = []
    for name in first:
        own = frozenset(split_words(name).stems) - STOP_WORDS - WEAK
        if own and own not in taken and len(chosen) < most:
            chosen.append(name)
            taken.append(own)
    phrases = _phrases(title, text)
    worth = {words: _worth(words, phrase) for words, phrase in phrases.items()}
    for words, phrase in phrases.items():
        # A word that is hardly said but in a phrase is no subject of its own.
        if len(words) > 1 and phrase.count > 1 and worth[words]:
            for word in words:
                alone = phrases.get((word,))
                if alone is not None and alone.count < 2 * phrase.count:
                    worth[(word,)] = 0.0
    for words in sorted(worth, key=lambda words: (-worth[words], phrases[words].first)):
        if len(chosen) >= most or worth[words] < _LEAST:
            break
        own = frozenset(words) - WEAK
        if any(len(own & other) * 2 >= min(len(own), len(other)) for other in taken):
            continue
        chosen.append(_written(phrases[words]))
        taken.append(own)
    return chosen


def _worth(words: tuple[str, ...], phrase: _Phrase) -> float:
    """0 for what is no keyword, else by rarity, place, count and shape."""
    rarities = [_rarity(word) for word in words]
    size, in_title = len(words), phrase.titled > 0
    is_name = phrase.names * 2 > phrase.count
    if is_name:
        rare, shape = max(rarities), 1.25
    else:
        # A word alone is a subject when title and text both speak of it.
        if size == 1 and not ((in_title and phrase.count > phrase.titled) or phrase.count > 2):
            return 0.0
        # "Fires Employee", "Google disrupts": a headline's halves, unless the text says so too.
        if phrase.is_mixed and phrase.count < 2:
            return 0.0
        rare = sum(rarities) / size
        shape = (0.85, 1.2, 1.15)[size - 1] * (0.85 if phrase.is_joined else 1.0)
    if phrase.is_whole:
        shape *= 1.3
    place = 0.5 + 0.5 / (1.0 + phrase.first / 60)
    return rare * shape * (1.0 + math.log(phrase.count)) * (1.5 if in_title else 1.0) * place


def _phrases(title: Words, text: Words) -> dict[tuple[str, ...], _Phrase]:
    found: dict[tuple[str, ...], _Phrase] = {}
    within = _names_within(text)
    stems = title.stems + text.stems
    is_french = sum(stem in _FRENCH for stem in stems) > sum(stem in _ENGLISH for stem in stems)
    # A title in capitals says nothing of what is a name.
    is_headline = sum(word[:1].isupper() for word in title.raw) * 2 > len(title.raw)
    for words, before in ((title, 0), (text, len(title.raw))):
        is_title = words is title
        names = [_is_name(words, place, is_title and is_headline, within) for place in range(len(words.raw))]
        for run in _runs(words, names, is_french):
            for part in _parts(words, run, names, is_french):
                content = tuple(words.stems[place] for place in part if words.stems[place] not in STOP_WORDS)
                phrase = found.get(content)
                if phrase is None:
                    phrase = found[content] = _Phrase(words, part, names, before + part[0])
                    phrase.is_joined = len(content) < len(part)
                named = [names[place] for place in part if words.stems[place] not in STOP_WORDS]
                phrase.count += 1
                phrase.titled += is_title
                phrase.is_whole |= len(part) == len(run)
                if all(named):
                    phrase.names += 1
                else:
                    last = words.raw[part[-1]]
                    acts = named[0] and last[0].islower() and last.endswith("s")
                    phrase.is_mixed |= acts or (is_title and is_headline and any(named))
    return found


def _parts(
    words: Words, run: Sequence[int], names: Sequence[bool], is_french: bool
) -> Iterator[Sequence[int]]:
    for start in range(len(run)):
        for end in range(start + 1, min(len(run), start + _LONGEST) + 1):
            part = run[start:end]
            # Half a name is none: "Donald" of "Donald Trump".
            if names[part[0]] and start and names[run[start - 1]]:
                continue
            if names[part[-1]] and end < len(run) and names[run[end]]:
                continue
            if _is_phrase(words, part, names, is_french):
                yield part


def _runs(words: Words, names: Sequence[bool], is_french: bool) -> Iterator[list[int]]:
    """Places of words that stand together, cut at punctuation and at words that no keyword holds."""
    run: list[int] = []
    text, starts, ends = words.text, words.starts, words.ends
    for place, stem in enumerate(words.stems):
        between = text[ends[place - 1] : starts[place]] if place else " "
        is_apart = between != " " and not _JOINED.fullmatch(between)
        is_joiner = stem in _JOINERS and bool(run) and not is_apart
        breaks = not is_joiner and _breaks(words, place, names[place], is_french)
        if run and (is_apart or breaks):
            yield run
            run = []
        if not breaks:
            run.append(place)
    if run:
        yield run


def _breaks(words: Words, place: int, is_name: bool, is_french: bool) -> bool:
    stem = words.stems[place]
    if stem in STOP_WORDS or stem in BREAKERS:
        return True
    if stem.replace(".", "").isdigit():
        return not _follows_name(words, place)
    if is_name or stem in _NOUNS or len(stem) < 5:
        return False
    if is_french:
        return stem.endswith(("er", "ir", "ait", "ement", "amment", "emment", "issent", "ant"))
    return stem.endswith(("ly", "ed")) or (len(stem) > 5 and stem.endswith(("ize", "ise", "ate")))


def _follows_name(words: Words, place: int) -> bool:
    """Whether a number belongs to a name before it ("Llama 3", "GPT-4")."""
    return (
        place > 0
        and len(words.stems[place]) <= 4
        and words.raw[place - 1][:1].isupper()
        and words.stems[place - 1] not in BREAKERS
        and words.starts[place] - words.ends[place - 1] == 1
    )


def _is_phrase(words: Words, part: Sequence[int], names: Sequence[bool], is_french: bool) -> bool:
    first, last = words.stems[part[0]], words.stems[part[-1]]
    if first in STOP_WORDS or last in STOP_WORDS or first[0].isdigit():
        return False
    if not is_french and (
        (_is_gerund(first) and not names[part[0]]) or (_is_no_noun(last) and not names[part[-1]])
    ):
        return False
    content = [words.stems[place] for place in part if words.stems[place] not in STOP_WORDS]
    if len(content) == 1:
        return len(part) == 1 and first not in WEAK and len(first) > 2
    return len(set(content)) == len(content) <= 3 and not all(word in WEAK for word in content)


def _is_gerund(stem: str) -> bool:
    return len(stem) > 4 and stem.endswith("ing") and stem not in _NOUNS


def _is_no_noun(stem: str) -> bool:
    """Whether an English word ends as adjectives and gerunds do, which end no phrase."""
    return _is_gerund(stem) or (
        len(stem) > 4
        and stem.endswith(("al", "ive", "ous", "ic", "ful", "able", "ible"))
        and stem not in _NOUNS
    )


def _names_within(text: Words) -> frozenset[str]:
    """Words that are written with a capital within a sentence, as compared."""
    capital: set[str] = set()
    for place, word in enumerate(text.raw):
        if (
            word[0].isupper()
            and place
            and not _SENTENCE.search(text.text[text.ends[place - 1] : text.starts[place]])
        ):
            capital.add(text.stems[place])
    return frozenset(capital)


def _is_name(words: Words, place: int, is_headline: bool, names: frozenset[str]) -> bool:
    word, stem = words.raw[place], words.stems[place]
    if word[1:] != word[1:].lower() or (word[0].isdigit() and place):
        return True
    if not word[0].isupper():
        return False
    if stem in names:
        return True
    if is_headline:
        return False
    starts = (
        place == 0 or _SENTENCE.search(words.text[words.ends[place - 1] : words.starts[place]]) is not None
    )
    return not starts


def _written(phrase: _Phrase) -> str:
    """As in the text; words that only begin a sentence or a headline lose their capital."""
    words, pieces = phrase.words, list[str]()
    for place in phrase.part:
        if pieces:
            pieces.append(words.text[words.ends[place - 1] : words.starts[place]].replace("\u00a0", " "))
        pieces.append(words.raw[place] if phrase.capitals[place] else words.raw[place].lower())
    return "".join(pieces)


def _rarity(word: str) -> float:
    counts, documents = _counts()
    if word in WEAK:
        return 0.8
    return math.log(documents / max(4, counts.get(word, 4))) / 3


@cache
def _counts() -> tuple[dict[str, int], int]:
    """In how many of so many articles the commoner words stand, to within a factor of 1.4."""
    stored = json.loads(resources.files("signals.tagging").joinpath("word_counts.json").read_text("utf-8"))
    counts = {word: int(count) for count, words in stored["counts"].items() for word in words.split()}
    return counts, stored["documents"]
