"""The log of what people changed, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from signals.curation.errors import CurationError
from signals.curation.undo import (
    TOLD,
    Undone,
    built_since,
    came_of,
    may_undo,
    standing,
    undo_all,
    undo_change,
    why_not,
)
from signals.curation.undo_nouns import NOUNS
from signals.models import Change, User
from signals.web.access import analysts_only, people_only, refuse_role
from signals.web.change_filters import LogFilter, page_by_key
from signals.web.change_places import places
from signals.web.change_words import GROUPS, Difference, differences, named_keys, verb_words
from signals.web.inbox_counts import forget_counts
from signals.web.pages import render_page
from signals.web.undoing import undone_in_words

_SHOWN = 20
"""Changes that the page shows before they are taken back together."""


@dataclass(frozen=True, slots=True)
class Line:
    """One change, or the newest of those made in one go, as the log shows it."""

    change: Change
    verb: str
    place: str
    differences: list[Difference]
    why_not: str
    """Why whoever reads can't take it back; "" when they can."""
    count: int = 1
    """How many were made in one go; 1 when it is shown by itself."""
    standing: int = 0
    """How many of those still hold."""

    @property
    def may_undo(self) -> bool:
        """Whether whoever reads can take it back."""
        return not self.why_not


@require_GET
@people_only
def history(request: HttpRequest) -> HttpResponse:
    """Every change, the newest first; what was made in one go is one line that opens."""
    assert isinstance(request.user, User)
    asked = LogFilter.of(request.GET)
    page = page_by_key(asked.changes(request.user), request.GET)
    context = {
        "asked": asked,
        "lines": _lines(page.changes, request.user, gathers=asked.gathers),
        "older": page.older,
        "newer": page.newer,
        "is_newest": page.newer is None,
        "people": User.objects.order_by("name", "email"),
        "groups": [(name, words) for name, (words, _prefixes) in GROUPS.items()],
    }
    return render_page(request, "history/history.html", context, partial="history/_list.html")


@require_GET
@people_only
def change_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One change: before, after, and what was built on it since."""
    assert isinstance(request.user, User)
    return _change_page(request, _seen(request.user, pk))


@require_POST
@people_only
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a change back, whoever made it; where others stand on it, only by who was told so."""
    assert isinstance(request.user, User)
    change = _seen(request.user, pk)
    if not may_undo(change, request.user):
        return refuse_role(request)
    try:
        if "go" in request.POST and change.together is not None:
            said = undone_in_words(undo_all(by=request.user, together=change.together))
        else:
            built = built_since(change) if change.undone_at is None else []
            if built and request.POST.get("knowing") != str(built[0].pk):
                return _tell_first(request, change)
            # What somebody did goes back from the page of that, each for itself, and with them let go first.
            along = built if "along" in request.POST and came_of(change) is None else []
            said = undone_in_words(_undo_with(change, along, request.user))
    except CurationError as refused:
        return _refused(request, change, refused)
    forget_counts()
    if getattr(request, "htmx", False):
        change.refresh_from_db()
        (line,) = _lines([change], request.user, gathers="go" in request.POST)
        response = render_page(request, "history/_change.html", {"line": line})
        response["X-Said"] = quote(said)
        return response
    messages.success(request, said)
    return redirect("history-change", pk=pk)


@require_http_methods(["GET", "POST"])
@analysts_only
def take_back(request: HttpRequest) -> HttpResponse:
    """All that somebody changed since a moment: GET shows it, POST undoes it, the newest first."""
    assert isinstance(request.user, User)
    asked = request.POST if request.method == "POST" else request.GET
    of = LogFilter.of(asked).person or request.user
    choice = asked.get("since", "hour")
    since = _since(choice, of)
    context: dict[str, object] = {
        "of": of,
        "is_own": of.pk == request.user.pk,
        "choice": choice if choice in {"hour", "sitting"} else "moment",
        "since": since,
        "people": User.objects.order_by("name", "email"),
        "error": _("Give a day and a time.") if since is None else "",
        "report": None,
    }
    if request.method == "POST" and since is not None:
        try:
            undone = undo_all(by=request.user, of=of, since=since)
        except CurationError as refused:
            context["error"] = str(refused)
        else:
            if undone.job is not None:
                return redirect("job", pk=undone.job.pk)
            context["report"] = {"words": undone_in_words(undone), "refused": undone.refused}
    if since is not None:
        held = standing(of=of, since=since)
        shown = list(held.select_related("user", "undone_by")[:_SHOWN])
        context |= {"count": held.count(), "lines": _lines(shown, request.user, gathers=False)}
    status = 422 if context["error"] and request.method == "POST" else 200
    return render_page(request, "history/take_back.html", context, status=status)


