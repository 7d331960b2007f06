"""Learns how tags are spoken of from texts with their tags: people's labels of news, and invented news.

`benchmarks/phrasing.py` reads the news that the labels are about, which is not part of the project, and writes
the file that the tagger reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array, csr_matrix
from sklearn.linear_model import LogisticRegression

from signals.tagging.hidden_layer_training import learn_layer
from signals.tagging.phrasing import Phrases, Phrasing
from signals.tagging.profiles import Profile
from signals.tagging.scorer import FEATURES, KINDS, PHRASED, UNPHRASED, PairModel, starter_model
from signals.tagging.tagger import Document, Tagger
from signals.tagging.vectors import Floats

FOLDS: Final = 3
_LEAST_TEXTS: Final = 2
"""Texts that a phrase stands in, at least."""
_RIDGE: Final = 0.025
_RIGHT_WEIGHT: Final = 8.0
"""How many texts without a tag one that carries it outweighs: those that carry it are few."""
_STEPS: Final = 200
_START: Final = -4.0
_INTERCEPT_SCALE: Final = 0.2
"""Every text pulls at an intercept, few at a weight: on one scale the solver would stop before it has the weights."""
_BATCH: Final = 500
CALIBRATION: Final = {"technology": 0.2, "signal": -0.1, "behavior": 0.4, "issue": 0.5, "concern": 0.2}
"""Added to the log-odds of each kind, so that of what is shown eight in ten are right: chosen on 531 entries that two
people labelled, by phrasings that had not seen them."""
_LEAST_CARRIERS: Final = 8
"""Texts that carry a tag, from which on its phrasing is learned."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and its tags, written "kind: name"; of the tags in `maybe`, and of `unread` kinds, it says nothing."""

    document: Document
    tags: frozenset[str]
    maybe: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    weight: float = 1.0
    is_real: bool = True
    """Whether it also says how often a tag is meant, as news does and what was invented for it does not."""


@dataclass(frozen=True, slots=True)
class _Lessons:
    """Phrases of each text; what it carries and what it says anything about, (texts, tags); how much it weighs."""

    phrases: list[list[str]]
    carries: Flags
    counts: Flags
    weights: Floats

    def of(self, places: NDArray[np.intp]) -> _Lessons:
        phrases = [self.phrases[place] for place in places.tolist()]
        return _Lessons(phrases, self.carries[places], self.counts[places], self.weights[places])


def learn(texts: Sequence[Labelled], profiles: Sequence[Profile]) -> Phrasing:
    """A phrasing of these profiles' tags; the same for the same texts in the same order.

    What phrasing is worth beside names and likeness is learned from log-odds of phrasings that did not see the
    text (`FOLDS`).
    """
    carriers = Counter(tag for text in texts for tag in text.tags)
    every = [f"{profile.kind}: {profile.names[0]}" for profile in profiles]
    tags = tuple(tag for tag in every if carriers[tag] >= _LEAST_CARRIERS)
    blank = Phrasing(tags, {}, np.zeros(0), csr_array((0, len(tags))), np.zeros(len(tags)), {})
    tagger = Tagger(profiles, starter_model())
    names = Phrases(blank, profiles)
    phrases = [
        names.read(reading)
        for start in range(0, len(texts), _BATCH)
        for reading in tagger.score_features([text.document for text in texts[start : start + _BATCH]])[0]
    ]
    lessons = _Lessons(
        phrases,
        np.array([[tag in text.tags for tag in tags] for text in texts]),
        np.array([[_is_read(text, tag) for tag in tags] for text in texts]),
        np.array([text.weight for text in texts]),
    )
    # What was invented is learned from every time, as what it says of how often a tag is meant is not judged.
    folds = np.full(len(texts), -1)
    judged = np.flatnonzero([text.is_real for text in texts])
    folds[judged] = np.arange(len(judged)) % FOLDS
    features, right = list[Floats](), list[bool]()
    for fold in range(FOLDS):
        apart = _learn_phrases(lessons.of(np.flatnonzero(folds != fold)), blank)
        unseen = [text for text, of in zip(texts, folds.tolist(), strict=True) if of == fold]
        rows, are_right = _pairs(apart, profiles, unseen)
        features.append(rows)
        right += are_right
    return replace(_learn_phrases(lessons, blank), pairs=_weigh(np.vstack(features), right))


def _is_read(text: Labelled, tag: str) -> bool:
    return tag not in text.maybe and tag.partition(":")[0] not in text.unread


