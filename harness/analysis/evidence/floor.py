"""The floor as a value beside the arms' own: plain bicubic of the inputs against their references, mean of images."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING

from harness.quantity import QUANTITIES, Available, Measured, Unavailable
from harness.tasks.image_to_image.bicubic_floor import FLOOR_METRICS
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.analysis.tables.plausibility import ItemFloor


def floor_values(floor: list[ItemFloor]) -> dict[str, Measured]:
    """Quantity → its mean over the images where it is finite; PSNR over all channels is always among them."""
    values: dict[str, Measured] = {}
    for name in FLOOR_METRICS if floor else ():
        own = [each.psnr_db if name == "psnr" else each.values.get(name, math.nan) for each in floor]
        finite = [value for value in own if math.isfinite(value)]
        if finite:
            source = f"plain bicubic, mean of {counted(len(finite), 'image')}"
            values[name] = Available(value=fmean(finite), unit=QUANTITIES[name].unit, source=source)
        elif any(math.isinf(value) for value in own):
            values[name] = Unavailable(reason="the inputs are identical to their references")
    return values
