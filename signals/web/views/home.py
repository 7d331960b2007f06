"""What moved, what is new, what needs a decision, what went quiet; each line says why."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from signals.models import Article, Label, Release, Source, SourceKind, Tag, TagTrend, User
from signals.web.context import waiting_count
from signals.web.explanations import explain
from signals.web.pages import render_page

MOVERS, RISERS, RELEASES = 7, 5, 8


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """`/`: the morning page."""
    tags = Tag.objects.tracked().select_related("trend")
    as_of = TagTrend.objects.aggregate(day=Max("as_of"))["day"] or timezone.now().date()
    movers = tags.filter(trend__momentum__isnull=False).order_by("-trend__momentum")[:MOVERS]
    risers = tags.filter(trend__label__in=[Label.EMERGING, Label.NEW]).order_by("-trend__strength")[:RISERS]
    fading = tags.filter(trend__label=Label.FADING).order_by("trend__momentum")[:RISERS]
    releases = (
        Release.objects.filter(date__isnull=False, date__lte=as_of + timedelta(days=1))
        .select_related("model")
        .order_by("-date", "-pk")[:RELEASES]
    )
    user = request.user
    context = {
        "as_of": as_of,
        "movers": [(tag, explain(tag.trend)) for tag in movers],
        "risers": [(tag, explain(tag.trend)) for tag in risers],
        "fading": [(tag, explain(tag.trend)) for tag in fading],
        "releases": releases,
        "unwell": Source.objects.unwell().order_by("stale_since")[:5],
        "to_decide": waiting_count() if isinstance(user, User) and user.is_analyst else 0,
        "steps": _steps(user) if isinstance(user, User) and user.is_administrator else [],
    }
    return render_page(request, "home/home.html", context)


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
