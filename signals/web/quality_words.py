"""The quality page's numbers in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals.days import say_day
from signals.models import Decision, TaggerVersion
from signals.quality.measures import Band, Found, Grades, Interval, Share
from signals.quality.report import ENOUGH, ENOUGH_DRAWN, Report

CHANCE: Final = 0.05
"""What stays unread of articles in any order, when 95 of 100 are to be found."""


@dataclass(frozen=True, slots=True)
class Said:
    """A number in words: itself, its range and what it rests on; without a number, `rests` says why."""

    figure: str = ""
    span: str = ""
    rests: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One measure: its name, its textbook name, the number, what it says, and what it can't say."""

    title: str
    textbook: str
    said: Said
    means: str
    limits: str


def percent(share: float) -> str:
    """.794 as 79 %; only all is 100, only nothing is 0."""
    whole = round(100 * share)
    if whole in {0, 100} and share not in {0.0, 1.0}:
        whole = 1 if whole == 0 else 99
    return f"{whole}\u00a0%"


def in_ten(share: float) -> str:
    """.79 as '8 in 10'."""
    tenths = round(10 * share)
    if tenths in {0, 10}:
        return _("nearly all") if tenths else _("hardly any")
    return _("%(count)d in 10") % {"count": tenths}


def span(interval: Interval) -> str:
    """'between 73 and 84 %', never narrower than it is."""
    low, high = floor(100 * interval.low + 1e-9), ceil(100 * interval.high - 1e-9)
    return _("between %(low)d and %(high)d\u00a0%%") % {"low": low, "high": high}


def too_few(count: int, enough: int = ENOUGH) -> str:
    """Why there is no number."""
    return _("too few decisions yet (%(count)d of %(enough)d)") % {"count": count, "enough": enough}


def say_share(share: Share, enough: int = ENOUGH) -> Said:
    """A share once it rests on enough."""
    if share.value is None or share.of < enough:
        return Said(rests=too_few(share.of, enough))
    rests = _("%(right)s of %(of)s") % {"right": number_format(share.right), "of": number_format(share.of)}
    return Said(percent(share.value), span(share.interval), rests)


def say_found(found: Found | None) -> Said:
    """What was suggested of what there is, once enough draws were decided."""
    if found is None or found.drawn < ENOUGH_DRAWN:
        return Said(rests=too_few(found.drawn if found else 0, ENOUGH_DRAWN))
    rests = _("%(right)d of %(drawn)d drawn at random were right")
    return Said(
        percent(found.share), span(found.interval), rests % {"right": found.right, "drawn": found.drawn}
    )


def lead(report: Report) -> list[str]:
    """The page in a few sentences."""
    judged, count = report.judged, number_format(report.judged.of)
    if not judged.of:
        return []
    if report.days:
        opening = ngettext(
            "One suggestion was decided in the last %(days)d days",
            "Of %(count)s suggestions decided in the last %(days)d days",
            judged.of,
        ) % {"count": count, "days": report.days}
    else:
        opening = ngettext(
            "One suggestion was decided so far", "Of %(count)s suggestions decided so far", judged.of
        ) % {"count": count}
    if judged.value is None or judged.of < ENOUGH:
        return [_("%(opening)s: too few to say how good they are.") % {"opening": opening}]
    said = [
        _("%(opening)s, %(share)s were right.") % {"opening": opening, "share": in_ten(judged.value)},
    ]
    first = report.first_right
    if first and first.surest.of >= ENOUGH and first.surest.value is not None:
        said.append(
            _("Where an article had a right one, the surest was it in %(share)s.")
            % {"share": in_ten(first.surest.value)}
        )
    saved = report.saved
    if saved and saved.worthwhile >= ENOUGH:
        if saved.interval.low > CHANCE:
            read = _(
                "In the inbox's order, the last %(share)s can stay unread for the loss of one right article in twenty."
            )
            said.append(read % {"share": percent(saved.skipped)})
        else:
            said.append(_("It is not yet certain that the inbox's order saves any reading."))
    found = report.found
    if found and found.drawn >= ENOUGH_DRAWN:
        said.append(_("About %(share)s of what is there was suggested.") % {"share": in_ten(found.share)})
    return said


def cards(report: Report) -> list[Card]:
    """The measures over everything."""
    first, saved = report.first_right, report.saved
    top = say_share(first.surest if first else Share(0, 0))
    if first and top.figure:
        top = Said(
            top.figure,
            top.span,
            _("%(of)s articles with a right one") % {"of": number_format(first.surest.of)},
        )
    if saved and saved.worthwhile >= ENOUGH:
        rests = _("%(of)s articles read, %(worth)s with something right")
        reading = Said(
            percent(saved.skipped),
            span(saved.interval),
            rests % {"of": number_format(saved.of), "worth": number_format(saved.worthwhile)},
        )
    else:
        reading = Said(rests=too_few(saved.worthwhile if saved else 0))
    return [
        Card(
            _("Agreement with analysts"),
            _("Precision, with Wilson's interval"),
            say_share(report.judged),
            _("Suggestions that an analyst accepted or scored, of those decided."),
            _("Says nothing of suggestions that nobody opened, nor of what was never suggested."),
        ),
        Card(
            _("Right item near the top"),
            _("Precision at 1, and mean reciprocal rank (MRR)")
            + (f": {number_format(first.reciprocal_rank, 2)}" if first and top.figure else ""),
            top,
            _("Articles whose surest suggestion was right, of those that had a right one."),
            _("Only articles count whose surer suggestions were all decided."),
        ),
        Card(
            _("Reading saved"),
            _("Work saved over sampling (WSS@95)")
            + (f": {number_format(saved.wss, 2)}" if saved and reading.figure else ""),
            reading,
            _(
                "What could stay unread at the end of the inbox with 95 of 100 right articles found; by chance 5 %."
            ),
            _("Articles that nobody read are not in it, and the order changed as the inbox learned."),
        ),
        Card(
            _("Found of what is there"),
            _("Recall, estimated from random draws (Horvitz-Thompson)"),
            say_found(report.found),
            _(
                "Right suggestions, of all right ones, guessed from a few drawn at random among those not shown."
            ),
            _("An item that nothing hinted at is never drawn: what was overlooked altogether stays unknown."),
        ),
    ]


