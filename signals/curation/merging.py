"""Two tags become one, and two again: links move, and all that moved is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

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
from signals.curation.replaying import Form, Pair, holding_of, replay, tagging_snapshot, write_forms
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
    """Taggings and decisions of the survivor where it had none; where it had one, what all words on both make.

    `befores` is what each decision stood on where both met, by its key.
    """
    standing = {tagging.article_id: tagging for tagging in Tagging.objects.filter(tag=into)}
    met = list(Tagging.objects.filter(tag=source, article__in=standing).order_by("article_id"))
    both = [
        {
            "article": tagging.article_id,
            "source": {"id": tagging.pk, **tagging_snapshot(tagging)},
            "into": tagging_snapshot(standing[tagging.article_id]),
        }
        for tagging in met
    ]
    pairs = [(tagging.article_id, tag.pk) for tagging in met for tag in (source, into)]
    said = holding_of(pairs)
    bases: dict[Pair, Form] = {}
    for tagging in met:
        other = standing[tagging.article_id]
        stronger = tagging if _weight(tagging) > _weight(other) else other
        own = said[tagging.article_id, stronger.tag_id]
        bases[tagging.article_id, into.pk] = own[0].before if own else tagging_snapshot(stronger)
    befores = {str(decision.pk): decision.before for pair in pairs for decision in said[pair]}
    Tagging.objects.filter(pk__in=[tagging.pk for tagging in met]).delete()
    alone = Tagging.objects.filter(tag=source)
    articles = sorted(alone.values_list("article_id", flat=True))
    alone.update(tag=into)
    decisions = _move(Decision.objects.filter(tag=source), "tag", into)
    write_forms(replay(bases, holding_of(bases)))
    return {"articles": articles, "both": both, "befores": befores, "decisions": decisions}


def _weight(tagging: Tagging) -> tuple[bool, float, bool]:
    decided = tagging.decided_at
    return (
        decided is not None,
        decided.timestamp() if decided else 0.0,
        tagging.state == State.CONFIRMED,
    )


def _return_taggings(moved: dict[str, Any], source: Tag, into: Tag, merged_at: datetime) -> None:
    """Each tag gets the taggings that its own decisions make; those made since are the survivor's."""
    there = set(
        Article.objects.filter(pk__in=[pair["article"] for pair in moved["both"]]).values_list(
            "pk", flat=True
        )
    )
    both = [pair for pair in moved["both"] if pair["article"] in there]
    # Append-only: decisions made since have higher numbers.
    since = Decision.objects.filter(
        tag=into, pk__gt=moved["last_decision"], undone_at=None, article__in=moved["articles"]
    )
    edited: dict[int, Decision] = {}
    for decision in since.order_by("-pk"):
        edited[decision.article_id] = decision
    untouched = [article for article in moved["articles"] if article not in edited]
    anew = Tagging.objects.filter(tag=source, article__in=untouched).values("article")
    Tagging.objects.filter(tag=into, article__in=untouched).exclude(article__in=anew).update(tag=source)
    # The survivor had nothing there; what it was when somebody decided is what the other tag had.
    forms: dict[Pair, Form] = {(article, source.pk): first.before for article, first in edited.items()}
    bases: dict[Pair, Form] = {(article, into.pk): {} for article in edited}
    for pair in both:
        bases[pair["article"], source.pk] = {
            name: value for name, value in pair["source"].items() if name != "id"
        }
        bases[pair["article"], into.pk] = pair["into"]
    # What stood before the first word that held then, which may have been taken back since.
    bases |= _befores(moved, [source, into], there, merged_at)
    holding = holding_of(bases)
    forms |= replay(bases, holding)
    keys = {(pair["article"], source.pk): pair["source"]["id"] for pair in both}
    write_forms(forms, keys=keys)


def _befores(
    moved: dict[str, Any], tags: list[Tag], articles: set[int], merged_at: datetime
) -> dict[Pair, Form]:
    """Let decisions that held where both met stand on what they stood on then; what was before the first of each."""
    held = Decision.objects.filter(
        Q(undone_at=None) | Q(undone_at__gte=merged_at),
        tag__in=tags,
        article__in=articles,
        pk__lte=moved["last_decision"],
    )
    firsts: dict[Pair, Form] = {}
    changed = []
    for decision in held.order_by("pk"):
        # Merges of earlier versions did not keep them.
        before = moved.get("befores", {}).get(str(decision.pk), decision.before)
        if decision.before != before:
            decision.before = before
            changed.append(decision)
        firsts.setdefault((decision.article_id, decision.tag_id), before)
    if changed:
        Decision.objects.bulk_update(changed, ["before"], batch_size=500)
    return firsts
