"""How far two tensors point the same way, whatever their lengths; in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metrics.errors import MetricInputError
from metrics.metric import MetricSettings
from metrics.tensors.tensors import Float64s, Tensors, check_reference, matching_output


@dataclass(frozen=True)
class PreparedCosineSimilarity:
    """A reference's tensors as vectors of length 1."""

    reference: dict[str, Float64s]
    directions: dict[str, Float64s]

    def score(self, output: Tensors) -> float:
        """x·y / (|x| |y|) of each output and its reference as flat vectors, the least over the outputs; 1 is the same
        direction.

        Raises:
            MetricInputError: an output that is all zeros, which has no direction.
        """
        return min(
            self._one(name, matching_output(name, expected, output)) for name, expected in self.reference.items()
        )

    def _one(self, name: str, output: Float64s) -> float:
        # An output that is the reference, but for a factor, is exactly 1: rounding is not a difference.
        return min(1.0, max(-1.0, float(np.dot(_direction(f"output {name!r}", output), self.directions[name]))))


class CosineSimilarity:
    """Cosine of the angle between output and reference."""

    def __init__(self, _: MetricSettings) -> None:
        """There is nothing to settle."""

    def prepare(self, reference: Tensors) -> PreparedCosineSimilarity:
        """Scale each tensor to length 1. Raises MetricInputError for one that is all zeros."""
        checked = check_reference(reference)
        directions = {name: _direction(f"reference {name!r}", tensor) for name, tensor in checked.items()}
        return PreparedCosineSimilarity(checked, directions)

    def describe(self) -> str:
        """How the number is computed."""
        return "cosine of the angle between output and reference as flat vectors, float64, least over the outputs"


def _direction(role: str, tensor: Float64s) -> Float64s:
    # By the largest value first, so that squares neither overflow nor vanish.
    largest = float(np.abs(tensor).max())
    if largest == 0.0:
        raise MetricInputError(f"{role} is all zeros, which have no direction")
    flat = tensor.ravel() / largest
    return np.asarray(flat / np.sqrt(np.dot(flat, flat)), dtype=np.float64)
