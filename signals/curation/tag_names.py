"""What a tag is called: its own names follow its fields, what it was called before stays as an alias."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _

from signals.curation.catalogue import CatalogueError, NameTakenError, check_name
from signals.models import Tag, TagName
from signals.tagging.names import normalise_name

_KEPT: Final = ("kind", "name", "normalised", "language", "is_alias", "is_live", "origin")

Rows = dict[int, dict[str, Any]]
"""Each name's columns by its key."""


def snapshot(tag: Tag) -> Rows:
    """All names of a tag, those that rest too."""
    return {row.pop("id"): row for row in TagName.objects.filter(tag=tag).values("id", *_KEPT)}


def difference(before: Rows, after: Rows) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows that differ, as they were and as they are, as JSON holds them."""
    moved = sorted(pk for pk in before.keys() | after.keys() if before.get(pk) != after.get(pk))
    were, became = ([{"id": pk, **rows[pk]} for pk in moved if pk in rows] for rows in (before, after))
    return list(were), list(became)


def add(tag: Tag, name: str, *, language: str, is_alias: bool = True) -> TagName:
    """Another name, or the same again; NameTakenError when another live tag of the kind has it."""
    name = check_name(name.replace("\x00", ""))
    normalised = normalise_name(name)
    standing = TagName.objects.filter(kind=tag.kind, normalised=normalised, is_live=True).first()
    if standing is not None and standing.tag_id != tag.pk:
        raise NameTakenError(name, standing.tag)
    if standing is None:
        return TagName.objects.create(
            tag=tag, kind=tag.kind, name=name, normalised=normalised, language=language, is_alias=is_alias
        )
    if not is_alias:
        standing.is_alias, standing.name = False, name
        standing.save(update_fields=["is_alias", "name"])
    return standing


def remove(tag: Tag, name_id: int) -> None:
    """Take an alias away; one that is gone is fine. CatalogueError for what the tag is called itself."""
    found = TagName.objects.filter(tag=tag, pk=name_id).first()
    if found is None:
        return
    if not found.is_alias and found.normalised in _called(tag):
        raise CatalogueError(_("It is called so: rename it first."))
    found.delete()


def follow(tag: Tag, renamed: set[str], *, is_status_new: bool) -> None:
    """Let the names be those of the tag's fields, kind and status, of which `renamed` are the names that changed.

    Raises NameTakenError when another live tag of the kind has one that it must have.
    """
    if tag.status == Tag.Status.ARCHIVED and is_status_new:
        TagName.objects.filter(tag=tag, is_live=True).update(is_live=False)
    own = list(TagName.objects.filter(tag=tag).order_by("pk"))
    is_live = tag.status != Tag.Status.ARCHIVED
    called = _called(tag)
    if is_live:
        taken = _rivals(tag, own)
        for row in own:
            if row.normalised in called and row.normalised in taken:
                raise NameTakenError(row.name, taken[row.normalised])
            # A name that another tag has got rests, the others wake, when it is tracked again.
            row.is_live = row.normalised not in taken if is_status_new else row.is_live
            if row.is_live and row.normalised in taken:
                raise NameTakenError(row.name, taken[row.normalised])
            row.kind = tag.kind
    for row in own:
        row.kind = tag.kind
        row.is_alias = row.normalised not in called if renamed else row.is_alias
    TagName.objects.bulk_update(own, ["kind", "is_live", "is_alias"])
    for field in sorted(renamed):
        name = getattr(tag, field)
        if not name:
            continue
        found = next((row for row in own if row.normalised == normalise_name(name)), None)
        language = "fr" if field == "name_fr" else "en" if tag.name_fr else ""
        if found is None and is_live:
            add(tag, name, language=language, is_alias=False)
        elif found is None:
            TagName.objects.create(
                tag=tag, kind=tag.kind, name=name, normalised=normalise_name(name),
                language=language, is_alias=False, is_live=False,
            )  # fmt: skip
        elif found.name != name:
            TagName.objects.filter(pk=found.pk).update(name=name)


def restore(tag: Tag, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> bool:
    """Put back the names that still are as `after` left them; whether there was one.

    Raises NameTakenError when another tag has got one of them since.
    """
    now, were, became = snapshot(tag), _by_id(before), _by_id(after)
    back = [pk for pk in were.keys() | became.keys() if now.get(pk) == became.get(pk)]
    # At rest first: on the way from one to the other two rows may bear one name.
    TagName.objects.filter(pk__in=back).update(is_live=False)
    TagName.objects.filter(pk__in=[pk for pk in back if pk not in were]).delete()
    for pk in sorted(pk for pk in back if pk in were):
        row = were[pk]
        rivals = TagName.objects.filter(kind=row["kind"], normalised=row["normalised"], is_live=True)
        rival = rivals.exclude(pk=pk).select_related("tag").first() if row["is_live"] else None
        if rival is not None and rival.tag_id != tag.pk:
            raise NameTakenError(row["name"], rival.tag)
        if rival is not None and pk not in now:
            continue  # it was called so again since
        TagName.objects.update_or_create(
            pk=pk, defaults={**row, "tag": tag, "is_live": row["is_live"] and rival is None}
        )
    return bool(back)


def _by_id(rows: list[dict[str, Any]]) -> Rows:
    return {row["id"]: {column: row[column] for column in _KEPT} for row in rows}


def _called(tag: Tag) -> set[str]:
    return {normalise_name(name) for name in (tag.name, tag.name_fr) if name}


def _rivals(tag: Tag, own: list[TagName]) -> dict[str, Tag]:
    rows = TagName.objects.filter(
        kind=tag.kind, is_live=True, normalised__in=[row.normalised for row in own]
    ).exclude(tag=tag)
    return {row.normalised: row.tag for row in rows.select_related("tag")}
