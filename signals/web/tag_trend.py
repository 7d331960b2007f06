"""What a tag's or theme's page says of its trend: the sentence, the windows, the chart, each with its articles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import F
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.models import Tag, TagName, TagTrend, ThemeTrend
from signals.tagging.names import normalise_name
from signals.trends.explain import Explanation, say
from signals.trends.series import Week, shown_weeks
from signals.web.explanations import tenths
from signals.web.week_chart import WeekChart, bar_chart, line_chart

PERIODS: Final = (12, 26, 52)
_PERIOD: Final = 26
LAID_OVER: Final = 2
Behind = Callable[[date, date, str], str]


def articles_behind(**chosen: object) -> Behind:
    """Addresses of the articles counted from a day to a day, of what is `chosen` (tag=1, under="a-theme")."""
    articles = reverse("articles")

    def address(start: date, end: date, which: str = "all") -> str:
        query = {**chosen, "counted": which, "from": start.isoformat(), "to": end.isoformat()}
        return f"{articles}?{urlencode(query)}"

    return address


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen in the last `days` days, where that is listed, and what would be usual (None: unknown)."""

    days: int
    mentions: int
    confirmed: int
    publishers: int | None
    expected: float | None
    every: str
    sure: str
    likely: str

    @property
    def suggested(self) -> int:
        """Those that nobody confirmed yet."""
        return self.mentions - self.confirmed


def sentence(trend: TagTrend | ThemeTrend | None, behind: Behind) -> SafeString:
    """Why it has its label, each number a link to the articles behind it."""
    if trend is None or not trend.explanation:
        return format_html("{}", _("No mention was counted yet."))
    told = Explanation.from_params(trend.explanation)
    start = trend.as_of - timedelta(days=told.days - 1)
    places = {name: behind(start, trend.as_of, "all") for name in ("articles", "publishers")}
    places["confirmed"] = behind(start, trend.as_of, "confirmed")
    links: list[SafeString] = []

    # Characters that no text holds stand for the links until everything else is escaped.
    def wrap(name: str, text: str) -> str:
        if not getattr(told, name):
            return text
        links.append(format_html('<a href="{}">{}</a>', places[name], text))
        return chr(0xE000 + len(links) - 1)

    said = say(told, gettext=_, ngettext=ngettext, number=tenths, wrap=wrap)
    html = str(escape(said))
    for number, link in enumerate(links):
        html = html.replace(chr(0xE000 + number), link)
    return mark_safe(html)  # noqa: S308 - escaped above


def windows(trend: TagTrend | ThemeTrend | None, behind: Behind) -> list[Window]:
    """The windows that the label rests on, the shortest first."""
    told: dict[str, Any] = trend.explanation if trend else {}
    if trend is None or "windows" not in told:
        return []
    publishers = told.get("publishers_by_window") or [None] * len(told["windows"])
    rows = []
    for place, days in enumerate(told["windows"]):
        start = trend.as_of - timedelta(days=days - 1)
        rows.append(
            Window(
                days,
                told["counts"][place],
                told["confirmed_by_window"][place],
                publishers[place],
                told["expected_by_window"][place] if trend.expected is not None else None,
                behind(start, trend.as_of, "all"),
                behind(start, trend.as_of, "confirmed"),
                behind(start, trend.as_of, "suggested"),
            )
        )
    return rows


