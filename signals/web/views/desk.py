"""The editor's desk of an edition: look at it, order it, write a note, try it, set its time, approve it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from anymail.exceptions import AnymailError
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from signals.curation import editions as edits
from signals.curation.errors import CurationError
from signals.digests import desk as service
from signals.digests.editions import needs_approval
from signals.digests.periods import Period
from signals.digests.previews import Audience, audience_of, key_of, preview, send_test
from signals.digests.wishes import RELEASES, Wishes, everything
from signals.models import Edition, Kind, Theme, User
from signals.web.access import analysts_only
from signals.web.pages import render_page
from signals.web.refusals import refused_with_reason
from signals.web.views.digests import period_of

VIEWS: Final = {
    "html": gettext_lazy("As it looks"),
    "narrow": gettext_lazy("On a phone"),
    "dark": gettext_lazy("In the dark"),
    "text": gettext_lazy("As text"),
}
SECTIONS: Final = {
    "movers": gettext_lazy("Moved"),
    "risers": gettext_lazy("Early risers"),
    "contradictions": gettext_lazy("Evidence against"),
    "rescored": gettext_lazy("Rated anew by analysts"),
    "reviewed": gettext_lazy("Outlooks: did they hold?"),
    "due": gettext_lazy("Outlooks due for review"),
    "releases": gettext_lazy("Model releases"),
    "prices": gettext_lazy("Price changes"),
}
_SHOWN_ENTRIES: Final = 15


class NoteForm(forms.Form):
    """What the editor says to the readers."""

    note = forms.CharField(
        required=False,
        max_length=edits.LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 4}),
        label=gettext_lazy("Note to the readers"),
    )
    note_fr = forms.CharField(
        required=False,
        max_length=edits.LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 4, "lang": "fr"}),
        label=gettext_lazy("In French"),
        help_text=gettext_lazy("Without it, French readers get the other one."),
    )
    seen = forms.CharField(required=False, max_length=12, widget=forms.HiddenInput)


class ScheduleForm(forms.Form):
    """When the mails may begin to go out."""

    send_at = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        label=gettext_lazy("Not before"),
        help_text=gettext_lazy("Empty: at each reader's own day and hour."),
    )


@dataclass(frozen=True, slots=True)
class GroupWords:
    """A group of readers as the desk names it."""

    key: str
    words: str


@require_http_methods(["GET", "HEAD", "POST"])
@analysts_only
def desk(request: HttpRequest, period: str) -> HttpResponse:
    """GET shows the desk, POST does one thing (`do`) and shows it again."""
    when = period_of(period)
    edition = Edition.objects.filter(cadence=when.cadence, period=when.period).first()
    if request.method == "POST":
        try:
            _do(request, when, edition)
        except CurationError as refused:
            return refused_with_reason(request, refused, request.get_full_path())
        if not getattr(request, "htmx", False):
            return redirect(request.get_full_path())
        edition = Edition.objects.filter(cadence=when.cadence, period=when.period).first()
    return render_page(
        request, "digests/desk.html", _context(request, when, edition), partial="digests/_desk.html"
    )


def _do(request: HttpRequest, period: Period, edition: Edition | None) -> None:
    """Do what a button says; raises CurationError for what can't be."""
    what, _colon, key = request.POST.get("do", "").partition(":")
    by = request.user
    if not isinstance(by, User):
        raise CurationError(_("Log in first."))
    if what == "test":
        _send_test(request, period, edition, by)
        return
    if edition is None:
        raise CurationError(_("There is no draft yet: it is made once the time it tells of is over."))
    action = _ACTIONS.get(what)
    if action is None:
        raise CurationError(_("Nothing was asked for."))
    action(request, edition, by, key)


def _note(request: HttpRequest, edition: Edition, by: User, key: str) -> None:
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise CurationError(_("A note has at most %(limit)d characters.") % {"limit": edits.LONGEST_NOTE})
    edits.note_edition(
        edition=edition,
        by=by,
        note=form.cleaned_data["note"],
        note_fr=form.cleaned_data["note_fr"],
        seen=form.cleaned_data["seen"] or None,
    )
    messages.success(request, _("The note is kept."))


def _schedule(request: HttpRequest, edition: Edition, by: User, key: str) -> None:
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        raise CurationError(_("That is no moment: give a day and an hour."))
    service.schedule(edition=edition, by=by, send_at=form.cleaned_data["send_at"])
    messages.success(request, _("The time is kept."))


def _move(by_places: int) -> Callable[[HttpRequest, Edition, User, str], None]:
    def move(request: HttpRequest, edition: Edition, by: User, key: str) -> None:
        service.move_entry(edition=edition, by=by, key=key, by_places=by_places, language=_language())

    return move


def _drop(request: HttpRequest, edition: Edition, by: User, key: str) -> None:
    edits.drop_entry(edition=edition, by=by, key=key, title=service.entry_title(edition, key, _language()))


def _take_in(request: HttpRequest, edition: Edition, by: User, key: str) -> None:
    edits.take_in_entry(edition=edition, by=by, key=key, title=service.entry_title(edition, key, _language()))


def _approve(request: HttpRequest, edition: Edition, by: User, key: str) -> None:
    readers = service.approve_edition(edition=edition, by=by)
    messages.success(
        request,
        ngettext("Approved: it goes to %(n)d reader.", "Approved: it goes to %(n)d readers.", readers)
        % {"n": readers},
    )


