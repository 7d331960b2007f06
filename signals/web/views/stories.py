"""Which articles tell the same news: an article's story, and changing it."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from signals.curation.errors import CurationError
from signals.curation.stories import group_articles, move_article, split_story, take_out
from signals.links import url_key
from signals.models import Article, User
from signals.search.articles import find
from signals.web.access import analysts_only
from signals.web.pages import render_page, way_back

_FOUND: Final = 12
_MEMBERS: Final = 200
_SHOWN: Final = (
    "title",
    "publisher",
    "language",
    "published_at",
    "story_id",
    "story_reason",
    "is_story_decided",
)


@require_http_methods(["GET", "HEAD", "POST"])
@analysts_only
def story(request: HttpRequest, pk: int) -> HttpResponse:
    """`/articles/<pk>/same-news/`: who tells the same news; take out, split, move to that of another (`?q=`)."""
    article = get_object_or_404(_rows(), pk=pk)
    if request.method == "POST":
        return _change(request, article)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:2000]
    told = _rows().filter(story=article.story_id, story__isnull=False).order_by("sort_at", "pk")
    context = {
        "article": article,
        "members": list(told[:_MEMBERS]),
        "words": words,
        "found": _found(words, article) if words else [],
    }
    return render_page(request, "articles/story.html", context, partial="articles/_story_found.html")


@require_POST
@analysts_only
def group(request: HttpRequest) -> HttpResponse:
    """Make one story of the articles that `article` names."""
    assert isinstance(request.user, User)
    back = way_back(request.POST.get("back", ""), reverse("articles"))
    try:
        change = group_articles(articles=_ids(request), by=request.user)
    except CurationError as refused:
        messages.error(request, str(refused))
    else:
        count = len(change.after["articles"])
        said = ngettext(
            "%(n)d article tells the same news now.", "%(n)d articles tell the same news now.", count
        )
        messages.success(request, said % {"n": count})
        # For the script: what was chosen is dealt with.
        return redirect(f"{back}#grouped")
    return redirect(back)


def _change(request: HttpRequest, article: Article) -> HttpResponse:
    assert isinstance(request.user, User)
    what = request.POST.get("what", "")
    try:
        if what == "out":
            take_out(article=article, by=request.user)
            said = _("It tells news of its own now.")
        elif what == "split":
            split_story(articles=_ids(request), by=request.user)
            said = _("Those that you chose tell other news now.")
        elif what == "move":
            to = Article.objects.filter(pk__in=_ids(request, "to")[:1]).first()
            if to is None:
                raise CurationError(_("This article is no longer there."))
            move_article(article=article, to=to, by=request.user)
            said = _("They tell the same news now.")
        else:
            raise CurationError(_("Unknown verdict."))
    except CurationError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    return redirect("story", article.pk)


def _rows() -> QuerySet[Article]:
    return Article.objects.select_related("source").only(*_SHOWN, "source__name")


def _found(words: str, article: Article) -> list[Article]:
    """By number, by address, else by words; not those that tell the same news already."""
    others = Article.objects.exclude(pk=article.pk)
    if article.story_id is not None:
        others = others.exclude(story=article.story_id)
    if words.isascii() and words.isdecimal() and len(words) < 18:
        ids = list(others.filter(pk=int(words)).values_list("pk", flat=True))
    elif words.lower().startswith(("http://", "https://")):
        here = words.rstrip("/").rsplit("/articles/", 1)[-1]
        is_ours = here.isascii() and here.isdecimal() and len(here) < 18
        named = Q(pk=int(here)) if is_ours else Q(url_key=url_key(words))
        ids = list(others.filter(named).values_list("pk", flat=True)[:_FOUND])
    else:
        ids = find(words[:200], others)[1].listed[:_FOUND]
    rows = _rows().in_bulk(ids)
    return [rows[pk] for pk in ids if pk in rows]


def _ids(request: HttpRequest, name: str = "article") -> list[int]:
    said = [one for value in request.POST.getlist(name) for one in value.split(",")]
    return [int(one) for one in said if one.isascii() and one.isdecimal() and len(one) < 18]
