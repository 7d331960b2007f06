"""Undo by one key: what was refused is named once, and the next press goes on with what came before it."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.curation.errors import CurationError, UndoRefused
from signals.curation.undo import Undone, undo_last
from signals.models import Change, User

_PASSED: Final = "undo_passed"
_MOST: Final = 100


def undo_last_of(request: HttpRequest) -> Undone:
    """Undo the person's last change; raises CurationError, which says that the next press goes on before it."""
    assert isinstance(request.user, User)
    newest = Change.objects.filter(user=request.user).order_by("-pk").values_list("pk", flat=True).first()
    passed = request.session.get(_PASSED)
    # Whoever has changed something since means that by their last change.
    refused: list[int] = passed["refused"] if passed and passed["newest"] == newest else []
    try:
        return undo_last(by=request.user, passing_over=refused)
    except UndoRefused as error:
        refused = [*refused, error.change.pk][-_MOST:]
        request.session[_PASSED] = {"newest": newest, "refused": refused}
        raise CurationError(_("%(why)s Undo again for what came before.") % {"why": error}) from error


def undone_in_words(undone: Undone) -> str:
    """What came of it, for a message."""
    if undone.job is not None:
        return _("Being undone in the background: %(what)s") % {"what": undone.job.title}
    if undone.count == 1 and not undone.refused:
        return _("Undone: %(what)s") % {"what": undone.change.title}
    said = ngettext("%(count)d change undone.", "%(count)d changes undone.", undone.count) % {
        "count": undone.count
    }
    if undone.refused:
        refused = ngettext(
            "%(count)d could not be undone: %(why)s", "%(count)d could not be undone, such as: %(why)s",
            len(undone.refused),
        )  # fmt: skip
        said += " " + refused % {"count": len(undone.refused), "why": undone.refused[0][1]}
    return said
