"""Keeping proposals: one per kind and wording, with the articles it was seen in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Q

from signals.models import Proposal, ProposalEvidence
from signals.tagging.proposals import Proposed, proposal_key

# A story counts its publishers, an article without one its source.
_RECOUNT = """
UPDATE signals_proposal p SET articles_count = n.articles, publishers_count = n.publishers
FROM (
    SELECT p2.id, count(e.article_id) AS articles,
           count(DISTINCT COALESCE(NULLIF(a.publisher, ''), '#' || a.source_id)) FILTER (WHERE a.id IS NOT NULL)
               AS publishers
    FROM signals_proposal p2
    LEFT JOIN signals_proposalevidence e ON e.proposal_id = p2.id
    LEFT JOIN signals_article a ON a.id = e.article_id
    WHERE p2.id = ANY(%(proposals)s) GROUP BY p2.id
) n
WHERE n.id = p.id AND (p.articles_count, p.publishers_count) IS DISTINCT FROM (n.articles, n.publishers)
"""


def keep_proposals(found: Mapping[int, Sequence[Proposed]], *, now: datetime) -> int:
    """Store what these articles propose, and forget what they proposed before and no longer do.

    `found` holds every article read, with what it proposes. Returns how many proposals are new. One that
    was decided on stays decided. Call it in a transaction.
    """
    old = {
        (evidence.article_id, evidence.proposal_id): evidence
        for evidence in ProposalEvidence.objects.filter(
            article__in=found, proposal__status=Proposal.Status.WAITING
        )
    }
    wanted = {
        (proposed.kind, proposal_key(proposed.name)): proposed
        for proposals in found.values()
        for proposed in proposals
    }
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
                first_seen_at=now,
            )
            for (kind, normalised), proposed in sorted(wanted.items(), key=lambda pair: pair[0])
            if normalised
        ],
        ignore_conflicts=True,
    )
    # Locked in one order before evidence refers to them: counting and forgetting below can't deadlock then.
    concerned = Q(normalised__in=[normalised for _, normalised in wanted]) | Q(pk__in=[pk for _, pk in old])
    locked = Proposal.objects.select_for_update().filter(concerned).order_by("pk")
    stored = {(proposal.kind, proposal.normalised): proposal for proposal in locked}
    evidence: dict[tuple[int, int], ProposalEvidence] = {}
    for article_id, proposals in found.items():
        for proposed in proposals:
            proposal = stored.get((proposed.kind, proposal_key(proposed.name)))
            if proposal is not None:
                evidence.setdefault(
                    (article_id, proposal.pk),
                    ProposalEvidence(
                        proposal=proposal,
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
    return sum(proposal.first_seen_at == now for proposal in stored.values())


def recount_proposals(proposal_ids: Collection[int]) -> None:
    """Count where these were seen; one that waits and was seen nowhere is forgotten."""
    if not proposal_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_RECOUNT, {"proposals": sorted(proposal_ids)})
    # A wording that no article holds any more, and nobody decided on, was a reading of an older text.
    Proposal.objects.filter(
        pk__in=proposal_ids, status=Proposal.Status.WAITING, articles_count=0, evidence=None
    ).delete()
