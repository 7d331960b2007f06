"""What the tagger knows of a tag: its names, its cues, its description."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from signals.tagging.names import fold
from signals.tagging.rules import is_rule
from signals.tagging.words import STOP_WORDS, split_words

GAP: Final = " ... "
_PARENTHESIS: Final = re.compile(r"^(?P<outer>[^()]{3,}?)\s*\((?P<inner>[^()]{2,40})\)\s*$")


@dataclass(frozen=True, slots=True)
class Profile:
    """A tag as the tagger reads it. `names` starts with the tag's own name."""

    tag_id: int
    kind: str
    names: tuple[str, ...]
    cues: tuple[str, ...] = ()
    description: str = ""

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names, and both halves of those written "Long Name (LN)"."""
        found = dict.fromkeys(variant for name in self.names for variant in name_variants(name))
        return tuple(found)

    @property
    def hints(self) -> tuple[str, ...]:
        """The cues that are words which support a mention."""
        return tuple(cue for cue in self.cues if not is_rule(cue))

    @property
    def rules(self) -> tuple[str, ...]:
        """The cues that are rules, which make a mention (`signals.tagging.rules`)."""
        return tuple(cue for cue in self.cues if is_rule(cue))

    @property
    def text(self) -> str:
        """Everything that describes the tag, for similarity."""
        names = (name.replace(GAP, " ") for name in self.all_names)
        return ". ".join([*names, *self.hints, self.description])


def name_variants(name: str) -> tuple[str, ...]:
    """`name`; without what it puts in parentheses; and that too where one half abbreviates the other."""
    match = _PARENTHESIS.match(name)
    if match is None:
        return (name,)
    outer, inner = match["outer"], match["inner"]
    if _abbreviates(inner, outer) or _abbreviates(outer, inner):
        return (name, outer, inner)
    return (name, outer)


def _abbreviates(short: str, long: str) -> bool:
    letters = fold(short).rstrip("s")
    words = split_words(long).stems
    return len(letters) >= 2 and letters in (
        "".join(word[0] for word in words),
        "".join(word[0] for word in words if word not in STOP_WORDS),
    )
