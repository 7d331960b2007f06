"""What moved since somebody was last here, what is new, what wants a decision, what went quiet; each line says why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from signals.digests.report import editions_wanting
from signals.models import Article, Source, SourceKind, Tag, User
from signals.rhythm import Silence
from signals.templatetags.vigie import times as shown_times
from signals.trends.explain import ABOVE
from signals.trends.history import Move, Moves, moves_since
from signals.trends.moves import RISING, Standing
from signals.trends.table import open_day
from signals.web.explanations import explain, label_words, tell_release
from signals.web.health import resting_queues
from signals.web.pages import known_until, render_page
from signals.web.since import (
    SourceNews,
    count_waiting_by_kind,
    look_back,
    others_since,
    releases_since,
    source_news,
)
from signals.web.views.sameness import waiting_links

MOVES, STANDING, RISERS, RELEASES, SOURCES = 10, 5, 5, 8, 4
_STALE: Final = timedelta(hours=6)


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """`/`: the morning page."""
    now = timezone.now()
    user = request.user if isinstance(request.user, User) else None
    sample_ends = known_until()
    since = look_back(user, sample_ends=sample_ends, now=now)
    until = sample_ends or now
    tags = Tag.objects.tracked().select_related("trend")
    moves = moves_since(since.at, most=MOVES)
    told = {move.tag.pk for move in moves.listed}
    highest = list(
        tags.filter(trend__momentum__isnull=False).order_by("-trend__momentum")[: STANDING + MOVES + RISERS]
    )
    risers = list(tags.filter(trend__label__in=RISING).order_by("-trend__strength")[:RISERS])
    rest = [
        tag
        for tag in highest
        if (tag.trend.times or 0) >= ABOVE and tag.pk not in told | {riser.pk for riser in risers}
    ]
    releases, are_new = releases_since(since.at, until=until, most=RELEASES)
    sources = source_news(now=now, most=SOURCES)
    context = {
        "since": since,
        # The frame's notice would ask for it again.
        "sample_day": sample_ends.date() - timedelta(days=1) if sample_ends else None,
        "as_of": highest[0].trend.as_of if highest else open_day(now)[0],
        "moves": [(move.tag, explain(move.tag.trend), _before(move)) for move in moves.listed],
        "moved": moves,
        "empty": _why_empty(moves, sources, has_numbers=bool(highest), now=now, is_sample=since.is_sample),
        "highest": [(tag, explain(tag.trend)) for tag in rest[:STANDING]],
        "risers": [
            (tag, "" if tag.pk in told and tag.driving_force else explain(tag.trend)) for tag in risers
        ],
        "articles": Article.objects.filter(known_at__gt=since.at, known_at__lte=until).count(),
        "releases": [(release, tell_release(release)) for release in releases],
        "are_releases_new": are_new,
        "sources": sources,
        "quiet": [(source, _quiet(silence)) for source, silence in sources.quiet],
        "others": others_since(since.at, but=user) if user and not since.is_sample else None,
        "waiting_kinds": count_waiting_by_kind(waiting_links(), now=now)
        if user and user.is_analyst
        else None,
        "digests": editions_wanting(now) if user and user.is_analyst else None,
        "steps": _steps(user) if user and user.is_administrator else [],
    }
    return render_page(request, "home/home.html", context)


def _before(move: Move) -> str:
    """Where a tag stood before, and so why it is listed."""
    before, label = move.before, label_words(move.before.label, move.before.times)
    if before.times is None:
        return _("before: too little evidence for a number")
    is_above = before.times >= ABOVE
    if before.label == move.tag.trend.label:
        return _("before: %(times)s") % {"times": _times(before)} if is_above else _("before: about as usual")
    if not is_above:
        return _("before: %(label)s") % {"label": label}
    return _("before: %(label)s, %(times)s") % {"label": label, "times": _times(before)}


def _times(standing: Standing) -> str:
    return _("at least %(times)s") % {"times": shown_times(standing.times)}


def _quiet(silence: Silence) -> str:
    """Why a source is called quiet."""
    if silence.usual < timedelta(hours=1):
        return _("usually several an hour, nothing for %(lasts)s") % {"lasts": _span(silence.lasts)}
    return _("usually every %(usual)s, nothing for %(lasts)s") % {
        "usual": _span(silence.usual),
        "lasts": _span(silence.lasts),
    }


def _span(span: timedelta) -> str:
    hours = round(span / timedelta(hours=1))
    if hours < 36:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    days = round(span / timedelta(days=1))
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def _why_empty(
    moves: Moves, sources: SourceNews, *, has_numbers: bool, now: datetime, is_sample: bool
) -> str:
    """Which of the reasons holds when nothing moved; '' when something did.

    What stopped is told even so once nothing was read for hours: a page that looks alive must not hide it.
    """
    is_stale = sources.enabled > 0 and (sources.last_read is None or now - sources.last_read > _STALE)
    if moves.listed and not is_stale:
        return ""
    if (is_stale or not moves.listed) and not is_sample and "fetch" in resting_queues():
        return "worker"
    if is_stale and sources.is_all_failing:
        return "failing"
    if moves.listed:
        return ""
    if not has_numbers:
        return "yet" if sources.enabled else "sources"
    return "moved"


def _steps(user: User) -> list[tuple[str, str, bool]]:
    """The first run's four steps: words, where to do it, done or not. Empty once all are done."""
    polled = Source.objects.polled()
    steps = [
        (_("Set a password for your next visit"), "account_change_password", user.has_usable_password()),
        (
            _("Read the sources of the starter pack, or add your own"),
            "sources",
            polled.filter(health="ok").exists(),
        ),
        (_("Decide on a first suggestion"), "inbox", user.decisions.exists()),
        (
            _("See the first article of your own"),
            "articles",
            Article.objects.filter(is_sample=False).exclude(source__kind=SourceKind.CURATED).exists(),
        ),
    ]
    return [] if all(done for _words, _url, done in steps) else steps
