"""Learns the layer that all tags share, by Adam (Kingma and Ba, 2015) with dropout (Srivastava et al., 2014)."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.sparse import csr_matrix

from signals.tagging.hidden_layer import HiddenLayer, Singles

_UNITS: Final = 256
_EPOCHS: Final = 20
_LEAST_STEPS: Final = 600
"""For few texts the epochs are more, or nothing would be learned of them."""
_BATCH: Final = 128
_RATE: Final = 0.004
_WARMING_UP: Final = 0.3
"""Share of all steps in which the rate rises from 0; after it the rate falls along half a cosine."""
_UNITS_LEFT_OUT: Final = 0.6
_WORDS_LEFT_OUT: Final = 0.4
_ROW_SCALE: Final = 4.0
"""Rows of length 1 would need large weights, which Adam's even steps reach slowly."""
_SPREAD: Final = 0.02
_BIAS: Final = 0.1
_START: Final = -4.0
_FORGETTING: Final = (0.9, 0.999)
_SEEDS: Final = (0, 1)


class _Adam:
    """Values and the moments of their gradients; those that stand in no text of a batch stay as they are."""

    def __init__(self, values: Singles) -> None:
        self.values = values
        self._first, self._second = np.zeros_like(values), np.zeros_like(values)

    def step(
        self, gradient: Singles, rate: float, count: int, places: slice | np.ndarray = slice(None)
    ) -> None:
        slow, slower = _FORGETTING
        first = slow * self._first[places] + (1 - slow) * gradient
        second = slower * self._second[places] + (1 - slower) * gradient**2
        self._first[places], self._second[places] = first, second
        change = (first / (1 - slow**count)) / (np.sqrt(second / (1 - slower**count)) + 1e-8)
        self.values[places] -= np.float32(rate) * change


def learn_layer(rows: csr_matrix, carried: Singles, importance: Singles) -> HiddenLayer:
    """From rows of phrases (texts, phrases), what each carries and how much each says of it (texts, tags).

    Learned from several beginnings, whose mean is one wider layer. The same for the same texts in the same order.
    """
    learned = [_learn(rows, carried, importance, np.random.default_rng(seed)) for seed in _SEEDS]
    inputs, biases, outputs, intercepts = zip(*learned, strict=True)
    return HiddenLayer.of(
        np.hstack(inputs),
        np.hstack(biases),
        np.vstack(outputs) * np.float32(1 / len(_SEEDS)),
        np.mean(intercepts, axis=0, dtype=np.float32),
    )


def _learn(
    rows: csr_matrix, carried: Singles, importance: Singles, chance: np.random.Generator
) -> tuple[Singles, Singles, Singles, Singles]:
    rows = rows * np.float32(_ROW_SCALE)
    count, tags = carried.shape
    inputs = _Adam((_SPREAD * chance.standard_normal((rows.shape[1], _UNITS))).astype(np.float32))
    biases = _Adam(np.full(_UNITS, _BIAS, np.float32))
    outputs = _Adam((0.5 / np.sqrt(_UNITS) * chance.standard_normal((_UNITS, tags))).astype(np.float32))
    intercepts = _Adam(np.full(tags, _START, np.float32))
    batches = -(-count // _BATCH)
    epochs = max(_EPOCHS, -(-_LEAST_STEPS // batches))
    total, step = epochs * batches, 0
    for _epoch in range(epochs):
        order = chance.permutation(count)
        for start in range(0, count, _BATCH):
            batch = order[start : start + _BATCH]
            some = rows[batch]
            some.data *= chance.random(len(some.data)) > _WORDS_LEFT_OUT
            sums = some @ inputs.values + biases.values
            kept = (sums > 0) * (chance.random(sums.shape) > _UNITS_LEFT_OUT)
            gate = kept.astype(np.float32) / np.float32(1 - _UNITS_LEFT_OUT)
            active = sums * gate
            odds = np.clip(active @ outputs.values + intercepts.values, -30, 30)
            slope = importance[batch] * (1 / (1 + np.exp(-odds)) - carried[batch]) / np.float32(len(batch))
            back = (slope @ outputs.values.T) * gate
            columns = some.tocsc()
            present = np.flatnonzero(np.diff(columns.indptr))
            step += 1
            rate = _RATE * _share_of_rate(step / total)
            biases.step(back.sum(axis=0), rate, step)
            outputs.step(active.T @ slope, rate, step)
            intercepts.step(slope.sum(axis=0), rate, step)
            inputs.step(columns[:, present].T @ back, rate, step, present)
    return inputs.values * np.float32(_ROW_SCALE), biases.values, outputs.values, intercepts.values


def _share_of_rate(done: float) -> float:
    if done < _WARMING_UP:
        return done / _WARMING_UP
    return 0.5 * (1 + float(np.cos(np.pi * (done - _WARMING_UP) / (1 - _WARMING_UP))))
