"""Editing a tag of the catalogue, adding one by hand, and taking either back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from signals.curation import tag_names
from signals.curation.catalogue import CatalogueError, check_name, create_tag
from signals.curation.changed_again import fields_changed_again, members_changed_again
from signals.curation.errors import CurationError
from signals.curation.matching import start_matching
from signals.models import Article, Change, Kind, Tag, Theme, User
from signals.tagging.service import stop_taggers
from signals.trends.marks import mark_articles, mark_tags

NAMES: Final = ("name", "name_fr")
TEXTS: Final = ("description", "description_fr", "change", "outlook", "driving_force")
FIELDS: Final = (*NAMES, *TEXTS, "outlook_due_on", "kind", "status", "themes")
TEXT_LIMIT: Final = 20_000
EDITED: Final = "tag.edited"
CREATED: Final = "tag.created"


class ChangedMeanwhileError(CurationError):
    """Somebody else wrote the field since it was read: which one, what it says now, and who wrote it ("" for none)."""

    def __init__(self, field: str, theirs: Any, who: str) -> None:
        super().__init__(_("Somebody changed this meanwhile."))
        self.field, self.theirs, self.who = field, theirs, who


class FieldError(CurationError):
    """A value that the field can't have."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


def seen_as(tag: Tag, field: str) -> str:
    """A digest of what a field says, to tell later whether it still says so."""
    return sha256(repr(_plain(_value(tag, field))).encode()).hexdigest()[:16]


