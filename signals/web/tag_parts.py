"""The parts of a tag's page that are edited in place, and the form of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from signals.curation.catalogue import NameTakenError
from signals.curation.errors import CurationError
from signals.curation.tags import ChangedMeanwhileError, FieldError, seen_as
from signals.models import Kind, Tag, Theme

PARTS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("name", "name_fr"),
    "description": ("description", "description_fr"),
    "change": ("change",),
    "driving_force": ("driving_force",),
    "outlook": ("outlook", "outlook_due_on"),
    "filing": ("kind", "status", "themes"),
    "names": (),
}
"""What is edited together; `names` are its aliases, added and taken away one by one."""
EVERY: Final = tuple(field for fields in PARTS.values() for field in fields)


class DateInput(forms.DateInput):
    """A day as browsers ask for it."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def _field(name: str) -> forms.Field:
    match name:
        case "name":
            return forms.CharField(label=_("Name"), widget=forms.TextInput(attrs={"maxlength": 300}))
        case "name_fr":
            return forms.CharField(
                label=_("French name"), required=False, widget=forms.TextInput(attrs={"maxlength": 300})
            )
        case "description":
            return forms.CharField(label=_("Description"), required=False, widget=_area(4), strip=False)
        case "description_fr":
            return forms.CharField(
                label=_("French description"), required=False, widget=_area(4), strip=False
            )
        case "change":
            return forms.CharField(
                label=_("Change"),
                required=False,
                widget=_area(3),
                strip=False,
                help_text=_("As “From … to …”, where it can be said so."),
            )
        case "driving_force":
            return forms.CharField(label=_("Driving force"), required=False, widget=_area(4), strip=False)
        case "outlook":
            return forms.CharField(label=_("10-year outlook"), required=False, widget=_area(4), strip=False)
        case "outlook_due_on":
            return forms.DateField(
                label=_("Look again on"),
                required=False,
                widget=DateInput(),
                help_text=_("On that day it is asked whether it held."),
            )
        case "kind":
            return forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
        case "status":
            return forms.ChoiceField(
                label=_("Status"),
                choices=Tag.Status.choices,
                help_text=_(
                    "A candidate is neither looked for nor scored. So is an archived one, and its names rest."
                ),
            )
        case _:
            return forms.ModelMultipleChoiceField(
                label=_("Themes"),
                queryset=Theme.objects.all(),
                required=False,
                widget=forms.CheckboxSelectMultiple(),
            )


class PartForm(forms.Form):
    """The fields of a part, each with a note of what it said when it was read."""

    def __init__(self, tag: Tag | None, names: Sequence[str], data: Any = None, **more: Any) -> None:
        self.tag = tag
        self.conflict: ChangedMeanwhileError | None = None
        self.taken: Tag | None = None
        initial = {name: getattr(tag, name) for name in names if name != "themes"} if tag else {}
        if tag is not None and "themes" in names:
            initial["themes"] = list(tag.themes.values_list("pk", flat=True))
        super().__init__(data, initial=more.pop("initial", initial), prefix=None, auto_id="tag-%s", **more)
        for name in names:
            self.fields[name] = _field(name)
        if tag is None and "status" in names:
            self.fields["status"] = forms.ChoiceField(
                label=_("Status"),
                choices=[choice for choice in Tag.Status.choices if choice[0] != Tag.Status.ARCHIVED],
                help_text=_("A candidate is neither looked for nor scored."),
            )
        if tag is not None and names:
            self._focus(names[0])

    @property
    def seen(self) -> dict[str, str]:
        """What each field said when the form was shown, as the form remembers."""
        told = {name: self.data.get(f"seen-{name}", "") for name in self.fields}
        return {name: digest for name, digest in told.items() if digest}

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What to remember: as first shown, or as it is now for a field whose conflict was told."""
        if self.tag is None:
            return []
        kept = self.seen if self.is_bound else {}
        told = {self.conflict.field} if self.conflict else set()
        return [
            (name, kept.get(name, "") if name in kept and name not in told else seen_as(self.tag, name))
            for name in self.fields
        ]

    def _focus(self, name: str) -> None:
        for each, field in self.fields.items():
            field.widget.attrs.pop("autofocus", None)
            if each == name and name != "themes":
                field.widget.attrs["autofocus"] = True

    def values(self) -> dict[str, Any]:
        """What was typed, as the service takes it."""
        values = dict(self.cleaned_data)
        if "themes" in values:
            values["themes"] = [theme.pk for theme in values["themes"]]
        return values

    def refuse(self, error: CurationError) -> None:
        """Say why beside the field."""
        if isinstance(error, ChangedMeanwhileError):
            self.conflict = error
            self._focus(error.field)
            return
        field = error.field if isinstance(error, FieldError) else None
        if isinstance(error, NameTakenError):
            self.taken = error.tag
        self.add_error(field if field in self.fields else None, str(error))

    @property
    def theirs(self) -> str:
        """What somebody else wrote meanwhile, in words."""
        if self.conflict is None:
            return ""
        value = self.conflict.theirs
        match self.conflict.field:
            case "kind":
                return str(Kind(value).label)
            case "status":
                return str(Tag.Status(value).label)
            case "themes":
                return ", ".join(str(theme) for theme in Theme.objects.filter(pk__in=value))
        return str(value if value is not None else "")
