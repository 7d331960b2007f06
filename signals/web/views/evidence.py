"""The read-only pages that mails link to: what stands behind a claim, as known when it was made."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from signals.digests.content import Content
from signals.digests.links import read_evidence_token
from signals.digests.periods import parse_period
from signals.links import safe_link
from signals.models import Edition, Release, State, Tag, Tagging
from signals.trends.history import end_of
from signals.web.access import public
from signals.web.pages import render_page

_QUOTES = 50


@public
@require_safe
def evidence(request: HttpRequest, token: str) -> HttpResponse:
    """What stands behind a claim of a mail, as known when it was made: no log-in, nothing to change."""
    found = read_evidence_token(token)
    edition = Edition.objects.filter(period=found[1]).first() if found else None
    if found is None:
        return render_page(request, "digests/gone.html", {}, status=410)
    what, period, pk = found
    as_of = Content.from_params(edition.content).as_of_day if edition else parse_period(period).ends_on
    context = {"period": period, "as_of": as_of}
    if what == "release":
        return _release_evidence(request, pk, context)
    tag = Tag.objects.select_related("merged_into").filter(pk=pk).first()
    if tag is None:
        return render_page(request, "digests/gone.html", {}, status=410)
    tag = tag.merged_into or tag
    taggings = (
        Tagging.objects.counted()
        .filter(tag=tag, article__known_at__lt=end_of(as_of), known_at__lt=end_of(as_of))
        .exclude(state=State.REJECTED)
        .select_related("article", "article__source")
        .order_by("-article__sort_at", "-article_id")
    )
    shown = {
        "tag": tag,
        "taggings": [(tagging, safe_link(tagging.article.url)) for tagging in taggings[:_QUOTES]],
        "count": taggings.count(),
    }
    page = render_page(request, "digests/evidence.html", context | shown)
    page["X-Robots-Tag"] = "noindex"
    return page


def _release_evidence(request: HttpRequest, pk: int, context: dict[str, object]) -> HttpResponse:
    release = Release.objects.select_related("model", "article").filter(pk=pk).first()
    if release is None:
        return render_page(request, "digests/gone.html", {}, status=410)
    facts = [(fact, safe_link(fact.origin_url)) for fact in release.model.facts.order_by("field", "-rank")]
    page = render_page(
        request, "digests/release_evidence.html", context | {"release": release, "facts": facts}
    )
    page["X-Robots-Tag"] = "noindex"
    return page
