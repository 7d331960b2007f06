"""Why a tag has its label, in a sentence made from its numbers alone.

Pure: `explain` chooses the numbers, `say` builds the sentence with the gettext functions it is handed, so a
stored explanation is read in any language.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np

from signals.trends.labels import Label
from signals.trends.score import TrendScores

Key = Literal["too_little", "no_baseline", "new", "one_off", "above", "below", "usual"]
Wrap = Callable[[str, str], str]
ABOVE = 1.05
"""A lower bound under this is not told as a number: it says nothing about being above usual."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The numbers of one sentence: mentions, publishers and confirmed mentions in the last `days` days.

    `expected` is the number of mentions its usual share would give; `times` the lower bound ("at least") of
    observed to expected, over the three windows as in the table; `ceiling` the upper bound ("at most") in this
    window; `age` is days since the first mention.
    """

    key: Key
    articles: int
    days: int
    publishers: int
    confirmed: int
    expected: float
    times: float
    ceiling: float
    age: int

    def params(self) -> dict[str, Any]:
        """As JSON-able values, read back by `Explanation.from_params`."""
        return asdict(self)

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Self:
        """The explanation that `params` was made from; other keys are left alone."""
        return cls(**{name: params[name] for name in cls.__dataclass_fields__})


def explain(
    scores: TrendScores,
    tag: int,
    label: Label,
    *,
    publishers: tuple[int, int, int],
    confirmed: tuple[int, int, int],
    age: int,
) -> Explanation:
    """The explanation of row `tag` of one day's scores; `publishers` and `confirmed` are per window."""
    # a burst is one of the shortest window, a rise is told by the window that shows it best, everything else
    # by the one with most evidence
    rises = label in (Label.SURGING, Label.EMERGING)
    window = 0 if label is Label.SPIKE else int(np.argmax(scores.at_least[tag])) if rises else 2
    return Explanation(
        key=_key(label, has_baseline=bool(scores.has_baseline[tag])),
        articles=int(scores.counts[tag, window]),
        days=scores.pace.windows[window],
        publishers=publishers[window],
        confirmed=confirmed[window],
        expected=round(float(scores.expected[tag, window]), 2),
        # the number of the table, so that the sentence beside it says the same
        times=round(float(2.0 ** scores.momentum[tag]), 3),
        ceiling=round(float(2.0 ** scores.at_most[tag, window]), 3),
        age=age,
    )


def _key(label: Label, *, has_baseline: bool) -> Key:
    if label is Label.NEW:
        return "new"
    if not has_baseline:
        return "no_baseline"
    keys: dict[Label, Key] = {
        Label.TOO_LITTLE: "too_little",
        Label.SPIKE: "one_off",
        Label.SURGING: "above",
        Label.EMERGING: "above",
        Label.FADING: "below",
    }
    return keys.get(label, "usual")


def say(
    explanation: Explanation,
    *,
    gettext: Callable[[str], str],
    ngettext: Callable[[str, str, int], str],
    number: Callable[[float], str] = "{:.1f}".format,
    wrap: Wrap = lambda name, text: text,
) -> str:
    """The sentence; `wrap(name, text)` may turn a number (articles, publishers, confirmed) into a link."""
    e = explanation
    articles = ngettext("%(n)d article", "%(n)d articles", e.articles) % {"n": e.articles}
    publishers = ngettext("%(n)d publisher", "%(n)d publishers", e.publishers) % {"n": e.publishers}
    confirmed = ngettext("%(n)d of them confirmed", "%(n)d of them confirmed", e.confirmed) % {
        "n": e.confirmed
    }
    facts = gettext("%(articles)s in %(days)d days from %(publishers)s, %(confirmed)s") % {
        "articles": wrap("articles", articles),
        "days": e.days,
        "publishers": wrap("publishers", publishers),
        "confirmed": wrap("confirmed", confirmed),
    }
    judged = {
        "facts": facts,
        "expected": number(e.expected) if e.expected >= 0.05 else gettext("under %(n)s") % {"n": number(0.1)},
        "verdict": _verdict(e, gettext, ngettext, number),
    }
    if e.key in ("too_little", "no_baseline", "new"):
        return gettext("%(facts)s: %(verdict)s.") % judged
    return gettext("%(facts)s; its usual share would be %(expected)s: %(verdict)s.") % judged


def is_unsure(label: str, times: float | None) -> bool:
    """Is it above usual without enough surprise for a rise? "Unchanged" beside "at least ×3.3" would contradict it."""
    return label == Label.STEADY and times is not None and times >= ABOVE


def say_label(
    label: str, words: str, times: float | None, *, gettext: Callable[[str], str] = lambda text: text
) -> str:
    """A label's `words`; of what is above usual, but not called a rise, that it isn't sure yet."""
    return gettext("Not yet sure") if is_unsure(label, times) else words


def say_times(
    times: float,
    ceiling: float | None = None,
    *,
    gettext: Callable[[str], str],
    number: Callable[[float], str],
) -> str:
    """The bound that tells something: "at least ×1.8 its usual share", at most ×0.6, or that it isn't above it.

    `ceiling` is the upper bound of what loses share, None for all else.
    """
    if ceiling is not None:
        return gettext("at most ×%(times)s its usual share") % {"times": number(ceil_tenth(ceiling))}
    if times < ABOVE:
        return gettext("not clearly above its usual share")
    return gettext("at least ×%(times)s its usual share") % {"times": number(floor_tenth(times))}


def _verdict(
    e: Explanation,
    gettext: Callable[[str], str],
    ngettext: Callable[[str, str, int], str],
    number: Callable[[float], str],
) -> str:
    match e.key:
        case "too_little":
            return gettext("too little to compare with anything")
        case "no_baseline":
            return gettext("the history is too short to know what is usual")
        case "new":
            return ngettext("first mentioned %(n)d day ago", "first mentioned %(n)d days ago", e.age + 1) % {
                "n": e.age + 1
            }
        case "one_off":
            return gettext("a burst, most of it from a single day or publisher")
        case "below":
            return gettext("at most ×%(times)s of usual") % {"times": number(ceil_tenth(e.ceiling))}
        case "above" if e.times >= 3:
            return gettext("at least %(times)s times as much as usual") % {
                "times": number(floor_tenth(e.times))
            }
        case "above" if e.times >= 2:
            return gettext("at least twice as much as usual")
        case "above" if e.times >= ABOVE:
            return gettext("at least ×%(times)s of usual") % {"times": number(floor_tenth(e.times))}
        case "above":
            return gettext("still above usual, but less clearly")
        case "usual" if e.times >= ABOVE:
            # Beside "at least x1.3" it would be a contradiction to call it usual.
            return gettext("above usual, not yet clearly enough to be called a rise")
    return gettext("about as much as usual")


def floor_tenth(times: float) -> float:
    """Rounded down to a tenth: "at least" must stay true."""
    return float(np.floor(times * 10 + 1e-9) / 10)


def ceil_tenth(times: float) -> float:
    """Rounded up to a tenth: "at most" must stay true."""
    return float(np.ceil(times * 10 - 1e-9) / 10)
