"""The network: plain 3×3 convolutions that add detail to the repeated input pixel.

Every layer is an operation that each runtime has in float and in int8. The input, repeated four
times, is added just before the pixel shuffle (Du et al. 2021, "Anchor-based plain net for mobile
image super-resolution"): the convolutions only learn a small residual, which is what keeps the loss
from 8-bit activations small. A bilinear or bicubic skip would cost a resize that phones run slowly.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from superres import SCALE

CHANNELS = 32
LAYERS = 7


@dataclass(frozen=True)
class ConvWeights:
    """One 3×3 convolution with zero padding 1: what every export is built from.

    Attributes:
        kernel: (out, in, 3, 3), float32.
        bias: (out,), float32.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


class SuperResolution(nn.Module):
    """×2 super-resolution of RGB images.

    Args:
        channels: features between the convolutions.
        layers: number of convolutions, ≥ 2.
    """

    def __init__(self, channels: int = CHANNELS, layers: int = LAYERS) -> None:
        super().__init__()
        widths = [3] + [channels] * (layers - 1) + [3 * SCALE**2]
        self._convolutions = [
            nn.Conv2d(inside, outside, kernel_size=3, padding=1) for inside, outside in pairwise(widths)
        ]
        for convolution in self._convolutions:
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]  # there is one
        # Begin as nearest-neighbour upscaling: the residual grows from almost nothing.
        with torch.no_grad():
            self._convolutions[-1].weight.mul_(0.01)
        *hidden, last = self._convolutions
        self.detail = nn.Sequential(*(nn.Sequential(convolution, nn.ReLU()) for convolution in hidden), last)

    def forward(self, low: Tensor) -> Tensor:
        """(N, 3, H, W) float32 in 0..1 to (N, 3, 2H, 2W) float32; not clipped, for training."""
        return depth_to_space(self.detail(low) + torch.cat([low] * SCALE**2, dim=1))

    def weights(self) -> list[ConvWeights]:
        """The convolutions in order, as numpy arrays."""
        return [ConvWeights(_array(c.weight), _array(c.bias)) for c in self._convolutions]


def _array(parameter: Tensor | None) -> NDArray[np.float32]:
    assert parameter is not None
    return parameter.detach().numpy().copy()


def depth_to_space(packed: Tensor) -> Tensor:
    """(N, 4·3, H, W) to (N, 3, 2H, 2W), channel = (row·2 + column)·3 + colour.

    This is TFLite's DEPTH_TO_SPACE and ONNX' mode DCR. Torch's own pixel_shuffle has the colour
    outermost, which would need the input interleaved rather than concatenated.
    """
    batch, depth, height, width = packed.shape
    colours = depth // SCALE**2
    outermost = packed.view(batch, SCALE**2, colours, height, width).transpose(1, 2)
    return nn.functional.pixel_shuffle(outermost.reshape(packed.shape), SCALE)
