"""Two tags become one, and two again: links move, and all that moved is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.decisions import replay_from, restore_tagging, tagging_snapshot
from signals.curation.errors import CurationError
from signals.curation.matching import start_matching
from signals.curation.merge_fields import (
    move_names,
    return_fields,
    return_names,
    set_themes,
    take_fields,
)
from signals.curation.ratings import refresh_relevancies
from signals.models import (
    Alert,
    Article,
    Change,
    Comment,
    Decision,
    NoteRow,
    OutlookReview,
    Proposal,
    Rating,
    Signpost,
    State,
    Tag,
    Tagging,
    Theme,
    User,
)
from signals.tagging.service import stop_taggers
from signals.trends.marks import mark_tags

_DESK: Final[dict[str, type[Comment] | type[Signpost] | type[OutlookReview]]] = {
    "comments": Comment,
    "signposts": Signpost,
    "outlook_reviews": OutlookReview,
}


def merge_tags(
    *,
    source: Tag,
    into: Tag,
    by: User,
    fields: Mapping[str, Any] | None = None,
    themes: Iterable[int] | None = None,
    now: datetime | None = None,
) -> Change:
    """Move all that is linked to `source` to `into`, whose page takes over; its names become aliases.

    `fields` are values that the survivor takes (see merge_fields.FIELDS), `themes` the keys of those of both that
    it has then (None: all). Where an article carries both, a person's word outranks a machine's, the later one the
    earlier, else the survivor's stands. Raises CurationError for one and the same tag, one that was merged away,
    and a name that another tag has.
    """
    now = now or timezone.now()
    if source.pk == into.pk:
        raise CurationError(_("An item can't be merged into itself."))
    with transaction.atomic():
        source, into = _lock(source.pk, into.pk)
        if source.merged_into_id is not None or into.merged_into_id is not None:
            raise CurationError(_("This item was merged into another one."))
        mark_tags([source.pk, into.pk])
        called = into.name
        taken = take_fields(into, fields or {})
        moved: dict[str, Any] = {
            "source": source.pk,
            "into": into.pk,
            "fields": taken,
            "last_decision": Decision.objects.order_by("-pk").values_list("pk", flat=True).first() or 0,
            **move_names(source, into, taken),
            **set_themes(source, into, themes),
            **_move_taggings(source, into),
            "decisions": _move(Decision.objects.filter(tag=source), "tag", into),
            "ratings": _move(Rating.objects.filter(tag=source), "tag", into),
            "rows": _move(NoteRow.objects.filter(tag=source), "tag", into),
            "proposals": _move(Proposal.objects.filter(tag=source), "tag", into),
            "similar": _move(Proposal.objects.filter(similar_tag=source), "similar_tag", into),
            "merged": _move(Tag.objects.filter(merged_into=source), "merged_into", into),
            **{kept: _move(model.objects.filter(tag=source), "tag", into) for kept, model in _DESK.items()},
            "alerts": _move_alerts(source, into),
        }
        Tag.objects.filter(pk=source.pk).update(merged_into=into)
        mark_tags([into.pk])
        refresh_relevancies(tag_ids=[source.pk, into.pk])
        start_matching(tag_ids=[into.pk], by=by)
        return Change.objects.create(
            user=by,
            verb="tag.merged",
            target=f"merge:{source.pk}",
            title=f"{source.name} → {called}"[:400],
            before=moved,
            after={field: pair["took"] for field, pair in taken.items()},
            made_at=now,
        )


def split_tag(*, change: Change, by: User, now: datetime | None = None) -> None:
    """Take a merge back: what moved goes back as it was; what was edited since stays where it was edited.

    Raises CurationError when it was taken back before, the survivor was merged further, or another tag was
    merged into it since.
    """
    now, moved = now or timezone.now(), change.before
    with transaction.atomic():
        source, into = _lock(moved["source"], moved["into"])
        if into.merged_into_id is not None:
            raise CurationError(
                _("“%(name)s” was merged further: take that back first.") % {"name": into.name}
            )
        if source.merged_into_id != into.pk:
            raise CurationError(_("This was undone before."))
        if later := _merged_since(change, into):
            raise CurationError(
                _("“%(name)s” was merged into it since: take that back first.") % {"name": later.name}
            )
        if not Change.objects.filter(pk=change.pk, undone_at=None).update(undone_at=now, undone_by=by):
            raise CurationError(_("This was undone before."))
        mark_tags([source.pk, into.pk])
        Tag.objects.filter(pk=source.pk).update(merged_into=None)
        Tag.objects.filter(pk__in=moved["merged"], merged_into=into).update(merged_into=source)
        edited = return_fields(into, moved.get("fields", {}))
        return_names(moved, source, into, edited)
        into.themes.remove(*moved["themes"])
        into.themes.add(*Theme.objects.filter(pk__in=moved.get("themes_gone", [])))
        Decision.objects.filter(pk__in=moved["decisions"], tag=into).update(tag=source)
        Rating.objects.filter(pk__in=moved["ratings"], tag=into).update(tag=source)
        NoteRow.objects.filter(pk__in=moved["rows"], tag=into).update(tag=source)
        Proposal.objects.filter(pk__in=moved["proposals"], tag=into).update(tag=source)
        Proposal.objects.filter(pk__in=moved["similar"], similar_tag=into).update(similar_tag=source)
        for kept, model in _DESK.items():
            model.objects.filter(pk__in=moved.get(kept, []), tag=into).update(tag=source)
        asked_again = Alert.objects.filter(tag=source).values("subscription")
        Alert.objects.filter(pk__in=moved.get("alerts", []), tag=into).exclude(
            subscription__in=asked_again
        ).update(tag=source)
        _return_taggings(moved, source, into, change.made_at)
        mark_tags([source.pk, into.pk])
        refresh_relevancies(tag_ids=[source.pk, into.pk])
        start_matching(tag_ids=[source.pk, into.pk], by=by)


def _merged_since(change: Change, into: Tag) -> Tag | None:
    """The tag merged last into the survivor since: where both met, the forms kept are of the later one."""
    merges = {f"merge:{tag.pk}": tag for tag in Tag.objects.filter(merged_into=into)}
    later = Change.objects.filter(target__in=merges, undone_at=None, pk__gt=change.pk).order_by("-pk").first()
    return merges[later.target] if later else None


def _lock(source_id: int, into_id: int) -> tuple[Tag, Tag]:
    """Both tags, after the articles of both: whoever decides on one locks its article first."""
    # Nobody tags meanwhile: a tagger that read the catalogue before would write to the tag that went.
    stop_taggers()
    carry = Tagging.objects.filter(tag__in=[source_id, into_id]).values("article")
    articles = Article.objects.filter(pk__in=carry).order_by("pk")
    list(articles.select_for_update(no_key=True).values_list("pk"))
    tags = {
        tag.pk: tag
        for tag in Tag.objects.select_for_update().filter(pk__in=[source_id, into_id]).order_by("pk")
    }
    return tags[source_id], tags[into_id]


def _move(rows: Any, column: str, into: Tag) -> list[int]:
    ids = sorted(rows.values_list("pk", flat=True))
    rows.model._default_manager.filter(pk__in=ids).update(**{column: into})
    return ids


def _move_alerts(source: Tag, into: Tag) -> list[int]:
    """Readers' wishes; who asked for both keeps both, the one for the tag that went says nothing."""
    has_both = Alert.objects.filter(tag=into).values("subscription")
    return _move(Alert.objects.filter(tag=source).exclude(subscription__in=has_both), "tag", into)


