"""What would show that an outlook comes true: put up, seen, taken away."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.curation.tags import lock_tag
from signals.models import Article, Change, Signpost, Tag, User

ADDED: Final = "signpost.added"
SEEN: Final = "signpost.seen"
WITHDRAWN: Final = "signpost.withdrawn"
LIMIT: Final = 400


def add_signpost(*, tag: Tag, by: User, words: str, now: datetime | None = None) -> Signpost:
    """Say what would show that the outlook comes true; CurationError for nothing, or too much."""
    words = " ".join(words.replace("\x00", "").split())
    if not words:
        raise CurationError(_("Write what to look for first."))
    if len(words) > LIMIT:
        raise CurationError(
            _("At most %(limit)d characters; these are %(length)d.") % {"limit": LIMIT, "length": len(words)}
        )
    now = now or timezone.now()
    with transaction.atomic():
        tag = lock_tag(tag)
        if Signpost.objects.filter(tag=tag, words=words, undone_at=None).exists():
            raise CurationError(_("This stands here already."))
        signpost = Signpost.objects.create(tag=tag, words=words, made_at=now)
        _keep(signpost, ADDED, by, {}, now)
    return signpost


def see_signpost(
    *,
    signpost: Signpost,
    by: User,
    seen_on: date,
    article: Article | None = None,
    now: datetime | None = None,
) -> None:
    """Say that it was seen, on a day and perhaps in an article; CurationError for a day to come, or seen before."""
    now = now or timezone.now()
    if seen_on > timezone.localdate(now):
        raise CurationError(_("That day is still to come."))
    with transaction.atomic():
        signpost = _lock(signpost)
        if signpost.seen_on is not None:
            raise CurationError(_("Somebody saw it before: take that back first."))
        before = _form(signpost)
        signpost.seen_on, signpost.article = seen_on, article
        signpost.save(update_fields=["seen_on", "article"])
        _keep(signpost, SEEN, by, before, now)


def withdraw_signpost(*, signpost: Signpost, by: User, now: datetime | None = None) -> None:
    """Take it away; CurationError when it is away already."""
    now = now or timezone.now()
    with transaction.atomic():
        signpost = _lock(signpost)
        before = _form(signpost)
        signpost.undone_at = now
        signpost.save(update_fields=["undone_at"])
        _keep(signpost, WITHDRAWN, by, before, now)


def undo_signpost(*, change: Change, by: User, now: datetime | None = None) -> None:
    """Let it be as before the change; CurationError when something else was done with it since."""
    now = now or timezone.now()
    with transaction.atomic():
        signpost = Signpost.objects.select_for_update().get(pk=change.target.partition(":")[2])
        if _form(signpost) != {key: change.after[key] for key in _form(signpost)}:
            raise CurationError(_("Something else was done with it since: take that back first."))
        if not Change.objects.filter(pk=change.pk, undone_at=None).update(undone_at=now, undone_by=by):
            raise CurationError(_("This was undone before."))
        was = change.before or {**_form(signpost), "is_away": True}
        signpost.seen_on = date.fromisoformat(was["seen_on"]) if was["seen_on"] else None
        signpost.article = Article.objects.filter(pk=was["article"]).first() if was["article"] else None
        signpost.undone_at = (signpost.undone_at or now) if was["is_away"] else None
        signpost.save(update_fields=["seen_on", "article", "undone_at"])


def _lock(signpost: Signpost) -> Signpost:
    found = Signpost.objects.select_for_update().get(pk=signpost.pk)
    if found.undone_at is not None:
        raise CurationError(_("This was withdrawn before."))
    return found


def _form(signpost: Signpost) -> dict[str, Any]:
    return {
        "seen_on": signpost.seen_on.isoformat() if signpost.seen_on else None,
        "article": signpost.article_id,
        "is_away": signpost.undone_at is not None,
    }


def _keep(signpost: Signpost, verb: str, by: User, before: dict[str, Any], now: datetime) -> None:
    Change.objects.create(
        user=by,
        verb=verb,
        target=f"signpost:{signpost.pk}",
        title=f"{signpost.tag.name}: {signpost.words}"[:400],
        before=before,
        after={"tag": signpost.tag_id, **_form(signpost)},
        made_at=now,
    )
