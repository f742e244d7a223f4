"""Maps of errors as pictures: one scale a quantity, the same for every arm, item, device and run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ColorScale:
    """How values become colours: each of `ticks` is as far along as the one before it, and values between them lie
    between them. Small errors are told apart and large ones do not drown them.
    """

    label: str
    unit: str
    """The unit of the ticks; empty for a quantity that has none."""
    ticks: tuple[float, ...]
    """From 0 to the value from which on all look alike."""


ABSOLUTE_ERROR: Final = ColorScale("Absolute error", "levels of 255", (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0))
_LPIPS: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
SCALES: Final = {
    "lpips_alex": ColorScale("LPIPS (AlexNet)", "", _LPIPS),
    "lpips_squeeze": ColorScale("LPIPS (SqueezeNet)", "", _LPIPS),
    "lpips_vgg": ColorScale("LPIPS (VGG-16)", "", _LPIPS),
    "flip": ColorScale("FLIP", "", (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)),
}
"""Metric → how its map is coloured; a metric that has no row here has no map in the gallery."""

_COLORS: Final = (
    (0, 0, 8),
    (42, 12, 84),
    (115, 28, 109),
    (188, 55, 84),
    (238, 105, 37),
    (252, 180, 60),
    (252, 253, 191),
)
"""From dark to light, evenly, so that lighter is more also for those who see few colours, and in print."""


def painted(values: NDArray[Any], scale: ColorScale) -> NDArray[np.uint8]:
    """(H, W) → (H, W, 3), uint8, RGB. What is no number is taken for the largest there is."""
    import numpy as np

    safe = np.where(np.isnan(values), np.inf, values)
    along = np.interp(safe, scale.ticks, np.linspace(0.0, 1.0, len(scale.ticks)))
    stops = np.linspace(0.0, 1.0, len(_COLORS))
    channels = [np.interp(along, stops, [color[channel] for color in _COLORS]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def colors() -> list[str]:
    """The colours of every scale at even distances, from its first tick to its last, such as `#00ff7f`."""
    return ["#{:02x}{:02x}{:02x}".format(*color) for color in _COLORS]
