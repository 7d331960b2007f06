"""Views of the trend table that people keep under a name."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.models import SavedView, User

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
    view, _new = SavedView.objects.update_or_create(
        user=by, name=name, defaults={"query": query, "kind": kind, "is_shared": is_shared}
    )
    return view


def rename_view(*, view: SavedView, by: User, name: str) -> None:
    """Give one's own view another name; raises CurationError when it is another's, or the name is taken."""
    _refuse_others(view, by)
    view.name = _named(name)
    try:
        with transaction.atomic():
            view.save(update_fields=["name"])
    except IntegrityError as taken:
        raise CurationError(_("You have another view of that name.")) from taken


def delete_view(*, view: SavedView, by: User) -> None:
    """Delete one's own view; raises CurationError when it is another's."""
    _refuse_others(view, by)
    view.delete()


def without_page(query: str) -> str:
    """A query string as a view keeps it: no page, nothing empty, always in the same order."""
    pairs = QueryDict(query).lists()
    kept = QueryDict(mutable=True)
    for name, values in sorted(pairs):
        chosen = [value.replace("\x00", "") for value in values if value.replace("\x00", "")]
        if name not in ("page", "csrfmiddlewaretoken") and chosen:
            kept.setlist(name, chosen)
    return kept.urlencode()


def _named(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())[:60]
    if not name:
        raise CurationError(_("Give the view a name."))
    return name


def _refuse_others(view: SavedView, by: User) -> None:
    if view.user_id != by.pk:
        raise CurationError(_("This view is somebody else's."))