def pace_in_words(trend: TagTrend | ThemeTrend | None) -> str:
    """Why the windows are as long as they are."""
    match (trend.explanation if trend else {}).get("pace"):
        case "fast":
            return _("20 or more articles a day come in here: changes show within days.")
        case "middle":
            return _("5 to 20 articles a day come in here: the periods are twice as long as in a busy place.")
        case "slow":
            return _("Fewer than 5 articles a day come in here: only long periods hold enough to compare.")
    return ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A link of the chart: its words, where it leads, whether it is on."""

    words: str
    query: str
    is_on: bool


class ChartRequest:
    """What the address says of the chart: how many weeks, which tags are laid over, which was asked for by name."""

    def __init__(self, parameters: QueryDict, tag: Tag | None = None) -> None:
        asked = parameters.get("weeks", "")
        self.weeks = int(asked) if asked in {str(period) for period in PERIODS} else _PERIOD
        self.others = _laid_over(parameters.get("with", ""), tag) if tag else []
        self.added: Tag | None = None
        self.unknown = ""
        if tag and (name := parameters.get("add", "").replace("\x00", "").strip()[:300]):
            self.added = _named(name, tag)
            if self.added is None:
                self.unknown = name

    def query(self, *, weeks: int | None = None, others: Sequence[Tag] | None = None) -> str:
        """The address of the same chart with something changed, from its "?"; "" is the usual one."""
        chosen = self.others if others is None else others
        parameters = {}
        if (weeks or self.weeks) != _PERIOD:
            parameters["weeks"] = str(weeks or self.weeks)
        if chosen:
            parameters["with"] = ",".join(str(tag.pk) for tag in chosen)
        return f"?{urlencode(parameters, safe=',')}" if parameters else "?"

    def periods(self) -> list[Choice]:
        """The lengths to choose from."""
        return [
            Choice(_("%(n)d weeks") % {"n": period}, self.query(weeks=period), period == self.weeks)
            for period in PERIODS
        ]

    def with_added(self) -> str:
        """The address once what was asked for by name is laid over; the oldest makes room."""
        kept = [*self.others, *([self.added] if self.added else [])]
        return self.query(others=list(dict.fromkeys(kept))[-LAID_OVER:])

    def legend(self) -> list[Choice]:
        """Those laid over, each with the address without it."""
        return [
            Choice(str(tag), self.query(others=[other for other in self.others if other != tag]), True)
            for tag in self.others
        ]


@dataclass(frozen=True, slots=True)
class TagChart:
    """The chart of a tag, with the weeks of each tag in it, the page's own first."""

    tags: list[Tag]
    weeks: list[list[Week]]
    chart: WeekChart | None

    @property
    def rows(self) -> list[tuple[Week, list[tuple[Week, float, str, str, str]]]]:
        """A row a week, the newest first: each tag's week, share in percent, and addresses of its articles."""
        behind = [articles_behind(tag=tag.pk) for tag in self.tags]
        return [
            (
                of_tags[0],
                [
                    (
                        week,
                        100 * week.share_of(week.mentions),
                        *(
                            url(week.starts_on, week.ends_on, which)
                            for which in ("all", "confirmed", "suggested")
                        ),
                    )
                    for week, url in zip(of_tags, behind, strict=True)
                ],
            )
            for of_tags in reversed(list(zip(*self.weeks, strict=True)))
        ]


def tag_chart(tag: Tag, asked: ChartRequest, *, as_of: date | None) -> TagChart:
    """The tag's weeks as bars or, with others laid over it, as lines of shares."""
    tags = [tag, *asked.others]
    weeks = shown_weeks(tags, as_of=as_of, weeks=asked.weeks)
    links = [_by_week(articles_behind(tag=one.pk)) for one in tags]
    if asked.others:
        return TagChart(tags, weeks, line_chart(list(zip(weeks, links, strict=True))))
    return TagChart(tags, weeks, bar_chart(weeks[0], links[0]))


def theme_chart(weeks: Sequence[Week], slug: str) -> WeekChart | None:
    """A theme's weeks as bars."""
    return bar_chart(weeks, _by_week(articles_behind(under=slug)))


def _by_week(behind: Behind) -> Callable[[Week, str], str]:
    return lambda week, which: behind(week.starts_on, week.ends_on, which)


def _laid_over(asked: str, tag: Tag) -> list[Tag]:
    ids = [int(word) for word in asked.split(",") if word.isascii() and word.isdecimal() and len(word) < 18]
    if not ids:
        return []
    found = Tag.objects.select_related("merged_into").in_bulk(ids[:10])
    # A saved address may name a tag that was merged away since.
    others = [found[pk].merged_into or found[pk] for pk in dict.fromkeys(ids) if pk in found]
    return [other for other in dict.fromkeys(others) if other.pk != tag.pk][:LAID_OVER]


def _named(name: str, but: Tag) -> Tag | None:
    """The live tag of that name, else the one with most mentions whose name holds it."""
    names = TagName.objects.filter(is_live=True).exclude(tag=but)
    exact = names.filter(normalised=normalise_name(name)).select_related("tag").first()
    if exact is not None:
        return exact.tag
    like = Tag.objects.live().exclude(pk=but.pk).filter(name__icontains=name)
    return like.order_by(F("trend__mentions").desc(nulls_last=True), "pk").first()
