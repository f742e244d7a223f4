"""What a model says of one item, and what it is compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError


@dataclass(frozen=True)
class AnomalyOutput:
    """A score, larger for what is more anomalous; and a map of them, (height, width), where the model makes one."""

    score: float
    map: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class AnomalyReference:
    """Whether an item is anomalous, and which of its pixels are, (height, width); None where no mask is there."""

    is_anomalous: bool
    mask: NDArray[np.bool_] | None = None


def check_score(output: AnomalyOutput) -> float:
    """The score. Raises MetricInputError where it is not finite."""
    if not math.isfinite(output.score):
        raise MetricInputError("the score is NaN or infinite")
    return output.score
