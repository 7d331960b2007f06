"""One field for everything: tags first, then articles with their filters."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from signals.search.query import parse
from signals.search.tags import find_tags
from signals.web.pages import render_page
from signals.web.views.articles import list_context


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """`/search/?q=`: what the words find; filters narrow the articles."""
    context = list_context(request)
    words = context["words"]
    # Filters and further pages are of articles: the tags stand above the first.
    shows_tags = bool(words) and not context["chosen"] and context["page"].number == 1
    context["tags"] = find_tags(parse(words)) if shows_tags else []
    return render_page(request, "search/search.html", context, partial="articles/_list.html")
