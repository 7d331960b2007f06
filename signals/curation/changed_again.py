"""Whether a later change that holds stands in an old one's way: it stays, also where it says the same."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.models import Change


def refuse_under_a_later_one(change: Change) -> None:
    """Raise CurationError when the same was changed again since; ask with what is changed locked."""
    if any(touch_the_same(later, change) for later in _later(change)):
        raise CurationError(_("This was changed again since: take that back first."))


def fields_changed_again(change: Change) -> set[str]:
    """The fields that later changes of the same thing, which hold, touch."""
    return {field for later in _later(change) for field in (*later.before, *later.after)}


def members_changed_again(change: Change, field: str) -> set[int]:
    """What later changes of the same thing, which hold, took into a list of keys or out of it."""
    lists = [(set(later.before.get(field, [])), set(later.after.get(field, []))) for later in _later(change)]
    return {member for was, became in lists for member in was ^ became}


def touch_the_same(one: Change, other: Change) -> bool:
    """Whether two changes of one thing touch the same field; changes that name none touch all."""
    ours, theirs = {*one.before, *one.after}, {*other.before, *other.after}
    return not ours or not theirs or bool(ours & theirs)


def touching_the_same(change: Change) -> Q:
    """As `touch_the_same`, for the database to ask of many."""
    fields = [*change.before, *change.after]
    if not fields:
        return Q()
    names_one = Q(before__has_any_keys=fields) | Q(after__has_any_keys=fields)
    return names_one | Q(before={}, after={})


def _later(change: Change) -> list[Change]:
    later = Change.objects.filter(target=change.target, pk__gt=change.pk, undone_at=None)
    return list(later.only("before", "after"))
