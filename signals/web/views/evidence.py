"""The read-only pages that mails link to: what stands behind a claim, as known when it was made.

No log-in, nothing to change. What a claim is about, and its key: tag and rescored (a tag), contradiction
(tag-article), review (of an outlook), release (also a price), section (of an edition, all of it).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import require_safe

from signals.digests.choose import choose_content
from signals.digests.content import LIMITS, Content
from signals.digests.links import evidence_link, read_evidence_token
from signals.digests.periods import parse_period
from signals.digests.words import sections, side_words
from signals.links import safe_link
from signals.models import (
    Decision,
    Edition,
    OutlookReview,
    Rating,
    Release,
    Stance,
    State,
    Tag,
    Tagging,
)
from signals.trends.history import end_of
from signals.trends.table import open_day
from signals.web.access import public
from signals.web.fact_words import field_words, value_words
from signals.web.pages import render_page

_QUOTES: Final = 50
_LISTED: Final = 500


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link is for: an edition that need not exist yet, its last day, and the key of what it says."""

    edition: Edition | None
    period: str
    as_of: date
    key: str


Shown = tuple[str, dict[str, Any]]


@public
@require_safe
def evidence(request: HttpRequest, token: str) -> HttpResponse:
    """What stands behind a claim of a mail."""
    found = read_evidence_token(token)
    claim = _claim(found[1], found[2]) if found else None
    shown = _PAGES[found[0]](claim) if found and claim and found[0] in _PAGES else None
    if found is None or shown is None:
        return render_page(request, "digests/gone.html", {}, status=410)
    template, context = shown
    page = render_page(request, template, {"period": found[1], **context})
    page["X-Robots-Tag"] = "noindex"
    return page


def _claim(period: str, key: str) -> Claim | None:
    edition = Edition.objects.filter(period=period).first()
    if edition is None:
        # a preview's link; of an edition that was deleted and is no week or month, nothing is left
        try:
            ends_on = parse_period(period).ends_on
        except ValueError:
            return None
        return Claim(None, period, min(ends_on, open_day()[0]), key)
    kept = edition.content.get("as_of")
    return Claim(edition, period, date.fromisoformat(kept) if kept else edition.ends_on, key)


def _tag(key: str) -> Tag | None:
    tag = Tag.objects.select_related("merged_into").filter(pk=int(key)).first()
    return tag and (tag.merged_into or tag)


def _said_against(claim: Claim) -> Exists:
    return Exists(
        Decision.objects.filter(
            article=OuterRef("article"),
            tag=OuterRef("tag"),
            stance=Stance.CONTRADICTS,
            undone_at=None,
            known_at__lt=end_of(claim.as_of),
        )
    )


def _quotes(taggings: QuerySet[Tagging]) -> list[tuple[Tagging, str]]:
    read = taggings.select_related("article", "article__source").defer("article__text", "article__html")
    return [(tagging, safe_link(tagging.article.url)) for tagging in read[:_QUOTES]]


def _of_tag(claim: Claim) -> Shown | None:
    tag = _tag(claim.key)
    if tag is None:
        return None
    end = end_of(claim.as_of)
    taggings = (
        Tagging.objects.counted()
        .filter(tag=tag, article__known_at__lt=end, known_at__lt=end)
        .exclude(state=State.REJECTED)
        .annotate(contradicts=_said_against(claim))
        .order_by("-article__sort_at", "-article_id")
    )
    return "digests/evidence.html", {
        "tag": tag,
        "as_of": claim.as_of,
        "taggings": _quotes(taggings),
        "count": taggings.count(),
    }


def _of_contradiction(claim: Claim) -> Shown | None:
    key, article = claim.key.split("-")
    tag = _tag(key)
    if tag is None:
        return None
    taggings = (
        Tagging.objects.filter(_said_against(claim), tag=tag, stance=Stance.CONTRADICTS)
        .exclude(state=State.REJECTED)
        .order_by("-article__sort_at", "-article_id")
    )
    shown = _quotes(taggings)
    # the one that the mail quotes first
    shown.sort(key=lambda pair: pair[0].article_id != int(article))
    return "digests/evidence.html", {
        "tag": tag,
        "as_of": claim.as_of,
        "taggings": shown,
        "count": taggings.count(),
        "is_against": True,
        "all_of_it": evidence_link("tag", claim.period, tag.pk),
    }


def _of_rescored(claim: Claim) -> Shown | None:
    tag = _tag(claim.key)
    if tag is None:
        return None
    ratings = Rating.objects.filter(tag=tag, undone_at=None, known_at__lt=end_of(claim.as_of)).order_by("pk")
    last: dict[int, int] = {}
    rows = []
    for rating in ratings:
        # who it was is the analysts' own business: a reader sees one rater and another
        rater = list(last).index(rating.user_id) + 1 if rating.user_id in last else len(last) + 1
        rows.append((rating, rater, last.get(rating.user_id)))
        last[rating.user_id] = rating.relevancy
    return "digests/rescored_evidence.html", {
        "tag": tag,
        "as_of": claim.as_of,
        "rows": rows[::-1][:_QUOTES],
        "all_of_it": evidence_link("tag", claim.period, tag.pk),
    }


def _of_review(claim: Claim) -> Shown | None:
    review = OutlookReview.objects.select_related("tag").filter(pk=int(claim.key)).first()
    if review is None:
        return None
    return "digests/review_evidence.html", {
        "review": review,
        "tag": review.tag,
        "all_of_it": evidence_link("tag", claim.period, review.tag_id),
    }


def _of_release(claim: Claim) -> Shown | None:
    release = Release.objects.select_related("model", "article").filter(pk=int(claim.key)).first()
    if release is None:
        return None
    facts = [
        (fact, field_words(fact), value_words(fact), safe_link(fact.origin_url))
        for fact in release.model.facts.order_by("field", "-rank")
    ]
    return "digests/release_evidence.html", {
        "release": release,
        "is_price": release.event == Release.Event.PRICE,
        "side": side_words(str(release.detail.get("side", ""))),
        "facts": facts,
    }


def _of_section(claim: Claim) -> Shown | None:
    if claim.key not in LIMITS:
        return None
    if claim.edition is None:
        content = choose_content(parse_period(claim.period))
    else:
        content = Content.from_params(claim.edition.content).edited(
            dropped=claim.edition.dropped, ordered=claim.edition.ordered
        )
    entries = getattr(content, claim.key)
    nothing: dict[str, Any] = dict.fromkeys(LIMITS, ())
    alone = replace(content, **nothing | {claim.key: entries[:_LISTED]})
    told = sections(alone, claim.period, translation.get_language() or "en")
    return "digests/section_evidence.html", {
        "section": told[0] if told else None,
        "count": len(entries),
        "as_of": claim.as_of,
    }


_PAGES: Final[dict[str, Callable[[Claim], Shown | None]]] = {
    "tag": _of_tag,
    "contradiction": _of_contradiction,
    "rescored": _of_rescored,
    "review": _of_review,
    "release": _of_release,
    "section": _of_section,
}
