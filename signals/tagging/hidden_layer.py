"""A layer between phrases and tags that all tags share: what is learned of one helps those that are spoken of alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from signals.tagging.vectors import Floats

Singles = NDArray[np.float32]

_STEP: Final = 1.75
"""How finely the weights of phrases are stored, in standard deviations: more finely, nothing gets better."""
_MOST_STEPS: Final = 127
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class HiddenLayer:
    """Rectified units between rows of phrases and the log-odds of tags.

    `inputs` are weights in steps of `step`, (phrases, units); `biases` (units,); `outputs` (units, tags);
    `intercepts` (tags,).
    """

    inputs: NDArray[np.int8]
    step: float
    biases: Singles
    outputs: Singles
    intercepts: Singles

    @classmethod
    def of(cls, inputs: Singles, biases: Singles, outputs: Singles, intercepts: Singles) -> HiddenLayer:
        """With `inputs` rounded to a byte each, which stay bytes in memory too."""
        step = (_STEP * float(inputs.std()) if inputs.size else 0.0) or 1.0
        steps = np.clip(np.rint(inputs / step), -_MOST_STEPS, _MOST_STEPS).astype(np.int8)
        return cls(steps, step, biases, outputs, intercepts)

    def log_odds(self, rows: csr_array) -> Floats:
        """Of every tag in every row of phrases, (n, phrases) -> (n, tags)."""
        present = np.unique(rows.indices)
        weights = self.inputs[present] * np.float32(self.step)
        units = np.maximum(rows[:, present].astype(np.float32) @ weights + self.biases, 0)
        odds = units.astype(np.float64) @ self.outputs + self.intercepts
        # How products are summed up depends on how many rows there are; a text has one reading.
        return np.asarray(np.round(odds, _DIGITS))

    def worth(self, columns: NDArray[np.int32], values: Floats, tag: int) -> Floats:
        """What each phrase of one row, its columns and values, adds to a tag's log-odds.

        Exact but for the biases: beside the same other phrases the layer is linear.
        """
        weights = self.inputs[columns] * np.float32(self.step)
        heard = np.where(values @ weights + self.biases > 0, self.outputs[:, tag], 0)
        return np.asarray(values * (weights @ heard), dtype=np.float64)
