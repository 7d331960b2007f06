"""What the tagger knows of a tag: its names, its cues, its description."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

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
    def text(self) -> str:
        """Everything that describes the tag, for similarity."""
        names = (name.replace(GAP, " ") for name in self.all_names)
        return ". ".join([*names, *self.cues, self.description])


def name_variants(name: str) -> tuple[str, ...]:
    """`name`, and its two halves when it is written "Long Name (LN)" or "RAG (retrieval augmented ...)"."""
    match = _PARENTHESIS.match(name)
    return (name, match["outer"], match["inner"]) if match else (name,)
