"""What is chosen in the inbox: some articles, or all that match; and what is to be done with them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from signals.curation.bulk import Verdict
from signals.curation.errors import CurationError
from signals.curation.selected import LIMIT
from signals.curation.snoozing import FURTHEST, read_day, snooze_until
from signals.curation.waiting import Waiting
from signals.models import Decision
from signals.web.inbox_filters import InboxFilter
from signals.web.inbox_reading import REASONS

MOST_BY_HAND: Final = 2_000


def selection_context(filters: InboxFilter, count: int) -> dict[str, object]:
    """What the bar over the list needs; `together` makes a repeated request harmless."""
    today = timezone.localdate()
    return {
        "together": uuid.uuid4(),
        "query": filters.query(),
        "query_all": filters.query(all="1"),
        "all_count": count,
        "out_limit": LIMIT,
        "reasons": REASONS,
        "scale": range(1, 6),
        "first_day": today + timedelta(days=1),
        "last_day": today + FURTHEST,
    }


def read_chosen(posted: QueryDict, filters: InboxFilter) -> Waiting:
    """Which suggestions are meant; raises CurationError for none, and for more than anybody chooses by hand."""
    if posted.get("all") == "1":
        return filters.waiting
    said = [one for field in posted.getlist("article") for one in field.split(",") if one]
    numbers = sorted({int(one) for one in said if one.isascii() and one.isdecimal() and len(one) < 18})
    if not numbers:
        raise CurationError(_("Choose articles first."))
    if len(numbers) > MOST_BY_HAND:
        raise CurationError(_("Choose fewer, or all that match."))
    return filters.of_articles(numbers)


def read_verdict(posted: QueryDict) -> Verdict:
    """What is to be said of them; raises CurationError for a day that is none."""
    if until := posted.get("until", ""):
        day = posted.get("day", "") if until == "day" else until
        return Verdict(until=snooze_until(read_day(day, today=timezone.localdate())))
    number = posted.get("relevancy", "")
    relevancy = int(number) if number in {"1", "2", "3", "4", "5"} else None
    verdict = posted.get("verdict") or (Decision.Verdict.SCORE if number else "")
    why = posted.get("why", "") if verdict == Decision.Verdict.REJECT else ""
    return Verdict(verdict, relevancy, why)


def read_together(posted: QueryDict, chosen: Waiting, verdict: Verdict) -> uuid.UUID:
    """The number of this one go: the same for the same form sent again, another once something else is meant."""
    try:
        form = uuid.UUID(posted.get("together", ""))
    except ValueError:
        return uuid.uuid4()
    return uuid.uuid5(form, f"{chosen} {verdict}")
