"""Which layer is to blame: one whose own error stands out, and which gives back most of the loss when it is put back.

A layer *stands out* when its own error is three times what plain 8-bit quantisation of it would make (of a float
build: three times what its arithmetic makes), or far above the other layers': ten times the upper quartile of theirs
in amplitude, where there are five. It is the *culprit* when putting it back to float returns at least half of the
error energy at the outputs, and at least a quarter with 95 % confidence over the inputs. Where no layer does alone,
those that stand out are put back together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.parity.engine import EngineError
from harness.parity.own_error import Layer
from harness.parity.restore import NotRestorableError, Restored, Restorer
from harness.statistics.estimate import estimate_mean

EXCESS: Final = 3.0
JUMP: Final = 10.0
LAYERS_FOR_A_JUMP: Final = 5
RETURNED: Final = 0.5
SURELY_RETURNED: Final = 0.25
MOST_TRIED: Final = 5
NOTHING_ADDED: Final = 0.02
"""What a layer's part in a proof must return at least."""
LEVEL: Final = 0.95
NOISE: Final = {"float32": 1e-4, "float16": 2e-3, "int8": 1e-3}
"""Own error in amplitude, relative to the signal, that sound arithmetic of a kind makes in one layer."""
NEGLIGIBLE: Final = {"float32": 1e-3, "float16": 1e-2, "int8": 1e-3}
"""Error at the outputs, likewise, below which two models agree."""


@dataclass(frozen=True)
class Tried:
    """Layers put back, and what that returned."""

    layers: tuple[Layer, ...]
    restored: Restored | None
    why_not: str = ""

    @property
    def returned(self) -> tuple[float, float, float]:
        """(mean, low, high) over the inputs; all 0 where it could not be tried."""
        return (0.0, 0.0, 0.0) if self.restored is None else interval(self.restored.returned)

    @property
    def proves(self) -> bool:
        """Whether that is enough to name them."""
        mean, low, _ = self.returned
        return mean >= RETURNED and low >= SURELY_RETURNED


@dataclass(frozen=True)
class Found:
    """What the search for a culprit ended with."""

    agree: bool
    """Whether the outputs differ by no more than arithmetic does."""
    outstanding: tuple[Layer, ...]
    """Layers that stand out, the worst first."""
    tried: tuple[Tried, ...]
    culprit: Tried | None


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and t interval at 95 % over inputs."""
    estimate = estimate_mean(np.array(values, dtype=np.float64))
    bounds = estimate.interval(LEVEL)
    return (estimate.mean, *(bounds or (estimate.mean, estimate.mean)))


def amplitude(energies: Sequence[float]) -> float:
    """Root of the mean of relative error energies: a part of the signal's RMS."""
    return float(np.sqrt(np.mean(energies)))


def excess(layer: Layer, kind: str) -> float:
    """How many times its own error is that of sound arithmetic of this kind."""
    expected = max(amplitude(layer.plain), NOISE[kind])
    return amplitude(layer.own) / expected


def outstanding(layers: Sequence[Layer], kind: str) -> list[Layer]:
    """Layers whose own error stands out, the one with the largest excess first."""
    own = np.array([amplitude(layer.own) for layer in layers])
    found = []
    for place, layer in enumerate(layers):
        others = np.delete(own, place)
        jumps = len(others) >= LAYERS_FOR_A_JUMP and own[place] >= JUMP * max(np.quantile(others, 0.75), NOISE[kind])
        if excess(layer, kind) >= EXCESS or jumps:
            found.append(layer)
    return sorted(found, key=lambda layer: -excess(layer, kind))


def find_culprit(layers: Sequence[Layer], lost: Sequence[float], restorer: Restorer, kind: str) -> Found:
    """Look for it, and prove it."""
    if amplitude(lost) < NEGLIGIBLE[kind]:
        return Found(True, (), (), None)
    suspects = outstanding(layers, kind)
    tried = [_try([layer], restorer) for layer in suspects[:MOST_TRIED]]
    proven = [each for each in tried if each.proves]
    if proven:
        best = max(proven, key=lambda each: each.returned[0])
        return Found(False, tuple(suspects), tuple(tried), best)
    together = [layer for layer in suspects[:MOST_TRIED] if excess(layer, kind) >= EXCESS]
    for count in range(2, len(together) + 1):
        several = _try(together[:count], restorer)
        tried.append(several)
        if several.proves:
            needed = _needed(several, restorer, tried)
            return Found(False, tuple(suspects), tuple(tried), needed)
    if not suspects:
        largest = sorted(layers, key=lambda layer: -amplitude(layer.own))[:3]
        tried = [_try([layer], restorer) for layer in largest]
    return Found(False, tuple(suspects), tuple(tried), None)


def _needed(proven: Tried, restorer: Restorer, tried: list[Tried]) -> Tried:
    """The same without layers that add nothing: the last ones are left out first."""
    for layer in reversed(proven.layers):
        fewer = [each for each in proven.layers if each is not layer]
        if len(fewer) < 2:
            break
        without = _try(fewer, restorer)
        if without.proves and without.returned[0] >= proven.returned[0] - NOTHING_ADDED:
            tried.append(without)
            proven = without
    return proven


def _try(layers: Sequence[Layer], restorer: Restorer) -> Tried:
    try:
        return Tried(tuple(layers), restorer.restore(layers))
    except NotRestorableError as error:
        return Tried(tuple(layers), None, str(error))
    except EngineError as error:
        return Tried(tuple(layers), None, f"the model with it put back does not run: {error}")
