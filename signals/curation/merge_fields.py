"""Which fields the survivor of a merge takes from whom, what it is called then, and how that goes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from django.utils.text import slugify
from django.utils.translation import gettext as _

from signals.curation.catalogue import CatalogueError, check_name
from signals.models import Kind, Tag, TagName
from signals.tagging.names import normalise_name

NAMES: Final = ("name", "name_fr")
TEXTS: Final = (*NAMES, "description", "description_fr", "change", "outlook", "driving_force")
FIELDS: Final = (*TEXTS, "kind", "status", "outlook_due_on")

Taken = dict[str, dict[str, Any]]
"""By field what the survivor had (`was`) and what it took (`took`), as JSON holds them."""


def take_fields(into: Tag, chosen: Mapping[str, Any]) -> Taken:
    """Write the chosen values to the survivor; returns those that differed from its own.

    Raises CatalogueError for a name that can't be one, an unknown kind, status or field.
    """
    wanted = {field: _checked(field, value) for field, value in chosen.items()}
    changed = {field: value for field, value in wanted.items() if getattr(into, field) != value}
    if "name" in changed:
        changed["slug"] = slugify(changed["name"])[:120]
    taken = {
        field: {"was": _plain(getattr(into, field)), "took": _plain(changed[field])} for field in changed
    }
    _write(into, changed)
    return taken


def edited_since(into: Tag, taken: Taken) -> set[str]:
    """The fields that are no longer as the merge left them."""
    return {field for field, pair in taken.items() if _plain(getattr(into, field)) != pair["took"]}


def return_fields(into: Tag, taken: Taken) -> set[str]:
    """Give the survivor back what it had; returns the fields that were edited since, which stay."""
    edited = edited_since(into, taken)
    back = {field: pair["was"] for field, pair in taken.items() if field not in edited}
    if back.get("outlook_due_on"):
        back["outlook_due_on"] = date.fromisoformat(back["outlook_due_on"])
    _write(into, back)
    return edited


def move_names(source: Tag, into: Tag, taken: Taken) -> dict[str, Any]:
    """The names of both for the survivor as it is called now; one that a tag of its kind has already rests.

    Raises CatalogueError when another tag has the name that was chosen.
    """
    own = _names_of(into, taken.get("status", {}).get("was", into.status))
    others = _names_of(source, source.status)
    names = [*own, *others]
    kept = [
        {
            "id": name.pk,
            "tag": name.tag_id,
            "kind": name.kind,
            "is_alias": name.is_alias,
            "was_live": name.is_live,
        }
        for name in names
    ]
    is_renamed, is_archived = bool(taken.keys() & set(NAMES)), into.status == Tag.Status.ARCHIVED
    rivals = {} if is_archived else _rivals(into.kind, names)
    canonical, seen = _called(into), set[str]()
    for name in names:
        if name.normalised in rivals or name.normalised in seen:
            name.is_live = False
            continue
        seen.add(name.normalised)
        if is_renamed or name.tag_id != into.pk:
            name.is_alias = name.normalised not in canonical if is_renamed else True
        name.tag, name.kind, name.is_live = into, into.kind, not is_archived
    for row, name in zip(kept, names, strict=True):
        row["lives"] = name.is_live
    _write_names(names)
    is_called_anew = bool(taken.keys() & {*NAMES, "kind", "status"})
    return {"names": kept, "made_names": _add_missing(into, seen, rivals) if is_called_anew else []}


def return_names(moved: dict[str, Any], source: Tag, into: Tag, edited: set[str]) -> None:
    """Every name to the tag it came from; one that another tag got since rests, one that was given away stays."""
    is_renamed = bool(moved.get("fields", {}).keys() & set(NAMES))
    is_as_called, canonical = not edited & set(NAMES), _called(into)
    if is_as_called:
        made = TagName.objects.filter(pk__in=moved.get("made_names", []), tag=into)
        made.exclude(normalised__in=canonical).delete()
    found = TagName.objects.in_bulk([row["id"] for row in moved["names"]])
    own: list[TagName] = []
    back: list[TagName] = []
    for row in moved["names"]:
        name, came_from = found.get(row["id"]), row.get("tag", source.pk)
        if name is None or (name.is_live and name.tag_id not in {came_from, into.pk}):
            continue
        if came_from == source.pk:
            name.tag, name.kind, name.is_alias = source, row["kind"], row["is_alias"]
            name.is_live = row.get("was_live", True)
            back.append(name)
            continue
        if is_renamed:
            name.is_alias = row["is_alias"] if is_as_called else name.normalised not in canonical
        if name.is_live == row["lives"]:
            name.is_live = row["was_live"]
        own.append(name)
    # What it was named since is of the kind that it has again, and rests if it does.
    own += TagName.objects.filter(tag=into, is_live=True).exclude(pk__in=[name.pk for name in (*own, *back)])
    for name in own:
        name.kind = into.kind
        name.is_live = name.is_live and into.status != Tag.Status.ARCHIVED
    names, seen = [*own, *back], set[tuple[str, str]]()
    for name in names:
        key = (name.kind, name.normalised)
        name.is_live = name.is_live and key not in seen and not _rivals(name.kind, [name], but=names)
        if name.is_live:
            seen.add(key)
    _write_names(names)


def set_themes(source: Tag, into: Tag, wanted: Iterable[int] | None) -> dict[str, list[int]]:
    """The survivor's themes: those of both unless others are wanted; which came and which went."""
    has = set(into.themes.values_list("pk", flat=True))
    has_other = set(source.themes.values_list("pk", flat=True))
    # Nothing but what one of them has: a theme that went meanwhile is not missed.
    chosen = has | has_other if wanted is None else set(wanted) & (has | has_other)
    added, removed = sorted(chosen - has), sorted(has - chosen)
    into.themes.add(*added)
    into.themes.remove(*removed)
    return {"themes": added, "themes_gone": removed}


