"""The trunks of LPIPS as data: which layers, and after which of them features are compared.

Names of weights are those of torchvision's models (`features.N…`), which every checkpoint of these trunks uses.
LPIPS: Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric".
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Conv:
    """A convolution with bias, then ReLU.

    `minimal`: computed with fewer products (winograd.py), for stride 1 and a padding that keeps the size. It pays where
    channels are many and features small, since it takes twice to four times their memory.
    """

    name: str
    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    padding: int = 0
    minimal: bool = False


@dataclass(frozen=True)
class MaxPool:
    """Max pooling with stride 2. `ceil`: a last window that is only partly inside counts."""

    kernel: int
    ceil: bool = False


@dataclass(frozen=True)
class Fire:
    """SqueezeNet's module: 1×1 squeeze, then 1×1 and 3×3 expansions side by side, each with ReLU."""

    name: str
    inputs: int
    squeezed: int
    expanded: int

    @property
    def squeeze(self) -> Conv:
        """To few channels."""
        return Conv(f"{self.name}.squeeze", self.inputs, self.squeezed, 1)

    @property
    def expansions(self) -> tuple[Conv, Conv]:
        """Back to many, half of them each way."""
        return (
            Conv(f"{self.name}.expand1x1", self.squeezed, self.expanded, 1),
            Conv(f"{self.name}.expand3x3", self.squeezed, self.expanded, 3, padding=1),
        )


@dataclass(frozen=True)
class Tap:
    """Features are compared here."""

    channels: int


Layer = Conv | MaxPool | Fire | Tap


@dataclass(frozen=True)
class Network:
    """A trunk.

    `smallest_side`: pixels; below it a pooling layer has nothing left. `trunk_file` is torchvision's name for the
    weights, with the first digits of the file's SHA-256; `older_trunk_files` held the same network before it.
    """

    name: str
    layers: tuple[Layer, ...]
    smallest_side: int
    trunk_stem: str
    trunk_file: str
    older_trunk_files: tuple[str, ...] = ()

    def convolutions(self) -> list[Conv]:
        """Every convolution, in the order of computation."""
        found: list[Conv] = []
        for layer in self.layers:
            if isinstance(layer, Conv):
                found.append(layer)
            elif isinstance(layer, Fire):
                found += [layer.squeeze, *layer.expansions]
        return found

    def plain(self) -> Network:
        """The same with every convolution as it stands, for pictures so small that reading weights costs most."""
        layers = [replace(layer, minimal=False) if isinstance(layer, Conv) else layer for layer in self.layers]
        return replace(self, layers=tuple(layers))

    def taps(self) -> list[int]:
        """Channels of the features at each tap."""
        return [layer.channels for layer in self.layers if isinstance(layer, Tap)]


_ALEX = Network(
    "alex",
    (
        Conv("features.0", 3, 64, 11, stride=4, padding=2),
        Tap(64),
        MaxPool(3),
        Conv("features.3", 64, 192, 5, padding=2, minimal=True),
        Tap(192),
        MaxPool(3),
        Conv("features.6", 192, 384, 3, padding=1, minimal=True),
        Tap(384),
        Conv("features.8", 384, 256, 3, padding=1, minimal=True),
        Tap(256),
        Conv("features.10", 256, 256, 3, padding=1, minimal=True),
        Tap(256),
    ),
    smallest_side=31,
    trunk_stem="alexnet",
    trunk_file="alexnet-owt-7be5be79.pth",
    older_trunk_files=("alexnet-owt-4df8aa71.pth",),
)

_SQUEEZE = Network(
    "squeeze",
    (
        Conv("features.0", 3, 64, 3, stride=2),
        Tap(64),
        MaxPool(3, ceil=True),
        Fire("features.3", 64, 16, 64),
        Fire("features.4", 128, 16, 64),
        Tap(128),
        MaxPool(3, ceil=True),
        Fire("features.6", 128, 32, 128),
        Fire("features.7", 256, 32, 128),
        Tap(256),
        MaxPool(3, ceil=True),
        Fire("features.9", 256, 48, 192),
        Tap(384),
        Fire("features.10", 384, 48, 192),
        Tap(384),
        Fire("features.11", 384, 64, 256),
        Tap(512),
        Fire("features.12", 512, 64, 256),
        Tap(512),
    ),
    smallest_side=17,
    trunk_stem="squeezenet1_1",
    trunk_file="squeezenet1_1-b8a52dc0.pth",
    older_trunk_files=("squeezenet1_1-f364aa15.pth",),
)

_VGG = Network(
    "vgg",
    (
        Conv("features.0", 3, 64, 3, padding=1),
        Conv("features.2", 64, 64, 3, padding=1),
        Tap(64),
        MaxPool(2),
        Conv("features.5", 64, 128, 3, padding=1),
        Conv("features.7", 128, 128, 3, padding=1),
        Tap(128),
        MaxPool(2),
        Conv("features.10", 128, 256, 3, padding=1),
        Conv("features.12", 256, 256, 3, padding=1),
        Conv("features.14", 256, 256, 3, padding=1),
        Tap(256),
        MaxPool(2),
        Conv("features.17", 256, 512, 3, padding=1),
        Conv("features.19", 512, 512, 3, padding=1),
        Conv("features.21", 512, 512, 3, padding=1),
        Tap(512),
        MaxPool(2),
        Conv("features.24", 512, 512, 3, padding=1),
        Conv("features.26", 512, 512, 3, padding=1),
        Conv("features.28", 512, 512, 3, padding=1),
        Tap(512),
    ),
    smallest_side=16,
    trunk_stem="vgg16",
    trunk_file="vgg16-397923af.pth",
)

NETWORKS: dict[str, Network] = {network.name: network for network in (_ALEX, _SQUEEZE, _VGG)}
"""Every trunk by the name that LPIPS gives it."""
