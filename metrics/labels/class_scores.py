"""What a model gives each class for one item, and what cannot be compared with a label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError


@dataclass(frozen=True)
class ClassScores:
    """One item's output: `classes` in the model's own order, and the `probabilities` of them, shape (k,), float64, each
    in 0..1.
    """

    classes: tuple[str, ...]
    probabilities: NDArray[np.float64]

    @property
    def answer(self) -> int:
        """The place of the class with the highest probability; of several alike the first."""
        return int(np.argmax(self.probabilities))


def check_label(label: object) -> str:
    """The reference of an item: the name of its class. Raises MetricInputError for anything else."""
    if not isinstance(label, str) or not label:
        raise MetricInputError(f"the reference is {type(label).__name__}: a label is the name of a class")
    return label


def place_of(label: str, output: ClassScores) -> int:
    """Where a label is among the output's classes.

    Raises:
        MetricInputError: it is none of them, or their number is not that of the probabilities, or one is not finite.
    """
    if output.probabilities.shape != (len(output.classes),):
        raise MetricInputError(
            f"the output has shape {output.probabilities.shape}, and there are {len(output.classes)} classes"
        )
    if not np.isfinite(output.probabilities).all():
        raise MetricInputError("the output holds values that are NaN or infinite")
    try:
        return output.classes.index(label)
    except ValueError:
        raise MetricInputError(f"the label {label!r} is none of the model's {len(output.classes)} classes") from None
