"""Many decisions taken back at once, in as many questions as for one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.decisions import refresh_after
from signals.curation.replaying import replay_without, write_forms
from signals.models import Article, Change, Decision, User
from signals.trends.marks import mark_articles


def undo_decisions(*, changes: Sequence[Change], by: User, now: datetime | None = None) -> dict[int, str]:
    """Take back the decisions that these changes tell of, as `undo_decision` does one by one.

    Returns why some can't be, by the change's key; all others are undone, in one transaction.
    """
    now = now or timezone.now()
    asked = {int(change.key): change for change in changes}
    with transaction.atomic():
        # In the order that everybody keeps, so that two who do the same queue up instead of colliding.
        articles = Article.objects.filter(decisions__in=asked).values("pk")
        locked = Article.objects.select_for_update(no_key=True).filter(pk__in=articles).order_by("pk")
        list(locked.values_list("pk"))
        found = Decision.objects.select_for_update().filter(pk__in=asked).order_by("pk").in_bulk()
        undone = {pk: decision for pk, decision in found.items() if decision.undone_at is None}
        pairs = {(decision.article_id, decision.tag_id) for decision in undone.values()}
        written = write_forms(replay_without(undone.values()))
        mark_articles({article for article, _tag in pairs})
        refresh_after(written, tag_ids={tag for _article, tag in pairs})
        Decision.objects.filter(pk__in=undone).update(undone_at=now, undone_by=by)
        targets = [f"decision:{pk}" for pk in undone]
        Change.objects.filter(target__in=targets, undone_at=None).update(undone_at=now, undone_by=by)
    return {
        change.pk: _("This was undone before.") if pk in found else _("This is no longer there.")
        for pk, change in asked.items()
        if pk not in undone
    }
