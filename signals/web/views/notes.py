"""An article as a source note, in Markdown."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from signals.curation.export import export_note
from signals.models import Article
from signals.notes.write import write_markdown


@require_GET
def article_note(request: HttpRequest, pk: int) -> HttpResponse:
    """An imported note exactly as it came in; any other article as its taggings make it."""
    article = get_object_or_404(Article.objects.select_related("note", "source"), pk=pk)
    response = HttpResponse(write_markdown(export_note(article)), content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="article-{pk}.md"'
    return response