def _learn_phrases(lessons: _Lessons, blank: Phrasing) -> Phrasing:
    """Over all phrases that stand in enough texts."""
    holders = Counter(phrase for phrases in lessons.phrases for phrase in set(phrases))
    if not blank.tags:
        return blank
    return _fit(lessons, blank, sorted(phrase for phrase, count in holders.items() if count >= _LEAST_TEXTS))


def _fit(lessons: _Lessons, blank: Phrasing, phrases: Sequence[str]) -> Phrasing:
    """Ridge-pulled logistic regressions of all tags at once, over the given phrases, and the layer beside them."""
    holders = Counter(phrase for text in lessons.phrases for phrase in set(text))
    count = len(lessons.phrases)
    idf = np.array([np.log((1 + count) / (1 + holders[phrase])) + 1 for phrase in phrases])
    known = replace(blank, columns={phrase: column for column, phrase in enumerate(phrases)}, idf=idf)
    rows = csr_matrix(known.rows(lessons.phrases), dtype=np.float32)
    columns = csr_matrix(rows.T)
    right = lessons.carries.astype(np.float32)
    weighed = lessons.counts * lessons.weights[:, None] * np.where(lessons.carries, _RIGHT_WEIGHT, 1.0)
    importance = weighed.astype(np.float32)
    shape = (len(phrases) + 1, right.shape[1])

    def loss(flat: Floats) -> tuple[float, Floats]:
        found = flat.reshape(shape)
        intercepts = (_INTERCEPT_SCALE * found[-1]).astype(np.float32)
        odds = rows @ found[:-1].astype(np.float32) + intercepts
        small = np.exp(-np.abs(odds))
        fit = float((importance * (np.maximum(odds, 0) - right * odds + np.log1p(small))).sum())
        slope = importance * (np.where(odds >= 0, 1 / (1 + small), small / (1 + small)) - right)
        gradient = np.empty(shape)
        gradient[:-1] = columns @ slope + _RIDGE * found[:-1]
        gradient[-1] = _INTERCEPT_SCALE * slope.sum(axis=0)
        return fit + 0.5 * _RIDGE * float((found[:-1] ** 2).sum()), gradient.ravel()

    start = np.zeros(shape)
    start[-1] = _START / _INTERCEPT_SCALE
    solved = minimize(
        loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS, "maxcor": 6}
    ).x.reshape(shape)
    return replace(
        known,
        weights=csr_array(solved[:-1]),
        intercepts=_INTERCEPT_SCALE * solved[-1],
        layer=learn_layer(rows, right, importance),
    )


def _pairs(
    phrasing: Phrasing, profiles: Sequence[Profile], texts: Sequence[Labelled]
) -> tuple[Floats, list[bool]]:
    """Features of all phrased pairs that the labels say anything about, (pairs, features); which are right."""
    starter = starter_model()
    tagger = Tagger(profiles, PairModel(starter.weights, starter.intercept, phrasing))
    tags = [f"{profile.kind}: {profile.names[0]}" for profile in profiles]
    rows, right = [np.zeros((0, len(FEATURES)))], list[bool]()
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        _readings, pairs, features = tagger.score_features([text.document for text in batch])
        said = [
            row
            for row, (index, candidate) in enumerate(pairs)
            if features[row, len(UNPHRASED)] and _is_read(batch[index], tags[candidate.profile])
        ]
        rows.append(features[said])
        chosen = (pairs[row] for row in said)
        right += [tags[candidate.profile] in batch[index].tags for index, candidate in chosen]
    return np.vstack(rows), right


def _weigh(features: Floats, right: Sequence[bool]) -> dict[str, float]:
    """What each sign of a phrased pair is worth, the intercept beyond the starter model's in "phrased".

    Where no pair is wrong, or none right, nothing can be weighed: phrasing's log-odds are taken as they are.
    """
    if len(set(right)) < 2:
        return {**dict.fromkeys(PHRASED, 0.0), "phrased": -starter_model().intercept, "phrasing": 1.0}
    signs = features[:, len(UNPHRASED) :]
    model = LogisticRegression(C=1.0, max_iter=5000).fit(signs[:, 1:], right)
    weights = [float(model.intercept_[0]) - starter_model().intercept, *model.coef_[0].tolist()]
    pairs = dict(zip(PHRASED, weights, strict=True))
    base = CALIBRATION["technology"]
    pairs["phrased"] += base
    for kind in KINDS:
        pairs[f"phrased, {kind}"] += CALIBRATION[kind] - base
    return {name: round(weight, 4) for name, weight in pairs.items()}
