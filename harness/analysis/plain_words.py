"""The plain conversions of contrasts, where one exists and something is known to have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.quantity import QUANTITIES, Available
from harness.words.plain import battery_in_words, rate_in_words

if TYPE_CHECKING:
    from harness.documents.comparison import Contrast, EnergyOnDevice


def said_plainly(contrast: Contrast, baseline: str, energy: EnergyOnDevice | None, noun: str) -> Contrast:
    """The contrast with its plain conversion: latencies as a rate, average power as hours of a battery."""
    if contrast.outcome not in ("better", "worse"):
        return contrast
    before, after = contrast.baseline_value, contrast.candidate_value
    words = None
    if QUANTITIES[contrast.quantity].is_a_pace and isinstance(before, Available) and isinstance(after, Available):
        words = rate_in_words(before.value, after.value, noun)
    elif contrast.quantity == "average_power" and energy is not None:
        hours = {use.arm: use.hours for use in energy.continuous_use}
        own, other = hours.get(contrast.candidate), hours.get(baseline)
        if isinstance(own, Available) and isinstance(other, Available):
            words = battery_in_words(other.value, own.value)
    return contrast if words is None else contrast.model_copy(update={"plainly": words})
