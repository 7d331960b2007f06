"""Which language a text is in, as a BCP 47 tag."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_TAG = re.compile(r"([a-z]{2,3})(?:-[a-z]{4})?(?:-([a-z]{2}|\d{3}))?(?:-[a-z0-9]{1,8})*", re.IGNORECASE)
_NAMES: Final = {
    "english": "en", "anglais": "en", "french": "fr", "français": "fr", "francais": "fr", "german": "de",
    "deutsch": "de", "spanish": "es", "español": "es", "italian": "it", "italiano": "it",
    "portuguese": "pt", "dutch": "nl",
}  # fmt: skip
_NOT_A_LANGUAGE: Final = frozenset({"und", "mul", "zxx", "mis", "xx"})
# The commonest function words of each language that few of the others have.
_WORDS: Final = {
    language: frozenset(words.split())
    for language, words in {
        "en": """the of and to in is for that with on are as this by it from be at an or its can how was has
            have we you your our their will not more than which into using about what new why when who""",
        "fr": """le la les des du et en un une est pour que dans qui sur par avec au aux ce cette ces son sa
            ses leur leurs plus pas ne se il elle nous vous sont ont comme mais ou où être été entre sans face
            comment pourquoi l d qu c s n j votre nos notre""",
        "de": """der die das und ist von den mit für auf ein eine im dem nicht zu sich des auch als wird bei
            werden einer einen oder wie nach über sind aus""",
        "es": """el la los las de y en que un una para con del por se es al como su más lo sus este esta pero
            son ha sobre entre cómo""",
        "it": """il lo la gli le di e che un una per con del della dei nel nella sono è non si al alla più
            come ha da anche questo dell""",
        "pt": """os as de e em que um uma para com do da dos das por se é ao não mais como na no nas nos seu
            sua são pelo pela""",
        "nl": """de het een en van in is op te dat voor met zijn niet aan er ook als bij door naar om uit maar
            wordt worden deze""",
    }.items()
}
_SCRIPTS: Final = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_WORD = re.compile(r"[^\W\d_]+")
_POSSESSIVE = re.compile(r"['\u2019]s\b")
"""Of "Apple's": read as a word of its own it would be the French "s'"."""
_LETTER = re.compile(r"[^\W\d_]")
_READ: Final = 4000
_SURE_HITS: Final = 6


def language_tag(stated: str | None) -> str | None:
    """A BCP 47 tag from what a feed or page states ("en_us", "English"); None when it states none."""
    text = (stated or "").strip().replace("_", "-").split(",")[0].split(";")[0].strip()
    if text.lower() in _NAMES:
        return _NAMES[text.lower()]
    match = _TAG.fullmatch(text)
    if not match or match[1].lower() in _NOT_A_LANGUAGE:
        return None
    region = match[2]
    return match[1].lower() + (f"-{region.upper()}" if region else "")


def detect_language(text: str) -> tuple[str | None, bool]:
    """The language of `text` by its script and function words, and whether there is enough to be sure."""
    sample = text[:_READ]
    letters = len(_LETTER.findall(sample))
    if not letters:
        return None, False
    for language, script in _SCRIPTS:
        if len(script.findall(sample)) > letters * 0.3:
            return language, True
    words = [word.lower() for word in _WORD.findall(_POSSESSIVE.sub("", sample))]
    scores = {language: _score(words, known) for language, known in _WORDS.items()}
    ranked = sorted(scores, key=lambda language: -scores[language])
    best, second = scores[ranked[0]], scores[ranked[1]]
    if best < 1 or best < second * 1.15 or best * 25 < len(words):
        return None, False
    # One stray word makes no Portuguese text; for the languages that are mostly read, it may.
    if best < 3 and ranked[0] not in ("en", "fr"):
        return None, False
    return ranked[0], best >= _SURE_HITS and best >= second * 1.5 and best * 8 >= len(words)


def choose_language(*, feed: str | None, page: str | None, text: str) -> str | None:
    """The language of an article: a text long enough decides against a statement, else feed, page, text."""
    found, sure = detect_language(text)
    stated = language_tag(feed) or language_tag(page)
    if stated is None:
        return found
    if found is not None and sure and stated.split("-")[0] != found:
        return found
    return stated


def _score(words: Iterable[str], known: frozenset[str]) -> int:
    return sum(word in known for word in words)
