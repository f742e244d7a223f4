"""Reading .npy files that somebody sent: the header is checked against the file before anything is allocated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.plain_file import open_plain_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FLOATS = frozenset({"float16", "float32", "float64"})
INTEGERS = frozenset({"bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"})
MOST_BYTES = 1 << 31
"""What the runners read at most."""


@dataclass(frozen=True)
class TensorHeader:
    """What a .npy file says of its tensor."""

    path: Path
    dtype: str
    shape: tuple[int, ...]


def read_header(path: Path) -> TensorHeader:
    """dtype and shape. Raises `UserError` for a file that is not one whole tensor of numbers."""
    import numpy as np

    try:
        with open_plain_file(path) as file:
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
            shape, _, dtype = read(file)
            held = path.stat().st_size - file.tell()
    except OSError as error:
        raise UserError(f"{path}: the tensor cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, SyntaxError, EOFError, OverflowError, RecursionError, MemoryError):
        raise UserError(
            f"{path}: is not a .npy file, or its header is damaged", "Write it with numpy.save(path, array)."
        ) from None
    if dtype.name not in FLOATS | INTEGERS:
        raise UserError(
            f"{path}: holds {dtype.name}, which no model takes", "Save it as floats or integers of 8 to 64 bits."
        )
    if any(size < 0 for size in shape):
        raise UserError(f"{path}: has the shape {list(shape)}, which no tensor has")
    needed = math.prod(shape) * dtype.itemsize
    if needed > MOST_BYTES:
        raise UserError(f"{path}: has {needed:,} bytes; {MOST_BYTES:,} are the most that a runner reads")
    if held < needed:
        raise UserError(f"{path}: is cut off: it holds {held:,} bytes of {needed:,}", "Copy it again.")
    return TensorHeader(path, dtype.name, tuple(shape))


def read_tensor(path: Path) -> NDArray[np.generic]:
    """The whole tensor, in this machine's byte order. Raises `UserError`, also for values that are not finite."""
    import numpy as np

    header = read_header(path)
    with open_plain_file(path) as file:
        tensor: NDArray[np.generic] = np.load(file, allow_pickle=False).astype(header.dtype, copy=False)
    if header.dtype in FLOATS:
        odd = int(tensor.size - np.count_nonzero(np.isfinite(tensor.astype(np.float64, copy=False))))
        if odd:
            raise UserError(f"{path}: holds {odd} of {tensor.size} values that are NaN or infinite")
    return tensor
