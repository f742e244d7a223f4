"""Read the tensors of a PyTorch checkpoint (.pth) without PyTorch, and without running what the file says.

A checkpoint is a pickle, and a pickle is a program. The reader here lets it name exactly the few things that a
dictionary of tensors is made of, each answered by code of ours; anything else is refused before it is called.
"""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_LARGEST_BYTES = 2**31
"""No trunk is larger; a small archive that claims more would only fill the memory."""

_STORAGE_DTYPES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ByteStorage": np.dtype("u1"),
}


class WeightsFileError(ValueError):
    """A weights file is damaged, is of another format, or holds something that weights do not need."""


@dataclass
class _Storage:
    """A tensor's memory, which legacy files give only after the tensors that lie in it."""

    dtype: np.dtype[Any]
    values: int
    content: bytes | None


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage, in units of values."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> NDArray[np.generic]:
        """The tensor as an array; numpy refuses a view that leaves the storage."""
        if self.storage.content is None:
            raise WeightsFileError("a tensor has no data")
        size = self.storage.dtype.itemsize
        if math.prod(self.shape) * size > len(self.storage.content):
            raise WeightsFileError("a tensor is larger than its data")
        return np.ndarray(
            self.shape,
            self.storage.dtype,
            self.storage.content,
            self.offset * size,
            tuple(stride * size for stride in self.strides),
        ).copy()


_StorageOf = Callable[[np.dtype[Any], str, int], _Storage]
"""(dtype, key, number of values) → the storage."""


class _TensorUnpickler(pickle.Unpickler):
    """An unpickler for dictionaries of tensors and nothing else."""

    def __init__(self, stream: io.BytesIO, storage: _StorageOf) -> None:
        super().__init__(stream)
        self._storage = storage

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in _STORAGE_DTYPES:
            return name  # a plain string, which the file can do nothing with but hand back
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return self._rebuild_tensor
        if module == "torch._utils" and name == "_rebuild_parameter":
            return self._rebuild_parameter
        raise WeightsFileError(f"it asks for {module}.{name}, which weights do not need: do not use this file")

    def persistent_load(self, pid: object) -> _Storage:
        if not (isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage" and pid[1] in _STORAGE_DTYPES):
            raise WeightsFileError("it refers to something that is not a tensor's storage")
        return self._storage(_STORAGE_DTYPES[str(pid[1])], str(pid[2]), int(pid[4]))

    def _rebuild_tensor(
        self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
    ) -> _Tensor:
        return _Tensor(storage, offset, tuple(shape), tuple(strides))

    def _rebuild_parameter(self, data: _Tensor, *_: object) -> _Tensor:
        return data


def read_torch_checkpoint(path: Path) -> dict[str, NDArray[np.generic]]:
    """Every tensor of a state dictionary by name, in the dtype that it was saved in.

    Reads both formats: the zip archive (PyTorch ≥ 1.6) and the stream of pickles before it.

    Raises:
        WeightsFileError: damaged, no state dictionary of tensors, or naming anything that such a one does not need;
            nothing named by the file is ever called.
        OSError: the file cannot be read.
    """
    content = path.read_bytes()
    read = _read_zip if content[:2] == b"PK" else _read_legacy
    try:
        state = read(content)
        return _arrays(state)
    except WeightsFileError as error:
        raise WeightsFileError(f"{path.name}: {error}") from None
    except MemoryError:
        raise
    # A damaged pickle can raise nearly anything, from nearly anywhere.
    except Exception as error:
        raise WeightsFileError(f"{path.name}: damaged or no PyTorch checkpoint ({type(error).__name__})") from error


def _arrays(state: object) -> dict[str, NDArray[np.generic]]:
    if not isinstance(state, Mapping):
        raise WeightsFileError("it holds no dictionary of tensors")
    return {str(name): tensor.array() for name, tensor in state.items() if isinstance(tensor, _Tensor)}


def _read_zip(content: bytes) -> object:
    archive = zipfile.ZipFile(io.BytesIO(content))
    if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_BYTES:
        raise WeightsFileError("it unpacks to more than any of these networks has")
    pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise WeightsFileError("the archive has no data.pkl")
    root = pickles[0].removesuffix("data.pkl")
    if f"{root}byteorder" in archive.namelist() and archive.read(f"{root}byteorder") != b"little":
        raise WeightsFileError("its numbers are big-endian: save it again on a little-endian machine")

    def storage(dtype: np.dtype[Any], key: str, values: int) -> _Storage:
        return _Storage(dtype, values, archive.read(f"{root}data/{key}"))

    return _TensorUnpickler(io.BytesIO(archive.read(pickles[0])), storage).load()


def _read_legacy(content: bytes) -> object:
    storages: dict[str, _Storage] = {}

    def storage(dtype: np.dtype[Any], key: str, values: int) -> _Storage:
        return storages.setdefault(key, _Storage(dtype, values, None))

    stream = io.BytesIO(content)

    def next_pickle() -> Any:
        return _TensorUnpickler(stream, storage).load()

    if next_pickle() != _LEGACY_MAGIC or next_pickle() != _LEGACY_PROTOCOL:
        raise WeightsFileError("it does not begin as a PyTorch checkpoint")
    if not next_pickle().get("little_endian", True):
        raise WeightsFileError("its numbers are big-endian: save it again on a little-endian machine")
    state = next_pickle()
    for key in next_pickle():
        values = int.from_bytes(stream.read(8), "little", signed=True)
        owner = storages[str(key)]
        size = owner.values * owner.dtype.itemsize
        if values != owner.values or size < 0:
            raise WeightsFileError("a tensor's size is not the one announced")
        owner.content = stream.read(size)
        if len(owner.content) != size:
            raise WeightsFileError("it ends in the middle of a tensor: copy it again")
    return state
