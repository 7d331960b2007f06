"""Keeps the inbox in order: learns from decisions in the background, gives every waiting article its place."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final, cast

import numpy as np
from django.contrib.postgres.aggregates import BoolOr
from django.db import connection
from django.db.models import Count, Exists, FloatField, Max, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Abs, Cast, Coalesce
from django.utils import timezone
from numpy.typing import NDArray
from scipy.sparse import vstack

from signals.models import Article, Decision, RankerFit, State, Tagging
from signals.tagging.catalogue_index import catalogue_state, current_tagger, version_in_use
from signals.tagging.ranking import COLUMNS, Floats, Ranker, learn, read_words, telling
from signals.tagging.ranking_lessons import Lesson, read_lessons
from signals.tagging.ranking_readings import Readings
from signals.tagging.ranking_score import inbox_scores, interleave, place_of, relevance, score_between

IN_ORDER: Final = 20_000
"""So many waiting articles, the newest, are put in order anew; older ones keep the place they have."""
_AT_ONCE: Final = 2_000
"""So many rows are written in a turn: a row stands in seventeen indexes, so it takes a millisecond."""
_LOOKED_AT: Final = 500
_GROUPED: Final = 2_000
_MOVED: Final = 0.002
"""A smaller change of score, less than half a day's, is not worth writing a row."""
_WEIGHTS: Final = 100_000
_FITS_KEPT: Final = 3
_ALIKE: Final = 1.5
"""So many standard deviations above the rest, about one article in fifteen, is "like what you accepted"."""
_ALIKE_FROM: Final = 10
_ALIKE_KEPT: Final = 2_000
_WAIT: Final = timedelta(seconds=30)
_LOCK: Final = 4_711_003
_DAY_ONE: Final = datetime(2020, 1, 1, tzinfo=UTC)

_WRITE = """
UPDATE signals_article SET inbox_score = moved.score
FROM unnest(%s::bigint[], %s::double precision[]) AS moved (id, score)
WHERE signals_article.id = moved.id
  AND signals_article.id IN (SELECT id FROM signals_article WHERE id = ANY(%s) FOR NO KEY UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True, slots=True)
class RankerSummary:
    """Whether the ranker learned, from how many decisions, and how many articles it put in order and moved."""

    is_fitted: bool = False
    decisions: int = 0
    articles: int = 0
    moved: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    """What there is to learn from; two that are equal teach the same."""

    decisions: int
    total: int
    catalogue: str


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Articles with something to decide, as parallel arrays."""

    ids: list[int]
    scores: Floats
    best: Floats
    doubt: Floats
    days: Floats
    is_drawn: NDArray[np.bool_]
    stamps: dict[int, datetime | None]


_readings = Readings()
_held: list[tuple[int, Ranker]] = []
_lock = Lock()


def refit_ranker(*, now: datetime | None = None) -> RankerSummary:
    """Learn from all decisions that hold if there are new ones, and put the inbox in order; else do nothing.

    Every five decisions, every tenth of them, or when half a minute has passed. One process at a time; rows that
    somebody is deciding on are passed over, and so is what a turn can't write: the next turn goes on.
    """
    now = now or timezone.now()
    with _alone() as is_alone:
        if not is_alone:
            return RankerSummary()
        known = _known()
        last = RankerFit.objects.defer("columns", "weights").first()
        if is_due(last, known, now):
            return _refit(known, now)
        if last is not None and last.extra.get("left"):
            return _go_on(last)
        return RankerSummary()


def is_due(last: RankerFit | None, known: _Known, now: datetime) -> bool:
    """Whether enough has been said since the last fit."""
    if last is None:
        return True
    extra = last.extra
    if known == _Known(last.decisions, extra.get("total", 0), extra.get("catalogue", "")):
        return False
    new = abs(known.decisions - last.decisions)
    return new >= 5 or new * 10 >= max(1, known.decisions) or now - last.fitted_at >= _WAIT


def _refit(known: _Known, now: datetime) -> RankerSummary:
    started = time.perf_counter()
    lessons = read_lessons()
    waiting = _read_waiting(_waiting_articles().order_by("-sort_at", "-pk")[:IN_ORDER])
    _readings.read({**{pk: lesson.stamp for pk, lesson in lessons.items()}, **waiting.stamps})
    ranker = _learn(lessons)
    raw = ranker.scores(_readings.of(waiting.ids)[0])
    columns, weights = ranker.sparse(_WEIGHTS)
    fit = RankerFit(
        fitted_at=now,
        last_decision_id=Decision.objects.aggregate(last=Max("pk"))["last"] or 0,
        decisions=known.decisions,
        articles=len(waiting.ids),
        columns=columns,
        weights=weights,
        extra={
            "intercept": ranker.intercept,
            "centre": float(raw.mean()) if len(raw) else 0.0,
            "spread": (float(raw.std()) if len(raw) else 0.0) or 1.0,
            "lessons": len(lessons),
            "total": known.total,
            "catalogue": known.catalogue,
        },
    )
    moved = _put_in_order(waiting, fit, raw)
    _forget_decided()
    fit.seconds = round(time.perf_counter() - started, 3)
    fit.save()
    RankerFit.objects.exclude(pk__in=RankerFit.objects.values("pk")[:_FITS_KEPT]).delete()
    return RankerSummary(True, known.decisions, len(waiting.ids), moved)


