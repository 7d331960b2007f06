"""Taking changes back: one, the last one, or all of a person since a moment."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Final

from django.core.exceptions import ObjectDoesNotExist
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.curation import built
from signals.curation.comments import undo_comment
from signals.curation.decisions import undo_decision
from signals.curation.editions import undo_edition_change
from signals.curation.errors import CurationError, GoneError, UndoRefused
from signals.curation.invitations import undo_invitation
from signals.curation.links import undo_link
from signals.curation.merging import split_tag
from signals.curation.outlooks import undo_review
from signals.curation.people import undo_person, undo_settings
from signals.curation.proposals import undo_proposal
from signals.curation.ratings import undo_rating
from signals.curation.sameness import undo_distinct
from signals.curation.saved_views import undo_view
from signals.curation.signposts import undo_signpost
from signals.curation.snoozing import undo_snooze
from signals.curation.stories import undo_story
from signals.curation.tags import undo_tag_change
from signals.curation.undo_decisions import undo_decisions
from signals.jobs import Batch, JobError, start_job
from signals.models import Change, Decision, Job, Proposal, Rating, User
from signals.models.change import ChangeQuerySet

JOB: Final = "undo"
AT_ONCE: Final = 200
"""Changes that are taken back while the person waits; more are a job."""
_REFUSED_KEPT: Final = 200
_RUN: Final = 100
"""Decisions that are taken back in one transaction."""


@dataclass(frozen=True, slots=True)
class Noun:
    """What can be taken back of the changes whose target starts with this noun."""

    undo: Callable[[Change, User], None]
    """Takes the change back and says so in its row; raises CurationError, ObjectDoesNotExist."""
    built_on: Callable[[Change], Collection[str]] = built.on_the_same
    """Targets of changes that would stand on this one; later ones are told before it is taken back."""
    is_desk: bool = True
    """What the key u takes back: not settings, people or sources."""
    by_administrators: bool = False
    """Only administrators make such changes, so only they take them back."""
    one_way: frozenset[str] = frozenset()
    """Verbs that have no way back."""


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
    "tag": Noun(lambda change, by: undo_tag_change(change=change, by=by), built.on_tag),
    "comment": Noun(lambda change, by: undo_comment(change=change, by=by)),
    "signpost": Noun(lambda change, by: undo_signpost(change=change, by=by)),
    "edition": Noun(lambda change, by: undo_edition_change(change=change, by=by)),
    "outlook": Noun(lambda change, by: undo_review(change=change, by=by), built.on_outlook),
    "settings": Noun(lambda change, by: undo_settings(change=change, by=by), is_desk=False),
    "view": Noun(lambda change, by: undo_view(change=change, by=by), is_desk=False),
    "person": Noun(
        lambda change, by: undo_person(change=change, by=by),
        is_desk=False,
        by_administrators=True,
        one_way=frozenset({"person.added"}),
    ),
    "invitation": Noun(
        lambda change, by: undo_invitation(change=change, by=by),
        is_desk=False,
        by_administrators=True,
        one_way=frozenset({"invitation.sent_again", "invitation.withdrawn", "invitation.accepted"}),
    ),
}
"""Every noun that can be taken back. `ingestion`, which curation doesn't know, adds its own when it is loaded."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of taking several changes back: how many went, which ones can't and why, or the job that does it."""

    change: Change
    """The newest of them."""
    count: int = 0
    refused: Sequence[tuple[Change, str]] = field(default_factory=list)
    job: Job | None = None


def may_undo(change: Change, by: User) -> bool:
    """Whether there's a way back, and this person may go it."""
    noun = NOUNS.get(change.noun)
    if noun is None or change.verb in noun.one_way or change.undone_at is not None or not by.is_active:
        return False
    return by.is_administrator if noun.by_administrators else by.is_analyst


def undo_change(*, change: Change, by: User) -> None:
    """Undo one change from the log.

    Raises GoneError when what it was about is no longer there, CurationError when it can't be for another reason.
    """
    if change.undone_at is not None:
        raise CurationError(_("This was undone before."))
    noun = NOUNS.get(change.noun)
    if noun is None or change.verb in noun.one_way:
        raise CurationError(_("This kind of change can't be undone."))
    if noun.by_administrators and not by.is_administrator:
        raise CurationError(_("Only administrators can undo this."))
    try:
        noun.undo(change, by)
    except ObjectDoesNotExist as error:
        raise GoneError(_("This is no longer there.")) from error


def built_since(change: Change) -> list[Change]:
    """Later changes that hold and stand on this one, the newest first; at most 100."""
    noun = NOUNS.get(change.noun)
    targets = noun.built_on(change) if noun else [change.target]
    later = Change.objects.filter(target__in=targets, pk__gt=change.pk, undone_at=None)
    if change.together is not None:
        later = later.exclude(together=change.together)
    found = later.select_related("user").order_by("-pk")
    return [one for one in found[:100] if one.target != change.target or _shares_a_field(one, change)]


