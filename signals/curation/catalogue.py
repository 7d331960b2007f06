"""The catalogue of tags: making tags, naming them, and loading the starter catalogue."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.curation.matching import start_matching
from signals.models import Kind, Setting, Tag, TagName, Theme, User
from signals.tagging.names import normalise_name
from signals.tagging.rules import cues_of

STARTER: Final = Path(__file__).resolve().parent.parent / "starter" / "catalogue.toml"
_SETTING: Final = "starter_catalogue"
_LOCK: Final = 0x56494749  # "VIGI": two first runs must not load at once
_NAME_LIMIT: Final = 300
_FIELDS: Final = (
    "name", "name_fr", "description", "description_fr", "change", "outlook", "driving_force", "cues",
)  # fmt: skip


class CatalogueError(CurationError):
    """A tag or a name that can't stand in the catalogue; the message says why."""


class NameTakenError(CatalogueError):
    """Another live tag of the kind, `tag`, has the name."""

    def __init__(self, name: str, tag: Tag) -> None:
        super().__init__(_("“%(name)s” is already a name of “%(tag)s”.") % {"name": name, "tag": tag.name})
        self.tag = tag


@dataclass(frozen=True, slots=True)
class CatalogueSummary:
    """What loading a catalogue did. `conflicts` says which names were left out, and why."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    names: int = 0
    themes: int = 0
    conflicts: tuple[str, ...] = ()


@dataclass(slots=True)
class _Loaded:
    """What an earlier load wrote for one tag: what differs from it since, a person changed."""

    id: int
    fields: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def check_name(name: str) -> str:
    """`name` without outer spaces; CatalogueError when no tag could be called so."""
    cleaned = " ".join(name.split())
    if not normalise_name(cleaned):
        raise CatalogueError(_("An item needs a name."))
    if len(cleaned) > _NAME_LIMIT:
        raise CatalogueError(
            _("A name has at most %(limit)d characters; this one has %(length)d.")
            % {"limit": _NAME_LIMIT, "length": len(cleaned)}
        )
    return cleaned


@transaction.atomic
def create_tag(
    *,
    kind: str,
    name: str,
    name_fr: str = "",
    aliases: Iterable[str] = (),
    aliases_fr: Iterable[str] = (),
    description: str = "",
    description_fr: str = "",
    change: str = "",
    outlook: str = "",
    driving_force: str = "",
    cues: Sequence[str] = (),
    themes: Iterable[Theme] = (),
    status: str = Tag.Status.TRACKED,
    origin: str = "person",
    by: User | None = None,
) -> Tag:
    """A new tag with its names, to be matched with the past; CatalogueError when a live tag has one of them."""
    if kind not in Kind.values:
        raise CatalogueError(
            _("No kind is called “%(kind)s”: there are %(kinds)s.")
            % {"kind": kind, "kinds": ", ".join(Kind.values)}
        )
    name = check_name(name)
    tag = Tag.objects.create(
        kind=kind,
        name=name,
        name_fr=" ".join(name_fr.split()),
        slug=slugify(name)[:120],
        description=description,
        description_fr=description_fr,
        change=change,
        outlook=outlook,
        driving_force=driving_force,
        cues=list(cues),
        status=status,
        origin=origin,
    )
    _add_name(tag, name, language="en" if name_fr else "", is_alias=False, origin=origin)
    if name_fr.strip():
        _add_name(tag, name_fr, language="fr", is_alias=False, origin=origin)
    for alias in aliases:
        _add_name(tag, alias, language="", is_alias=True, origin=origin)
    for alias in aliases_fr:
        _add_name(tag, alias, language="fr", is_alias=True, origin=origin)
    tag.themes.set(themes)
    start_matching(tag_ids=[tag.pk], by=by)
    return tag


@transaction.atomic
def add_alias(
    *, tag: Tag, name: str, language: str = "", origin: str = "person", by: User | None = None
) -> TagName:
    """Another name for `tag`, to be matched with the past; CatalogueError when another live tag has it."""
    if tag.merged_into_id is not None:
        raise CatalogueError(_("“%(name)s” was merged away; name the item it became.") % {"name": tag.name})
    added = _add_name(tag, name, language=language, is_alias=True, origin=origin)
    start_matching(tag_ids=[tag.pk], by=by)
    return added


def load_catalogue(source: Path | str = STARTER) -> CatalogueSummary:
    """Load a catalogue (a path, or TOML text); again is harmless, what a person changed is never overwritten.

    CatalogueError when it can't be read or a tag in it has no name or no known kind.
    """
    try:
        text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
        document = tomllib.loads(text)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"The catalogue can't be read: {error}") from error
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        return _load(document)


def _load(document: dict[str, Any]) -> CatalogueSummary:
    themes, new_themes = _load_themes(document)
    setting, _made = Setting.objects.get_or_create(name=_SETTING, defaults={"value": {}})
    memory = {key: _Loaded(**value) for key, value in setting.value.items()}
    tags = Tag.objects.in_bulk([loaded.id for loaded in memory.values()])
    owners = {(name.kind, name.normalised): name.tag_id for name in TagName.objects.filter(is_live=True)}
    created = updated = unchanged = 0
    conflicts: list[str] = []
    pending: list[TagName] = []
    matched: set[int] = set()
    for row in document.get("tag", []):
        kind, name = str(row.get("kind", "")), check_name(str(row.get("name", "")))
        if kind not in Kind.values:
            raise CatalogueError(f"“{name}” has kind {kind!r}; kinds are {', '.join(Kind.values)}.")
        wanted = _wanted(row, name)
        key = f"{kind}: {normalise_name(name)}"
        loaded = memory.get(key)
        if loaded is None:
            owner = owners.get((kind, normalise_name(name)))
            if owner is not None:
                conflicts.append(f"{kind} “{name}” is already a name of tag {owner}")
                continue
            tag = Tag.objects.create(kind=kind, slug=slugify(name)[:120], origin="starter", **wanted)
            tag.themes.set([themes[theme] for theme in row.get("themes", []) if theme in themes])
            loaded = memory[key] = _Loaded(tag.pk)
            created += 1
            changed = True
        else:
            found = tags.get(loaded.id)
            if found is None or found.merged_into_id is not None:
                unchanged += 1  # a person took it away
                continue
            tag = found
            changed = _refresh(tag, wanted, loaded)
        known = set(loaded.names)
        for text, language, is_alias in _names(row, name):
            normalised = normalise_name(text)
            if not normalised or normalised in known:
                continue
            known.add(normalised)
            owner = owners.setdefault((kind, normalised), tag.pk)
            if owner != tag.pk:
                conflicts.append(f"{kind} “{tag.name}”: its name “{text}” belongs to another tag")
                continue
            loaded.names.append(normalised)
            matched.add(tag.pk)
            changed = True
            pending.append(
                TagName(
                    tag=tag, kind=kind, name=text, normalised=normalised, language=language,
                    is_alias=is_alias, origin="starter",
                )
            )  # fmt: skip
        loaded.fields = {**loaded.fields, **{name: _digest(value) for name, value in wanted.items()}}
        if loaded.id in tags:
            updated += changed
            unchanged += not changed
    # A name that a person gave the same tag meanwhile is there already.
    written = TagName.objects.bulk_create(pending, ignore_conflicts=True)
    start_matching(tag_ids=matched)
    setting.value = {
        key: {"id": loaded.id, "fields": loaded.fields, "names": loaded.names}
        for key, loaded in memory.items()
    }
    setting.save(update_fields=["value"])
    return CatalogueSummary(created, updated, unchanged, len(written), new_themes, tuple(conflicts))


def _load_themes(document: dict[str, Any]) -> tuple[dict[str, Theme], int]:
    themes: dict[str, Theme] = {}
    new = 0
    for row in document.get("theme", []):
        name = check_name(str(row.get("name", "")))
        themes[name], made = Theme.objects.get_or_create(
            slug=slugify(name)[:140],
            defaults={
                "name": name,
                "name_fr": row.get("name_fr", ""),
                "description": row.get("description", ""),
            },
        )
        new += made
    return themes, new


def _wanted(row: dict[str, Any], name: str) -> dict[str, Any]:
    wanted: dict[str, Any] = {key: row.get(key, "") for key in _FIELDS}
    return {**wanted, "name": name, "cues": cues_of(row)}


def _names(row: dict[str, Any], name: str) -> Iterable[tuple[str, str, bool]]:
    yield name, "en", False
    if row.get("name_fr"):
        yield check_name(row["name_fr"]), "fr", False
    for key, language in (("aliases", "en"), ("aliases_fr", "fr")):
        for alias in row.get(key, []):
            yield check_name(alias), language, True


def _refresh(tag: Tag, wanted: dict[str, Any], loaded: _Loaded) -> bool:
    """Take over what the file changed in fields that still are as loaded; true when something was."""
    changed = [
        name
        for name, value in wanted.items()
        if getattr(tag, name) != value and _digest(getattr(tag, name)) == loaded.fields.get(name)
    ]
    for name in changed:
        setattr(tag, name, wanted[name])
    if changed:
        tag.save(update_fields=changed)
    return bool(changed)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()[:16]


def _add_name(tag: Tag, name: str, *, language: str, is_alias: bool, origin: str) -> TagName:
    name = check_name(name)
    normalised = normalise_name(name)
    standing = TagName.objects.filter(kind=tag.kind, normalised=normalised, is_live=True).first()
    if standing is not None and standing.tag_id != tag.pk:
        raise NameTakenError(name, standing.tag)
    if standing is not None:
        return standing
    return TagName.objects.create(
        tag=tag,
        kind=tag.kind,
        name=name,
        normalised=normalised,
        language=language,
        is_alias=is_alias,
        origin=origin,
    )