def _hold(request: HttpRequest, edition: Edition, by: User, key: str) -> None:
    service.hold_edition(edition=edition, by=by)
    messages.success(request, _("Taken back: it waits for somebody to approve it."))


_ACTIONS: Final[Mapping[str, Callable[[HttpRequest, Edition, User, str], None]]] = {
    "note": _note,
    "schedule": _schedule,
    "up": _move(-1),
    "down": _move(1),
    "top": _move(-1000),
    "drop": _drop,
    "take_in": _take_in,
    "approve": _approve,
    "hold": _hold,
}


def _send_test(request: HttpRequest, period: Period, edition: Edition | None, by: User) -> None:
    try:
        send_test(period=period, edition=edition, key=_asked(request)[0], language=_language(), by=by)
    except (OSError, AnymailError) as failure:
        raise CurationError(
            _("The mail could not be sent: %(why)s") % {"why": f"{type(failure).__name__}: {failure}"[:300]}
        ) from failure
    messages.success(request, _("A test went to %(address)s.") % {"address": by.email})


def _asked(request: HttpRequest) -> tuple[str, str]:
    """The group and the way of looking at its mail that the address asks for."""
    view = request.GET.get("view", "html")
    return request.GET.get("group", "")[:40], view if view in VIEWS else "html"


def _language() -> str:
    return (translation.get_language() or settings.LANGUAGE_CODE)[:2]


def _context(request: HttpRequest, period: Period, edition: Edition | None) -> dict[str, Any]:
    now = timezone.now()
    key, view = _asked(request)
    audience = audience_of(edition, period)
    seen = preview(period, edition, key=key, language=_language())
    is_draft = edition is not None and edition.status == Edition.Status.DRAFT
    sections = service.desk_sections(edition, _language()) if edition and is_draft else []
    return {
        "period": period.period,
        "edition": edition,
        "is_draft": is_draft,
        "may_approve": edition is not None and service.may_still_approve(edition, now),
        "state": _state(period, edition, audience, now),
        "views": [(name, words) for name, words in VIEWS.items()],
        "view": view,
        "group": key or key_of(everything(_language())),
        "groups": _group_words(audience, period.cadence),
        "text": seen.text if seen else "",
        "has_nothing": seen is None,
        "sections": [
            (SECTIONS[one.name], one.entries[:_SHOWN_ENTRIES], len(one.entries)) for one in sections
        ],
        "note_form": NoteForm(
            initial={"note": edition.note, "note_fr": edition.note_fr, "seen": edits.note_stamp(edition)}
        )
        if edition
        else None,
        "schedule_form": ScheduleForm(initial={"send_at": edition.send_at}) if edition else None,
        "query": request.GET.urlencode(),
        "entries_shown": _SHOWN_ENTRIES,
        # so that a browser loads the mail anew once it says something else
        "stamp": _stamp(edition),
    }


def _stamp(edition: Edition | None) -> str:
    if edition is None:
        return ""
    said = repr([edition.ordered, edition.dropped, edition.note, edition.note_fr, str(edition.status)])
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def _group_words(audience: Audience, cadence: str) -> list[GroupWords]:
    """The groups in words, and first those whose mail the archive shows."""
    themes = {key for row in audience.groups if row.wishes for key in row.wishes.themes}
    names = dict(Theme.objects.filter(pk__in=themes).values_list("pk", "name")) if themes else {}
    languages = dict(settings.LANGUAGES)
    listed = [
        GroupWords(
            row.key,
            _("%(wishes)s, in %(language)s (%(count)s)")
            % {
                "wishes": _wishes_words(row.wishes, names) if row.wishes else _("a group"),
                "language": languages.get(row.language, row.language),
                "count": ngettext("%(n)d reader", "%(n)d readers", row.readers) % {"n": row.readers},
            },
        )
        for row in audience.groups
    ]
    known = {row.key for row in listed}
    every = [
        GroupWords(
            key_of(everything(code)), _("everything, in %(language)s (web archive)") % {"language": name}
        )
        for code, name in settings.LANGUAGES
        if key_of(everything(code)) not in known
    ]
    return every + listed


def _wishes_words(wishes: Wishes, themes: Mapping[int, str]) -> str:
    kinds: Iterable[str] = (
        str(_("Model releases") if kind == RELEASES else Kind(kind).label)
        for kind in wishes.kinds
        if kind == RELEASES or kind in Kind.values
    )
    said = [
        ", ".join(kinds),
        ", ".join(themes.get(key, f"#{key}") for key in wishes.themes),
        ngettext("%(n)d chosen item", "%(n)d chosen items", len(wishes.tags)) % {"n": len(wishes.tags)}
        if wishes.tags
        else "",
        _("relevance %(least)d or more") % {"least": wishes.least_relevancy}
        if wishes.least_relevancy > 1
        else "",
    ]
    return "; ".join(words for words in said if words) or _("everything")


def _state(period: Period, edition: Edition | None, audience: Audience, now: datetime) -> dict[str, Any]:
    """What the line at the top says: how far the edition is, when it goes out, to how many."""
    return {
        "is_review": edition is not None and needs_approval(edition),
        "is_expired": edition is not None and service.is_expired(edition, now),
        "first_due": edition.deliveries.aggregate(first=Min("due_at"))["first"] if edition else None,
        "begins": (edition.send_at if edition else None) or period.due_at,
        "readers": audience.readers,
        "groups": len(audience.groups),
        "renderings": edition.renderings.count() if edition and edition.frozen_at else 0,
    }
