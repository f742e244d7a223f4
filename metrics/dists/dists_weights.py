"""Where DISTS weights come from: VGG-16, as LPIPS has it, and what the authors learnt of its channels.

The latter is one small file, `weights.pt`: the importance of each channel for texture (alpha) and structure (beta). The
`dists-pytorch` package carries it. In a folder of the user's it is called `dists.pt`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from metrics.lpips.held_folder import held_folder
from metrics.lpips.lpips_networks import NETWORKS
from metrics.lpips.lpips_weight_files import Arrays, checked, trunk_shapes
from metrics.lpips.lpips_weight_sources import Found, NotThereError, first_file, from_archive
from metrics.lpips.lpips_weights import find_trunk
from metrics.lpips.pip_download import PinnedArchive
from metrics.lpips.torch_checkpoint import WeightsFileError, read_torch_checkpoint
from metrics.lpips.weight_places import Place, cache_folder, find_part, folder_of_user

CHANNELS = (3, 64, 128, 256, 512, 512)
"""Channels compared: the image's own, and those of VGG-16's five stages."""
SHAPES: dict[str, tuple[int, ...]] = {"alpha": (sum(CHANNELS),), "beta": (sum(CHANNELS),)}

DISTS_WHEEL = PinnedArchive(
    "dists-pytorch", "0.1", "73e54ce13e7cf3ca962ee8e433d129884ec3dc75e00a27af90525e1da760ac61", "wheel"
)
_MEMBER = "DISTS_pytorch/weights.pt"


@dataclass(frozen=True)
class DistsWeights:
    """VGG-16's trunk, the importance of channels (`alpha`, `beta`: (1475,) float32), and where they are from."""

    trunk: Arrays
    channels: Arrays
    source: str

    @cached_property
    def sha256(self) -> str:
        """Digest of the values in a fixed order, as little-endian float32: the same whatever the file's format."""
        digest = hashlib.sha256()
        for arrays, names in ((self.trunk, trunk_shapes(NETWORKS["vgg"])), (self.channels, SHAPES)):
            for name in names:
                digest.update(arrays[name].astype("<f4").tobytes())
        return digest.hexdigest()


def find_dists_weights(folder: Path | None = None, *, download: bool = True) -> DistsWeights:
    """Weights of DISTS, with arguments and errors as of `metrics.lpips.lpips_weights.find_weights`."""
    folder = folder_of_user(folder)
    trunk, trunk_source = find_trunk("DISTS", NETWORKS["vgg"], folder, download=download)
    places = [Place("installed packages", _from_installed)]
    if folder is not None:
        named = folder
        places.insert(0, Place("the folder given", lambda: _from_folder(named), must_be_sound=True))
    if download:
        places.append(Place("PyPI", lambda: from_archive(DISTS_WHEEL, _from_wheel), keep=True))
    wanted = "weights.pt of the dists-pytorch package, as dists.pt,"
    cached = cache_folder() / "dists-channels.npz"
    channels, source = find_part("DISTS", "channel", places, cached, SHAPES, wanted)
    return DistsWeights(trunk, channels, f"trunk from {trunk_source}, channel weights from {source}")


def read_channels(path: Path) -> Arrays:
    """`alpha` and `beta`, each (1475,), of the authors' checkpoint. Raises WeightsFileError, or OSError."""
    return checked(
        path.name, {name: values.reshape(-1) for name, values in read_torch_checkpoint(path).items()}, SHAPES
    )


def _from_folder(folder: Path) -> Found:
    path = first_file(folder, [folder / "dists.pt"], "dists.pt")
    return read_channels(path), path.name


def _from_installed() -> Found:
    """The `dists-pytorch` package beside us is found but not imported, since that would import PyTorch."""
    spec = importlib.util.find_spec("DISTS_pytorch")
    if spec is None or spec.origin is None:
        raise NotThereError("not installed")
    path = Path(spec.origin).parent / "weights.pt"
    if not path.is_file():
        raise NotThereError("DISTS_pytorch has no weights.pt")
    return read_channels(path), "the installed dists-pytorch package"


def _from_wheel(path: Path) -> Arrays:
    with held_folder() as folder:
        copied = folder / "weights.pt"
        try:
            with zipfile.ZipFile(path) as wheel:
                copied.write_bytes(wheel.read(_MEMBER))
        except (zipfile.BadZipFile, KeyError) as error:
            raise WeightsFileError(f"{path.name}: {error}") from None
        return read_channels(copied)