def _since(choice: str, of: User) -> datetime | None:
    now = timezone.now()
    if choice == "hour":
        return now - timedelta(hours=1)
    if choice == "sitting":
        # A sitting begins where the visit before it ended.
        return of.previous_visit_at or of.date_joined
    try:
        moment = datetime.fromisoformat(choice)
        # It has to be a moment in every time zone.
        if not 1900 <= moment.year <= 9000:
            return None
        return moment if moment.tzinfo else timezone.make_aware(moment)
    except (ValueError, OverflowError):
        return None


def _seen(user: User, pk: int) -> Change:
    """The change, 404 where it is not for this person."""
    return get_object_or_404(Change.objects.seen_by(user).select_related("user", "undone_by"), pk=pk)


def _undo_with(change: Change, along: Sequence[Change], by: User) -> Undone:
    """The change after those that stand on it; stops at the first that is refused, and says which one."""
    for count, one in enumerate([*along, change]):
        try:
            if not may_undo(one, by):
                raise CurationError(_("Your role does not allow this."))
            undo_change(change=one, by=by)
        except CurationError as refused:
            if not count:
                raise
            return Undone(change, count, [(one, str(refused))])
    return Undone(change, len(along) + 1)


def _tell_first(request: HttpRequest, change: Change) -> HttpResponse:
    if getattr(request, "htmx", False):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = reverse("history-change", args=[change.pk])
        return response
    return _change_page(request, change, status=409)


def _refused(request: HttpRequest, change: Change, refused: CurationError) -> HttpResponse:
    if getattr(request, "htmx", False):
        response = HttpResponse(status=409)
        response["X-Reason"] = quote(str(refused))
        return response
    return _change_page(request, change, error=str(refused), status=409)


def _change_page(request: HttpRequest, change: Change, *, error: str = "", status: int = 200) -> HttpResponse:
    assert isinstance(request.user, User)
    built = built_since(change) if change.undone_at is None else []
    (line,) = _lines([change], request.user, gathers=False)
    came = came_of(change)
    context = {
        "line": line,
        "change": change,
        "built": _lines(built, request.user, gathers=False),
        "newest": built[0].pk if built else "",
        "is_cut": len(built) == TOLD,
        "came": User.objects.filter(pk=came).first() if came is not None else None,
        "error": error,
    }
    return render_page(request, "history/change.html", context, status=status)


def _lines(changes: Sequence[Change], reader: User, *, gathers: bool) -> list[Line]:
    goes = {change.together for change in changes if change.together is not None} if gathers else set()
    counts = {}
    if goes:
        counted = Change.objects.filter(together__in=goes).order_by().values_list("together")
        counts = {
            go: (count, held)
            for go, count, held in counted.annotate(n=Count("pk"), held=Count("pk", filter=Q(undone_at=None)))
        }
    names, where = named_keys(changes), places(changes)
    lines = []
    for change in changes:
        count, held = counts.get(change.together, (1, 0))
        lines.append(
            Line(
                change=change,
                verb=verb_words(change.verb),
                place=where.get(change.pk, ""),
                differences=differences(change, names) if count == 1 else [],
                why_not=why_not(change, reader) if count == 1 else _why_not_go(change, held, reader),
                count=count,
                standing=held,
            )
        )
    return lines


def _why_not_go(change: Change, held: int, reader: User) -> str:
    noun = NOUNS.get(change.noun)
    if noun is None or not noun.is_desk:
        return _("These are undone one by one.")
    if not held:
        return _("This was undone before.")
    return "" if reader.is_analyst else _("Your role does not allow this.")
