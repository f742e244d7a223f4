"""Read nested dictionaries of numpy arrays from a pickle, without running what the file says.

The way of `torch_checkpoint`: the few names that arrays are made of are answered by code of ours, and any other is
refused before it is called. Not even numpy's own constructors run, since they trust what they are told.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.lpips.torch_checkpoint import WeightsFileError

_NUMBERS = frozenset({"f2", "f4", "f8", "i4", "i8", "u1"})


class _Dtype:
    """Stands in for numpy.dtype: kind and size from the constructor, byte order from the state."""

    def __init__(self, code: object, *_: object) -> None:
        if code not in _NUMBERS:
            raise WeightsFileError(f"it holds values of type {code!r}, which are not numbers")
        self.code = str(code)
        self.order = "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = {"<": "<", ">": ">", "|": "|", "=": "<"}[state[1]]


class _Array:
    """Stands in for numpy.ndarray: nothing at first, then the state gives shape, type, order and bytes."""

    def __init__(self, *_: object) -> None:
        self.values: NDArray[np.generic] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, column_major, content = state
        if not (isinstance(dtype, _Dtype) and isinstance(content, bytes)):
            raise WeightsFileError("it holds an array that is not made of numbers")
        flat = np.frombuffer(content, np.dtype(dtype.order + dtype.code))
        self.values = flat.reshape(tuple(shape), order="F" if column_major else "C").copy()


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler for dictionaries of arrays and nothing else."""

    def find_class(self, module: str, name: str) -> object:
        allowed = {
            ("numpy", "dtype"): _Dtype,
            ("numpy", "ndarray"): "ndarray",  # only ever passed on to _reconstruct
            ("numpy.core.multiarray", "_reconstruct"): _Array,
            ("numpy._core.multiarray", "_reconstruct"): _Array,
        }
        if (module, name) not in allowed:
            raise WeightsFileError(f"it asks for {module}.{name}, which weights do not need: do not use this file")
        return allowed[module, name]

    def persistent_load(self, pid: object) -> object:
        raise WeightsFileError("it refers to something outside itself")


def read_numpy_pickle(path: Path) -> dict[str, NDArray[np.generic]]:
    """Every array of nested dictionaries, by the path of its keys: `AlexNet_0/Conv_0/kernel`.

    Raises:
        WeightsFileError: damaged, or naming anything that arrays do not need; nothing named by the file is ever called.
        OSError: the file cannot be read.
    """
    content = path.read_bytes()
    try:
        loaded = _ArrayUnpickler(io.BytesIO(content)).load()
        arrays: dict[str, NDArray[np.generic]] = {}
        _flatten("", loaded, arrays)
    except WeightsFileError as error:
        raise WeightsFileError(f"{path.name}: {error}") from None
    except MemoryError:
        raise
    # A damaged pickle can raise nearly anything, from nearly anywhere.
    except Exception as error:
        raise WeightsFileError(f"{path.name}: damaged or no pickle of arrays ({type(error).__name__})") from error
    return arrays


def _flatten(prefix: str, node: object, into: dict[str, NDArray[np.generic]]) -> None:
    if isinstance(node, _Array) and node.values is not None:
        into[prefix] = node.values
    elif isinstance(node, Mapping):
        for key, child in node.items():
            _flatten(f"{prefix}/{key}" if prefix else str(key), child, into)
    else:
        raise WeightsFileError("it holds something that is neither a dictionary nor an array")
