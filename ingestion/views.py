"""The health of every source; adding one after a preview; reading one now."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Case, Count, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ingestion import services
from ingestion.errors import IngestError
from signals.models import Article, Health, Source, SourceKind, User
from signals.web.access import administrators_only, analysts_only
from signals.web.health import resting_queues
from signals.web.pages import page_of, render_page

_WORST_FIRST = (Health.GONE, Health.FAILING, Health.QUIET)
_BY_HAND = frozenset({SourceKind.NOTES, SourceKind.PAGE, SourceKind.CURATED})


@require_GET
def source_list(request: HttpRequest) -> HttpResponse:
    """`/sources/`: what is failing first."""
    health = request.GET.get("health", "")
    worst = Case(
        *(When(health=state, then=place) for place, state in enumerate(_WORST_FIRST)),
        default=len(_WORST_FIRST),
    )
    # Counted from an index, source by source; joined, every article would be read and grouped.
    articles = (
        Article.objects.filter(source=OuterRef("pk")).order_by().values("source").annotate(n=Count("*"))
    )
    sources = Source.objects.annotate(count=Coalesce(Subquery(articles.values("n")), 0)).order_by(
        worst, "name", "pk"
    )
    counts = dict(Source.objects.values_list("health").annotate(count=Count("pk")).order_by())
    if health in Health.values:
        sources = sources.filter(health=health)
    context = {
        "page": page_of(request, sources.select_related("schedule"), 100),
        "health": health,
        "facets": [(value, words, counts[value]) for value, words in Health.choices if counts.get(value)],
        "total": sum(counts.values()),
        "by_hand": _BY_HAND,
        "resting": resting_queues(),
        "set_aside": Article.objects.set_aside().order_by("-pk").only("title", "language")[:20],
    }
    return render_page(request, "sources/list.html", context, partial="sources/_list.html")


@require_GET
def source_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One source: every attempt, what came of it, when next and why."""
    source = get_object_or_404(Source.objects.select_related("schedule"), pk=pk)
    context = {
        "source": source,
        "schedule": getattr(source, "schedule", None),
        "fetches": source.fetches.all()[:25],
        "articles": Article.objects.filter(source=source).newest_first()[:15],
        "articles_count": source.articles.count(),
        "can_poll": source.kind not in _BY_HAND,
    }
    return render_page(request, "sources/source.html", context)


@require_http_methods(["GET", "POST"])
@analysts_only
def add(request: HttpRequest) -> HttpResponse:
    """GET: ask for an address. POST: show what would come in; POST with `confirm`: add it."""
    assert isinstance(request.user, User)
    url = (request.POST.get("url") or request.GET.get("url") or "").strip()
    kind = request.POST.get("kind", "") or None
    context: dict[str, object] = {"url": url, "preview": None, "error": ""}
    if request.method == "POST" and url:
        try:
            if request.POST.get("confirm"):
                name = request.POST.get("name", "").strip()
                source = services.add_source(url=url, kind=kind, name=name, by=request.user)
                services.poll_now(source=source)
                messages.success(request, _("Added. Its articles arrive within a minute."))
                return redirect("source", source.pk)
            context["preview"] = services.preview_source(url)
        except IngestError as refused:
            context["error"] = str(refused)
    elif request.method == "POST":
        context["error"] = _("Give an address.")
    return render_page(request, "sources/add.html", context, status=422 if context["error"] else 200)


@require_POST
@analysts_only
def poll_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Read it as soon as a worker is free."""
    source = get_object_or_404(Source.objects.polled(), pk=pk)
    services.poll_now(source=source)
    messages.success(request, _("It is being read; the attempt appears below."))
    return redirect("source", pk)


@require_POST
@analysts_only
def poll_all(request: HttpRequest) -> HttpResponse:
    """Read every enabled source as soon as workers are free."""
    waiting = Source.objects.polled().filter(is_enabled=True).filter(~Q(health=Health.GONE))
    for source in waiting:
        services.poll_now(source=source)
    messages.success(request, _("All sources are being read."))
    return redirect("sources")


@require_POST
@administrators_only
def set_enabled(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause a source, or let it run again."""
    source = get_object_or_404(Source, pk=pk)
    assert isinstance(request.user, User)
    services.set_enabled(source=source, enabled=request.POST.get("enabled") == "1", by=request.user)
    return redirect("source", pk)
