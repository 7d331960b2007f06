"""Any selection out: articles or tracked items as Markdown notes, a printable report, or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from signals.curation.selected import ITEMS_LIMIT, LIMIT, Piece, selected_articles, selected_items
from signals.curation.selection_files import Selection, write_json, write_notes, write_zip
from signals.days import say_day
from signals.models import Article, Kind
from signals.notes.types import KINDS
from signals.search.articles import find, newest
from signals.web.article_filters import ArticleFilter
from signals.web.pages import known_until, way_back
from signals.web.past_days import sent_once_known
from signals.web.trend_table import TrendTable

FORMS: Final = ("md", "zip", "json", "print")
_TYPES: Final = {
    "md": "text/markdown; charset=utf-8",
    "zip": "application/zip",
    "json": "application/json",
    "print": "text/html; charset=utf-8",
}


@require_http_methods(["GET", "HEAD", "POST"])
def out(request: HttpRequest) -> HttpResponseBase:
    """`/out/?form=md|zip|json|print`: the articles `article` names, else those that the list's own query finds.

    A POST is for many that were ticked; it changes nothing. With `which=all` it leads to the query's address.
    """
    asked = request.POST if request.method == "POST" else request.GET
    form = read_form(asked)
    if request.method == "POST" and asked.get("which") == "all":
        query = asked.copy()
        for name in ("csrfmiddlewaretoken", "which", "article", "back"):
            query.pop(name, None)
        return redirect(f"{reverse('out')}?{query.urlencode()}")
    if asked.get("which") != "all" and ("article" in asked or asked.get("which") == "chosen"):
        ids = read_ids(asked)
        if not ids:
            messages.error(request, _("Choose at least one article."))
            return redirect(way_back(asked.get("back", ""), reverse("articles")))
        known = list(Article.objects.filter(pk__in=ids[:LIMIT]).values_list("pk", flat=True))
        order = {pk: place for place, pk in enumerate(ids)}
        known.sort(key=lambda pk: order[pk])
        return articles_out(request, form, known, address=reverse("articles"), matching=len(ids))
    return _by_query(request, asked, form)


def articles_out(
    request: HttpRequest,
    form: str,
    ids: Sequence[int],
    *,
    address: str,
    matching: int,
    is_more: bool = False,
    words: Sequence[tuple[str, str]] = (),
) -> HttpResponseBase:
    """Chosen articles in one of FORMS: the first LIMIT of `ids`, of `matching` that were meant (`is_more`: or more)."""
    ids = ids[:LIMIT]
    title = _("Chosen articles")
    selection = _selection(title, address, count=len(ids), matching=matching, is_more=is_more, words=words)
    return _answer(request, selection, form, lambda: selected_articles(ids))


@require_GET
@sent_once_known
def items_out(request: HttpRequest, kind: str | None = None) -> HttpResponseBase:
    """`/out/items/?form=`: the tracked items that the trend table of the same query lists, or those `item` names."""
    if kind is not None and kind not in Kind.values:
        raise Http404
    form = read_form(request.GET)
    if "item" in request.GET:
        ids = read_ids(request.GET, "item")
        matching, words = len(ids), []
    else:
        table = TrendTable(request.GET, kind)
        places = table.places
        ids = table.listing.ids[places[:ITEMS_LIMIT]].tolist()
        matching = len(places)
        words = [(name, str(value.words)) for name, value in table.chips]
        words += [(str(group.words), str(v.words)) for group in table.heads for v in group.values if v.is_on]
        if table.filters.words:
            words.insert(0, (_("Words"), table.filters.words))
    address = reverse("tags-kind", args=[kind]) if kind else reverse("tags")
    selection = _selection(
        str(Kind(kind).label) if kind else _("Tracked items"),
        _with_query(address, request.GET),
        count=min(len(ids), ITEMS_LIMIT),
        matching=matching,
        of_items=True,
        words=words,
    )
    return _answer(request, selection, form, lambda: selected_items(ids[:ITEMS_LIMIT]))


def _by_query(request: HttpRequest, asked: QueryDict, form: str) -> HttpResponseBase:
    chosen = ArticleFilter(asked, known_until())
    articles = chosen.apply(Article.objects.all())
    words = chosen.said()
    if chosen.words:
        words.insert(0, (_("Words"), chosen.words))
        found = find(chosen.words, articles)[1]
        ids, matching, is_more = found.listed[:LIMIT], len(found.listed), found.is_cut
    elif chosen.chosen:
        found = newest(articles)
        ids, matching, is_more = found.listed[:LIMIT], len(found.listed), found.is_cut
    else:
        ids = list(articles.order_by("-sort_at", "-id").values_list("pk", flat=True)[:LIMIT])
        matching, is_more = articles.count(), False
    selection = _selection(
        _("Articles"),
        _with_query(reverse("articles"), asked),
        count=len(ids),
        matching=matching,
        is_more=is_more,
        words=words,
    )
    return _answer(request, selection, form, lambda: selected_articles(ids))


def _answer(
    request: HttpRequest, selection: Selection, form: str, pieces: Callable[[], Iterable[Piece]]
) -> HttpResponseBase:
    name = f"vigie-{'items' if selection.of_items else 'articles'}-{selection.made_at:%Y%m%d-%H%M}"
    language = translation.get_language() or "en"
    write: dict[str, Callable[[], Iterator[str | bytes]]] = {
        "md": lambda: iter(write_notes(selection, pieces())),
        "zip": lambda: iter(write_zip(selection, pieces())),
        "json": lambda: iter(write_json(selection, pieces())),
        "print": lambda: _report(request, selection, pieces()),
    }
    response = StreamingHttpResponse(_in_language(language, write[form]), content_type=_TYPES[form])
    if form != "print":
        response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def _in_language(language: str, write: Callable[[], Iterator[str | bytes]]) -> Iterator[str | bytes]:
    """What is written in the reader's language: it is written after the request, when the thread has forgotten it."""
    with translation.override(language):
        yield from write()


