"""Putting an article off until a day, when it waits in the inbox again."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from signals.curation.errors import CurationError
from signals.days import say_day
from signals.models import Article, Change, User

VERB: Final = "article.snoozed"
FURTHEST: Final = timedelta(days=366)


def snooze_until(day: date) -> datetime:
    """The morning of a day, in the reader's time zone."""
    return timezone.make_aware(datetime.combine(day, time(5)))


def read_day(said: str, *, today: date) -> date:
    """`tomorrow`, `week` or a date; raises CurationError for anything else, and for a day that is not to come."""
    if said in {"tomorrow", "week"}:
        return today + timedelta(days=1 if said == "tomorrow" else 7)
    try:
        day = date.fromisoformat(said)
    except ValueError as error:
        raise CurationError(_("Choose a day.")) from error
    if not today < day <= today + FURTHEST:
        raise CurationError(_("Choose a day to come, within a year."))
    return day


def snooze_articles(
    *,
    articles: Collection[int],
    by: User,
    until: datetime,
    together: uuid.UUID | None = None,
    now: datetime | None = None,
) -> int:
    """Put articles off; returns how many there were. One that is put off until then already stays as it is."""
    now = now or timezone.now()
    with transaction.atomic():
        locked = Article.objects.select_for_update(no_key=True).filter(pk__in=articles)
        moved = [
            article
            for article in locked.only("title", "snoozed_until").order_by("pk")
            if article.snoozed_until != until
        ]
        Article.objects.filter(pk__in=[article.pk for article in moved]).update(snoozed_until=until)
        day = say_day(timezone.localtime(until))
        Change.objects.bulk_create(
            Change(
                user=by,
                verb=VERB,
                target=f"snooze:{article.pk}",
                title=(_("Put off until %(day)s: %(title)s") % {"day": day, "title": article.title})[:400],
                together=together,
                before={"snoozed_until": _written(article.snoozed_until)},
                after={"snoozed_until": _written(until)},
                made_at=now,
            )
            for article in moved
        )
    return len(moved)


def undo_snooze(*, change: Change, by: User, now: datetime | None = None) -> None:
    """Let an article wait again as before; one that was put off anew since then stays so."""
    now = now or timezone.now()
    with transaction.atomic():
        article = (
            Article.objects.select_for_update(no_key=True).only("pk").get(pk=change.target.partition(":")[2])
        )
        # Read anew under the article's lock: a later undo may have moved what was before.
        change = Change.objects.get(pk=change.pk)
        if change.undone_at is not None:
            raise CurationError(_("This was undone before."))
        later = (
            Change.objects.filter(target=change.target, undone_at=None, pk__gt=change.pk)
            .order_by("pk")
            .first()
        )
        if later is not None:
            later.before = change.before
            later.save(update_fields=["before"])
        else:
            told = change.before["snoozed_until"]
            Article.objects.filter(pk=article.pk).update(snoozed_until=parse_datetime(told) if told else None)
        change.undone_at, change.undone_by = now, by
        change.save(update_fields=["undone_at", "undone_by"])


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
