"""AI models: when released, by whom, who serves them and at what price. Unknown is shown as unknown."""

from __future__ import annotations

from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from signals.models import Fact, Model, Price, Weights
from signals.web.fact_words import field_words, value_words
from signals.web.pages import known_until, page_of, render_page

_SORTS = {
    "released": F("released_on").desc(nulls_last=True),
    "name": F("name").asc(),
    "developer": F("developer").asc(),
    "context": F("context").desc(nulls_last=True),
}


@require_GET
def model_list(request: HttpRequest) -> HttpResponse:
    """`/models/`: newest first."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    weights = request.GET.get("weights", "")
    developer = request.GET.get("developer", "").replace("\x00", "")[:200]
    sort = request.GET.get("sort", "released")
    models = Model.objects.all()
    if until := known_until():
        models = models.filter(known_at__lt=until)
    if words:
        models = models.filter(
            Q(name__icontains=words) | Q(developer__icontains=words) | Q(family__icontains=words)
        )
    if weights in Weights.values and weights:
        models = models.filter(weights=weights)
    if developer:
        models = models.filter(developer=developer)
    models = models.order_by(_SORTS.get(sort, _SORTS["released"]), "name", "pk")
    context = {
        "page": page_of(request, models.prefetch_related("offers")),
        "words": words,
        "weights": weights,
        "developer": developer,
        "sort": sort,
        "weights_choices": [choice for choice in Weights.choices if choice[0]],
        "is_filtered": bool(words or weights or developer),
        "developers": Model.objects.exclude(developer="")
        .order_by("developer")
        .values_list("developer", flat=True)
        .distinct(),
    }
    return render_page(request, "models/list.html", context, partial="models/_list.html")


@require_GET
def model_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One model: each value with where it came from; offers with their latest prices."""
    model = get_object_or_404(Model, pk=pk)
    offers = list(model.offers.select_related("source").order_by("provider", "listing"))
    latest: dict[int, Price] = {}
    for price in Price.objects.filter(offer__in=offers).order_by("offer", "since", "pk"):
        latest[price.offer_id] = price
    facts: dict[str, list[tuple[Fact, str]]] = {}
    for fact in model.facts.order_by("field", "-rank", "origin"):
        facts.setdefault(field_words(fact), []).append((fact, value_words(fact)))
    context = {
        "model": model,
        "offers": [(offer, latest.get(offer.pk)) for offer in offers],
        "facts": facts,
        "releases": model.releases.select_related("article"),
    }
    return render_page(request, "models/model.html", context)
