"""Keeping proposals: one per kind and thing, however it was worded, with the articles it was seen in.

`rising` orders what waits. Each publisher counts by when it last spoke of it, halved every two weeks, and by its
share of that week's news; two publishers as recent as each other are worth two weeks of age. Written as a logarithm
against a fixed day, so that it needs no renewal as time goes by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from django.db import connection
from django.db.models import Q

from signals.models import Proposal, ProposalEvidence
from signals.tagging.likeness import is_same, likeness
from signals.tagging.proposals import Proposed, proposal_key

_HALF_LIFE_DAYS: Final = 14
_LEAST_VOLUME: Final = 50
_WORTH_WEIGHT: Final = 4.0
# What PostgreSQL looks up before keys are compared word by word.
_NEAR: Final = 0.5
_NEAREST: Final = 8

# A story counts its publishers, an article without one its source. A note speaks when it comes in, whatever
# the date of the article it is about. The square root of the week's volume: a week in which more was collected
# tells less for each article, but not as much less as it is longer.
_RECOUNT: Final = """
WITH seen AS (
    SELECT e.proposal_id, e.article_id, COALESCE('s' || a.story_id, 'a' || a.id) AS story,
           COALESCE(NULLIF(a.publisher, ''), '#' || a.source_id) AS publisher,
           CASE WHEN a.type = 'note' AND NOT a.is_sample THEN a.known_at ELSE a.sort_at END AS said_at
    FROM signals_proposalevidence e JOIN signals_article a ON a.id = e.article_id
    WHERE e.proposal_id = ANY(%(proposals)s)
), weeks AS (
    SELECT date_trunc('week', day) AS week, sum(articles) AS articles FROM signals_volumedelta
    WHERE day >= (SELECT date_trunc('week', min(said_at))::date FROM seen) GROUP BY 1
), voices AS (
    SELECT proposal_id, publisher, max(said_at) AS said_at FROM seen GROUP BY 1, 2
), risen AS (
    SELECT v.proposal_id,
           ln(sum(exp(least(600, ln(2) * extract(epoch FROM v.said_at - '2025-01-01'::timestamptz) / 86400
                      / %(half_life)s))
                  / sqrt(greatest(COALESCE(w.articles, 0), %(least)s)))) / ln(2) AS rising
    FROM voices v LEFT JOIN weeks w ON w.week = date_trunc('week', v.said_at) GROUP BY 1
), counted AS (
    SELECT proposal_id, count(DISTINCT article_id) AS articles, count(DISTINCT publisher) AS publishers,
           count(DISTINCT story) AS stories, min(said_at) AS first, max(said_at) AS last
    FROM seen GROUP BY 1
)
UPDATE signals_proposal p
SET articles_count = COALESCE(c.articles, 0), publishers_count = COALESCE(c.publishers, 0),
    stories_count = COALESCE(c.stories, 0), first_seen_at = COALESCE(c.first, p.first_seen_at),
    last_seen_at = c.last, rising = COALESCE(r.rising, 0) + %(worth)s * p.worth
