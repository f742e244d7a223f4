"""Output tensors as .npy files that a device wrote: held against what was recorded of them before a byte is believed.

Of the format only what a runner writes is read (version 1.0, C order, plain numbers); no size in the file is taken for
more than a claim: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

MOST_BYTES: Final = 1 << 30
_BEGINNING: Final = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '([<>|=]?[fiub][0-9]{1,2})', 'fortran_order': False, "
    rb"'shape': \(((?:[0-9]{1,12}, ?)*[0-9]{0,12})\), ?\} *\n"
)


def read_output_tensor(
    path: Path, *, dtype: str, shape: Sequence[int], length_bytes: int, sha256: str
) -> NDArray[np.generic]:
    """The tensor in `path`, which must be of that numpy dtype, shape, length and hash.

    Raises OSError, and ValueError in words that follow a colon.
    """
    import numpy as np

    content = _read_plain_file(path, length_bytes)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError("the file is not the one that was recorded: its hash is another")
    header_bytes = int.from_bytes(content[8:10], "little")
    header = _HEADER.fullmatch(content[10 : 10 + header_bytes])
    if not content.startswith(_BEGINNING) or header is None:
        raise ValueError("the file does not begin as the .npy file of a plain tensor")
    found_shape = [int(size) for size in header[2].decode("ascii").replace(" ", "").split(",") if size]
    kind = np.dtype(header[1].decode("ascii"))
    if kind.name != dtype or found_shape != list(shape):
        raise ValueError(f"the file holds {found_shape} of {kind.name}, and {list(shape)} of {dtype} was recorded")
    if len(content) - 10 - header_bytes != math.prod(found_shape) * kind.itemsize:
        raise ValueError(f"the file has {len(content)} bytes, which {found_shape} of {kind.name} does not fill")
    tensor: NDArray[np.generic] = np.frombuffer(content, kind, offset=10 + header_bytes).reshape(found_shape)
    return tensor


def _read_plain_file(path: Path, length_bytes: int) -> bytes:
    """Raises ValueError where it is a link, a pipe or a device, or longer or shorter than it should be."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("it is no plain file")
        if about.st_size != length_bytes or length_bytes > MOST_BYTES:
            raise ValueError(f"the file has {about.st_size} bytes, and {length_bytes} were recorded")
        return file.read(length_bytes)
