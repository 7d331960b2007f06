"""The taggers of this process, made anew when the catalogue or the version in use has changed."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from threading import Lock

from django.db import connection

from signals.models import Tag, TaggerVersion, TagName
from signals.tagging.learned import Learned, UnreadableError
from signals.tagging.links import Linker
from signals.tagging.profiles import Profile
from signals.tagging.scorer import default_model
from signals.tagging.tagger import DEFAULT_VERSION, Tagger

log = logging.getLogger(__name__)

# A row for each statement that wrote to what the tagger reads (migration 0014): while the same rows are to be
# seen, nothing has changed, and there is no need to look at thousands of tags.
_CHANGES = """
SELECT COALESCE((SELECT string_agg(change::text, ' ' ORDER BY change) FROM signals_cataloguechange), ''),
       (SELECT number FROM signals_taggerversion WHERE status = 'active' LIMIT 1)
"""
# Names and tags have no time of change, so a digest of what the tagger reads says whether it is as before.
_STATE = """
SELECT COALESCE((SELECT string_agg(change::text, ' ' ORDER BY change) FROM signals_cataloguechange), ''),
       COALESCE((SELECT md5(string_agg(md5(ROW(id, kind, description, description_fr, change, cues)::text), ''
                                       ORDER BY id))
                 FROM signals_tag WHERE status = 'tracked' AND merged_into_id IS NULL), '')
    || COALESCE((SELECT md5(string_agg(md5(ROW(id, tag_id, name, is_alias)::text), '' ORDER BY id))
                 FROM signals_tagname WHERE is_live), '')
"""

# The same, tag by tag.
_DIGESTS = """
SELECT t.id, md5(ROW(t.kind, t.description, t.description_fr, t.change, t.cues)::text || COALESCE(n.names, ''))
FROM signals_tag t LEFT JOIN (
    SELECT tag_id, string_agg(name || ' ' || is_alias, ', ' ORDER BY id) AS names
    FROM signals_tagname WHERE is_live GROUP BY tag_id
) n ON n.tag_id = t.id
WHERE t.status = 'tracked' AND t.merged_into_id IS NULL
"""


@dataclass(slots=True)
class _Held:
    state: str
    number: int
    tagger: Tagger
    linker: Linker | None = None


_KEPT = 2
"""The one in use, and the one that is to follow it."""
_held: list[_Held] = []
_STATES_KEPT = 8
_state_after: dict[str, str] = {}
"""The state of the catalogue by the changes that were seen."""
_lock = Lock()


def current_tagger() -> Tagger:
    """The version in use, knowing today's tracked tags; kept as long as both stay the same."""
    return _current(*_look()).tagger


def tagger_of(number: int) -> Tagger:
    """Any version, as `current_tagger`. One learned from other signs than today's is the default one."""
    return _current(number, catalogue_state()).tagger


def current_linker() -> Linker:
    """The same for linking rows to tags."""
    held = _current(*_look())
    with _lock:
        if held.linker is None:
            held.linker = Linker(held.tagger)
        return held.linker


def version_in_use() -> int:
    """The number of the version in use."""
    return _look()[0]


def read_learned(number: int) -> Learned | None:
    """What a version learned, None for the default one; raises UnreadableError when today's code can't tell."""
    if number == DEFAULT_VERSION:
        return None
    return Learned.from_json(TaggerVersion.objects.get(number=number).model)


def _current(number: int, state: str) -> _Held:
    with _lock:
        for held in _held:
            if (held.state, held.number) == (state, number):
                return held
        standing = next((held.tagger for held in _held if held.state == state), None)
        made = _Held(state, number, _make(number, standing or Tagger(read_profiles(), default_model())))
        _held[:] = [made, *(held for held in _held if held.state == state)][:_KEPT]
        return made


def _make(number: int, tagger: Tagger) -> Tagger:
    try:
        return tagger.taught(read_learned(number), number)
    except UnreadableError as error:
        log.warning("tagger %s can't be used (%s); the default one does its work", number, error)
        return tagger.taught(None)


def catalogue_state() -> str:
    """A digest of everything the tagger reads of the catalogue."""
    return _look()[1]


def _look() -> tuple[int, str]:
    """The number of the version in use, and the state of the catalogue."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES)
        changes, number = cursor.fetchone()
        known = _state_after.get(changes)
        if known is None:
            cursor.execute(_STATE)
            changes, known = cursor.fetchone()
            if len(_state_after) >= _STATES_KEPT:
                _state_after.clear()
            _state_after[changes] = known
    return number or DEFAULT_VERSION, known


def tag_digests() -> dict[str, str]:
    """For each tracked tag's id, as text, a digest of what the tagger reads of it."""
    with connection.cursor() as cursor:
        cursor.execute(_DIGESTS)
        return {str(tag_id): digest for tag_id, digest in cursor.fetchall()}


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