def _move_taggings(source: Tag, into: Tag) -> dict[str, Any]:
    """Taggings of the survivor where it had none; where it had one, the one that counts for more."""
    standing = {tagging.article_id: tagging for tagging in Tagging.objects.filter(tag=into)}
    both: list[dict[str, Any]] = []
    for tagging in Tagging.objects.filter(tag=source, article__in=standing).order_by("article_id"):
        other = standing[tagging.article_id]
        both.append(
            {
                "article": tagging.article_id,
                "source": {"id": tagging.pk, **tagging_snapshot(tagging)},
                "into": tagging_snapshot(other),
            }
        )
        if _weight(tagging) > _weight(other):
            restore_tagging(tagging.article_id, into.pk, tagging_snapshot(tagging))
    Tagging.objects.filter(pk__in=[pair["source"]["id"] for pair in both]).delete()
    alone = Tagging.objects.filter(tag=source)
    articles = sorted(alone.values_list("article_id", flat=True))
    alone.update(tag=into)
    return {"articles": articles, "both": both}


def _weight(tagging: Tagging) -> tuple[bool, float, bool]:
    decided = tagging.decided_at
    return (
        decided is not None,
        decided.timestamp() if decided else 0.0,
        tagging.state == State.CONFIRMED,
    )


def _return_taggings(moved: dict[str, Any], source: Tag, into: Tag, merged_at: datetime) -> None:
    pairs = {pair["article"]: pair for pair in moved["both"]}
    # Append-only: decisions made since have higher numbers.
    later = Decision.objects.filter(
        tag=into, pk__gt=moved["last_decision"], article__in=[*moved["articles"], *pairs]
    ).order_by("pk")
    edited: dict[int, list[Decision]] = {}
    for decision in later:
        edited.setdefault(decision.article_id, []).append(decision)
    untouched = [article for article in moved["articles"] if article not in edited]
    there = Tagging.objects.filter(tag=source, article__in=untouched).values("article")
    Tagging.objects.filter(tag=into, article__in=untouched).exclude(article__in=there).update(tag=source)
    for article_id in (article for article in moved["articles"] if article in edited):
        # The survivor had nothing here; what it was when somebody decided is what the other tag had.
        restore_tagging(article_id, source.pk, edited[article_id][0].before)
        replay_from(article_id, into.pk, {}, after=moved["last_decision"])
    existing = set(Article.objects.filter(pk__in=pairs).values_list("pk", flat=True))
    for article_id in sorted(existing):
        pair = pairs[article_id]
        restore_tagging(article_id, source.pk, pair["source"], pk=pair["source"]["id"])
        if article_id in edited:
            # The snapshot holds what earlier decisions made; their own "before" stays.
            replay_from(article_id, into.pk, pair["into"], after=moved["last_decision"])
        else:
            restore_tagging(article_id, into.pk, pair["into"])
    # The snapshots know nothing of what was taken back meanwhile.
    for tag in (source, into):
        old = Decision.objects.filter(tag=tag, article__in=existing, pk__lte=moved["last_decision"])
        for article_id in set(old.filter(undone_at__gte=merged_at).values_list("article_id", flat=True)):
            first = old.filter(article=article_id).order_by("pk")[0]
            replay_from(article_id, tag.pk, first.before)
