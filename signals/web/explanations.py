"""The sentence behind a number, in the reader's language."""

from __future__ import annotations

from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from signals.models import TagTrend
from signals.trends.explain import Explanation, say


def explain(trend: TagTrend | None) -> str:
    """Why a tag has its label; for one without a trend, that nothing was counted yet."""
    if trend is None or not trend.explanation:
        return gettext("No mention was counted yet.")
    return say(
        Explanation.from_params(trend.explanation),
        gettext=gettext,
        ngettext=ngettext,
        number=lambda value: number_format(value, decimal_pos=1),
    )
