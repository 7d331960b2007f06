"""Saying something of a tag, and withdrawing it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.curation.tags import lock_tag
from signals.models import Article, Change, Comment, Tag, User

SAID: Final = "comment.added"
WITHDRAWN: Final = "comment.withdrawn"
LIMIT: Final = 5_000


def add_comment(
    *, tag: Tag, by: User, text: str, article: Article | None = None, now: datetime | None = None
) -> Comment:
    """Say something of a tag, perhaps with an article in hand; CurationError for nothing, or too much."""
    text = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not text:
        raise CurationError(_("Write something first."))
    if len(text) > LIMIT:
        raise CurationError(
            _("At most %(limit)d characters; these are %(length)d.") % {"limit": LIMIT, "length": len(text)}
        )
    now = now or timezone.now()
    with transaction.atomic():
        tag = lock_tag(tag)
        if Comment.objects.filter(tag=tag, user=by, text=text, article=article, undone_at=None).exists():
            raise CurationError(_("You said just this before."))
        comment = Comment.objects.create(tag=tag, user=by, text=text, article=article, made_at=now)
        _keep(comment, SAID, by, now)
    return comment


def withdraw_comment(*, comment: Comment, by: User, now: datetime | None = None) -> None:
    """Take one's own comment off the page; CurationError for another's, or when it was withdrawn before."""
    if comment.user_id != by.pk:
        raise CurationError(_("Only who wrote it can withdraw it."))
    now = now or timezone.now()
    with transaction.atomic():
        if not Comment.objects.filter(pk=comment.pk, undone_at=None).update(undone_at=now):
            raise CurationError(_("This was withdrawn before."))
        _keep(comment, WITHDRAWN, by, now)


def undo_comment(*, change: Change, by: User, now: datetime | None = None) -> None:
    """Take a comment off the page, or bring a withdrawn one back; CurationError when it is so already."""
    now = now or timezone.now()
    with transaction.atomic():
        comment = Comment.objects.select_for_update().get(pk=change.target.partition(":")[2])
        was_said = change.verb == SAID
        if was_said == (comment.undone_at is not None):
            raise CurationError(_("This was withdrawn, or brought back, since."))
        if not Change.objects.filter(pk=change.pk, undone_at=None).update(undone_at=now, undone_by=by):
            raise CurationError(_("This was undone before."))
        comment.undone_at = now if was_said else None
        comment.save(update_fields=["undone_at"])


def _keep(comment: Comment, verb: str, by: User, now: datetime) -> None:
    # What somebody withdrew is read in no log.
    title = comment.tag.name if verb == WITHDRAWN else f"{comment.tag.name}: {comment.text}"
    Change.objects.create(
        user=by,
        verb=verb,
        target=f"comment:{comment.pk}",
        title=title[:400],
        after={"tag": comment.tag_id},
        made_at=now,
    )
