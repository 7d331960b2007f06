"""Where the things are that changes were about: one query for each kind of thing on a page of the log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.urls import reverse

from signals.models import (
    Article,
    Change,
    Comment,
    Decision,
    DistinctTags,
    Edition,
    Job,
    NoteRow,
    OutlookReview,
    Proposal,
    Rating,
    Signpost,
    Source,
    Tag,
)


def places(changes: Iterable[Change]) -> dict[int, str]:
    """The address of what each change was about, by the change's key; none for what is gone."""
    by_noun: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for change in changes:
        if change.key.isascii() and change.key.isdecimal():
            by_noun[change.noun][int(change.key)].append(change.pk)
    found: dict[int, str] = {}
    for noun, keys in by_noun.items():
        for key, address in _addresses(noun, list(keys)).items():
            for pk in keys[key]:
                found[pk] = address
    return found


def _addresses(noun: str, keys: list[int]) -> dict[int, str]:
    if noun == "decision":
        rows = Decision.objects.filter(pk__in=keys).values_list("pk", "article_id")
        return {pk: reverse("article", args=[article]) for pk, article in rows}
    if noun == "link":
        links = NoteRow.objects.filter(pk__in=keys).values_list("pk", "note__article_id")
        return {pk: reverse("article", args=[article]) for pk, article in links}
    if noun in {"snooze", "story"}:
        return {pk: reverse("article", args=[pk]) for pk in _existing(Article, keys)}
    if noun == "edition":
        editions = Edition.objects.filter(pk__in=keys).values_list("pk", "period")
        return {pk: reverse("digest", args=[period]) for pk, period in editions}
    if noun == "source":
        return {pk: reverse("source", args=[pk]) for pk in _existing(Source, keys)}
    if noun == "job":
        return {pk: reverse("job", args=[pk]) for pk in _existing(Job, keys)}
    if noun in {"person", "invitation"}:
        return {key: reverse("people") for key in keys}
    tags = _tags_of(noun, keys)
    known = Tag.objects.only("pk", "slug").in_bulk(set(tags.values()))
    return {key: known[tag].get_absolute_url() for key, tag in tags.items() if tag in known}


def _tags_of(noun: str, keys: list[int]) -> dict[int, int]:
    if noun in {"tag", "merge"}:
        return {key: key for key in keys}
    if noun == "distinct":
        return dict(DistinctTags.objects.filter(pk__in=keys).values_list("pk", "first_id"))
    if noun == "rating":
        return dict(Rating.objects.filter(pk__in=keys).values_list("pk", "tag_id"))
    if noun == "comment":
        return dict(Comment.objects.filter(pk__in=keys).values_list("pk", "tag_id"))
    if noun == "signpost":
        return dict(Signpost.objects.filter(pk__in=keys).values_list("pk", "tag_id"))
    if noun == "outlook":
        return dict(OutlookReview.objects.filter(pk__in=keys).values_list("pk", "tag_id"))
    if noun == "proposal":
        made = Proposal.objects.filter(pk__in=keys).values_list("pk", "tag_id")
        return {pk: tag for pk, tag in made if tag is not None}
    return {}


def _existing(model: type[Article] | type[Source] | type[Job], keys: list[int]) -> list[int]:
    return list(model._default_manager.filter(pk__in=keys).values_list("pk", flat=True))
