"""Versions of the tagger: learned when there are enough decisions, put to use only when better."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db import connection, transaction
from django.db.models import Max, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext

from signals.jobs import start_job
from signals.models import Article, Decision, Kind, Origin, State, Tag, TaggerVersion, Tagging
from signals.tagging.catalogue_index import read_learned, read_profiles, tagger_of, version_in_use
from signals.tagging.judging import Judgement, hold_back, judge
from signals.tagging.learned import Learned, UnreadableError
from signals.tagging.lessons import BOTH_SORTS, Lesson, learn, probabilities_of
from signals.tagging.scorer import default_model
from signals.tagging.tagger import DEFAULT_VERSION

ENOUGH: Final = 50
"""New decisions that make learning worth its while."""
PAUSE: Final = timedelta(days=1)
"""Between one promotion and the next."""
WINDOW: Final = timedelta(days=400)
"""How far back a new version tags the past."""
JOB: Final = "retag"
_MOST: Final = 20_000
"""Decisions, the latest, that a version learns from."""
_LOCK: Final = 0x6C6561726E

_PASSING = Decision.Why.PASSING
_Status = TaggerVersion.Status


class Wait(StrEnum):
    """Why nothing is learned now."""

    NOT = ""
    TOO_FEW = "too_few"
    """Fewer new decisions than ENOUGH."""
    ONE_SORT = "one_sort"
    """Hardly anything was accepted, or rejected."""
    STAGING = "staging"
    """A new version is tagging the past."""
    PROMOTED_TODAY = "promoted_today"


@dataclass(frozen=True, slots=True)
class Training:
    """What a look at the decisions led to: why nothing was learned, or the version that was."""

    wait: Wait
    decisions: int
    """New ones since the last training or taking back."""
    version: TaggerVersion | None = None


def train_if_due(now: datetime | None = None) -> Training:
    """Learn a new version, and start to tag the past with it when it is better; one process at a time."""
    now = now or timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        due = training_due(now)
        return due if due.wait else _train(now, due.decisions)


def training_due(now: datetime | None = None) -> Training:
    """Whether there is something to learn, else why not."""
    now = now or timezone.now()
    versions = TaggerVersion.objects.all()
    latest = versions.aggregate(
        trained=Max("trained_at"), back=Max("retired_at", filter=Q(status=_Status.TAKEN_BACK))
    )
    moments = [moment for moment in latest.values() if moment is not None]
    holding = Decision.objects.filter(undone_at=None)
    new = (holding.filter(known_at__gt=max(moments)) if moments else holding).count()
    if versions.filter(status=_Status.STAGING).exists():
        return Training(Wait.STAGING, new)
    if versions.filter(active_at__gt=now - PAUSE).exists():
        return Training(Wait.PROMOTED_TODAY, new)
    # What the code no longer reads is learned anew at once, or the default one goes on for weeks.
    if new < ENOUGH and is_readable(version_in_use()):
        return Training(Wait.TOO_FEW, new)
    asked = holding.exclude(why=Decision.Why.DUPLICATE)
    rejected = asked.filter(verdict=Decision.Verdict.REJECT).count()
    if min(rejected, asked.count() - rejected) < BOTH_SORTS:
        return Training(Wait.ONE_SORT, new)
    return Training(Wait.NOT, new)


def is_readable(number: int) -> bool:
    """Whether today's code can use a version."""
    try:
        read_learned(number)
    except UnreadableError:
        return False
    return True


def read_lessons() -> list[Lesson]:
    """What holds today of pairs that people decided, and what notes say.

    Whether a pair is right is the latest word on it, how relevant the number that all who scored it came to.
    """
    decisions = (
        Decision.objects.filter(undone_at=None, tag__in=Tag.objects.tracked())
        .order_by("article", "tag", "-id")
        .distinct("article", "tag")
        .values_list("id", flat=True)
    )
    tagging = Tagging.objects.filter(article=OuterRef("article"), tag=OuterRef("tag"))
    chosen = Decision.objects.filter(pk__in=decisions).order_by("-id")[:_MOST]
    rows = chosen.annotate(stated=Subquery(tagging.values("stated_relevancy"))).values_list(
        "article", "tag", "verdict", "why", "stated", "known_at", "told_origin", "told_draw"
    )
    told = [row for row in rows if row[3] != Decision.Why.DUPLICATE]
    noted = list(
        Tagging.objects.filter(
            origin=Origin.NOTE, state=State.CONFIRMED, decided_at=None, tag__in=Tag.objects.tracked()
        ).order_by("-id").values_list("article", "tag", "stated_relevancy", "known_at")[:_MOST]
    )  # fmt: skip
    texts = {
        article_id: (title, text)
        for article_id, title, text in Article.objects.filter(
            pk__in={row[0] for row in told} | {row[0] for row in noted}
        ).values_list("pk", "title", "text")
    }
    lessons = []
    for article_id, tag_id, verdict, why, relevancy, known_at, origin, draw in told:
        is_right = verdict != Decision.Verdict.REJECT
        relevance = relevancy if is_right else 1 if why == _PASSING else None
        lessons.append(
            Lesson(
                article_id, *texts[article_id], tag_id, is_right, known_at, relevance, draw,
                is_unasked=origin != Origin.TAGGER,
            )
        )  # fmt: skip
    lessons += [
        Lesson(article_id, *texts[article_id], tag_id, True, known_at, relevance, is_unasked=True)
        for article_id, tag_id, relevance, known_at in noted
    ]
    return lessons


def _train(now: datetime, decisions: int) -> Training:
    lessons, profiles = read_lessons(), read_profiles()
    number = version_in_use()
    active = TaggerVersion.objects.filter(number=number).first()
    earlier, later = hold_back(lessons, active.trained_at if active and is_readable(number) else None)
    candidate = learn(earlier, profiles, default_model())
    if candidate is None or not later:
        return Training(Wait.ONE_SORT, decisions)
    standing = tagger_of(number)
    judgement = judge(
        later,
        _kinds(later),
        probabilities_of(later, standing),
        probabilities_of(later, standing.taught(candidate)),
    )
    learned = learn(lessons, profiles, default_model()) if judgement.is_better else None
    version = _keep(judgement, learned, number, lessons, later, now)
    if learned is not None:
        start_job(
            kind=JOB,
            title=gettext("Version %d reads past articles") % version.number,
            arguments={"version": version.number},
            total=Article.objects.filter(sort_at__gte=now - WINDOW).count(),
        )
    return Training(Wait.NOT, decisions, version)


def _keep(
    judgement: Judgement,
    learned: Learned | None,
    number: int,
    lessons: list[Lesson],
    later: list[Lesson],
    now: datetime,
) -> TaggerVersion:
    highest = TaggerVersion.objects.aggregate(highest=Max("number"))["highest"] or DEFAULT_VERSION
    return TaggerVersion.objects.create(
        number=highest + 1,
        status=_Status.REFUSED if learned is None else _Status.STAGING,
        model={} if learned is None else learned.to_json(),
        decisions=sum(not lesson.is_unasked for lesson in lessons),
        held_back=len(later),
        measures={**judgement.measures, "why": judgement.why, "compared_with": number},
        trained_at=now,
    )


def _kinds(lessons: list[Lesson]) -> list[str]:
    kinds: dict[int, str] = dict(Tag.objects.values_list("pk", "kind"))
    return [kinds.get(lesson.tag_id, Kind.TECHNOLOGY) for lesson in lessons]
