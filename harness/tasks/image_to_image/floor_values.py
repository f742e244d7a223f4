"""The floor as a value beside the arms' own: plain bicubic of the inputs against their references, mean of images."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING

from harness.quantity import QUANTITIES, Available, Measured, Unavailable
from harness.tasks.floor import Floor
from harness.tasks.image_to_image.bicubic_floor import FLOOR_METRICS

if TYPE_CHECKING:
    from harness.tasks.image_to_image.plausibility import ItemFloor

WHAT = "Plain bicubic of the inputs, which takes no model,"


def floor_of(floor: list[ItemFloor]) -> Floor | None:
    """Quantity → its mean over the images where it is finite; PSNR over all channels is always among them. None where
    there are no images.
    """
    values: dict[str, Measured] = {}
    for name in FLOOR_METRICS if floor else ():
        own = [each.psnr_db if name == "psnr" else each.values.get(name, math.nan) for each in floor]
        finite = [value for value in own if math.isfinite(value)]
        if finite:
            source = f"plain bicubic, mean of {len(finite):,} image{'' if len(finite) == 1 else 's'}"
            values[name] = Available(value=fmean(finite), unit=QUANTITIES[name].unit, source=source)
        elif any(math.isinf(value) for value in own):
            values[name] = Unavailable(reason="the inputs are identical to their references")
    return Floor(what=WHAT, values=values) if values else None
