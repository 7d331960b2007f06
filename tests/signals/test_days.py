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