FROM signals_proposal p2
LEFT JOIN counted c ON c.proposal_id = p2.id LEFT JOIN risen r ON r.proposal_id = p2.id
WHERE p2.id = p.id AND p.id = ANY(%(proposals)s)
"""
_ALIKE: Final = """
SELECT w.number, p.id, p.normalised
FROM unnest(%(kinds)s::text[], %(keys)s::text[]) WITH ORDINALITY w(kind, key, number)
CROSS JOIN LATERAL (
    SELECT q.id, q.normalised FROM signals_proposal q
    WHERE q.normalised %% w.key AND q.kind = w.kind
    ORDER BY similarity(q.normalised, w.key) DESC, q.id LIMIT %(nearest)s
) p ORDER BY w.number, p.id
"""

Key: TypeAlias = tuple[str, str]
"""Kind, and what two wordings of a proposal share."""


@dataclass(slots=True)
class _Wording:
    """The best row among those of one key, and which stored proposal or other new wording it belongs to."""

    best: Proposed
    stored: int | None = None
    same_as: Key | None = None


def keep_proposals(found: Mapping[int, Sequence[Proposed]], *, now: datetime) -> int:
    """Store what these articles propose, and forget what they proposed before and no longer do.

    `found` holds every article read, with what it proposes; known tags in other words are none. What was
    proposed before in slightly other words is that proposal, also when it was decided on: what was rejected
    doesn't come back. Returns how many proposals are new. Call it in a transaction.
    """
    old = {
        (evidence.article_id, evidence.proposal_id): evidence
        for evidence in ProposalEvidence.objects.filter(
            article__in=found, proposal__status=Proposal.Status.WAITING
        )
    }
    wordings = _wordings(proposed for proposals in found.values() for proposed in proposals)
    _match(wordings)
    new = {key: wording.best for key, wording in wordings.items() if not (wording.stored or wording.same_as)}
    Proposal.objects.bulk_create(
        [
            Proposal(
                kind=kind,
                name=proposed.name[:300],
                normalised=normalised,
                description=proposed.description,
                change=proposed.change,
                outlook=proposed.outlook,
                driving_force=proposed.driving_force,
                similar_tag_id=proposed.similar,
                worth=proposed.worth,
                first_seen_at=now,
            )
            for (kind, normalised), proposed in sorted(new.items(), key=lambda pair: pair[0])
        ],
        ignore_conflicts=True,
    )
    # Locked in one order before evidence refers to them: counting and forgetting below can't deadlock then.
    concerned = (
        Q(normalised__in=[normalised for _, normalised in new])
        | Q(pk__in=[pk for _, pk in old])
        | Q(pk__in=[wording.stored for wording in wordings.values() if wording.stored])
    )
    locked = list(Proposal.objects.select_for_update().filter(concerned).order_by("pk"))
    by_key = {(proposal.kind, proposal.normalised): proposal.pk for proposal in locked}
    there = {proposal.pk for proposal in locked}
    evidence: dict[tuple[int, int], ProposalEvidence] = {}
    for article_id, proposals in found.items():
        for proposed in proposals:
            key = _key(proposed)
            if key not in wordings:
                continue
            wording = wordings[key]
            pk = wording.stored or by_key.get(wording.same_as or key)
            if pk in there:
                evidence.setdefault(
                    (article_id, pk),
                    ProposalEvidence(
                        proposal_id=pk,
                        article_id=article_id,
                        quote=proposed.quote,
                        relevancy=proposed.relevance,
                    ),
                )
    fresh = [seen for pair, seen in sorted(evidence.items()) if pair not in old]
    ProposalEvidence.objects.bulk_create(fresh, ignore_conflicts=True)
    gone = [seen.pk for pair, seen in old.items() if pair not in evidence]
    ProposalEvidence.objects.filter(pk__in=gone).delete()
    recount_proposals({pair[1] for pair in old.keys() ^ evidence.keys()})
    return len(new.keys() & by_key.keys())


def recount_proposals(proposal_ids: Collection[int]) -> None:
    """Count where these were seen, and how far they have risen; what waits and was seen nowhere is forgotten."""
    if not proposal_ids:
        return
    arguments: dict[str, list[int] | float] = {
        "proposals": sorted(proposal_ids),
        "half_life": _HALF_LIFE_DAYS,
        "least": _LEAST_VOLUME,
        "worth": _WORTH_WEIGHT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECOUNT, arguments)
    # A wording that no article holds any more, and nobody decided on, was a reading of an older text.
    Proposal.objects.filter(
        pk__in=proposal_ids, status=Proposal.Status.WAITING, articles_count=0, evidence=None
    ).delete()


def alike_proposals(keys: Sequence[Key]) -> list[list[tuple[int, float]]]:
    """For each key the stored proposals of its kind whose wording is near, with their likeness, the nearest first."""
    near: dict[int, list[tuple[int, float]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(_NEAR)])
        arguments: dict[str, list[str] | int] = {
            "kinds": [kind for kind, _ in keys],
            "keys": [key for _, key in keys],
            "nearest": _NEAREST,
        }
        cursor.execute(_ALIKE, arguments)
        for number, pk, normalised in cursor.fetchall():
            near[number - 1].append((pk, likeness(keys[number - 1][1], normalised)))
    return [sorted(near[number], key=lambda pair: (-pair[1], pair[0])) for number in range(len(keys))]


def _key(proposed: Proposed) -> Key:
    return proposed.kind, proposal_key(proposed.name)


def _wordings(all_proposed: Iterable[Proposed]) -> dict[Key, _Wording]:
    wordings: dict[Key, _Wording] = {}
    for proposed in all_proposed:
        key = _key(proposed)
        if proposed.is_known or not key[1]:
            continue
        known = wordings.get(key)
        if known is None:
            wordings[key] = _Wording(proposed)
        elif proposed.worth > known.best.worth:
            known.best = proposed
    return wordings


def _match(wordings: dict[Key, _Wording]) -> None:
    """Find for each wording the stored proposal that it is, or the other new wording."""
    equal = Proposal.objects.filter(normalised__in=[normalised for _, normalised in wordings])
    for pk, kind, normalised in equal.values_list("pk", "kind", "normalised"):
        if (kind, normalised) in wordings:
            wordings[kind, normalised].stored = pk
    rest = sorted(key for key, wording in wordings.items() if wording.stored is None)
    for key, near in zip(rest, alike_proposals(rest) if rest else [], strict=True):
        if near and is_same(key[0], near[0][1]):
            wordings[key].stored = near[0][0]
    by_word: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for key in rest:
        if wordings[key].stored is not None:
            continue
        kind, normalised = key
        others = {other for word in normalised.split() for other in by_word[kind, word]}
        alike = max(((likeness(normalised, other[1]), other) for other in others), default=None)
        if alike is not None and is_same(kind, alike[0]):
            wordings[key].same_as = alike[1]
            continue
        for word in normalised.split():
            by_word[kind, word].append(key)