def _checked(field: str, value: Any) -> Any:
    if field == "name":
        return check_name(value)
    if field == "name_fr":
        return check_name(value) if value.strip() else ""
    if field in TEXTS:
        return str(value).replace("\x00", "").replace("\r\n", "\n").strip()
    known = {"kind": Kind.values, "status": Tag.Status.values}
    if (field in known and value not in known[field]) or field not in FIELDS:
        raise CatalogueError(_("“%(value)s” is not known here.") % {"value": str(value)[:80]})
    return value


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _write(tag: Tag, values: dict[str, Any]) -> None:
    if values:
        for field, value in values.items():
            setattr(tag, field, value)
        tag.save(update_fields=list(values))


def _names_of(tag: Tag, status: str) -> list[TagName]:
    """The live names; of an archived tag all, for they rest as it does."""
    names = TagName.objects.filter(tag=tag).order_by("pk")
    return list(names if status == Tag.Status.ARCHIVED else names.filter(is_live=True))


def _called(tag: Tag) -> set[str]:
    return {normalised for name in (tag.name, tag.name_fr) if (normalised := normalise_name(name))}


def _rivals(kind: str, names: Iterable[TagName], but: Iterable[TagName] = ()) -> dict[str, Tag]:
    """The tags that have one of these names, other than by these rows."""
    names = list(names)
    rows = TagName.objects.filter(
        kind=kind, is_live=True, normalised__in=[name.normalised for name in names]
    ).exclude(pk__in=[name.pk for name in (*names, *but)])
    return {row.normalised: row.tag for row in rows.select_related("tag")}


def _add_missing(into: Tag, seen: set[str], rivals: dict[str, Tag]) -> list[int]:
    """Names for what the survivor is called by choice and no name says yet."""
    made = []
    for text, language in ((into.name, "en" if into.name_fr else ""), (into.name_fr, "fr")):
        normalised = normalise_name(text)
        if not normalised or normalised in seen:
            continue
        name = TagName(
            tag=into, kind=into.kind, name=text, normalised=normalised, language=language, is_alias=False
        )
        name.is_live = into.status != Tag.Status.ARCHIVED
        rival = rivals.get(normalised) or _rivals(into.kind, [name]).get(normalised)
        if rival is not None and name.is_live:
            raise CatalogueError(
                _("“%(name)s” is already a name of “%(tag)s”.") % {"name": text, "tag": rival.name}
            )
        name.save()
        seen.add(normalised)
        made.append(name.pk)
    return made


def _write_names(names: Iterable[TagName]) -> None:
    names = list(names)
    # At rest first: on the way from one to the other two rows may bear one name.
    TagName.objects.filter(pk__in=[name.pk for name in names]).update(is_live=False)
    TagName.objects.bulk_update(names, ["tag", "kind", "is_alias", "is_live"])
