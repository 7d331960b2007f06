"""The sentence behind a number, in the reader's language."""

from __future__ import annotations

import re
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from signals.models import Label, Release, State, Tagging, TagTrend, Weights
from signals.models.trend import TrendFigures
from signals.trends.explain import Explanation, say, say_label, say_times

# A note's tagging keeps its reason in English; the reader's language is known only here.
_IN_NOTE: Final = re.compile("“(.*)” in its note", re.DOTALL)


def explain(trend: TagTrend | None) -> str:
    """Why a tag has its label; for one without a trend, that nothing was counted yet."""
    if trend is None or not trend.explanation:
        return gettext("No mention was counted yet.")
    return say(
        Explanation.from_params(trend.explanation),
        gettext=gettext,
        ngettext=ngettext,
        number=tenths,
    )


def label_words(label: str, times: float | None) -> str:
    """A label as it is told beside its number."""
    return say_label(label, str(Label(label).label), times, gettext=gettext)


def ceiling_of(trend: TrendFigures) -> float | None:
    """The upper bound of what loses share; None for all else."""
    found = trend.explanation.get("ceiling") if trend.label == Label.FADING else None
    return None if found is None else float(found)


def say_share(trend: TrendFigures) -> str:
    """The bound that a trend's change is told by, in words."""
    return say_times(trend.times or 0.0, ceiling_of(trend), gettext=gettext, number=tenths)


def tenths(value: float) -> str:
    """To a tenth, as read here: number_format alone would cut 0.19 to 0.1."""
    return number_format(round(value, 1), decimal_pos=1)


def because(tagging: Tagging) -> str:
    """Why the machine suggests a tag; of what a person or a note said, their reason."""
    why = tagging.because
    said = [gettext("drawn at random to see what is missed")] if tagging.state == State.SAMPLED else []
    # A note that took a suggestion over left what the machine had to say.
    if tagging.reason or not why:
        return "; ".join([*said, _stated(tagging.reason)] if tagging.reason else said)
    if "name" in why:
        said.append(_named(str(why["name"]), str(why.get("field", "text")), int(why.get("times", 1))))
    if why.get("shared"):
        said.append(gettext("shares with it: %(words)s") % {"words": ", ".join(why["shared"])})
    if why.get("telling"):
        said.append(gettext("words typical of it: %(words)s") % {"words": ", ".join(why["telling"])})
    if why.get("words"):
        said.append(gettext("speaks like those confirmed: %(words)s") % {"words": ", ".join(why["words"])})
    if like := int(why.get("like", 0)):
        said.append(
            ngettext("like %(count)d confirmed article", "like %(count)d confirmed articles", like)
            % {"count": like}
        )
    return "; ".join(said)


def _stated(reason: str) -> str:
    row = _IN_NOTE.fullmatch(reason)
    return gettext("“%s” in its note") % row[1] if row else reason


def _named(name: str, field: str, times: int) -> str:
    if times <= 1:
        return (gettext("“%s” in the title") if field == "title" else gettext("“%s” in the text")) % name
    if field == "title":
        said = ngettext(
            "“%(name)s” in the title, %(times)d time in all",
            "“%(name)s” in the title, %(times)d times in all",
            times,
        )
    else:
        said = ngettext(
            "“%(name)s” in the text, %(times)d time", "“%(name)s” in the text, %(times)d times", times
        )
    return said % {"name": name, "times": times}


def tell_release(release: Release) -> str:
    """What is known of a release, or how a price changed; what nobody states is left out."""
    model, detail = release.model, release.detail
    if release.event == Release.Event.PRICE:
        words = {
            "input": gettext("%(who)s: input price from $%(old)s to $%(new)s per million tokens"),
            "output": gettext("%(who)s: output price from $%(old)s to $%(new)s per million tokens"),
        }.get(detail.get("side", ""), gettext("%(who)s: price from $%(old)s to $%(new)s per million tokens"))
        return words % {
            "who": detail.get("provider", model.developer),
            "old": _price(detail.get("from")),
            "new": _price(detail.get("to")),
        }
    facts = [model.developer]
    if model.weights != Weights.UNKNOWN:
        facts.append(gettext("weights: %(weights)s") % {"weights": Weights(model.weights).label})
    facts.append(model.licence)
    if model.parameters_b:
        facts.append(gettext("%(n)s billion parameters") % {"n": number_format(f"{model.parameters_b:g}")})
    if model.context:
        facts.append(
            gettext("%(n)s tokens of context") % {"n": number_format(model.context, force_grouping=True)}
        )
    if detail.get("input_price") is not None and detail.get("output_price") is not None:
        facts.append(
            gettext("$%(old)s in, $%(new)s out per million tokens")
            % {"old": _price(detail["input_price"]), "new": _price(detail["output_price"])}
        )
    return " · ".join(fact for fact in facts if fact)


def _price(price: object) -> str:
    return number_format(f"{price:g}") if isinstance(price, int | float) else "?"
