"""Names learned from people: what a note or a proposal calls a tag, once a person says that it is that tag."""

from __future__ import annotations

from typing import Final

from signals.curation.catalogue import add_alias
from signals.models import Tag, TagName, User
from signals.tagging.links import FRAME_WORDS
from signals.tagging.names import normalise_name
from signals.tagging.words import STOP_WORDS, split_words

_WORDS_LIMIT: Final = 6
_LETTERS_LIMIT: Final = 60
_SENTENCE: Final = frozenset(".!?;:,\n\u2026")


def is_name_like(text: str) -> bool:
    """Whether a text can be looked for in articles: short, no sentence, no lone common word."""
    words = split_words(text)
    if not 0 < len(words.raw) <= _WORDS_LIMIT or len(text) > _LETTERS_LIMIT:
        return False
    if not _SENTENCE.isdisjoint(text.replace("...", "")):
        # "GPT-3.5" and "llama.cpp" are names.
        after = [text[place + 1 : place + 2] for place, letter in enumerate(text) if letter in _SENTENCE]
        if any(not letter.isalnum() for letter in after):
            return False
    telling = [
        raw
        for raw, stem in zip(words.raw, words.stems, strict=True)
        if stem not in STOP_WORDS and stem not in FRAME_WORDS
    ]
    if len(telling) == 1:
        (word,) = telling
        return any(c.isdigit() for c in word) or sum(c.isupper() for c in word) >= 2
    return bool(telling)


def learn_alias(*, tag: Tag, name: str | None, by: User, language: str = "") -> TagName | None:
    """Make what people call a tag one of its names, if it is name-like and no live tag's name; else None.

    Past articles are matched with it in the background.
    """
    name = " ".join((name or "").split())
    normalised = normalise_name(name)
    if not is_name_like(name) or TagName.objects.filter(normalised=normalised, is_live=True).exists():
        return None
    return add_alias(tag=tag, name=name, language=language, origin="learned", by=by)


def forget_alias(alias_id: int) -> None:
    """Take a learned name back; one that is gone is fine."""
    TagName.objects.filter(pk=alias_id, origin="learned").delete()
