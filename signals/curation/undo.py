"""Taking the last change back, whatever it was."""

from __future__ import annotations

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _

from signals.curation.decisions import undo_decision
from signals.curation.errors import CurationError, GoneError
from signals.curation.links import undo_link
from signals.curation.merging import split_tag
from signals.curation.proposals import undo_proposal
from signals.curation.ratings import undo_rating
from signals.curation.sameness import undo_distinct
from signals.curation.taggers import TAKEN_BACK
from signals.models import Change, Decision, Proposal, Rating, User


def undo_change(*, change: Change, by: User) -> None:
    """Undo one change from the log.

    Raises GoneError when what it was about is no longer there, CurationError when it can't be for another reason.
    """
    if change.undone_at is not None:
        raise CurationError(_("This was undone before."))
    try:
        _undo(change, by)
    except ObjectDoesNotExist as error:
        raise GoneError(_("This is no longer there.")) from error


def _undo(change: Change, by: User) -> None:
    noun, _colon, key = change.target.partition(":")
    if noun == "decision":
        undo_decision(decision=Decision.objects.get(pk=key), by=by)
    elif noun == "rating":
        undo_rating(rating=Rating.objects.get(pk=key), by=by)
    elif noun == "proposal":
        undo_proposal(proposal=Proposal.objects.get(pk=key), change=change, by=by)
    elif noun == "link":
        undo_link(change=change, by=by)
    elif noun == "merge":
        split_tag(change=change, by=by)
    elif noun == "distinct":
        undo_distinct(change=change, by=by)
    else:
        raise CurationError(_("This kind of change can't be undone."))


def undo_last(*, by: User) -> Change:
    """Undo this person's latest change that holds and is of something still there; CurationError for none."""
    # Going back to the tagger before is for good; it must not stand before all that was done earlier.
    held = Change.objects.filter(user=by, undone_at=None).exclude(verb=TAKEN_BACK).order_by("-id")
    change = held.first()
    while change is not None:
        try:
            undo_change(change=change, by=by)
        except GoneError:
            change = held.filter(pk__lt=change.pk).first()
        else:
            return change
    raise CurationError(_("Nothing to undo."))
