"""Going back to the tagger before, and forth again."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.curation.people import mark_undone
from signals.jobs import cancel_job, open_jobs, start_job
from signals.models import Article, Change, Job, StagedTagging, TaggerVersion, User
from signals.tagging.catalogue_index import version_in_use
from signals.tagging.retagging import begin_back, give_up_staging, switch, waiting_count
from signals.tagging.service import stop_taggers
from signals.tagging.versions import JOB, WINDOW, is_readable

TAKEN_BACK: Final = "tagger.taken_back"
AT_ONCE: Final = 1000
"""Articles tagged since that are read again while the person waits; more are read in the background first."""
REPLACED_AT_ONCE: Final = 20_000
"""Taggings that are put back while the person waits: some seconds."""


def take_back_tagger(*, by: User, now: datetime | None = None) -> Job | None:
    """Put the tagger before the one in use back to work, and its suggestions back in place.

    Returns the job that does it where that takes long; None when it is done. Raises CurationError
    when the tagger in use came with the code, or what it replaced is no longer there.
    """
    now = now or timezone.now()
    with transaction.atomic():
        stop_taggers()
        locked = TaggerVersion.objects.select_for_update(no_key=True)
        version = locked.filter(status=TaggerVersion.Status.ACTIVE).first()
        if version is None:
            raise CurationError(
                _("What suggests is the version that came with Vigie: there is none before it.")
            )
        staged = version.measures.get("staged")
        if not staged:
            raise CurationError(_("What the version in use replaced is no longer there."))
        before = int(staged["replaced"])
        give_up_staging(now)
        start, since, tags = begin_back(version.number)
        Change.objects.create(
            user=by,
            verb=TAKEN_BACK,
            target=f"tagger:{version.number}",
            title=_("Version %(n)s taken back") % {"n": version.number},
            before={"version": version.number},
            after={"version": before},
            made_at=now,
        )
        late = waiting_count(start, since)
        if late > AT_ONCE or StagedTagging.objects.filter(version=before).count() > REPLACED_AT_ONCE:
            return start_job(
                kind=JOB,
                title=_("Version %d comes back") % before,
                arguments={"version": before, "instead_of": version.number},
                total=late,
                by=by,
            )
        switch(to=before, start=start, since=since, digests=tags, back=True, now=now)
    return None


def undo_taking_back(*, change: Change, by: User, now: datetime | None = None) -> None:
    """Put the version that was taken back to work again: it reads the past in the background, then takes over.

    Raises CurationError when another is in use, or on its way, by now.
    """
    now = now or timezone.now()
    number, before = int(change.before["version"]), int(change.after["version"])
    with transaction.atomic():
        stop_taggers()
        for job in open_jobs(JOB).filter(arguments={"version": before, "instead_of": number}):
            cancel_job(job=job, now=now)
            if not Job.objects.filter(pk=job.pk, state=Job.State.CANCELLED).exists():
                # Its batch may be the one that switches, and is past the question whether it is wanted.
                raise CurationError(_("The version before is just coming back: undo this when it is there."))
        mark_undone(change, by)
        if version_in_use() == number:
            return
        locked = TaggerVersion.objects.select_for_update(no_key=True)
        version = locked.get(number=number)
        another = locked.filter(status=TaggerVersion.Status.STAGING).exists()
        if version.status != TaggerVersion.Status.TAKEN_BACK or version_in_use() != before or another:
            raise CurationError(_("Another version suggests by now, or is about to."))
        if not is_readable(number):
            raise CurationError(_("What that version learned can't be read any more."))
        version.status, version.retired_at = TaggerVersion.Status.STAGING, None
        version.save(update_fields=["status", "retired_at"])
        start_job(
            kind=JOB,
            title=_("Version %d comes back") % number,
            arguments={"version": number},
            total=Article.objects.filter(sort_at__gte=now - WINDOW).count(),
            by=by,
        )