def _go_on(fit: RankerFit) -> RankerSummary:
    """Write what the last turns had no time for."""
    waiting = _read_waiting(_waiting_articles().order_by("-sort_at", "-pk")[:IN_ORDER])
    _readings.read(waiting.stamps)
    moved = _put_in_order(waiting, fit, _ranker_of(fit).scores(_readings.of(waiting.ids)[0]))
    fit.save(update_fields=["extra"])
    return RankerSummary(False, fit.decisions, len(waiting.ids), moved)


def _put_in_order(waiting: _Waiting, fit: RankerFit, raw: Floats) -> int:
    """Write the places that follow from raw scores, and into the fit which read like what was accepted."""
    relevant = _relevance(_readings.of(waiting.ids)[1], fit, raw)
    scores = inbox_scores(relevant, waiting.best, waiting.doubt, waiting.days)
    scores = interleave(scores, waiting.is_drawn, waiting.days)
    order = np.argsort(-scores)
    if fit.extra["lessons"] >= _ALIKE_FROM:
        learned = (raw - fit.extra["centre"]) / fit.extra["spread"]
        alike = order[learned[order] >= _ALIKE][:_ALIKE_KEPT]
        fit.extra["alike"] = [waiting.ids[place] for place in alike.tolist()]
    change = np.abs(scores - waiting.scores)
    # Whatever stands, or stood, where people look comes first, then what moved most.
    looked_at = np.zeros(len(scores), dtype=bool)
    looked_at[order[:_LOOKED_AT]] = looked_at[np.argsort(-waiting.scores)[:_LOOKED_AT]] = True
    moved = np.flatnonzero(change >= _MOVED)
    moved = moved[np.lexsort((-change[moved], ~looked_at[moved]))]
    _write(waiting, scores, moved[:_AT_ONCE])
    fit.extra["left"] = max(0, len(moved) - _AT_ONCE)
    return min(len(moved), _AT_ONCE)


def _relevance(topicality: Floats, fit: RankerFit, raw: Floats) -> Floats:
    extra = fit.extra
    return relevance(topicality, (raw - extra["centre"]) / extra["spread"], extra["lessons"])


def score_articles(article_ids: Sequence[int]) -> int:
    """Give these articles their places by what the ranker knows now; returns how many have something to decide.

    Called where articles are tagged, so that a new one need not wait for the next decision.
    """
    waiting, scores = _places(article_ids)
    if waiting.ids:
        _write(waiting, scores, np.flatnonzero(np.abs(scores - waiting.scores) >= _MOVED))
    return len(waiting.ids)


def new_places(article_ids: Sequence[int]) -> dict[int, float]:
    """What `score_articles` would write, for a caller who writes these rows anyway: scores that moved, by id."""
    waiting, scores = _places(article_ids)
    moved = np.flatnonzero(np.abs(scores - waiting.scores) >= _MOVED)
    return {waiting.ids[place]: float(scores[place]) for place in moved.tolist()}


def _places(article_ids: Sequence[int]) -> tuple[_Waiting, Floats]:
    waiting = _read_waiting(_waiting_articles().filter(pk__in=article_ids))
    if not waiting.ids:
        return waiting, np.zeros(0)
    fit = RankerFit.objects.defer("columns", "weights").first()
    readings = Readings()
    readings.read(waiting.stamps)
    rows, topicality = readings.of(waiting.ids)
    relevant = topicality if fit is None else _relevance(topicality, fit, _ranker_of(fit).scores(rows))
    scores = inbox_scores(relevant, waiting.best, waiting.doubt, waiting.days)
    return waiting, _placed(scores, waiting) if waiting.is_drawn.any() else scores


