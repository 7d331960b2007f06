"""Tags that may be one: found by the machine, judged by people, who are not asked twice."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.models import (
    Article,
    Change,
    DistinctTags,
    NoteRow,
    Setting,
    SimilarTags,
    State,
    Tag,
    Tagging,
    TagName,
    User,
)
from signals.tagging.sameness import Alike, TagText, find_alike

_SETTING: Final = "similar_tags"
_LOCK: Final = 0x53494D49
_EVERY: Final = timedelta(hours=24)
_PAIRS_LIMIT: Final = 2000
_CATALOGUE: Final = """
SELECT COALESCE((SELECT md5(string_agg(md5(ROW(id, kind, name, name_fr, description, merged_into_id)::text), ''
                                       ORDER BY id)) FROM signals_tag), '')
    || COALESCE((SELECT md5(string_agg(md5(ROW(id, tag_id, name)::text), '' ORDER BY id))
                 FROM signals_tagname WHERE is_live), '')
"""


def refresh_if_due(*, now: datetime | None = None) -> int | None:
    """Look for similar tags when the catalogue changed or a day has passed; None when neither."""
    now = now or timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            (is_mine,) = cursor.fetchone()
            if not is_mine:
                return None
            cursor.execute(_CATALOGUE)
            (state,) = cursor.fetchone()
        setting, _made = Setting.objects.get_or_create(name=_SETTING, defaults={"value": {}})
        looked = setting.value.get("at")
        if setting.value.get("state") == state and looked and now - datetime.fromisoformat(looked) < _EVERY:
            return None
        found = refresh_similar_tags(now=now)
        setting.value = {"state": state, "at": now.isoformat()}
        setting.save(update_fields=["value"])
    return found


def refresh_similar_tags(*, now: datetime | None = None) -> int:
    """Compare all live tags and store the pairs that may be one; how many there are."""
    now = now or timezone.now()
    distinct = set(DistinctTags.objects.filter(undone_at=None).values_list("first", "second"))
    alike = [
        pair
        for pair in find_alike(_texts(), places_in_all=Article.objects.count())
        if (pair.first, pair.second) not in distinct
    ][:_PAIRS_LIMIT]
    with transaction.atomic():
        SimilarTags.objects.all().delete()
        SimilarTags.objects.bulk_create(
            SimilarTags(
                first_id=pair.first,
                second_id=pair.second,
                likeness=pair.likeness,
                reason=_as_reason(pair),
                made_at=now,
            )
            for pair in alike
        )
    return len(alike)


def similar_pairs(*, tag: Tag | None = None) -> QuerySet[SimilarTags]:
    """Pairs of live tags that nobody judged yet, of one tag or all, the likeliest first."""
    pairs = SimilarTags.objects.filter(first__merged_into=None, second__merged_into=None)
    if tag is not None:
        pairs = pairs.filter(Q(first=tag) | Q(second=tag))
    said = DistinctTags.objects.filter(undone_at=None, first=OuterRef("first"), second=OuterRef("second"))
    open_pairs = pairs.exclude(Exists(said)).select_related("first", "second")
    return open_pairs.order_by("-likeness", "first", "second")


def say_distinct(*, first: Tag, second: Tag, by: User, now: datetime | None = None) -> Change:
    """Say that two tags are not the same; raises CurationError for one tag, or when that was said before."""
    now = now or timezone.now()
    low, high = sorted((first, second), key=lambda tag: tag.pk)
    if low.pk == high.pk:
        raise CurationError(_("An item is the same as itself."))
    with transaction.atomic():
        said, is_new = DistinctTags.objects.get_or_create(
            first=low, second=high, undone_at=None, defaults={"user": by, "made_at": now}
        )
        if not is_new:
            raise CurationError(_("Somebody said so before."))
        return Change.objects.create(
            user=by,
            verb="tags.distinct",
            target=f"distinct:{said.pk}",
            title=f"{low.name} ≠ {high.name}"[:400],
            made_at=now,
        )


def undo_distinct(*, change: Change, by: User, now: datetime | None = None) -> None:
    """Let the machine suggest the pair again; raises CurationError when it was taken back before."""
    now = now or timezone.now()
    with transaction.atomic():
        if not Change.objects.filter(pk=change.pk, undone_at=None).update(undone_at=now, undone_by=by):
            raise CurationError(_("This was undone before."))
        said = DistinctTags.objects.filter(pk=change.target.partition(":")[2], undone_at=None)
        said.update(undone_at=now)


def reason_in_words(reason: str) -> str:
    """Why two tags may be one, in the reader's language."""
    try:
        told: dict[str, Any] = json.loads(reason)
    except ValueError:
        return reason
    words = _WORDS.get(str(told.get("code")))
    said = words() if words else ""
    if told.get("shared"):
        seen = _("%(shared)d of %(of)d articles are the same") % {"shared": told["shared"], "of": told["of"]}
        said = f"{said}; {seen}" if said else seen
    return said


_WORDS: Final[dict[str, Callable[[], str]]] = {
    "same_name": lambda: _("the same name"),
    "same_french_name": lambda: _("the same French name"),
    "same_words": lambda: _("the same words in the name"),
    "name_is_alias": lambda: _("the name of one is also a name of the other"),
    "names": lambda: _("nearly the same name"),
    "meaning": lambda: _("names that mean nearly the same"),
    "described": lambda: _("nearly the same description"),
}


def _as_reason(pair: Alike) -> str:
    told: dict[str, Any] = {"code": pair.code}
    if pair.shared >= 3:
        told |= {"shared": pair.shared, "of": pair.of}
    return json.dumps(told)


def _texts() -> list[TagText]:
    aliases: dict[int, list[str]] = defaultdict(list)
    names = TagName.objects.filter(is_live=True, is_alias=True).order_by("pk")
    for tag_id, name in names.values_list("tag_id", "name"):
        aliases[tag_id].append(name)
    places: dict[int, set[int]] = defaultdict(set)
    confirmed = Tagging.objects.filter(state=State.CONFIRMED, tag__merged_into=None)
    for tag_id, article_id in confirmed.values_list("tag_id", "article_id").iterator(chunk_size=20_000):
        places[tag_id].add(article_id)
    rows = NoteRow.objects.filter(link=NoteRow.Link.CONFIRMED, tag__isnull=False)
    for tag_id, article_id in rows.values_list("tag_id", "note__article_id").iterator(chunk_size=20_000):
        places[int(tag_id or 0)].add(article_id)
    return [
        TagText(
            tag.pk,
            tag.kind,
            tag.name,
            tag.name_fr,
            tuple(aliases[tag.pk]),
            tag.description,
            tag.description_fr,
            frozenset(places[tag.pk]),
        )
        for tag in Tag.objects.live().exclude(status=Tag.Status.ARCHIVED).order_by("pk")
    ]
