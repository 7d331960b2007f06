"""Days as the reader's language writes them."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import get_language


def day_form(form: str, day: date) -> str:
    """A date format of Django's as the language writes that day: in French "5 janv. 2026", "1er juin"."""
    if not (get_language() or "").startswith("fr"):
        return form
    form = form.replace("M", "b")
    return form.replace("j", r"j\e\r") if day.day == 1 else form


def say_day(day: date, form: str = "j M Y") -> str:
    """A day, or a moment of it, in a date format of Django's; without one 5 Jan 2026."""
    return date_format(day, day_form(form, day))
