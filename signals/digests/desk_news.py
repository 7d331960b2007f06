"""What analysts found out since the last edition: what speaks against a tag, ratings, outlooks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from statistics import median
from typing import Any

from django.db.models import Exists, F, OuterRef

from signals.digests.entries import Contradiction, Due, Rescoring, Reviewed
from signals.models import Decision, OutlookReview, Rating, Stance, State, Tag, Tagging
from signals.trends.history import end_of


def of_tag(tag: Tag) -> dict[str, Any]:
    """What every entry says of its tag."""
    return {
        "tag": tag.pk,
        "kind": tag.kind,
        "name": tag.name,
        "name_fr": tag.name_fr,
        "relevancy": tag.relevancy,
        "themes": tuple(sorted(theme.pk for theme in tag.themes.all())),
        "merged": tuple(sorted(other.pk for other in tag.merged.all())),
    }


def _tags(keys: Iterable[int]) -> dict[int, Tag]:
    return Tag.objects.tracked().prefetch_related("themes", "merged").in_bulk(list(keys))


def contradictions(before: date, as_of: date) -> tuple[Contradiction, ...]:
    """Articles that somebody found to contradict a tag, each piece of news once, what matters most first."""
    said = Decision.objects.filter(
        stance=Stance.CONTRADICTS, undone_at=None, article=OuterRef("article"), tag=OuterRef("tag")
    )
    found = (
        Tagging.objects.filter(
            Exists(said.filter(known_at__gte=end_of(before), known_at__lt=end_of(as_of))),
            ~Exists(said.filter(known_at__lt=end_of(before))),
            stance=Stance.CONTRADICTS,
        )
        .exclude(state=State.REJECTED)
        .select_related("article__source")
        .defer("article__text", "article__html", "article__search", "article__story_keys")
        .order_by(F("article__sort_at").desc(), "pk")
    )
    tags = _tags({tagging.tag_id for tagging in found})
    told: set[tuple[int, int | None]] = set()
    entries = []
    for tagging in found:
        article = tagging.article
        news = (tagging.tag_id, article.story_id)
        if tagging.tag_id not in tags or (article.story_id is not None and news in told):
            continue
        told.add(news)
        entries.append(
            Contradiction(
                **of_tag(tags[tagging.tag_id]),
                article=article.pk,
                quote=tagging.quote,
                publisher=article.publisher or article.source.name,
                headline=article.title,
                language=article.language,
                on=article.published_at.date().isoformat() if article.published_at else "",
            )
        )
    return tuple(sorted(entries, key=lambda entry: -(entry.relevancy or 0)))


def rescorings(before: date, as_of: date) -> tuple[Rescoring, ...]:
    """Tags that an analyst rated otherwise than before, the longest way first, then those rated at last."""
    holding = Rating.objects.filter(undone_at=None, known_at__lt=end_of(as_of))
    anew = holding.filter(known_at__gte=end_of(before)).values_list("tag_id", flat=True).distinct()
    tags = _tags(anew)
    of_each: dict[int, list[Rating]] = defaultdict(list)
    for rating in holding.filter(tag__in=tags).order_by("pk"):
        of_each[rating.tag_id].append(rating)
    entries = []
    for tag, ratings in of_each.items():
        was = {r.user_id: r.relevancy for r in ratings if r.known_at < end_of(before)}
        now = {rating.user_id: rating.relevancy for rating in ratings}
        if now == was:
            continue
        reasons = [r.rationale for r in ratings if r.rationale and r.known_at >= end_of(before)]
        entries.append(
            Rescoring(
                **of_tag(tags[tag]),
                before=float(median(was.values())) if was else None,
                after=float(median(now.values())),
                raters=len(now),
                rationale=reasons[-1] if reasons else "",
            )
        )
    return tuple(
        sorted(
            entries,
            key=lambda entry: (
                entry.before is None,
                -abs(entry.after - (entry.before or 0.0)),
                entry.tag,
            ),
        )
    )


def outlooks_reviewed(before: date, as_of: date) -> tuple[Reviewed, ...]:
    """Outlooks that somebody looked back at, the newest word on each."""
    found = OutlookReview.objects.filter(
        undone_at=None, made_at__gte=end_of(before), made_at__lt=end_of(as_of)
    ).order_by("-made_at", "-pk")
    newest = {review.tag_id: review for review in reversed(found)}
    tags = _tags(newest)
    return tuple(
        Reviewed(
            **of_tag(tags[review.tag_id]),
            review=review.pk,
            held=str(review.held),
            words=review.words,
            due_on=review.due_on.isoformat(),
            outlook=review.outlook,
        )
        for review in found
        if newest[review.tag_id] == review and review.tag_id in tags
    )


def outlooks_due(until: date) -> tuple[Due, ...]:
    """Outlooks that are to be looked back at up to a day, the longest overdue first."""
    tags = Tag.objects.tracked().filter(outlook_due_on__lte=until).order_by("outlook_due_on", "pk")
    return tuple(
        Due(**of_tag(tag), due_on=tag.outlook_due_on.isoformat(), outlook=tag.outlook)
        for tag in tags.prefetch_related("themes", "merged")
        if tag.outlook_due_on is not None
    )
