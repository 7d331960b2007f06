"""Views of the trend table that people keep under a name."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from signals.curation.changed_again import refuse_under_a_later_one
from signals.curation.errors import CurationError
from signals.curation.people import mark_undone
from signals.models import Change, SavedView, User

MOST = 50
LONGEST = 2000


def save_view(*, by: User, name: str, query: str, kind: str = "", is_shared: bool = False) -> SavedView:
    """Keep a query string under a name; one's own view of that name is replaced.

    Raises CurationError for no name, too many views, an address that is too long, or a viewer who shares.
    """
    name, query = _named(name), without_page(query)
    if len(query) > LONGEST:
        raise CurationError(_("This view has too many filters to be kept."))
    if is_shared and not by.is_analyst:
        raise CurationError(_("Analysts share views; you can keep this one for yourself."))
    if by.saved_views.exclude(name=name).count() >= MOST:
        raise CurationError(_("These are as many views as one can keep: delete one first."))
    wanted = {"query": query, "kind": kind, "is_shared": is_shared}
    with transaction.atomic():
        standing = by.saved_views.select_for_update().filter(name=name).first()
        before = _as_json(standing) if standing is not None else {}
        view, _new = SavedView.objects.update_or_create(user=by, name=name, defaults=wanted)
        if before != _as_json(view):
            _log(view, by, "view.saved", before)
    return view


def rename_view(*, view: SavedView, by: User, name: str) -> None:
    """Give one's own view another name; raises CurationError when it is another's, or the name is taken."""
    _refuse_others(view, by)
    before = _as_json(view)
    view.name = _named(name)
    try:
        with transaction.atomic():
            view.save(update_fields=["name"])
            if before != _as_json(view):
                _log(view, by, "view.renamed", before)
    except IntegrityError as taken:
        raise CurationError(_("You have another view of that name.")) from taken


def delete_view(*, view: SavedView, by: User) -> None:
    """Delete one's own view; raises CurationError when it is another's."""
    _refuse_others(view, by)
    with transaction.atomic():
        before = _as_json(view) | {"made_at": view.made_at.isoformat()}
        _log(view, by, "view.deleted", before, is_there=False)
        view.delete()


def undo_view(*, change: Change, by: User) -> None:
    """Put a kept view back as it was before it was kept, renamed or deleted.

    Raises CurationError when it was changed again since, or another has its name by now.
    """
    with transaction.atomic():
        view = SavedView.objects.select_for_update().filter(pk=change.key).first()
        if change.user_id is None or (_as_json(view) if view is not None else {}) != change.after:
            raise CurationError(_("This was changed again since: take that back first."))
        refuse_under_a_later_one(change)
        mark_undone(change, by)
        if not change.before:
            assert view is not None
            view.delete()
            return
        try:
            with transaction.atomic():
                SavedView.objects.update_or_create(
                    pk=int(change.key), defaults={"user_id": change.user_id, **change.before}
                )
        except IntegrityError as taken:
            raise CurationError(_("You have another view of that name.")) from taken


def without_page(query: str) -> str:
    """A query string as a view keeps it: no page, nothing empty, always in the same order."""
    pairs = QueryDict(query).lists()
    kept = QueryDict(mutable=True)
    for name, values in sorted(pairs):
        chosen = [value.replace("\x00", "") for value in values if value.replace("\x00", "")]
        if name not in ("page", "csrfmiddlewaretoken") and chosen:
            kept.setlist(name, chosen)
    return kept.urlencode()


def _as_json(view: SavedView) -> dict[str, Any]:
    return {"name": view.name, "kind": view.kind, "query": view.query, "is_shared": view.is_shared}


def _log(view: SavedView, by: User, verb: str, before: dict[str, Any], *, is_there: bool = True) -> None:
    Change.objects.create(
        user=by,
        verb=verb,
        target=f"view:{view.pk}",
        title=view.name,
        before=before,
        after=_as_json(view) if is_there else {},
    )


def _named(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())[:60]
    if not name:
        raise CurationError(_("Give the view a name."))
    return name


def _refuse_others(view: SavedView, by: User) -> None:
    if view.user_id != by.pk:
        raise CurationError(_("This view is somebody else's."))
