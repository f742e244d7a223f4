"""Tensors of .npy files as a model's inputs: by shape, dtype, and through the model's own quantisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.tasks.tensor_file import FLOATS, INTEGERS, TensorHeader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo


def refuse_shape(model: ModelFile, info: TensorInfo, header: TensorHeader) -> None:
    """Raise `UserError` where a file is not of a tensor's shape. Where the model's file says nothing of it, its runtime
    will.
    """
    fits = len(info.shape) == len(header.shape) and all(
        not (isinstance(size, int) and size > 0) or size == has
        for size, has in zip(info.shape, header.shape, strict=True)
    )
    if info.shape and not fits:
        wanted = "×".join(str(size) if isinstance(size, int) and size > 0 else "?" for size in info.shape)
        raise UserError(
            f"{header.path}: has the shape {_shape(header.shape)}, and tensor {info.name!r} of {model.path} {wanted}",
            "Nothing is reshaped or broadcast: correct the file or the model.",
        )


def refuse_other_values(model: ModelFile, info: TensorInfo, header: TensorHeader) -> None:
    """Raise `UserError` where a file holds floats, and a model takes integers that say no scale."""
    if header.dtype in FLOATS and info.dtype in INTEGERS and info.scale is None:
        raise UserError(
            f"{header.path}: holds {header.dtype}, and input {info.name!r} of {model.path} takes {info.dtype}",
            f"Save it as {info.dtype}: how to round it is yours to decide.",
        )


def to_dtype_of_file(tensor: NDArray[np.generic], info: TensorInfo) -> NDArray[np.generic]:
    """A file's tensor in the dtype of a model's input: floats through its scale and zero point, integers as its levels.
    Raises `UserError` for integers that it cannot hold.
    """
    import numpy as np

    if tensor.dtype.name == info.dtype:
        return tensor
    if info.dtype in INTEGERS and info.dtype != "bool":
        limits = np.iinfo(info.dtype)
        if tensor.dtype.name in FLOATS:
            levels = tensor.astype(np.float64) / (info.scale or 1.0) + (info.zero_point or 0)
            return np.clip(np.rint(levels), limits.min, limits.max).astype(info.dtype)
        if tensor.size and not limits.min <= int(tensor.min()) <= int(tensor.max()) <= limits.max:
            raise UserError(
                f"an input holds values beyond {info.dtype}, which {info.name!r} takes",
                f"Values from {limits.min} to {limits.max} fit.",
            )
    return tensor.astype(info.dtype)


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "of a single number"