def say_why(why: dict[str, int]) -> str:
    """'5 not about this, 2 off topic'."""
    labels = dict(Decision.Why.choices)
    return ", ".join(
        f"{number_format(count)} {labels[reason]}"
        for reason, count in sorted(why.items(), key=lambda entry: -entry[1])
        if count
    )


def say_band(band: Band) -> tuple[str, Said, str]:
    """How sure, how many were right, and whether that is honest."""
    if band.low == 0:
        sure = _("less than %(high)s") % {"high": percent(band.high)}
    else:
        sure = _("%(low)d to %(high)s") % {"low": round(100 * band.low), "high": percent(band.high)}
    said = say_share(band.share)
    verdict = {"honest": _("honest"), "too_sure": _("too sure of itself"), "too_modest": _("too modest")}
    return sure, said, verdict[band.verdict] if said.figure else ""


def say_grades(grades: Grades | None) -> list[str]:
    """How near estimated relevance is to the stated one."""
    if grades is None or grades.of < ENOUGH:
        return []
    said = [
        _("Of %(of)s scored, %(exact)s were estimated exactly and %(near)s within one step.")
        % {
            "of": number_format(grades.of),
            "exact": percent(grades.exact.value or 0),
            "near": percent(grades.near.value or 0),
        },
    ]
    better = grades.constant_error - grades.error
    numbers = {"error": number_format(grades.error, 2), "constant": number_format(grades.constant_error, 2)}
    if abs(better) < 0.05:
        said.append(
            _("That is no nearer than always saying 4 (%(error)s against %(constant)s steps off).") % numbers
        )
    elif better > 0:
        said.append(
            _("That is nearer than always saying 4 (%(error)s against %(constant)s steps off).") % numbers
        )
    else:
        said.append(
            _("Always saying 4 would be nearer (%(constant)s against %(error)s steps off).") % numbers
        )
    return said


@dataclass(frozen=True, slots=True)
class VersionSaid:
    """One version of the tagger: what it learned from, why it is used or not, and how it did since."""

    number: int
    status: str
    learned: str
    why: str
    used: str
    agreement: Said
    goes_back_to: int | None = None


def say_version(version: TaggerVersion, judged: Share) -> VersionSaid:
    """A learned version in words."""
    status = TaggerVersion.Status(version.status)
    learned = ngettext(
        "Learned from %(count)d decision on %(day)s.",
        "Learned from %(count)d decisions on %(day)s.",
        version.decisions,
    ) % {"count": version.decisions, "day": say_day(version.trained_at)}
    used = ""
    if version.active_at and status == TaggerVersion.Status.ACTIVE:
        used = _("In use since %(day)s.") % {"day": say_day(version.active_at)}
    elif version.active_at and version.retired_at:
        used = _("In use from %(day)s to %(end)s.") % {
            "day": say_day(version.active_at),
            "end": say_day(version.retired_at),
        }
    staged = version.measures.get("staged") if status == TaggerVersion.Status.ACTIVE else None
    was_stopped = version.measures.get("why") == "given_up"
    return VersionSaid(
        version.number,
        _("stopped") if was_stopped else str(status.label),
        learned,
        _why_used(version),
        used,
        say_share(judged) if version.active_at else Said(),
        int(staged["replaced"]) if staged else None,
    )


def _why_used(version: TaggerVersion) -> str:
    """What both versions did on the decisions that neither had seen."""
    measures = version.measures
    old, new = measures.get("old") or {}, measures.get("new") or {}
    reasons = {
        "not_better": _("Not better by more than chance."),
        "less_precise": _("Fewer of its suggestions were right."),
        "shows_nothing": _("It would have suggested nothing."),
        "given_up": _("It was stopped before it was used."),
    }
    said = [reasons[measures["why"]]] if measures.get("why") in reasons else []
    if new.get("precision") is not None and old.get("precision") is not None:
        said.append(
            ngettext(
                "On %(count)d decision kept aside %(new)s of its suggestions were right, version %(before)s: %(old)s.",
                "On %(count)d decisions kept aside %(new)s of its suggestions were right, version %(before)s: %(old)s.",
                version.held_back,
            )
            % {
                "count": version.held_back,
                "new": percent(new["precision"]),
                "old": percent(old["precision"]),
                "before": measures.get("compared_with", "?"),
            }
        )
    if new.get("recall") is not None and old.get("recall") is not None:
        said.append(
            _("It found %(new)s of what was right, the other %(old)s.")
            % {"new": percent(new["recall"]), "old": percent(old["recall"])}
        )
    return " ".join(said)
