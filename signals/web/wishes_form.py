"""The form in which a reader says what they want, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from signals.digests.wishes import RELEASES, Wishes
from signals.models import Cadence, Kind, Tag, Theme
from signals.search.query import parse
from signals.search.tags import find_tags

MOST_TAGS: Final = 50
FOUND: Final = 12


@cache
def time_zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """The choices of a select: the zones of each part of the world, and UTC first."""
    parts: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(available_timezones()):
        part, slash, rest = name.partition("/")
        if slash and part not in {"Etc", "SystemV", "posix", "right"}:
            parts.setdefault(part, []).append((name, rest.replace("_", " ")))
    return [("", [("UTC", "UTC")]), *parts.items()]


def tags_called(words: str, but: Sequence[Tag] = ()) -> list[Tag]:
    """Up to twelve tags to choose from, those that `words` say best first."""
    known = {tag.pk for tag in but}
    found = [one.tag for one in find_tags(parse(words[:200]), limit=FOUND + len(known))]
    kept = Tag.objects.tracked().in_bulk([tag.pk for tag in found if tag.pk not in known])
    return [kept[tag.pk] for tag in found if tag.pk in kept][:FOUND]


def when_words(wishes: Wishes) -> str:
    """When mails come, in words."""
    if wishes.cadence == Cadence.ALERT:
        return str(Cadence.ALERT.label)
    return _("%(cadence)s, on %(day)s at %(hour)s (%(zone)s)") % {
        "cadence": Cadence(wishes.cadence).label,
        "day": WEEKDAYS[wishes.weekday],
        "hour": f"{wishes.hour:02d}:00",
        "zone": wishes.time_zone.replace("_", " "),
    }


class WishesForm(forms.Form):
    """What a reader wants to get, and when."""

    language = forms.ChoiceField(
        choices=[("en", "English"), ("fr", "Français")], label=gettext_lazy("Language of the mails")
    )
    cadence = forms.ChoiceField(
        choices=[(Cadence.WEEKLY, Cadence.WEEKLY.label), (Cadence.MONTHLY, Cadence.MONTHLY.label)],
        label=gettext_lazy("How often"),
    )
    weekday = forms.TypedChoiceField(
        coerce=int,
        choices=list(WEEKDAYS.items()),
        label=gettext_lazy("Day"),
        help_text=gettext_lazy("Of a monthly digest, the first such day of the month."),
    )
    hour = forms.TypedChoiceField(
        coerce=int, choices=[(hour, f"{hour:02d}:00") for hour in range(24)], label=gettext_lazy("Hour")
    )
    time_zone = forms.ChoiceField(choices=time_zones, label=gettext_lazy("Time zone"))
    kinds = forms.MultipleChoiceField(
        choices=[*Kind.choices, (RELEASES, gettext_lazy("AI models: releases and prices"))],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Kinds"),
        help_text=gettext_lazy("None ticked means all of them."),
    )
    themes = forms.ModelMultipleChoiceField(
        Theme.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Themes"),
        help_text=gettext_lazy("None ticked means all of them."),
    )
    least_relevancy = forms.TypedChoiceField(
        coerce=int,
        choices=[
            (1, gettext_lazy("everything")),
            (2, gettext_lazy("2 or more")),
            (3, gettext_lazy("3 or more")),
            (4, gettext_lazy("4 or more")),
            (5, gettext_lazy("5 only")),
        ],
        label=gettext_lazy("Least relevance"),
        help_text=gettext_lazy("From 2 on, what nobody has scored yet is left out."),
    )
    # too many to be listed: only keys that are asked for are looked up
    tags = forms.ModelMultipleChoiceField(
        Tag.objects.tracked(), required=False, widget=forms.MultipleHiddenInput, label=gettext_lazy("Items")
    )

    def clean_tags(self) -> list[Tag]:
        """At most fifty: they travel inside the confirmation link."""
        tags = list(self.cleaned_data["tags"])
        if len(tags) > MOST_TAGS:
            raise ValidationError(_("Up to %(n)d items can be chosen.") % {"n": MOST_TAGS})
        return tags

    def wishes(self) -> Wishes:
        """The cleaned wishes."""
        cleaned = self.cleaned_data
        return Wishes(
            language=cleaned["language"],
            kinds=tuple(sorted(cleaned["kinds"])),
            themes=tuple(sorted(theme.pk for theme in cleaned["themes"])),
            tags=tuple(sorted(tag.pk for tag in cleaned.get("tags", ()))),
            least_relevancy=cleaned["least_relevancy"],
            cadence=cleaned["cadence"],
            weekday=cleaned["weekday"],
            hour=cleaned["hour"],
            time_zone=cleaned["time_zone"],
            is_paused=cleaned.get("is_paused", False),
            paused_until=cleaned.get("paused_until"),
        )

    def chosen_tags(self) -> list[Tag]:
        """The tags ticked so far, whether or not the form is complete."""
        if "tags" not in self.fields:
            return []
        if self.is_bound:
            said = self.data.getlist("tags") if isinstance(self.data, QueryDict) else []
        else:
            said = [str(key) for key in self.initial.get("tags", ())]
        # what is longer is no key
        keys = [
            int(key) for key in said[: 2 * MOST_TAGS] if key.isascii() and key.isdigit() and len(key) < 19
        ]
        kept = Tag.objects.tracked().in_bulk(keys)
        return [kept[key] for key in dict.fromkeys(keys) if key in kept]


class SubscribeForm(WishesForm):
    """The address first; the catalogue's names are for who may read it."""

    email = forms.EmailField(
        max_length=254,
        label=gettext_lazy("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    field_order = ["email", "language", "cadence", "weekday", "hour", "time_zone"]

    def __init__(self, *args: Any, may_choose_tags: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_choose_tags:
            del self.fields["tags"]


class PreferencesForm(WishesForm):
    """A pause beside, and alerts alone for who wants no digest."""

    cadence = forms.ChoiceField(choices=Cadence.choices, label=gettext_lazy("How often"))
    is_paused = forms.BooleanField(
        required=False, label=gettext_lazy("Pause: send nothing until I untick this")
    )
    paused_until = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        label=gettext_lazy("Pause until"),
        help_text=gettext_lazy("The first day on which mails may come again."),
    )

    def __init__(self, *args: Any, now: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._now = now or timezone.now()
        cadence = self.fields["cadence"]
        if isinstance(cadence, forms.ChoiceField):
            cadence.choices = Cadence.choices

    def clean(self) -> dict[str, Any]:
        """A pause ends in the future; one that is over already is none."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        until, zone = cleaned.get("paused_until"), cleaned.get("time_zone")
        if until is not None and zone is not None and until <= self._now.astimezone(ZoneInfo(zone)).date():
            if until != self.initial.get("paused_until"):
                self.add_error("paused_until", _("This day is over, or it is today."))
            cleaned["paused_until"] = None
        return cleaned
