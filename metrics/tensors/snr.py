"""Signal-to-noise ratio: the reference's energy over that of the error, in float64."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from metrics.errors import MetricInputError
from metrics.metric import MetricSettings
from metrics.tensors.tensors import Float64s, Tensors, check_reference, matching_output


@dataclass(frozen=True)
class PreparedSnr:
    """A reference, with the energy of each of its tensors."""

    reference: dict[str, Float64s]
    energies: dict[str, float]

    def score(self, output: Tensors) -> float:
        """10 log10(Σ reference² / Σ (output − reference)²) in dB, the least over the outputs; `inf` if identical."""
        return min(
            self._one(self.energies[name], matching_output(name, expected, output) - expected)
            for name, expected in self.reference.items()
        )

    @staticmethod
    def _one(energy: float, error: Float64s) -> float:
        noise = float(np.dot(error.ravel(), error.ravel()))
        return math.inf if noise == 0.0 else 10.0 * math.log10(energy / noise)


class Snr:
    """Signal-to-noise ratio in dB."""

    def __init__(self, _: MetricSettings) -> None:
        """There is nothing to settle."""

    def prepare(self, reference: Tensors) -> PreparedSnr:
        """Compute the energies. Raises MetricInputError for a tensor that is all zeros: it has no signal."""
        checked = check_reference(reference)
        energies = {name: float(np.dot(tensor.ravel(), tensor.ravel())) for name, tensor in checked.items()}
        for name, energy in energies.items():
            if not 0.0 < energy < math.inf:
                raise MetricInputError(
                    f"reference {name!r} is all zeros, so that there is no signal to compare noise with"
                    if energy == 0.0
                    else f"reference {name!r} holds values too large to be squared"
                )
        return PreparedSnr(checked, energies)

    def describe(self) -> str:
        """How the number is computed."""
        return "10 log10(Σ reference² / Σ (output − reference)²), float64, least over the outputs"
