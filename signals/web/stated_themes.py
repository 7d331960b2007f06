"""Themes that articles carry and the catalogue does not have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from django.db.models import Count, F, Func, TextField

from signals.models import Article, Theme
from signals.tagging.facets import theme_key

SHOWN: Final = 60
# A theme that a single article states is a keyword of its own.
LEAST: Final = 2
# Spellings are folded after counting, so more are read than shown.
_READ: Final = 600


def stated_themes(catalogue: Iterable[Theme]) -> list[tuple[str, int]]:
    """(theme, articles that carry it), most first: at most SHOWN, each in its commonest spelling."""
    known = {theme_key(name) for theme in catalogue for name in (theme.name, theme.name_fr) if name}
    counted = (
        Article.objects.exclude(themes=[])
        .annotate(theme=Func(F("themes"), function="unnest", output_field=TextField()))
        .values_list("theme")
        .annotate(articles=Count("pk"))
        .order_by("-articles", "theme")[:_READ]
    )
    together: dict[str, Counter[str]] = {}
    for theme, articles in counted:
        if (key := theme_key(theme)) not in known:
            together.setdefault(key, Counter())[theme] += articles
    found = [(spelled.most_common(1)[0][0], spelled.total()) for spelled in together.values()]
    found.sort(key=lambda one: (-one[1], one[0]))
    return [one for one in found if one[1] >= LEAST][:SHOWN]
