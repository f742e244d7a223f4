"""The largest difference of any single value, in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metrics.metric import MetricSettings
from metrics.tensors.tensors import Float64s, Tensors, check_reference, matching_output


@dataclass(frozen=True)
class PreparedMaxAbsError:
    """A reference for the largest error; there is nothing to compute ahead."""

    reference: dict[str, Float64s]

    def score(self, output: Tensors) -> float:
        """max |output − reference| over every value of every tensor; 0 if identical."""
        return max(
            float(np.abs(matching_output(name, expected, output) - expected).max())
            for name, expected in self.reference.items()
        )


class MaxAbsError:
    """Largest absolute error, in the unit of the outputs."""

    def __init__(self, _: MetricSettings) -> None:
        """There is nothing to settle."""

    def prepare(self, reference: Tensors) -> PreparedMaxAbsError:
        """Keep the reference, checked."""
        return PreparedMaxAbsError(check_reference(reference))

    def describe(self) -> str:
        """How the number is computed."""
        return "largest |output − reference| over every value of every output, float64"
