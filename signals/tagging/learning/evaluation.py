"""The product's models judged on files of labelled articles and notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import numpy as np
from sklearn.metrics import f1_score

from signals.tagging.learning.kinds import KindModel
from signals.tagging.learning.layouts import NoteRow, NoteText
from signals.tagging.learning.metrics import (
    Grades,
    macro_mae,
    mean_average_precision,
    precision_and_recall,
    precision_at,
    quadratic_kappa,
    ranking_precision,
)
from signals.tagging.learning.note_rows import character_baseline, rank_rows
from signals.tagging.learning.ordinal import OrdinalModel, Signs, row_signs
from signals.tagging.learning.pair_model import SHOWN_FROM, LearnedPairs
from signals.tagging.learning.past import Issue
from signals.tagging.learning.row_links import starter
from signals.tagging.links import Row, is_sure

Figures = dict[str, float | int | None]

_FOLDS: Final = 5


def evaluate_family(issues: Sequence[Issue], train_before: date) -> Figures:
    """Learn from the issues before a day, judge on those from it on.

    Scored are tags given 5 times or more before. `lrap` and its `baseline` (named, then share of the past)
    are over issues that have one, `precision` and `recall` over the pairs of all issues from the day on.
    """
    before = [issue for issue in issues if issue.day < train_before]
    after = [issue for issue in issues if issue.day >= train_before]
    nothing: Figures = dict.fromkeys(("lrap", "baseline", "precision", "recall"))
    if not before:
        return {**nothing, "tags": 0, "articles": 0}
    model = LearnedPairs(before)
    if not model.tags or not after:
        return {**nothing, "tags": len(model.tags), "articles": 0}
    probabilities, plain = model.score(after)
    given = np.array([[tag in issue.tags for tag in model.tags] for issue in after])
    precision, recall = precision_and_recall(given, probabilities >= SHOWN_FROM)
    return _rounded(
        {
            "lrap": ranking_precision(given, probabilities),
            "baseline": ranking_precision(given, plain),
            "precision": precision,
            "recall": recall,
            "tags": len(model.tags),
            "articles": int(given.any(axis=1).sum()),
        }
    )


def evaluate_notes(notes: Sequence[NoteText], rows: Sequence[NoteRow]) -> Figures:
    """Rows ranked for their notes, and kind and relevance learned and judged in 5 folds by note."""
    # Concerns repeat the other rows in other words, so they are not ranked.
    ranked = [row for row in rows if row.kind != "concern"]
    figures: Figures = dict.fromkeys(("map", "p10", "baseline_map"))
    if ranked:
        texts = [f"{note.title}. {note.text}" for note in notes]
        own = np.array([row.note for row in ranked]) == np.arange(len(notes))[:, None]
        scores = rank_rows(texts, [row.whole for row in ranked])
        baseline = character_baseline(texts, [row.whole for row in ranked])
        figures = {
            "map": mean_average_precision(own, scores),
            "p10": precision_at(own, scores, 10),
            "baseline_map": mean_average_precision(own, baseline),
        }
    figures |= _judge_kinds(ranked) | _judge_relevance(notes, rows)
    guesses = starter().linker.guess([Row(row.kind, row.name, row.description) for row in rows])
    linked = sum(is_sure(guess) for guess in guesses)
    return _rounded({**figures, "rows_linked": linked})


def _judge_kinds(rows: Sequence[NoteRow]) -> Figures:
    described = [row for row in rows if row.description]
    folds = np.array([row.note % _FOLDS for row in described])
    true: list[str] = []
    predicted: list[str] = []
    for fold in np.unique(folds):
        learned = [row for row, own in zip(described, folds, strict=True) if own != fold]
        judged = [row for row, own in zip(described, folds, strict=True) if own == fold]
        if len({row.kind for row in learned}) > 1:
            model = KindModel([row.description for row in learned], [row.kind for row in learned])
            true += [row.kind for row in judged]
            predicted += model.predict([row.description for row in judged])
    score = f1_score(true, predicted, average="macro", labels=sorted(set(true))) if true else None
    return {"kinds_f1": score}


def _judge_relevance(notes: Sequence[NoteText], rows: Sequence[NoteRow]) -> Figures:
    graded = [row for row in rows if row.relevancy is not None]
    grades: Grades = np.array([row.relevancy for row in graded], dtype=np.int_)
    groups: Grades = np.array([row.note for row in graded], dtype=np.int_)
    predicted, constant = np.zeros_like(grades), np.zeros_like(grades)
    if len(np.unique(groups)) < 2:
        return dict.fromkeys(("qwk", "macro_mae", "constant_macro_mae"))
    signs = row_signs(notes, graded)
    for fold in np.unique(groups % _FOLDS):
        learned, judged = np.flatnonzero(groups % _FOLDS != fold), np.flatnonzero(groups % _FOLDS == fold)
        if not len(learned):
            return dict.fromkeys(("qwk", "macro_mae", "constant_macro_mae"))
        model = OrdinalModel(_some(signs, learned), grades[learned], groups[learned])
        predicted[judged] = model.predict(_some(signs, judged))
        constant[judged] = int(np.median(grades[learned]))
    return {
        "qwk": quadratic_kappa(grades, predicted),
        "macro_mae": macro_mae(grades, predicted),
        "constant_macro_mae": macro_mae(grades, constant),
    }


def _some(signs: Signs, rows: Any) -> Signs:
    return Signs([signs.words[row] for row in rows], signs.numbers[rows])


def _rounded(figures: Figures) -> Figures:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}
