"""Pictures that the oracles were asked about: made of integers and of a frozen generator, so that all machines have
the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Dtype = Literal["uint8", "uint16", "float64"]
Fault = Literal["noise", "blur", "cast"]
RANGES: dict[Dtype, float] = {"uint8": 255.0, "uint16": 65535.0, "float64": 1.0}


@dataclass(frozen=True)
class Case:
    """A pair of pictures."""

    height: int
    width: int
    color: bool
    dtype: Dtype
    fault: Fault

    @property
    def name(self) -> str:
        color = "rgb" if self.color else "grey"
        return f"{self.height}x{self.width} {color} {self.dtype} {self.fault}"

    @property
    def data_range(self) -> float:
        return RANGES[self.dtype]

    def pair(self) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        """A reference with edges, gradients and texture, and an output with the fault; (H, W[, 3]) of the dtype."""
        most = 65535 if self.dtype == "uint16" else 255
        random = np.random.RandomState(self.height * 7 + self.width)
        y, x, channel = np.meshgrid(np.arange(self.height), np.arange(self.width), np.arange(3), indexing="ij")
        checks = ((x // 9 + y // 7) % 2) * 70
        texture = (x * x * (3 + channel) + y * y * 5 + x * y * 7) % 53
        coarse = random.randint(0, 90, (self.height // 16 + 1, self.width // 16 + 1, 3))[y // 16, x // 16, channel]
        reference = (checks + texture + coarse + (channel + 1) * (x + y) // 5 % 40) * most // 255
        unit = most // 255
        if self.fault == "noise":
            output = reference + random.randint(-24, 25, reference.shape) * unit
        elif self.fault == "blur":
            padded = np.pad(reference, ((1, 1), (1, 1), (0, 0)), mode="edge")
            output = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] + 2 * reference) // 6
        else:
            output = reference + (channel - 1) * 12 * unit
        both = [np.clip(one, 0, most) for one in (reference, output)]
        if not self.color:
            both = [one[..., 1] for one in both]
        if self.dtype == "float64":
            return both[0] / 255.0, both[1] / 255.0
        return both[0].astype(self.dtype), both[1].astype(self.dtype)


CASES = (
    Case(11, 11, True, "uint8", "noise"),
    Case(16, 16, False, "uint8", "blur"),
    Case(17, 40, True, "uint16", "cast"),
    Case(33, 31, True, "float64", "blur"),
    Case(64, 97, False, "float64", "noise"),
    Case(70, 45, True, "uint8", "cast"),
    Case(101, 64, False, "uint16", "noise"),
    Case(176, 208, True, "uint8", "noise"),
    Case(208, 176, False, "float64", "blur"),
    Case(304, 192, True, "uint16", "blur"),
    Case(4096, 3, True, "uint8", "noise"),
    Case(3, 4096, False, "uint8", "blur"),
)
