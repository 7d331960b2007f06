"""Before a tag is added by hand: which tags may be the same thing already."""

from __future__ import annotations

import json
from typing import Final

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Prefetch

from signals.curation.sameness import reason_in_words
from signals.models import Kind, Tag, TagName
from signals.tagging.catalogue_index import current_linker
from signals.tagging.links import Row
from signals.tagging.names import normalise_name
from signals.tagging.proposals import SIMILAR_FROM
from signals.tagging.sameness import TagText, find_alike

_CANDIDATES: Final = 30
_SHOWN: Final = 5
_NEW: Final = 0
"""No tag has this key: it stands for the one that is not there yet."""


def tags_like(*, kind: str, name: str, name_fr: str = "", description: str = "") -> list[tuple[Tag, str]]:
    """Live tags that may be what this would be, the likeliest first, each with why, in words."""
    names = [normal for one in (name, name_fr) if (normal := normalise_name(one))]
    if not names:
        return []
    near: set[int] = set()
    live = TagName.objects.filter(is_live=True, tag__merged_into=None)
    for normal in names:
        alike = live.annotate(alike=TrigramSimilarity("normalised", normal)).filter(
            normalised__trigram_similar=normal
        )
        near.update(alike.order_by("-alike").values_list("tag", flat=True)[:_CANDIDATES])
        near.update(live.filter(normalised=normal).values_list("tag", flat=True))
    # What it is called in other words, or in another language.
    rows = [Row(kind, one, description) for one in (name, name_fr) if one] if kind in Kind.values else []
    guessed = [guess for guess in current_linker().guess(rows) if guess and guess.confidence >= SIMILAR_FROM]
    near.update(guess.tag_id for guess in guessed)
    named = Prefetch("names", TagName.objects.filter(is_live=True).order_by("pk"), to_attr="live_names")
    tags = {tag.pk: tag for tag in Tag.objects.live().filter(pk__in=near).prefetch_related(named)}
    texts = [TagText(_NEW, kind, name, name_fr, (), description)]
    texts += [
        TagText(
            tag.pk,
            tag.kind,
            tag.name,
            tag.name_fr,
            tuple(one.name for one in getattr(tag, "live_names", []) if one.is_alias),
            tag.description,
            tag.description_fr,
        )
        for tag in tags.values()
    ]
    found = {
        pair.second: reason_in_words(json.dumps({"code": pair.code}))
        for pair in find_alike(texts)
        if pair.first == _NEW
    }
    meaning = reason_in_words(json.dumps({"code": "meaning"}))
    found |= {guess.tag_id: meaning for guess in guessed if guess.tag_id not in found}
    return [(tags[pk], why) for pk, why in found.items() if pk in tags][:_SHOWN]
