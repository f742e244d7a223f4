"""Inputs that a model is tried with: free sizes given a number, values drawn from a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from harness.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo

FREE_SIDE: Final = 32
"""A side that the model leaves free. Small: a browser without a GPU computes for seconds at 100."""
_MOST_ELEMENTS: Final = 1 << 26


def input_shapes(model: ModelFile, asked: Mapping[str, list[int]]) -> dict[str, list[int]]:
    """Input → its sizes: those that were asked for, and of free ones 1 for the first and `FREE_SIDE` for the others.

    Raises `UserError` for an input or a size that the model does not have.
    """
    known = {each.name: each for each in model.inputs}
    for name in asked:
        if name not in known:
            raise UserError(f"{model.path}: there is no input {name!r}", f"It has {', '.join(known)}.")
    shapes = {name: _shape(model, each, asked.get(name)) for name, each in known.items()}
    for name, shape in shapes.items():
        if np.prod(shape, dtype=np.float64) > _MOST_ELEMENTS:
            raise UserError(f"{model.path}: the input {name!r} of {shape} is too large to be tried in a page")
    return shapes


def _shape(model: ModelFile, tensor: TensorInfo, asked: list[int] | None) -> list[int]:
    if asked is None:
        return [
            size if isinstance(size, int) and size > 0 else 1 if place == 0 else FREE_SIDE
            for place, size in enumerate(tensor.shape)
        ]
    fits = len(asked) == len(tensor.shape) and all(
        size > 0 and (not isinstance(own, int) or own <= 0 or own == size)
        for size, own in zip(asked, tensor.shape, strict=True)
    )
    if not fits:
        own = "×".join("?" if not isinstance(size, int) or size <= 0 else str(size) for size in tensor.shape)
        raise UserError(f"{model.path}: its input {tensor.name!r} is {own}, and {asked} was asked for")
    return asked


def made_inputs(model: ModelFile, shapes: Mapping[str, list[int]], seed: int) -> list[NDArray[np.generic]]:
    """One array for each input: floats in 0..1, whole numbers over half of their range, truth values by chance.

    Raises `UserError` for elements that a page cannot be given.
    """
    source = np.random.default_rng(seed)
    arrays: list[NDArray[np.generic]] = []
    for each in model.inputs:
        shape = shapes[each.name]
        try:
            dtype = np.dtype(each.dtype)
        except TypeError:
            dtype = np.dtype(object)
        if dtype.kind == "f":
            arrays.append(source.random(shape).astype(dtype))
        elif dtype.kind in "iu":
            # Of int32 and int64 small ones: they are often places in a table.
            limits = np.iinfo(dtype)
            low, high = (limits.min // 2, limits.max // 2) if dtype.itemsize < 4 else (0, 8)
            arrays.append(source.integers(low, high, shape).astype(dtype))
        elif dtype.kind == "b":
            arrays.append(source.random(shape) < 0.5)
        else:
            raise UserError(f"{model.path}: its input {each.name!r} holds {each.dtype}, which no page can be given")
    return arrays
