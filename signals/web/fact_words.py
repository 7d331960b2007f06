"""What somebody states of a model, in words: the field and its value."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from signals.days import say_day
from signals.models import Fact, Weights

_FIELDS: Final[dict[str, Promise]] = {
    "active_parameters_b": _("Active parameters, billions"),
    "context": _("Context"),
    "developer": _("Developer"),
    "family": _("Family"),
    "launch input_price": _("Input price at launch"),
    "launch output_price": _("Output price at launch"),
    "licence": _("Licence"),
    "parameters_b": _("Parameters, billions"),
    "released_on": _("Released"),
    "weights": _("Weights"),
}


def field_words(fact: Fact) -> str:
    """The field's name for people; as it is stored where we have none."""
    return str(_FIELDS.get(fact.field, fact.field))


def value_words(fact: Fact) -> str:
    """The value: 262,144, a day, or as it was stated."""
    value = fact.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_format(value, force_grouping=True)
    if fact.field == "weights" and value in Weights.values:
        return str(Weights(value).label)
    if fact.field == "released_on":
        try:
            return say_day(date.fromisoformat(value))
        except (TypeError, ValueError):
            # "2023-11" is a month
            return str(value)
    return str(value)