def edit_tag(
    *,
    tag: Tag,
    by: User,
    values: Mapping[str, Any],
    seen: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Change | None:
    """Write these FIELDS (themes as keys, a date for `outlook_due_on`); None when they say so already.

    With `seen` (of `seen_as`) a field that says something else by now raises ChangedMeanwhileError. Raises
    FieldError for a value it can't have, CatalogueError for a name that another tag has.
    """
    wanted = {field: _checked(field, value) for field, value in values.items()}
    now = now or timezone.now()
    try:
        with transaction.atomic():
            return _edit(tag, by, wanted, seen or {}, now)
    except IntegrityError as error:
        raise _taken_meanwhile() from error


def _edit(
    tag: Tag, by: User, wanted: dict[str, Any], seen: Mapping[str, str], now: datetime
) -> Change | None:
    tag = lock_tag(tag)
    changed = {field: value for field, value in wanted.items() if _value(tag, field) != value}
    for field in changed:
        if field in seen and seen[field] != seen_as(tag, field):
            raise ChangedMeanwhileError(field, _value(tag, field), _last_writer(tag, field))
    if not changed:
        return None
    if "name" in changed:
        changed["slug"] = slugify(changed["name"])[:120]
    before = {field: _plain(_value(tag, field)) for field in changed}
    standing = tag_names.snapshot(tag)
    _write(tag, changed)
    if changed.keys() & {*NAMES, "kind", "status"}:
        old = {str(field) for field in NAMES if field in changed}
        tag_names.follow(tag, old, is_status_new="status" in changed)
    return _keep(tag, by, before, {field: _plain(value) for field, value in changed.items()}, standing, now)


def add_name(
    *, tag: Tag, by: User, name: str, language: str = "", now: datetime | None = None
) -> Change | None:
    """Give a tag another name; None when it has it already. CatalogueError when another live tag has it."""
    try:
        with transaction.atomic():
            tag = lock_tag(tag)
            if tag.status == Tag.Status.ARCHIVED:
                raise CatalogueError(_("The names of an archived item rest: track it first."))
            standing = tag_names.snapshot(tag)
            tag_names.add(tag, name, language=language if language in {"en", "fr"} else "")
            return _keep(tag, by, {}, {}, standing, now or timezone.now())
    except IntegrityError as error:
        raise _taken_meanwhile() from error


def remove_name(*, tag: Tag, by: User, name_id: int, now: datetime | None = None) -> Change | None:
    """Take another name away; CatalogueError for what the tag is called itself, None when it is gone already."""
    with transaction.atomic():
        tag = lock_tag(tag)
        standing = tag_names.snapshot(tag)
        tag_names.remove(tag, name_id)
        return _keep(tag, by, {}, {}, standing, now or timezone.now())


def add_tag(*, by: User, values: Mapping[str, Any], now: datetime | None = None) -> Tag:
    """Add a tag by hand, with these FIELDS; at least kind and name. Raises as `edit_tag` does."""
    wanted = {field: _checked(field, value) for field, value in values.items()}
    themes, due = wanted.pop("themes", []), wanted.pop("outlook_due_on", None)
    if wanted.get("status") == Tag.Status.ARCHIVED:
        raise FieldError("status", _("What is new is tracked, or a candidate."))
    try:
        with transaction.atomic():
            tag = create_tag(**wanted, themes=Theme.objects.filter(pk__in=themes), by=by)
            if due:
                _write(tag, {"outlook_due_on": due})
            Change.objects.create(
                user=by,
                verb=CREATED,
                target=f"tag:{tag.pk}",
                title=tag.name[:400],
                after={"kind": tag.kind, "name": tag.name},
                made_at=now or timezone.now(),
            )
            return tag
    except IntegrityError as error:
        raise _taken_meanwhile() from error


def undo_tag_change(*, change: Change, by: User, now: datetime | None = None) -> None:
    """Take an edit or a creation back; of an edit, what was edited again since stays as it is.

    Raises CurationError when nothing of it is as it was left, or something was built on a new tag.
    """
    with transaction.atomic():
        pk = int(change.target.partition(":")[2])
        if change.verb == CREATED:
            _delete(pk, change)
        else:
            try:
                with transaction.atomic():
                    _return(lock_tag(Tag.objects.get(pk=pk)), change, by)
            except IntegrityError as error:
                raise _taken_meanwhile() from error
        done = Change.objects.filter(pk=change.pk, undone_at=None)
        if not done.update(undone_at=now or timezone.now(), undone_by=by):
            raise CurationError(_("This was undone before."))


def lock_tag(tag: Tag) -> Tag:
    """The tag as it is now, locked; CurationError when it was merged away."""
    locked = Tag.objects.select_for_update(no_key=True).get(pk=tag.pk)
    if locked.merged_into_id is not None:
        raise CurationError(_("This item was merged into another one."))
    return locked


def _return(tag: Tag, change: Change, by: User) -> None:
    again = fields_changed_again(change)
    edited = {
        field
        for field, value in change.after.items()
        if field not in {"names", "themes"} and (field in again or _plain(_value(tag, field)) != value)
    }
    standing = tag_names.snapshot(tag)
    back = {
        field: value
        for field, value in change.before.items()
        if field not in {"names", "themes"} and field not in edited
    }
    if "name" in edited:
        back.pop("slug", None)
    elif "name" in back:
        back["slug"] = change.before["slug"]
    if back.get("outlook_due_on"):
        back["outlook_due_on"] = date.fromisoformat(back["outlook_due_on"])
    if "themes" in change.after:
        was, became = set(change.before["themes"]), set(change.after["themes"])
        moved = (was ^ became) - members_changed_again(change, "themes")
        themes = (set(_value(tag, "themes")) - moved) | (moved & was)
        back["themes"] = sorted(Theme.objects.filter(pk__in=themes).values_list("pk", flat=True))
    _write(tag, back)
    restored = False
    if "names" in change.after and not edited & {*NAMES, "kind", "status"}:
        restored = tag_names.restore(tag, change.before["names"], change.after["names"])
    if not back and not restored:
        who = _last_writer(tag, next(iter(edited), "names"))
        raise CurationError(
            _("This was edited again since by %(who)s: take that back first.") % {"who": who or "–"}
        )
    _follow_up(tag, back.keys(), tag_names.snapshot(tag) != standing, by)


def _delete(pk: int, change: Change) -> None:
    # Who looks for the new tag in past articles must not write of it while it goes away.
    stop_taggers()
    carry = Article.objects.filter(taggings__tag=pk).order_by("pk").distinct().values_list("pk", flat=True)
    articles = list(carry)
    list(
        Article.objects.filter(pk__in=articles)
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list("pk")
    )
    tag = Tag.objects.select_for_update().get(pk=pk)
    if tag.merged_into_id is not None or tag.merged.exists():
        raise CurationError(_("The new item was merged since: take that back first."))
    used = (tag.ratings, tag.decisions, tag.comments, tag.signposts, tag.outlook_reviews)
    edits = Change.objects.filter(target=change.target, undone_at=None).exclude(pk=change.pk)
    if any(rows.filter(undone_at=None).exists() for rows in used) or edits.exists():
        raise CurationError(_("People worked with the new item since: take that back first."))
    mark_articles(articles)
    tag.delete()


def _keep(
    tag: Tag, by: User, before: dict[str, Any], after: dict[str, Any], standing: tag_names.Rows, now: datetime
) -> Change | None:
    """Write the change down, with the names that differ, and start what follows from it."""
    were, became = tag_names.difference(standing, tag_names.snapshot(tag))
    if were or became:
        before, after = {**before, "names": were}, {**after, "names": became}
    if not after:
        return None
    _follow_up(tag, after.keys(), bool(were or became), by)
    return Change.objects.create(
        user=by,
        verb=EDITED,
        target=f"tag:{tag.pk}",
        title=f"{tag.name}: {', '.join(_in_words(after.keys()))}"[:400],
        before=before,
        after=after,
        made_at=now,
    )


def _in_words(fields: Collection[str]) -> list[str]:
    own = [field for field in fields if field not in {"slug", "names"}]
    told = [str(getattr(Tag._meta.get_field(field), "verbose_name", field)) for field in own]
    return told or [_("other names")]


def _follow_up(tag: Tag, fields: Iterable[str], names_moved: bool, by: User) -> None:
    moved = {*fields}
    if moved & {"kind", "status", "themes"}:
        # What is usual is told per kind, of what is tracked; a theme's figures are those of its tags.
        mark_tags([tag.pk])
    if names_moved or "status" in moved:
        start_matching(tag_ids=[tag.pk], by=by)


def _write(tag: Tag, values: dict[str, Any]) -> None:
    columns = [field for field in values if field != "themes"]
    for field in columns:
        setattr(tag, field, values[field])
    if columns:
        tag.save(update_fields=columns)
    if "themes" in values:
        tag.themes.set(values["themes"])


def _value(tag: Tag, field: str) -> Any:
    if field == "themes":
        return sorted(tag.themes.values_list("pk", flat=True))
    return getattr(tag, field)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _checked(field: str, value: Any) -> Any:
    if field == "name" or (field == "name_fr" and str(value).strip()):
        try:
            return check_name(str(value).replace("\x00", ""))
        except CatalogueError as error:
            raise FieldError(field, str(error)) from error
    if field == "name_fr":
        return ""
    if field in TEXTS:
        text = str(value).replace("\x00", "").replace("\r\n", "\n").strip()
        if len(text) > TEXT_LIMIT:
            raise FieldError(
                field, _("At most %(limit)d characters; these are %(length)d.")
                % {"limit": TEXT_LIMIT, "length": len(text)},
            )  # fmt: skip
        return text
    if field == "themes":
        return sorted(Theme.objects.filter(pk__in=value).values_list("pk", flat=True))
    known = {"kind": Kind.values, "status": Tag.Status.values}
    if field in known and value not in known[field]:
        raise FieldError(field, _("“%(value)s” is not known here.") % {"value": str(value)[:80]})
    if field not in FIELDS:
        raise FieldError(field, _("“%(value)s” is not known here.") % {"value": field[:80]})
    return value


def _last_writer(tag: Tag, field: str) -> str:
    changes = Change.objects.filter(target=f"tag:{tag.pk}", after__has_key=field).select_related("user")
    last = changes.order_by("-pk").first()
    return str(last.user) if last and last.user else ""


def _taken_meanwhile() -> CatalogueError:
    return CatalogueError(_("Somebody gave this name to another item just now."))