def _placed(scores: Floats, waiting: _Waiting) -> Floats:
    """New articles that were drawn get the next places of the drawn ones; the next fit spreads them anew."""
    drawn = Tagging.objects.filter(state=State.SAMPLED).exclude(article__in=waiting.ids)
    turn = drawn.aggregate(articles=Count("article", distinct=True))["articles"]
    placed = scores.copy()
    drawn_now = np.flatnonzero(waiting.is_drawn).tolist()
    order = _waiting_articles().exclude(pk__in=waiting.ids).order_by("-inbox_score", "-pk")
    # All at once, from the first place to the last that is asked for.
    first, last = place_of(turn), place_of(turn + len(drawn_now) - 1)
    standing = np.array(list(order.values_list("inbox_score", flat=True)[first - 1 : last + 1]))
    for number, index in enumerate(drawn_now):
        place = place_of(turn + number) - first
        around = standing[place : place + 2]
        if len(around):
            placed[index] = max(placed[index], score_between(around, 1))
    return placed


def _known() -> _Known:
    # Decisions get their numbers before they are seen, so the newest number does not say which are there.
    holding = Decision.objects.filter(undone_at=None).aggregate(count=Count("pk"), total=Sum("pk"))
    # Another tagger leaves other suggestions waiting.
    said = f"{catalogue_state()} {version_in_use()}"
    return _Known(holding["count"], int(holding["total"] or 0), said)


def _learn(lessons: Mapping[int, Lesson]) -> Ranker:
    """From decided articles and from what tags say of themselves: the first that is known to be relevant."""
    ids = list(lessons)
    rows, _topicality = _readings.of(ids)
    if not ids:
        return Ranker(np.zeros(COLUMNS))
    descriptions = read_words([profile.text for profile in current_tagger().profiles])
    told = telling(_readings.rows)
    wanted = [lessons[pk].wanted for pk in ids] + [1.0] * descriptions.shape[0]
    importance = [lessons[pk].importance for pk in ids] + [1.0] * descriptions.shape[0]
    ranker, _dual = learn(
        vstack([rows, descriptions], format="csr"), np.array(wanted), np.array(importance), told
    )
    return ranker


def _ranker_of(fit: RankerFit) -> Ranker:
    """A fit's weights, read once per process."""
    with _lock:
        if not _held or _held[0][0] != fit.pk:
            columns, weights = RankerFit.objects.values_list("columns", "weights").get(pk=fit.pk)
            _held[:] = [(fit.pk, Ranker.from_sparse(columns, weights, fit.extra["intercept"]))]
        return _held[0][1]


def _waiting_articles() -> QuerySet[Article]:
    waits = Tagging.objects.waiting().filter(article=OuterRef("pk"))
    return Article.objects.filter(Exists(waits))


def _read_waiting(articles: QuerySet[Article]) -> _Waiting:
    columns = articles.values_list("pk", "inbox_score", "sort_at", "processed_at")
    rows = list(columns)
    relevancy = Cast(Coalesce("stated_relevancy", "estimated_relevancy", Value(3)), FloatField())
    confidence = Coalesce("confidence", Value(0.5))
    suggested = Q(state=State.SUGGESTED)
    # All that wait are grouped at once; asking for twenty thousand by id would take longer.
    said = Tagging.objects.waiting()
    if len(rows) <= _GROUPED:
        said = said.filter(article__in=[row[0] for row in rows])
    of_article = {
        row["article_id"]: row
        for row in said.order_by()
        .values("article_id")
        .annotate(
            best=Max(confidence * relevancy / 5.0, filter=suggested),
            doubt=Max(1.0 - Abs(2.0 * confidence - 1.0), filter=suggested),
            is_drawn=BoolOr(Q(state=State.SAMPLED)),
        )
    }
    rows = [row for row in rows if row[0] in of_article]
    best = [of_article[row[0]]["best"] or 0.0 for row in rows]
    doubt = [of_article[row[0]]["doubt"] or 0.0 for row in rows]
    return _Waiting(
        ids=[row[0] for row in rows],
        scores=np.array([row[1] for row in rows], dtype=np.float64),
        best=np.array(best, dtype=np.float64),
        doubt=np.array(doubt, dtype=np.float64),
        days=np.array([(row[2] - _DAY_ONE) / timedelta(days=1) for row in rows], dtype=np.float64),
        is_drawn=np.array([of_article[row[0]]["is_drawn"] for row in rows], dtype=bool),
        stamps={row[0]: row[3] for row in rows},
    )


def _write(waiting: _Waiting, scores: Floats, places: NDArray[np.intp]) -> None:
    """Write these places' scores in one statement."""
    ids = [waiting.ids[place] for place in places.tolist()]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [ids, scores[places].tolist(), ids])


def _forget_decided() -> None:
    """Articles with nothing left to decide go to the end of the index, where no page passes over them."""
    waits = Tagging.objects.waiting().filter(article=OuterRef("pk"))
    Article.objects.filter(inbox_score__gt=0).exclude(Exists(waits)).update(inbox_score=0)


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process is at it; held on the connection, because the work is many transactions."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        is_alone = bool(cast(tuple[bool], cursor.fetchone())[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