def undo_last(*, by: User, passing_over: Collection[int] = ()) -> Undone:
    """Undo this person's latest change at the desk that holds, with all that was made in one go with it.

    What is gone is passed over, and so are the changes named. Raises UndoRefused, which names the change, when it
    can't be undone, CurationError when there is none.
    """
    desk = [name for name, noun in NOUNS.items() if noun.is_desk]
    held = Change.objects.filter(user=by, undone_at=None).of_nouns(desk).exclude(pk__in=passing_over)
    change = held.order_by("-pk").first()
    while change is not None:
        if change.together is not None:
            return _undo_last_together(change, by)
        try:
            undo_change(change=change, by=by)
        except GoneError:
            change = held.filter(pk__lt=change.pk).order_by("-pk").first()
        except CurationError as error:
            raise UndoRefused(change, str(error)) from error
        else:
            return Undone(change, 1)
    raise CurationError(_("Nothing to undo."))


def _undo_last_together(change: Change, by: User) -> Undone:
    undone = undo_all(by=by, together=change.together)
    if undone.job is None and not undone.count:
        raise UndoRefused(change, undone.refused[0][1] if undone.refused else _("This was undone before."))
    return undone


def standing(
    *, of: User | None = None, since: datetime | None = None, together: uuid.UUID | None = None
) -> ChangeQuerySet:
    """Changes at the desk that hold: of a person since a moment, or all made in one go."""
    nouns = [name for name, noun in NOUNS.items() if noun.is_desk]
    changes = Change.objects.filter(undone_at=None).of_nouns(nouns).order_by("-pk")
    if of is not None:
        changes = changes.filter(user=of)
    if since is not None:
        changes = changes.filter(made_at__gte=since)
    return changes.filter(together=together) if together is not None else changes


def undo_all(
    *,
    by: User,
    of: User | None = None,
    since: datetime | None = None,
    together: uuid.UUID | None = None,
) -> Undone:
    """Undo all that a person changed since a moment, or all that was made in one go, the newest first.

    Each is undone or refused for itself. More than `AT_ONCE` are left to a job. Raises CurationError for none.
    """
    if together is None and (of is None or since is None):
        raise ValueError("whose changes, and since when?")
    found = standing(of=of, since=since, together=together)
    newest = found.first()
    if newest is None:
        raise CurationError(_("Nothing to undo."))
    total = found.count()
    if total > AT_ONCE:
        arguments = {
            "by": by.pk,
            "of": of.pk if of else None,
            "since": since.isoformat() if since else None,
            "together": str(together) if together else None,
            "up_to": newest.pk,
        }
        title = ngettext("%(count)d change is undone", "%(count)d changes are undone", total)
        job = start_job(kind=JOB, title=title % {"count": total}, arguments=arguments, total=total, by=by)
        return Undone(newest, job=job)
    count, refused, before = 0, [], newest.pk + 1
    while run := _next_run(found, before):
        why = _undo_run(run, by)
        refused += [(change, why[change.pk]) for change in run if change.pk in why]
        count, before = count + len(run) - len(why), run[-1].pk
    return Undone(newest, count, refused)


def _next_run(found: ChangeQuerySet, before: int) -> list[Change]:
    """The newest changes older than `before` that are undone together: many decisions, or one of anything else."""
    changes = list(found.filter(pk__lt=before)[:_RUN])
    decisions = list(takewhile(lambda change: change.noun == "decision", changes))
    return decisions or changes[:1]


def _undo_run(run: list[Change], by: User) -> dict[int, str]:
    """Undo these in one transaction; returns why some can't be, by their keys."""
    if len(run) > 1:
        return undo_decisions(changes=run, by=by)
    try:
        undo_change(change=run[0], by=by)
    except CurationError as error:
        return {run[0].pk: str(error)}
    return {}


def undo_batch(job: Job, *, now: datetime) -> Batch:
    """The next changes of a job that can be undone together."""
    told = job.arguments
    by = User.objects.get(pk=told["by"])
    if not by.is_analyst or not by.is_active:
        raise JobError(_("Whoever asked for this may not change anything any more."))
    found = standing(
        of=User.objects.get(pk=told["of"]) if told["of"] else None,
        since=datetime.fromisoformat(told["since"]) if told["since"] else None,
        together=uuid.UUID(told["together"]) if told["together"] else None,
    )
    before = job.cursor.get("before", told["up_to"] + 1)
    run = _next_run(found, before)
    if not run:
        return Batch(0, cursor=job.cursor, is_last=True)
    result = {"undone": 0, "refused": [], **job.result}
    with translation.override(by.language):
        why = _undo_run(run, by)
    refused = [[change.pk, change.title, why[change.pk]] for change in run if change.pk in why]
    result["refused"] = [*result["refused"], *refused][:_REFUSED_KEPT]
    result["undone"] += len(run) - len(why)
    return Batch(len(run), len(why), {"before": run[-1].pk}, result=result)


def _shares_a_field(later: Change, change: Change) -> bool:
    """Whether two changes of one thing touch the same field; changes that name none touch all."""
    ours, theirs = {*change.before, *change.after}, {*later.before, *later.after}
    return not ours or not theirs or bool(ours & theirs)
