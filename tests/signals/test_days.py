from datetime import date

from django.template import Context, Template
from django.utils import translation

from signals.days import say_day

DAY = date(2026, 1, 5)


def test_short_months_are_small_in_french_and_not_in_english():
    page = Template("{{ day|date:'j M Y' }}")
    for language, words in (("en", "5 Jan 2026"), ("fr", "5 janv. 2026")):
        with translation.override(language):
            assert say_day(DAY) == page.render(Context({"day": DAY})) == words


def test_the_first_of_a_month_is_the_first_in_french_and_a_month_without_its_day_is_not():
    first = date(2026, 6, 1)
    page = Template("{{ day|date:'j F Y' }}, {{ day|date:'F Y' }}, {{ none|date:'j M Y' }}")
    for language, words in (("en", "1 June 2026, June 2026, "), ("fr", "1er juin 2026, juin 2026, ")):
        with translation.override(language):
            assert page.render(Context({"day": first, "none": None})) == words
            assert say_day(first, "j F Y") == words.split(", ")[0]
