"""Learning a tagger from what people decided, and judging taggers on decisions they have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from signals.tagging.grades import Grades, grade_signs
from signals.tagging.learned import HEAVIEST, Learned, fit_pairs, fold_of
from signals.tagging.memory import SIGNS, Judged, Memory, Wording, names_in
from signals.tagging.profiles import Profile
from signals.tagging.relevance import Prominence
from signals.tagging.sampling import draw_rate
from signals.tagging.scorer import FEATURES, PairModel
from signals.tagging.tagger import SHOWN_FROM, Document, Tagger, log_odds, prominence_of
from signals.tagging.vectors import Floats
from signals.tagging.words import Words

BOTH_SORTS: Final = 10
"""Accepted and rejected pairs from which weights are learned."""
_BATCH: Final = 200
_LATEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Lesson:
    """What holds of an article and a tag, since a time; `relevance` where it was stated.

    `is_unasked`: nobody had suggested it; a source note or a person said it.
    """

    article_id: int
    title: str
    text: str
    tag_id: int
    is_right: bool
    at: datetime
    relevance: int | None = None
    draw_probability: float | None = None
    is_unasked: bool = False


@dataclass(slots=True)
class _Row:
    """A decided pair that is among the tagger's candidates."""

    lesson: Lesson
    names: tuple[str, ...]
    features: Floats
    prominence: Prominence


def weigh(lesson: Lesson) -> float:
    """A pair drawn at random stands for those that were not."""
    return 1.0 if lesson.draw_probability is None else min(HEAVIEST, 1 / max(lesson.draw_probability, 1e-6))


def learn(lessons: Sequence[Lesson], profiles: Sequence[Profile], default: PairModel) -> Learned | None:
    """A tagger from these lessons; the same for the same ones. None with too few of either sort."""
    # Threads that wait for one another's core cost more than these small matrices.
    with threadpool_limits(1):
        return _learn(lessons, profiles, default)


def _learn(lessons: Sequence[Lesson], profiles: Sequence[Profile], default: PairModel) -> Learned | None:
    known = {profile.tag_id for profile in profiles}
    lessons = sorted(
        (lesson for lesson in lessons if lesson.tag_id in known),
        key=lambda lesson: (lesson.at, lesson.article_id, lesson.tag_id),
    )
    asked = sum(not lesson.is_unasked for lesson in lessons)
    right = sum(lesson.is_right and not lesson.is_unasked for lesson in lessons)
    if min(right, asked - right) < BOTH_SORTS:
        return None
    tagger = Tagger(profiles, default)
    rows, texts = _read(lessons, tagger)
    wording = Wording.of([texts[article_id] for article_id in sorted(texts)])
    by_pair = {(row.lesson.article_id, row.lesson.tag_id): row.names for row in rows}
    judged = [_judged(lesson, by_pair.get((lesson.article_id, lesson.tag_id), ())) for lesson in lessons]
    memory = Memory.of(judged, texts, wording)
    rows = [row for row in rows if not row.lesson.is_unasked]
    if not rows:
        return None
    folds = np.array([fold_of(row.lesson.article_id) for row in rows])
    features = np.array([row.features for row in rows]).reshape(len(rows), len(FEATURES))
    signs = np.zeros((len(rows), len(SIGNS)))
    for fold in np.unique(folds):
        before = Memory.of([pair for pair in judged if fold_of(pair.article_id) != fold], texts, wording)
        places = np.flatnonzero(folds == fold)
        signs[places] = _signs(before, [rows[place] for place in places], texts)
    fitted = fit_pairs(
        default,
        features,
        signs,
        np.array([float(row.lesson.is_right) for row in rows]),
        np.array([weigh(row.lesson) for row in rows]),
        folds,
    )
    learned = Learned(*fitted, memory, None)
    probabilities = learned.probabilities(features, signs)
    learned = replace(learned, grades=_learn_grades(rows, probabilities, folds))
    return replace(learned, draw_rate=_draw_rate(lessons, tagger.taught(learned)))


def probabilities_of(lessons: Sequence[Lesson], tagger: Tagger, *, unknown: float = 0.01) -> Floats:
    """What a tagger says of decided pairs, (lessons,); `unknown` of those that it does not even consider."""
    documents = _documents(lessons)
    said: dict[tuple[int, int], float] = {}
    for batch in _batches(documents):
        scores = tagger.score(batch)
        for (index, candidate), probability in zip(scores.pairs, scores.probabilities.tolist(), strict=True):
            article_id = batch[index].article_id
            if article_id is not None:
                said[article_id, tagger.profiles[candidate.profile].tag_id] = probability
    return np.array([said.get((lesson.article_id, lesson.tag_id), unknown) for lesson in lessons])


def _draw_rate(lessons: Sequence[Lesson], tagger: Tagger) -> float:
    """As many draws as the latest articles ask for."""
    latest = [lesson for lesson in lessons if not lesson.is_unasked][-_LATEST:]
    said = np.concatenate([tagger.score(batch).probabilities for batch in _batches(_documents(latest))])
    return draw_rate(int((said >= SHOWN_FROM).sum()), said[said < SHOWN_FROM].tolist())


def _documents(lessons: Sequence[Lesson]) -> list[Document]:
    found = {lesson.article_id: lesson for lesson in lessons}
    return [Document(found[key].title, found[key].text, key) for key in sorted(found)]


def _batches(documents: Sequence[Document]) -> list[Sequence[Document]]:
    return [documents[start : start + _BATCH] for start in range(0, len(documents), _BATCH)]


def _read(lessons: Sequence[Lesson], tagger: Tagger) -> tuple[list[_Row], dict[int, Words]]:
    """The decided pairs among the candidates, and the openings of all articles."""
    by_pair = {(lesson.article_id, lesson.tag_id): lesson for lesson in lessons}
    rows: list[_Row] = []
    texts: dict[int, Words] = {}
    for batch in _batches(_documents(lessons)):
        readings, pairs, features = tagger.score_features(batch)
        for document, reading in zip(batch, readings, strict=True):
            if document.article_id is not None:
                texts[document.article_id] = reading.opening
        for place, (index, candidate) in enumerate(pairs):
            key = (batch[index].article_id or 0, tagger.profiles[candidate.profile].tag_id)
            if (lesson := by_pair.get(key)) is not None:
                prominence = prominence_of(readings[index], candidate)
                rows.append(_Row(lesson, names_in(candidate), features[place], prominence))
    return rows, texts


def _judged(lesson: Lesson, names: tuple[str, ...]) -> Judged:
    is_sampled = lesson.draw_probability is not None
    return Judged(lesson.article_id, lesson.tag_id, lesson.is_right, names, is_sampled, lesson.is_unasked)


def _signs(memory: Memory, rows: Sequence[_Row], texts: dict[int, Words]) -> Floats:
    articles = {row.lesson.article_id: None for row in rows}
    place = {article_id: index for index, article_id in enumerate(articles)}
    words = memory.wording.rows([texts[article_id] for article_id in articles])
    pairs = [(place[row.lesson.article_id], row.lesson.tag_id, row.names) for row in rows]
    return memory.signs(words, memory.like_these(words), pairs)


def _learn_grades(rows: Sequence[_Row], probabilities: Floats, folds: np.ndarray) -> Grades | None:
    stated = [place for place, row in enumerate(rows) if row.lesson.relevance is not None]
    signs = [grade_signs(rows[place].prominence, log_odds(float(probabilities[place]))) for place in stated]
    grades = [rows[place].lesson.relevance or 0 for place in stated]
    return Grades.of(np.array(signs), grades, folds[stated].tolist())
