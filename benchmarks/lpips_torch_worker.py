"""The `lpips` package under PyTorch, for `lpips_speed.py`: a line of input says how many A/Bs.

Runs in an environment of its own. torchvision is not needed for LPIPS and does not load beside a CPU-only PyTorch from
the package index, so a module with just the trunks stands in for it.

    python lpips_torch_worker.py NET TRUNK.npz IMAGES.npz THREADS
"""

from __future__ import annotations

import json
import sys
import time
import types
from typing import Any

import numpy as np
import torch
from torch import nn


class Fire(nn.Module):
    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(self.squeeze(x))
        return torch.cat([self.relu(self.expand1x1(x)), self.relu(self.expand3x3(x))], 1)


def alexnet_layers() -> list[nn.Module]:
    convolutions = [
        (3, 64, 11, 4, 2),
        (64, 192, 5, 1, 2),
        (192, 384, 3, 1, 1),
        (384, 256, 3, 1, 1),
        (256, 256, 3, 1, 1),
    ]
    layers: list[nn.Module] = []
    for number, convolution in enumerate(convolutions):
        layers += [nn.Conv2d(*convolution), nn.ReLU(inplace=True)]
        if number in {0, 1, 4}:
            layers.append(nn.MaxPool2d(3, 2))
    return layers


def squeezenet_layers() -> list[nn.Module]:
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, 2), nn.ReLU(inplace=True)]
    for fires in (
        [(64, 16, 64), (128, 16, 64)],
        [(128, 32, 128), (256, 32, 128)],
        [(256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256)],
    ):
        layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
        layers += [Fire(*fire) for fire in fires]
    return layers


def vgg_layers() -> list[nn.Module]:
    layers: list[nn.Module] = []
    inputs = 3
    for number, outputs in enumerate([64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
        if number in {1, 3, 6, 9, 12}:
            layers.append(nn.MaxPool2d(2, 2))
        inputs = outputs
    return layers


def stand_in_for_torchvision(trunk: dict[str, torch.Tensor]) -> None:
    def model(layers: list[nn.Module]) -> Any:
        def build(pretrained: bool = True) -> nn.Module:
            module = nn.Module()
            module.features = nn.Sequential(*layers)
            module.load_state_dict(trunk)
            return module

        return build

    torchvision = types.ModuleType("torchvision")
    models = types.ModuleType("torchvision.models")
    models.alexnet = model(alexnet_layers())  # type: ignore[attr-defined]
    models.squeezenet1_1 = model(squeezenet_layers())  # type: ignore[attr-defined]
    models.vgg16 = model(vgg_layers())  # type: ignore[attr-defined]
    torchvision.transforms = types.ModuleType("torchvision.transforms")  # type: ignore[attr-defined]
    torchvision.models = models  # type: ignore[attr-defined]
    sys.modules |= {"torchvision": torchvision, "torchvision.models": models}
    sys.modules["torchvision.transforms"] = torchvision.transforms


def tensor(image: np.ndarray) -> torch.Tensor:
    return (torch.from_numpy(image).float() / 127.5 - 1.0).permute(2, 0, 1)[None]


def main() -> None:
    net, trunk_path, images_path, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    with np.load(trunk_path) as trunk:
        stand_in_for_torchvision({name: torch.from_numpy(trunk[name]) for name in trunk.files if name != "origin"})
    import lpips

    metric = lpips.LPIPS(net=net, verbose=False)
    with np.load(images_path) as images:
        reference, first, second = (images[name] for name in ("reference", "first", "second"))
    for line in sys.stdin:
        repeats = int(line)
        with torch.inference_mode():
            start = time.perf_counter()
            for _ in range(repeats):
                distances = [float(metric(tensor(reference), tensor(output))) for output in (first, second)]
            seconds = (time.perf_counter() - start) / repeats
        print(json.dumps({"seconds": seconds, "distances": distances}), flush=True)


if __name__ == "__main__":
    main()
