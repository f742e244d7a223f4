"""LPIPS weights in files: what a trunk and its heads consist of, and the formats that they come in.

A *part* of the weights is a dictionary of float32 arrays: a trunk's by torchvision's names (`features.0.weight`,
(out, in, k, k); `features.0.bias`, (out,)), the heads' by tap (`lin0`, (C,)).
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metrics.lpips.lpips_networks import Network
from metrics.lpips.numpy_pickle import read_numpy_pickle
from metrics.lpips.torch_checkpoint import WeightsFileError, read_torch_checkpoint

Arrays = dict[str, NDArray[np.float32]]

_ORIGIN = "origin"


def trunk_shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """Name and shape of every array of a trunk."""
    shapes: dict[str, tuple[int, ...]] = {}
    for conv in network.convolutions():
        shapes[f"{conv.name}.weight"] = (conv.outputs, conv.inputs, conv.kernel, conv.kernel)
        shapes[f"{conv.name}.bias"] = (conv.outputs,)
    return shapes


def heads_shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """Name and shape of every head."""
    return {f"lin{tap}": (channels,) for tap, channels in enumerate(network.taps())}


def read_trunk(path: Path, network: Network) -> Arrays:
    """A trunk from a PyTorch checkpoint of torchvision's model, with or without its classifier, or a JAX pickle.

    In the pickle, arrays are `<Net>_0/Conv_<i>/kernel` (k, k, in, out) and `…/bias`, in the order of computation.

    Raises:
        WeightsFileError: damaged, hostile, or another network's.
        OSError: the file cannot be read.
    """
    if path.suffix != ".ckpt":
        return checked(path.name, dict(read_torch_checkpoint(path)), trunk_shapes(network))
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, values in read_numpy_pickle(path).items():
        owner, _, part = name.rpartition("/")
        model, _, index = owner.rpartition("/Conv_")
        if model.startswith("NetLinLayer") or not index.isdigit() or int(index) >= len(network.convolutions()):
            continue
        conv = network.convolutions()[int(index)]
        if part == "kernel" and values.ndim == 4:
            arrays[f"{conv.name}.weight"] = values.transpose(3, 2, 0, 1)
        elif part == "bias":
            arrays[f"{conv.name}.bias"] = values
    return checked(path.name, arrays, trunk_shapes(network))


def read_heads(path: Path, network: Network) -> Arrays:
    """Heads from a checkpoint of the `lpips` package (`lin0.model.1.weight`, (1, C, 1, 1), …).

    Raises:
        WeightsFileError: damaged, hostile, or another network's.
        OSError: the file cannot be read.
    """
    arrays = {name.partition(".")[0]: values.reshape(-1) for name, values in read_torch_checkpoint(path).items()}
    return checked(path.name, arrays, heads_shapes(network))


def save_part(path: Path, arrays: Arrays, origin: str) -> None:
    """Keep a part in the cache as plain arrays, with where it came from. Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            np.savez(stream, allow_pickle=False, **{_ORIGIN: np.array(origin)}, **arrays)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load_part(path: Path, shapes: dict[str, tuple[int, ...]]) -> tuple[Arrays, str]:
    """A part from the cache, and where it came from.

    Raises:
        WeightsFileError: damaged, or not the arrays expected.
        OSError: the file cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays: dict[str, NDArray[np.generic]] = {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsFileError(f"{path.name}: damaged ({error})") from None
    origin = str(arrays.pop(_ORIGIN, "cache"))
    return checked(path.name, arrays, shapes), origin


def checked(name: str, arrays: dict[str, NDArray[np.generic]], shapes: dict[str, tuple[int, ...]]) -> Arrays:
    """The expected arrays of a file and no others, as float32. Raises WeightsFileError where they are not there."""
    expected: Arrays = {}
    for key, shape in shapes.items():
        if key not in arrays:
            raise WeightsFileError(f"{name}: it has no {key}, so it is another network's")
        if arrays[key].shape != shape:
            raise WeightsFileError(f"{name}: {key} has shape {arrays[key].shape} instead of {shape}")
        expected[key] = np.ascontiguousarray(arrays[key].astype(np.float32))
    return expected
