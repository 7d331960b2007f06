"""The first run's sample: one click removes it, and its line in the log brings it back as it was."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any, Final, cast

from django.apps import apps
from django.core import serializers
from django.core.serializers.base import DeserializedObject
from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.db.models import ForeignKey, Model, Q, QuerySet
from django.db.models.deletion import Collector
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.curation.errors import CurationError
from signals.curation.people import mark_undone
from signals.curation.ratings import refresh_relevancies
from signals.models import (
    Article,
    Change,
    Decision,
    Proposal,
    ProposalEvidence,
    Setting,
    Source,
    Story,
    Tag,
    Tagging,
    TrendChange,
    User,
    sample_day,
)
from signals.tagging.proposing import recount_proposals
from signals.trends.marks import mark_articles
from signals.trends.rollup import roll_up

LOADED: Final = "sample"
REMOVED: Final = "sample.removed"
_KEPT: Final = "removed sample"


@dataclass(slots=True)
class _Kept:
    """What was deleted, as serialised, and which rows that stay pointed at it: (model, key, column, what it held)."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    pointing: list[tuple[str, int, str, int]] = field(default_factory=list)

    def delete(self, going: QuerySet[Any]) -> None:
        collector = Collector(using=DEFAULT_DB_ALIAS)
        collector.collect(list(going))
        gone = [*chain.from_iterable(collector.data.values()), *chain.from_iterable(collector.fast_deletes)]
        # Not by the JSON serialiser, which cuts off microseconds: words are replayed in their order.
        self.rows += json.loads(json.dumps(serializers.serialize("python", gone), default=str))
        for (column, _none), found in collector.field_updates.items():
            self.pointing += [
                (row._meta.label, row.pk, column.attname, getattr(row, column.attname))
                # Each is a queryset or a list of rows, whatever the stubs say.
                for row in chain.from_iterable(cast("list[Iterable[Any]]", found))
            ]
        collector.delete()


def remove_sample(*, by: User | None = None) -> int:
    """Take the sample's articles away, with their notes, taggings and proposals; returns how many articles."""
    kept = _Kept()
    with transaction.atomic():
        # Locked, so that nobody tags or decides on one while it goes.
        sample = Article.objects.filter(is_sample=True).order_by("pk")
        articles = list(sample.select_for_update().values_list("pk", flat=True))
        rated = _rated_by(articles)
        mark_articles(articles)
        if sample_day() is not None:
            # What the table said of the sample alone is nobody's past.
            kept.delete(TrendChange.objects.all())
        seen_there = ProposalEvidence.objects.filter(article__in=articles).values("proposal")
        concerned = Proposal.objects.filter(pk__in=seen_there).order_by("pk")
        proposals = list(concerned.select_for_update().values_list("pk", flat=True))
        decisions = Decision.objects.filter(article__in=articles).values_list("pk", flat=True)
        said = Change.objects.filter(target__in=[f"decision:{pk}" for pk in decisions], undone_at=None)
        changes = list(said.values_list("pk", flat=True))
        said.update(undone_at=timezone.now())
        elsewhere = ProposalEvidence.objects.exclude(article__in=articles).values("proposal")
        # Counted anew, they would be forgotten.
        kept.delete(concerned.filter(status=Proposal.Status.WAITING).exclude(pk__in=elsewhere))
        kept.delete(Article.objects.filter(pk__in=articles))
        recount_proposals(proposals)
        kept.delete(Story.objects.filter(articles=None))
        refresh_relevancies(tag_ids=rated)
        kept.delete(Source.objects.filter(is_sample=True))
        if articles and by is not None:
            title = ngettext("%(count)d sample article", "%(count)d sample articles", len(articles))
            change = Change.objects.create(
                user=by, verb=REMOVED, target="sample:1", title=title % {"count": len(articles)}
            )
            Setting.objects.update_or_create(
                name=_KEPT,
                defaults={"value": {**asdict(kept), "changes": changes, "of": change.pk}},
            )
        # The name stays, so that the sample is not loaded again.
        Setting.objects.update_or_create(name=LOADED, defaults={"value": {"loaded": False}})
    roll_up()
    return len(articles)


