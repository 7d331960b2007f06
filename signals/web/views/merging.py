"""Two items side by side, field by field, to be made one; and what was merged into one, to be split again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from signals.curation.errors import CurationError
from signals.curation.merge_fields import NAMES, TEXTS
from signals.curation.merge_preview import merges_into, what_a_split_moves, what_moves
from signals.curation.merging import merge_tags
from signals.curation.sameness import similar_pairs
from signals.curation.undo import undo_change
from signals.models import Change, Tag, User
from signals.search.query import parse
from signals.search.tags import find_tags
from signals.web.access import analysts_only
from signals.web.pages import render_page

_WORDS: Final[dict[str, Promise]] = {
    "name": gettext_lazy("Name"),
    "name_fr": gettext_lazy("French name"),
    "kind": gettext_lazy("Kind"),
    "description": gettext_lazy("Description"),
    "description_fr": gettext_lazy("French description"),
    "change": gettext_lazy("Change"),
    "outlook": gettext_lazy("10-year outlook"),
    "driving_force": gettext_lazy("Driving force"),
    "status": gettext_lazy("Status"),
    "outlook_due_on": gettext_lazy("Review the outlook on"),
}
_ORDER: Final = tuple(_WORDS)
_ALIVE: Final = (Tag.Status.TRACKED, Tag.Status.CANDIDATE, Tag.Status.ARCHIVED)
_LONGEST: Final = 20_000


@dataclass(slots=True)
class Choice:
    """A field of both, which of them is chosen ("left", "right", "written"; themes also "both"), and the text."""

    name: str
    words: str
    left: str
    right: str
    chosen: str
    written: str = ""
    is_text: bool = False
    is_short: bool = False

    @property
    def is_same(self) -> bool:
        """Nothing to choose between."""
        return self.left == self.right


@require_http_methods(["GET", "HEAD", "POST"])
@analysts_only
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """`/tags/<pk>/merge/`: which other one, then side by side; a POST makes them one."""
    assert isinstance(request.user, User)
    left = get_object_or_404(Tag.objects.select_related("merged_into"), pk=pk)
    if left.merged_into is not None and request.method != "POST":
        return redirect("tag-merge", left.merged_into_id)
    asked = request.POST if request.method == "POST" else request.GET
    right = _other(asked.get("with", ""), left)
    if right is None and request.method == "POST":
        # Sent twice, or somebody else was quicker: the page says how things stand.
        messages.error(request, _("This item was merged into another one, or is gone."))
        return redirect(left.merged_into or left)
    if right is None:
        return _choose(request, left)
    counts = (what_moves(left, right), what_moves(right, left))
    # What more articles carry keeps its page; of equals the older.
    survivor = "left" if (counts[0].mentions, -left.pk) >= (counts[1].mentions, -right.pk) else "right"
    error = ""
    if request.method == "POST":
        survivor = "right" if request.POST.get("into") == "right" else "left"
        choices = _choices(left, right, survivor, request.POST)
        source, into = (right, left) if survivor == "left" else (left, right)
        try:
            fields, themes = _chosen(left, right, choices)
            merge_tags(source=source, into=into, by=request.user, fields=fields, themes=themes)
        except CurationError as refused:
            error = str(refused)
        else:
            messages.success(request, _("“%(source)s” is now one with this.") % {"source": source})
            return redirect(Tag.objects.get(pk=into.pk))
    else:
        choices = _choices(left, right, survivor, None)
    context = {
        "left": left,
        "right": right,
        "survivor": survivor,
        "choices": choices,
        "moves_left": counts[0],
        "moves_right": counts[1],
        "error": error,
    }
    return render_page(request, "tags/merge.html", context, status=409 if error else 200)


@require_GET
@analysts_only
def merged(request: HttpRequest, pk: int) -> HttpResponse:
    """`/tags/<pk>/merged/`: what was merged into it, what a split gives back, and what stays."""
    tag = get_object_or_404(Tag.objects.select_related("merged_into"), pk=pk)
    if tag.merged_into is not None:
        return redirect("tag-merged", tag.merged_into_id)
    merges = [
        {"change": change, "source": source, "parts": what_a_split_moves(change), "is_last": number == 0}
        for number, (change, source) in enumerate(merges_into(tag))
    ]
    return render_page(request, "tags/merged.html", {"tag": tag, "merges": merges})


@require_POST
@analysts_only
def split(request: HttpRequest, pk: int, change: int) -> HttpResponse:
    """Take one merge back."""
    assert isinstance(request.user, User)
    tag = get_object_or_404(Tag, pk=pk)
    made = get_object_or_404(Change, pk=change, target__startswith="merge:", before__into=tag.pk)
    try:
        undo_change(change=made, by=request.user)
    except CurationError as refused:
        messages.error(request, str(refused))
        return redirect("tag-merged", tag.pk)
    source = Tag.objects.get(pk=made.before["source"])
    messages.success(request, _("“%(source)s” stands on its own again.") % {"source": source})
    return redirect(source)


def _choose(request: HttpRequest, tag: Tag) -> HttpResponse:
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    if words:
        found = [one.tag for one in find_tags(parse(words), 12) if one.tag.pk != tag.pk]
    else:
        found = [p.second if p.first_id == tag.pk else p.first for p in similar_pairs(tag=tag)[:12]]
    context = {"tag": tag, "words": words, "found": found}
    return render_page(request, "tags/merge_with.html", context, partial="tags/_merge_found.html")


def _other(asked: str, tag: Tag) -> Tag | None:
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 18):
        return None
    return Tag.objects.live().filter(pk=int(asked)).exclude(pk=tag.pk).first()


def _choices(left: Tag, right: Tag, survivor: str, posted: QueryDict | None) -> list[Choice]:
    choices = []
    for field in _ORDER:
        sides = {"left": _shown(left, field), "right": _shown(right, field)}
        first, second = (survivor, "right" if survivor == "left" else "left")
        chosen = first if sides[first] or not sides[second] else second
        if field == "status":
            chosen = min(
                (first, second), key=lambda side: _ALIVE.index({"left": left, "right": right}[side].status)
            )
        choice = Choice(
            name=field,
            words=str(_WORDS[field]),
            left=sides["left"],
            right=sides["right"],
            chosen=chosen,
            written=sides[chosen] if field in TEXTS else "",
            is_text=field in TEXTS,
            is_short=field in NAMES,
        )
        if posted is not None:
            _take_posted(choice, posted)
        if choice.left or choice.right:
            choices.append(choice)
    themes = [", ".join(str(theme) for theme in tag.themes.all()) for tag in (left, right)]
    if any(themes):
        choice = Choice("themes", _("Themes"), themes[0], themes[1], "both")
        if posted is not None and posted.get("themes", "") in {"left", "right"}:
            choice.chosen = posted.get("themes", "")
        choices.append(choice)
    return choices


def _take_posted(choice: Choice, posted: QueryDict) -> None:
    chosen, text = posted.get(choice.name, ""), posted.get(f"{choice.name}_text")
    if chosen in {"left", "right"} or (chosen == "written" and choice.is_text):
        choice.chosen = chosen
    if choice.is_text and text is not None:
        choice.written = text.replace("\x00", "").replace("\r\n", "\n")[:_LONGEST].strip()


def _chosen(left: Tag, right: Tag, choices: Iterable[Choice]) -> tuple[dict[str, Any], list[int] | None]:
    """What the survivor takes; CurationError where a text was written and another one chosen."""
    fields: dict[str, Any] = {}
    themes: list[int] | None = None
    for choice in choices:
        if choice.name == "themes":
            if choice.chosen != "both":
                side = left if choice.chosen == "left" else right
                themes = list(side.themes.values_list("pk", flat=True))
        elif choice.chosen == "written":
            fields[choice.name] = choice.written
        else:
            if choice.written not in {"", choice.left, choice.right}:
                raise CurationError(
                    _("%(field)s: you wrote a text, and chose another one. Choose it, or empty it.")
                    % {"field": choice.words}
                )
            fields[choice.name] = getattr(left if choice.chosen == "left" else right, choice.name)
    return fields, themes


def _shown(tag: Tag, field: str) -> str:
    if field in {"kind", "status"}:
        return str(getattr(tag, f"get_{field}_display")())
    value = getattr(tag, field)
    return value.isoformat() if field == "outlook_due_on" and value else value or ""
