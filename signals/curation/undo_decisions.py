"""Many decisions taken back at once, in as many questions as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.decisions import applied, columns_of, refresh_after, tagging_snapshot
from signals.models import Article, Change, Decision, Tagging, User
from signals.trends.marks import mark_articles

Pair = tuple[int, int]


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
        _put_back(_without(undone))
        Decision.objects.filter(pk__in=undone).update(undone_at=now, undone_by=by)
        targets = [f"decision:{pk}" for pk in undone]
        Change.objects.filter(target__in=targets, undone_at=None).update(undone_at=now, undone_by=by)
    return {
        change.pk: _("This was undone before.") if pk in found else _("This is no longer there.")
        for pk, change in asked.items()
        if pk not in undone
    }


def _without(undone: dict[int, Decision]) -> dict[Pair, dict[str, Any]]:
    """What each pair's tagging is by the decisions that are left; empty where there is to be none."""
    wanted = {(decision.article_id, decision.tag_id) for decision in undone.values()}
    holding: dict[Pair, list[Decision]] = defaultdict(list)
    near = Decision.objects.filter(
        article__in={article for article, _tag in wanted}, tag__in={tag for _article, tag in wanted}
    )
    for decision in near.filter(undone_at=None).order_by("pk"):
        holding[decision.article_id, decision.tag_id].append(decision)
    forms, moved = {}, []
    for pair in wanted:
        form = holding[pair][0].before
        for decision in holding[pair]:
            if decision.pk in undone:
                continue
            if decision.before != form:
                decision.before = form
                moved.append(decision)
            form = applied(form, decision)
        forms[pair] = form
    Decision.objects.bulk_update(moved, ["before"])
    return forms


def _put_back(forms: dict[Pair, dict[str, Any]]) -> None:
    """Let the taggings be as these snapshots have them. The articles must be locked."""
    articles, tags = {article for article, _tag in forms}, {tag for _article, tag in forms}
    standing = {
        (tagging.article_id, tagging.tag_id): tagging
        for tagging in Tagging.objects.filter(article__in=articles, tag__in=tags)
        if (tagging.article_id, tagging.tag_id) in forms
    }
    moved = [(tagging_snapshot(standing.get(pair)), form) for pair, form in forms.items()]
    gone = [tagging.pk for pair, tagging in standing.items() if not forms[pair]]
    Tagging.objects.filter(pk__in=gone).delete()
    kept = {pair: form for pair, form in forms.items() if form}
    columns: set[str] = set()
    moved_back = []
    for pair, form in kept.items():
        if pair in standing:
            for name, value in columns_of(form).items():
                setattr(standing[pair], name, value)
                columns.add(name)
            moved_back.append(standing[pair])
    if moved_back:
        Tagging.objects.bulk_update(moved_back, sorted(columns))
    Tagging.objects.bulk_create(
        Tagging(article_id=pair[0], tag_id=pair[1], **columns_of(form))
        for pair, form in kept.items()
        if pair not in standing
    )
    mark_articles(articles)
    refresh_after(moved, tag_ids=tags)
