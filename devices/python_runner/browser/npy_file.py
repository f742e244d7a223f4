"""Files of numpy arrays without numpy (NEP 1): what a holder passes from disk to a page and back."""

from __future__ import annotations

import ast
import math
import struct
from pathlib import Path

_MAGIC = b"\x93NUMPY"
_KINDS = {"f2": "float16", "f4": "float32", "f8": "float64", "b1": "bool"}
_KINDS.update({f"{kind[0]}{bits // 8}": f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)})
_CODES = {name: code for code, name in _KINDS.items()}


def read_npy(path: str) -> tuple[str, list[int], bytes]:
    """An array's dtype by numpy's name, its shape, and its bytes: little endian, in C order.

    Raises OSError, ValueError.
    """
    content = Path(path).read_bytes()
    if content[:6] != _MAGIC or len(content) < 12 or content[6] not in (1, 2, 3):
        raise ValueError(f"{path} is no .npy file")
    (size,), at = (
        (struct.unpack_from("<H", content, 8), 10) if content[6] == 1 else (struct.unpack_from("<I", content, 8), 12)
    )
    header = ast.literal_eval(content[at : at + size].decode("latin-1").strip())
    descr, shape = str(header["descr"]), [int(length) for length in header["shape"]]
    dtype = _KINDS.get(descr[1:])
    data = content[at + size :]
    if dtype is None or descr[0] not in "<|" or header["fortran_order"]:
        raise ValueError(f"{path} is {descr}, or not in C order: a page takes little-endian numbers in C order")
    if len(data) != math.prod(shape) * int(descr[2:]):
        raise ValueError(f"{path} holds {len(data)} bytes, which is not its shape {shape}")
    return dtype, shape, data


def item_bytes(dtype: str) -> int | None:
    """Size of one number; None for what is no dtype of a page's."""
    code = _CODES.get(dtype)
    return None if code is None else int(code[1:])


def npy_bytes(dtype: str, shape: list[int], data: bytes) -> bytes:
    """An array as numpy itself writes it, version 1.0: its header is padded to 64 bytes."""
    code = _CODES[dtype]
    order = "|" if code[1:] == "1" else "<"
    sizes = f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"
    header = f"{{'descr': '{order}{code}', 'fortran_order': False, 'shape': {sizes}, }}"
    # numpy leaves room for a growing first axis, so that its header can be written over.
    growth = 21 - len(str(shape[0])) if shape else 0
    head = header + " " * growth
    padding = -(len(_MAGIC) + 4 + len(head) + 1) % 64
    text = (head + " " * padding + "\n").encode("latin-1")
    return _MAGIC + b"\x01\x00" + struct.pack("<H", len(text)) + text + data
