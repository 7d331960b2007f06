"""The tagger of this process, made anew when the catalogue changed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from threading import Lock

from django.db import connection

from signals.models import Tag, TagName
from signals.tagging.links import Linker
from signals.tagging.profiles import Profile
from signals.tagging.scorer import default_model
from signals.tagging.tagger import Tagger

# Names and tags have no time of change, so a digest of what the tagger reads says whether it is as before.
_STATE = """
SELECT COALESCE((SELECT md5(string_agg(md5(ROW(id, kind, description, description_fr, change, cues)::text), ''
                                       ORDER BY id))
                 FROM signals_tag WHERE status = 'tracked' AND merged_into_id IS NULL), '')
    || COALESCE((SELECT md5(string_agg(md5(ROW(id, tag_id, name, is_alias)::text), '' ORDER BY id))
                 FROM signals_tagname WHERE is_live), '')
"""


@dataclass(slots=True)
class _Held:
    state: str
    tagger: Tagger
    linker: Linker | None = None


_held: list[_Held] = []
_lock = Lock()


def current_tagger() -> Tagger:
    """A tagger that knows today's tracked tags; kept as long as the catalogue stays the same."""
    return _current().tagger


def current_linker() -> Linker:
    """The same for linking rows to tags."""
    held = _current()
    with _lock:
        if held.linker is None:
            held.linker = Linker(held.tagger)
        return held.linker


def _current() -> _Held:
    state = catalogue_state()
    with _lock:
        if not _held or _held[0].state != state:
            _held[:] = [_Held(state, Tagger(read_profiles(), default_model()))]
        return _held[0]


def catalogue_state() -> str:
    """A digest of everything the tagger reads of the catalogue."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        (state,) = cursor.fetchone()
    return str(state)


def read_profiles() -> list[Profile]:
    """The profiles of all tracked tags, by id."""
    names: dict[int, list[str]] = defaultdict(list)
    rows = TagName.objects.filter(is_live=True).order_by("is_alias", "id")
    for tag_id, name in rows.values_list("tag_id", "name"):
        names[tag_id].append(name)
    return [
        Profile(
            tag.pk,
            tag.kind,
            tuple(dict.fromkeys([tag.name, *names[tag.pk]])),
            tuple(tag.cues),
            " ".join(part for part in (tag.description, tag.description_fr, tag.change) if part),
        )
        for tag in Tag.objects.tracked().order_by("id")
    ]
