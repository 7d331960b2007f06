"""A person's word on which tag a note's row is: yes, no, another one; and taking it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.aliases import forget_alias, learn_alias
from signals.curation.errors import CurationError, GoneError
from signals.curation.ratings import refresh_relevancies
from signals.models import Article, Change, Note, NoteRow, Tag, User
from signals.tagging.linking import write_taggings


def accept_link(*, row: NoteRow, by: User, tag: Tag | None = None, now: datetime | None = None) -> Change:
    """Say that a row is a tag, the suggested one or another; its name becomes an alias if it can be one.

    Raises CurationError when nothing is suggested, the tag was merged away, or it is linked so already.
    """
    with _locked(row, now) as (locked, now):
        chosen = tag or locked.tag
        if chosen is None:
            raise CurationError(_("Choose the item it belongs to."))
        if chosen.merged_into_id is not None:
            raise CurationError(_("This item was merged into another one."))
        if locked.link == NoteRow.Link.CONFIRMED and locked.tag_id == chosen.pk:
            raise CurationError(_("Somebody decided on this before: %(status)s.") % {"status": locked.link})
        before = _as_json(locked)
        if locked.tag_id is not None and locked.tag_id != chosen.pk:
            locked.refused_tags = _with(locked.refused_tags, locked.tag_id)
        locked.refused_tags = [pk for pk in locked.refused_tags if pk != chosen.pk]
        locked.tag, locked.link, locked.link_confidence = chosen, NoteRow.Link.CONFIRMED, None
        locked.save(update_fields=_COLUMNS)
        language = locked.note.article.language[:2]
        alias = learn_alias(tag=chosen, name=locked.name, by=by, language=language)
        _tell_article(locked, before)
        after = {**_as_json(locked), "alias": alias.pk if alias else None}
        return _log(locked, by, "link.accepted", f"{locked} = {chosen.name}", before, after, now)


def refuse_link(*, row: NoteRow, by: User, now: datetime | None = None) -> Change:
    """Say that a row is not the tag it is linked to; that one is not suggested for it again.

    Raises CurationError when it is linked to nothing.
    """
    with _locked(row, now) as (locked, now):
        if locked.tag is None:
            raise CurationError(_("This row is linked to nothing."))
        refused, before = locked.tag, _as_json(locked)
        locked.refused_tags = _with(locked.refused_tags, refused.pk)
        locked.tag, locked.link, locked.link_confidence = None, NoteRow.Link.NONE, None
        locked.save(update_fields=_COLUMNS)
        _tell_article(locked, before)
        title = f"{locked} ≠ {refused.name}"
        return _log(locked, by, "link.refused", title, before, _as_json(locked), now)


def undo_link(*, change: Change, by: User, now: datetime | None = None) -> None:
    """Put a row's link back as it was, and take the learned name back.

    Raises GoneError when the row is gone, CurationError when it was decided on since.
    """
    row = NoteRow.objects.filter(pk=change.target.partition(":")[2]).first()
    if row is None:
        raise GoneError(_("This row is no longer in its note."))
    with _locked(row, now) as (locked, now):
        decided, held = _as_json(locked), {name: change.after[name] for name in _COLUMNS_AS_JSON}
        if decided != held:
            raise CurationError(_("This row was decided on since: take that back first."))
        if not Change.objects.filter(pk=change.pk, undone_at=None).update(undone_at=now, undone_by=by):
            raise CurationError(_("This was undone before."))
        old = change.before
        tag = Tag.objects.live().filter(pk=old["tag"]).first()
        if alias := change.after.get("alias"):
            forget_alias(alias)
        locked.tag = tag
        locked.link = old["link"] if tag is not None else NoteRow.Link.NONE
        locked.link_confidence = old["link_confidence"] if tag is not None else None
        locked.refused_tags = old["refused_tags"]
        locked.save(update_fields=_COLUMNS)
        _tell_article(locked, decided)


_COLUMNS = ["tag", "link", "link_confidence", "refused_tags"]
_COLUMNS_AS_JSON = tuple(_COLUMNS)


@contextmanager
def _locked(row: NoteRow, now: datetime | None) -> Iterator[tuple[NoteRow, datetime]]:
    """The row with its note and article, locked in the order in which notes are linked."""
    with transaction.atomic():
        article_id = Note.objects.values_list("article_id", flat=True).get(pk=row.note_id)
        Note.objects.select_for_update(no_key=True).get(pk=row.note_id)
        Article.objects.select_for_update(no_key=True).only("pk").get(pk=article_id)
        locked = NoteRow.objects.select_related("tag", "note__article").filter(pk=row.pk).first()
        if locked is None:
            raise CurationError(_("This row is no longer in its note."))
        yield locked, now or timezone.now()


def _tell_article(row: NoteRow, before: dict[str, Any]) -> None:
    """Let the article's taggings follow its rows."""
    write_taggings(row.note, list(row.note.rows.order_by("kind", "position")))
    refresh_relevancies(tag_ids=[pk for pk in (before["tag"], row.tag_id) if pk is not None])


def _as_json(row: NoteRow) -> dict[str, Any]:
    return {
        "tag": row.tag_id,
        "link": str(row.link),
        "link_confidence": row.link_confidence,
        "refused_tags": list(row.refused_tags),
    }


def _with(refused: list[int], tag_id: int) -> list[int]:
    return [*refused, tag_id] if tag_id not in refused else refused


def _log(
    row: NoteRow,
    by: User,
    verb: str,
    title: str,
    before: dict[str, Any],
    after: dict[str, Any],
    now: datetime,
) -> Change:
    return Change.objects.create(
        user=by,
        verb=verb,
        target=f"link:{row.pk}",
        title=title[:400],
        before=before,
        after=after,
        made_at=now,
    )