def undo_removal(*, change: Change, by: User) -> None:
    """Put the sample back as it was, with what was decided on it.

    Raises CurationError when it was not kept, or when what came since stands where it was.
    """
    with transaction.atomic():
        # First, so that of two who ask at once the second waits here, and is told what happened.
        mark_undone(change, by)
        setting = Setting.objects.select_for_update().filter(name=_KEPT, value__of=change.pk).first()
        if setting is None:
            raise CurationError(_("Nothing was kept of this sample: an earlier version of Vigie removed it."))
        kept = list(serializers.deserialize("python", setting.value["rows"], ignorenonexistent=True))
        _refuse_merged({row.object.tag_id for row in kept if isinstance(row.object, Tagging | Decision)})
        _refuse_undone_since(change, _proposals_of(kept))
        rows = _without_what_went(_beside_what_came(kept))
        try:
            with transaction.atomic():
                for row in rows:
                    row.save()
        except IntegrityError as error:
            raise CurationError(_("A note of the sample was read in again since.")) from error
        for label, key, column, held in setting.value["pointing"]:
            apps.get_model(label)._base_manager.filter(pk=key, **{column: None}).update(**{column: held})
        decisions = [f"decision:{row.object.pk}" for row in rows if isinstance(row.object, Decision)]
        Change.objects.filter(pk__in=setting.value["changes"], target__in=decisions).update(undone_at=None)
        articles = [row.object.pk for row in rows if isinstance(row.object, Article)]
        mark_articles(articles)
        recount_proposals(_proposals_of(rows))
        refresh_relevancies(tag_ids=_rated_by(articles))
        Setting.objects.filter(name=LOADED).update(value={"loaded": True})
        setting.delete()
    roll_up()


def _rated_by(articles: Collection[int]) -> list[int]:
    """Tags whose relevance these articles may speak for."""
    return list(Tag.objects.filter(taggings__article__in=articles).values_list("pk", flat=True).distinct())


def _beside_what_came(rows: list[DeserializedObject]) -> list[DeserializedObject]:
    """Without proposals whose wording was proposed anew since: what speaks for them speaks for the new one."""
    anew: dict[int, int] = {}
    for old in (row.object for row in rows if isinstance(row.object, Proposal)):
        same = Proposal.objects.filter(kind=old.kind, normalised=old.normalised).exclude(pk=old.pk).first()
        if same is not None:
            anew[old.pk] = same.pk
    for seen in (row.object for row in rows if isinstance(row.object, ProposalEvidence)):
        seen.proposal_id = anew.get(seen.proposal_id, seen.proposal_id)
    return [row for row in rows if not (isinstance(row.object, Proposal) and row.object.pk in anew)]


def _without_what_went(rows: list[DeserializedObject]) -> list[DeserializedObject]:
    """As if the rows had been there when what they point at was deleted: without it, or gone with it."""
    points = [
        (row, column)
        for row in rows
        for column in row.object._meta.concrete_fields
        if isinstance(column, ForeignKey) and getattr(row.object, column.attname) is not None
    ]
    there: dict[type[Model], set[int]] = defaultdict(set)
    for row, column in points:
        there[column.related_model].add(getattr(row.object, column.attname))
    for model, keys in there.items():
        found = set(model._base_manager.filter(pk__in=keys).values_list("pk", flat=True))
        there[model] = found | {row.object.pk for row in rows if isinstance(row.object, model)}
    going = set()
    for row, column in points:
        if getattr(row.object, column.attname) in there[column.related_model]:
            continue
        if column.null:
            setattr(row.object, column.attname, None)
        else:
            going.add(id(row))
    return [row for row in rows if id(row) not in going]


def _proposals_of(rows: list[DeserializedObject]) -> set[int]:
    return {row.object.proposal_id for row in rows if isinstance(row.object, ProposalEvidence)}


def _refuse_undone_since(change: Change, proposals: set[int]) -> None:
    # What a fold or a merge made of the sample's mentions would come back although it is undone.
    folds = Q(target__in=[f"proposal:{pk}" for pk in proposals], verb="proposal.folded")
    undone = Change.objects.filter(
        folds | Q(verb="tag.merged"), pk__lt=change.pk, undone_at__gt=change.made_at
    )
    if undone.exists():
        raise CurationError(
            _("A merge, or a proposal put to an item, was undone since: the sample was part of it.")
        )


def _refuse_merged(tag_ids: set[int]) -> None:
    # Locked, so that none is merged or deleted while its taggings come back.
    tags = Tag.objects.filter(pk__in=tag_ids).order_by("pk").select_for_update(no_key=True)
    if any(tag.merged_into_id is not None for tag in tags):
        raise CurationError(_("An item that the sample speaks of was merged since: take that back first."))
