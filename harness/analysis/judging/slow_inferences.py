"""Single slow inferences that became more or slower though no rule asks about them: what a median within what was
agreed does not show, and people who use the model feel.

A rule that nobody declared cannot be broken, so the decision stays what the rules say; but the verdict's own sentence
names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.documents.comparison import Effect
from harness.quantity import QUANTITIES, Available
from harness.statistics.multiplicity import holm
from harness.words.tails import stalls_in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.documents.comparison import Contrast, DeviceResult
    from harness.experiment.declaration import Rule

_ALPHA = 0.05


def worse_tails(
    candidate: str, devices: list[DeviceResult], rules: list[Rule], p_worse: Callable[[Contrast], float]
) -> list[tuple[DeviceResult, Contrast]]:
    """Those without a rule that got worse, the slowest first: beyond chance after Holm's correction over all of them
    on all devices, and by more than is negligible or, as a ratio, was agreed for the latency itself. `p_worse` is the
    two-sided p-value where a contrast says worse, else 1.
    """
    ruled = {rule.quantity for rule in rules}
    found = [
        (device, contrast)
        for name, quantity in reversed(QUANTITIES.items())
        if quantity.of_tail and name not in ruled
        for device in devices
        for contrast in device.contrasts
        if contrast.candidate == candidate and contrast.quantity == name
    ]
    adjusted = holm([p_worse(contrast) for _, contrast in found])
    return [
        each for each, p_value in zip(found, adjusted, strict=True) if p_value <= _ALPHA and _matters(each[1], rules)
    ]


def _matters(contrast: Contrast, rules: list[Rule]) -> bool:
    quantity, effect = QUANTITIES[contrast.quantity], contrast.effect
    if not isinstance(effect, Effect) or contrast.outcome != "worse":
        return False
    if effect.scale == "difference":
        return effect.estimate > quantity.negligible
    agreed = [
        rule.no_worse_than.fraction()
        for rule in rules
        if rule.no_worse_than is not None
        and QUANTITIES[rule.quantity].measured_in == "latency"
        and QUANTITIES[rule.quantity].scale == "ratio"
    ]
    return effect.estimate - 1.0 > max([quantity.negligible, *agreed])


def told(contrast: Contrast) -> str:
    """Such as `one inference in 50 takes more than twice the usual time (one in 500 with the baseline)`."""
    quantity = QUANTITIES[contrast.quantity]
    before, after = contrast.baseline_value, contrast.candidate_value
    if quantity.scale == "difference" and isinstance(before, Available) and isinstance(after, Available):
        return stalls_in_words(before.value / 100.0, after.value / 100.0)
    return f"{quantity.subject} is {contrast.words.split(' (', 1)[0]}"