def _report(request: HttpRequest, selection: Selection, pieces: Iterable[Piece]) -> Iterator[str]:
    """A page to print, piece by piece: title page, note after note, the list of sources."""
    context = {"selection": selection, "LANGUAGE_CODE": translation.get_language()}
    context["day"] = say_day(timezone.localtime(selection.made_at), "j F Y")
    head, _mark, foot = render_to_string("reports/report.html", context, request).partition("<!--pieces-->")
    yield head
    sources = []
    for number, piece in enumerate(pieces, start=1):
        tables = [(Kind(kind), piece.note.rows_of(kind)) for kind in KINDS if piece.note.rows_of(kind)]
        yield render_to_string("reports/piece.html", {"piece": piece, "number": number, "tables": tables})
        sources += _sources(piece, number)
    yield render_to_string("reports/sources.html", {"sources": sources})
    yield foot


def _sources(piece: Piece, number: int) -> list[tuple[int, str, str, str, str]]:
    """Number, publisher, date, title and address of what a piece rests on."""
    if not piece.publisher:
        return [
            (number, one.publisher, one.published, one.title, one.link or one.address)
            for one in piece.passages
        ]
    return [(number, piece.publisher, piece.published, piece.note.title, piece.note.link or piece.address)]


def read_form(asked: QueryDict) -> str:
    """Which of FORMS is asked for; Http404 for another."""
    form = asked.get("form", "md")
    if form not in FORMS:
        raise Http404
    return form


def read_ids(asked: QueryDict, name: str = "article") -> list[int]:
    """The keys that the fields of this name hold, one each or with commas; each once, in their order."""
    said = [one for value in asked.getlist(name) for one in value.split(",")]
    ids = [int(one) for one in said if one.isascii() and one.isdecimal() and len(one) < 18]
    return list(dict.fromkeys(ids))


def _selection(
    title: str,
    address: str,
    *,
    count: int,
    matching: int,
    is_more: bool = False,
    of_items: bool = False,
    words: Sequence[tuple[str, str]] = (),
) -> Selection:
    return Selection(
        title=title,
        address=settings.PUBLIC_URL + address,
        made_at=datetime.now(UTC).replace(microsecond=0),
        count=count,
        matching=matching,
        is_more=is_more,
        of_items=of_items,
        words=list(words),
    )


def _with_query(address: str, asked: QueryDict) -> str:
    query = asked.copy()
    for name in ("form", "which", "page", "article", "csrfmiddlewaretoken", "back"):
        query.pop(name, None)
    return f"{address}?{query.urlencode()}" if query else address
