"""What got worse though no rule asks about it is named in the verdict, and a score that got clearly worse in its
sentence.

A rule on one score is kept by a build that spoils what this score does not see, and a rule on speed by one that takes
twice the memory.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.analysis.judging.contrast import ANYTIME, INVERTED, SET_METHOD
from harness.documents.comparison import Effect
from harness.quantity import QUANTITIES
from harness.statistics.delong import METHOD as DELONG_METHOD
from harness.statistics.estimate import Estimate
from harness.statistics.multiplicity import holm
from harness.statistics.paired_shares import METHOD as SHARES_METHOD

if TYPE_CHECKING:
    from harness.documents.comparison import Contrast, DeviceResult
    from harness.experiment.declaration import Rule

_ALPHA = 0.05
_TIMES_NEGLIGIBLE = 2.0


def worse_without_a_rule(
    candidate: str, devices: list[DeviceResult], rules: list[Rule], slow: set[int]
) -> list[tuple[DeviceResult, Contrast]]:
    """Corrected for the number of such quantities and devices (Holm): of runs of the same model twice at most one in
    twenty names anything. `slow` are the ids of contrasts that the verdict's sentence may name, which are corrected for
    among themselves.
    """
    ruled = {rule.quantity for rule in rules}
    found = [
        (device, contrast)
        for name in QUANTITIES
        if name not in ruled
        for device in devices
        for contrast in device.contrasts
        if contrast.candidate == candidate and contrast.quantity == name
    ]
    tested = [contrast for _, contrast in found if not _is_certain(contrast)]
    adjusted = holm([p_worse(contrast) for contrast in tested])
    named = {id(contrast) for contrast, p_value in zip(tested, adjusted, strict=True) if p_value <= _ALPHA} | slow
    return [
        (device, contrast)
        for device, contrast in found
        if contrast.outcome == "worse" and (_is_certain(contrast) or id(contrast) in named)
    ]


def is_clear_loss(contrast: Contrast, rules: list[Rule]) -> bool:
    """Whether it is a score that lost clearly more than is negligible, and more than a rule lets another score in the
    same unit lose: who agreed on 0.1 dB of one has nothing to look at in 0.1 dB of another.
    """
    quantity, effect = QUANTITIES[contrast.quantity], contrast.effect
    if quantity.measured_in != "quality" or not isinstance(effect, Effect):
        return False
    agreed = [
        rule.no_worse_than.difference_in(quantity.unit)
        for rule in rules
        if rule.no_worse_than is not None
        and quantity.unit
        and QUANTITIES[rule.quantity].measured_in == "quality"
        and QUANTITIES[rule.quantity].unit == quantity.unit
        and not rule.no_worse_than.is_share(quantity)
    ]
    return abs(effect.estimate) > max([_TIMES_NEGLIGIBLE * quantity.negligible, *agreed])


def _is_certain(contrast: Contrast) -> bool:
    """Counted, not sampled: no chance to allow for."""
    return isinstance(contrast.effect, Effect) and contrast.effect.replicate == "file"


def p_worse(contrast: Contrast) -> float:
    """Two-sided p-value of the interval's kind where the effect points to worse, else 1."""
    effect = contrast.effect
    if not isinstance(effect, Effect) or contrast.outcome != "worse":
        return 1.0
    if effect.sd is None:
        return 1.0
    if effect.interval is not None and effect.interval.method.startswith(
        (ANYTIME, INVERTED, SET_METHOD, SHARES_METHOD, DELONG_METHOD)
    ):
        return 1.0 if effect.p_value is None else effect.p_value
    mean = math.log(effect.estimate) if effect.scale == "ratio" else effect.estimate
    p_value = Estimate(-abs(mean), effect.sd, effect.n, _effective_n(effect, effect.sd)).p_at_least(0.0)
    return 1.0 if p_value is None else min(1.0, 2.0 * p_value)


def _effective_n(effect: Effect, sd: float) -> float:
    """How many replicates the t interval counts: launches that resemble each other count for fewer, which its width
    tells.
    """
    if effect.interval is None or sd == 0.0 or effect.replicate != "launch":
        return float(effect.n)
    ends = (effect.interval.low, effect.interval.high)
    low, high = map(math.log, ends) if effect.scale == "ratio" else ends
    width, fewest, most = high - low, 1.0, float(effect.n)
    if _width(sd, effect.n, most) >= width * (1.0 - 1e-9):
        return most
    for _ in range(50):
        middle = (fewest + most) / 2.0
        fewest, most = (middle, most) if _width(sd, effect.n, middle) > width else (fewest, middle)
    return fewest


def _width(sd: float, n: int, effective: float) -> float:
    low, high = Estimate(0.0, sd, n, effective).interval(0.95) or (-math.inf, math.inf)
    return high - low
