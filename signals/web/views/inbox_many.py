"""The rest of triage: many at once, putting an article off, and adding a tag that nobody suggested."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from signals.curation.bulk import decide_many
from signals.curation.decisions import decide_tagging
from signals.curation.errors import CurationError
from signals.curation.selected import LIMIT
from signals.curation.snoozing import read_day, snooze_articles, snooze_until
from signals.days import say_day
from signals.models import Article, Decision, Tag, User
from signals.search.query import parse
from signals.search.tags import FoundTag, find_tags
from signals.tagging.names import normalise_name
from signals.web.access import analysts_only
from signals.web.inbox_counts import MOST, forget_counts
from signals.web.inbox_filters import InboxFilter
from signals.web.inbox_reading import reading
from signals.web.inbox_selection import read_chosen, read_together, read_verdict
from signals.web.pages import render_page
from signals.web.refusals import refused_with_reason
from signals.web.views.selections import articles_out, read_form, read_ids

_OFFERED = 8


@require_POST
@analysts_only
def decide_chosen(request: HttpRequest) -> HttpResponse:
    """One verdict on all that is chosen: `article` by hand, or `all` that the query string lists."""
    assert isinstance(request.user, User)
    filters = InboxFilter(request.GET, request.user)
    back = _address(filters)
    try:
        chosen, verdict = read_chosen(request.POST, filters), read_verdict(request.POST)
        together = read_together(request.POST, chosen, verdict)
        done = decide_many(chosen=chosen, verdict=verdict, by=request.user, together=together)
    except CurationError as refused:
        return refused_with_reason(request, refused, back)
    forget_counts()
    if done.job is not None:
        return _go_on(request, reverse("job", args=[done.job.pk]))
    if verdict.until is not None:
        said = ngettext("%(count)d article put off.", "%(count)d articles put off.", done.count)
    else:
        said = ngettext("%(count)d suggestion decided.", "%(count)d suggestions decided.", done.count)
    return _go_on(request, back, said % {"count": done.count})


@require_POST
@analysts_only
def take_out(request: HttpRequest) -> HttpResponseBase:
    """What is chosen as notes, a report or JSON (`form`, as `/out/` has it); it changes nothing."""
    assert isinstance(request.user, User)
    filters = InboxFilter(request.GET, request.user)
    address = _address(filters)
    form = read_form(request.POST)
    if request.POST.get("all") != "1":
        # By hand: also what somebody has decided on meanwhile.
        chosen = read_ids(request.POST)
        if not chosen:
            return refused_with_reason(request, CurationError(_("Choose articles first.")), address)
        there = set(Article.objects.filter(pk__in=chosen[:LIMIT]).values_list("pk", flat=True))
        known = [pk for pk in chosen if pk in there]
        return articles_out(request, form, known, address=address, matching=len(chosen))
    matching = filters.waiting.listed(timezone.now())
    ids = list(matching.order_by("-inbox_score", "-pk").values_list("pk", flat=True)[:LIMIT])
    count = matching.order_by()[: MOST + 1].count()
    words = [(_("Filters"), words) for words in filters.chosen(filters.choices())]
    if filters.waiting.words:
        words.insert(0, (_("Words"), filters.waiting.words))
    return articles_out(
        request, form, ids, address=address, matching=min(count, MOST), is_more=count > MOST, words=words
    )


@require_POST
@analysts_only
def snooze(request: HttpRequest, article_pk: int) -> HttpResponse:
    """Put one article off: until tomorrow, for a week, or until a day."""
    assert isinstance(request.user, User)
    article = get_object_or_404(Article.objects.only("pk"), pk=article_pk)
    until = request.POST.get("until", "tomorrow")
    try:
        said_day = request.POST.get("day", "") if until == "day" else until
        day = read_day(said_day, today=timezone.localdate())
        snooze_articles(articles=[article.pk], by=request.user, until=snooze_until(day))
    except CurationError as refused:
        return refused_with_reason(request, refused, reverse("inbox") + f"?article={article.pk}")
    forget_counts()
    said = _("Put off until %(day)s") % {"day": say_day(day)}
    if getattr(request, "htmx", False):
        response = HttpResponse(status=204)
        response["X-Said"] = quote(said)
        return response
    messages.success(request, said)
    return redirect("inbox")


@require_POST
@analysts_only
def add_tag(request: HttpRequest, article_pk: int) -> HttpResponse:
    """Say that the article carries a tag: the one that `tag` names, or the one that is called `name`."""
    assert isinstance(request.user, User)
    article = get_object_or_404(Article.objects.select_related("source"), pk=article_pk)
    back = reverse("inbox") + f"?article={article.pk}"
    try:
        tag = _named_tag(request.POST.get("tag", ""), request.POST.get("name", ""))
        decide_tagging(article=article, tag=tag, by=request.user, verdict=Decision.Verdict.ACCEPT)
    except CurationError as refused:
        return refused_with_reason(request, refused, back)
    forget_counts()
    if getattr(request, "htmx", False):
        response = render_page(request, "inbox/_read.html", reading(article, request.user))
        response["X-Said"] = quote(_("Added: %(tag)s") % {"tag": tag})
        return response
    return redirect(back)


@require_GET
@analysts_only
def offer_tags(request: HttpRequest) -> HttpResponse:
    """What of the catalogue may be meant by `?name=`, in either language."""
    name = _plain(request.GET.get("name", ""))
    return render_page(request, "inbox/_offered.html", {"offered": _offered(name), "name": name})


def _address(filters: InboxFilter) -> str:
    return reverse("inbox") + (f"?{filters.query()}" if filters.said else "")


def _plain(said: str) -> str:
    return said.replace("\x00", "").strip()[:200]


def _offered(name: str) -> list[FoundTag]:
    return find_tags(parse(name), _OFFERED) if name else []


def _named_tag(number: str, name: str) -> Tag:
    """Raises CurationError where no tag, or more than one, may be meant."""
    name = _plain(name)
    live = Tag.objects.live().exclude(status=Tag.Status.ARCHIVED)
    if number.isascii() and number.isdecimal() and len(number) < 18:
        tag = live.filter(pk=int(number)).first()
        if tag is None:
            raise CurationError(_("This item is no longer there."))
        return tag
    if not name:
        raise CurationError(_("Type an item's name."))
    called = list(live.filter(names__normalised=normalise_name(name), names__is_live=True).distinct()[:2])
    if len(called) == 1:
        return called[0]
    offered = _offered(name)
    if len(offered) == 1:
        return live.get(pk=offered[0].tag.pk)
    if not offered:
        raise CurationError(_("No item is called “%(name)s”.") % {"name": name})
    names = ", ".join(str(one.tag) for one in offered[:5])
    raise CurationError(_("Which one is meant: %(names)s?") % {"names": names})


def _go_on(request: HttpRequest, to: str, said: str = "") -> HttpResponse:
    if getattr(request, "htmx", False):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = to
        if said:
            response["X-Said"] = quote(said)
        return response
    if said:
        messages.success(request, said)
    return redirect(to)
