"""What can be taken back: one table, by the noun that stands before the colon of a change's target."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from signals.curation import built
from signals.curation.comments import undo_comment
from signals.curation.decisions import undo_decision
from signals.curation.invitations import (
    ACCEPTED,
    SENT,
    SENT_AGAIN,
    WITHDRAWN,
    invited_since,
    joined_by,
    undo_invitation,
)
from signals.curation.links import undo_link
from signals.curation.merging import split_tag
from signals.curation.outlooks import undo_review
from signals.curation.people import ADDED, undo_person, undo_settings
from signals.curation.proposals import undo_proposal
from signals.curation.ratings import undo_rating
from signals.curation.sameness import undo_distinct
from signals.curation.sample import undo_removal
from signals.curation.saved_views import undo_view
from signals.curation.signposts import undo_signpost
from signals.curation.snoozing import undo_snooze
from signals.curation.stories import undo_story
from signals.curation.taggers import undo_taking_back
from signals.curation.tags import CREATED, undo_tag_change
from signals.curation.work import undo_work
from signals.models import Change, Decision, Proposal, Rating, User


@dataclass(frozen=True, slots=True)
class Noun:
    """What can be taken back of the changes whose target starts with this noun."""

    undo: Callable[[Change, User], None]
    """Takes the change back and says so in its row; raises CurationError, ObjectDoesNotExist."""
    built_on: Callable[[Change], Collection[str]] = built.on_the_same
    """Targets of changes that would stand on this one; later ones are told before it is taken back."""
    brought: Callable[[Change], int | None] = lambda _change: None
    """Key of the person whom the change brought here: all that they did since stands on it."""
    whole: frozenset[str] = frozenset()
    """Verbs that touch all of a thing: every later change of it stands on them, whichever field it names."""
    is_desk: bool = True
    """What the key u takes back: not settings, people or sources."""
    from_log: frozenset[str] = frozenset()
    """Verbs at the desk that are taken back from their line in the log alone."""
    by_administrators: bool = False
    """Only administrators make such changes, so only they take them back."""
    is_own: Callable[[Change, User], bool] = lambda _change, _by: False
    """Whether it concerns whoever made it alone: they take it back whatever their role."""


NOUNS: Final[dict[str, Noun]] = {
    "decision": Noun(
        lambda change, by: undo_decision(decision=Decision.objects.get(pk=change.key), by=by),
        built.on_decision,
    ),
    "rating": Noun(
        lambda change, by: undo_rating(rating=Rating.objects.get(pk=change.key), by=by), built.on_rating
    ),
    "proposal": Noun(
        lambda change, by: undo_proposal(proposal=Proposal.objects.get(pk=change.key), change=change, by=by),
        built.on_proposal,
    ),
    "snooze": Noun(lambda change, by: undo_snooze(change=change, by=by)),
    "link": Noun(lambda change, by: undo_link(change=change, by=by)),
    "merge": Noun(lambda change, by: split_tag(change=change, by=by), built.on_merge),
    "story": Noun(lambda change, by: undo_story(change=change, by=by), built.on_story),
    "distinct": Noun(lambda change, by: undo_distinct(change=change, by=by)),
    "tag": Noun(
        lambda change, by: undo_tag_change(change=change, by=by), built.on_tag, whole=frozenset({CREATED})
    ),
    "comment": Noun(lambda change, by: undo_comment(change=change, by=by)),
    "signpost": Noun(lambda change, by: undo_signpost(change=change, by=by)),
    "outlook": Noun(lambda change, by: undo_review(change=change, by=by), built.on_outlook),
    "settings": Noun(
        lambda change, by: undo_settings(change=change, by=by),
        is_desk=False,
        is_own=lambda change, by: change.key == str(by.pk),
    ),
    "view": Noun(
        lambda change, by: undo_view(change=change, by=by),
        is_desk=False,
        # One that was shared would be so again, and that is for analysts.
        is_own=lambda change, _by: not change.before.get("is_shared"),
    ),
    "person": Noun(
        lambda change, by: undo_person(change=change, by=by),
        brought=lambda change: int(change.key) if change.verb == ADDED else None,
        whole=frozenset({ADDED}),
        is_desk=False,
        by_administrators=True,
    ),
    "invitation": Noun(
        lambda change, by: undo_invitation(change=change, by=by),
        invited_since,
        brought=joined_by,
        whole=frozenset({SENT, SENT_AGAIN, WITHDRAWN, ACCEPTED}),
        is_desk=False,
        by_administrators=True,
    ),
    "job": Noun(lambda change, by: undo_work(change=change, by=by), is_desk=False),
    "tagger": Noun(lambda change, by: undo_taking_back(change=change, by=by), is_desk=False),
    "sample": Noun(
        lambda change, by: undo_removal(change=change, by=by),
        is_desk=False,
        by_administrators=True,
    ),
}
"""Every noun of the log. Digests and `ingestion`, which curation doesn't know, add theirs when they are loaded."""
