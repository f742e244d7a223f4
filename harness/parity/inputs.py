"""What both models are given: tensors from files, crops of what a folder holds, or made up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from harness.errors import UserError
from harness.models.model_file import ModelFile
from harness.models.tensor_info import TensorInfo
from harness.parity.engine import Array
from harness.parity.graph import Quantizer
from harness.parity.program import real, stored
from harness.tasks.crops import NOTHING_TO_GIVE, can_be_cropped, crops_for
from harness.tasks.tensor_file import read_tensor

FEWEST: Final = 8
MOST: Final = 256
_SIDE: Final = 96
"""Height and width of crops and of made-up planes where the model leaves them open."""
_LENGTH: Final = 16
_MOST_NUMBERS: Final = 1 << 26
"""Numbers in a made-up input at most: a model may ask for more than there is memory."""
_MOST_FILES: Final = 10_000
_ORDERS: Final = ((0, 1, 2, 3), (0, 2, 3, 1), (0, 3, 1, 2))


@dataclass(frozen=True)
class Inputs:
    """The original's inputs, and where they are from."""

    items: list[dict[str, Array]]
    """By the names of the original's inputs."""
    told: str
    """A clause such as `8 inputs of given`."""
    made_up: bool


def gather(model: ModelFile, folder: Path | None, count: int, ranges: Mapping[str, tuple[float, float]]) -> Inputs:
    """Inputs for a model, all of one shape. `ranges` are those that quantised inputs can hold, for made-up ones.

    Raises `UserError`.
    """
    if folder is None:
        rng = np.random.default_rng(14)
        items = [{each.name: _made_up(each, rng, ranges.get(each.name)) for each in model.inputs} for _ in range(count)]
        return Inputs(items, f"{count} made-up inputs", made_up=True)
    if not folder.is_dir():
        raise UserError(f"{folder}: is no folder of inputs", NOTHING_TO_GIVE)
    entries = sorted(each for each in folder.iterdir() if not each.name.startswith("."))[:_MOST_FILES]
    tensors = [each for each in entries if each.suffix.lower() == ".npy" or each.is_dir()]
    if tensors:
        return _of_files(model, folder, tensors, count)
    if can_be_cropped(entries):
        info, crops, told = crops_for(model, folder, entries, count, _SIDE)
        levels = np.dtype(info.dtype).kind in "iu" and info.scale is None
        arrays = [np.rint(crop * 255.0) if levels else crop for crop in crops]
        return Inputs([{info.name: stored(each, info.dtype, _own(info))} for each in arrays], told, made_up=False)
    raise UserError(f"{folder}: holds nothing that a model is given here", NOTHING_TO_GIVE)


def for_converted(
    originals: Sequence[Mapping[str, Array]],
    original: Sequence[TensorInfo],
    converted: Sequence[TensorInfo],
    quantizers: Mapping[str, Quantizer],
    *,
    same_format: bool = True,
) -> list[dict[str, Array]]:
    """The same inputs as the converted build takes them: by name where both have the same ones, else in order; in its
    layout and dtype. Raises `UserError`.
    """
    if len(original) != len(converted):
        raise UserError(
            f"the original takes {len(original)} inputs, and the converted build {len(converted)}",
            "They must be the same model.",
        )
    by_name = {each.name for each in original} == {each.name for each in converted}
    names = [each.name if by_name else original[place].name for place, each in enumerate(converted)]
    held = {each.name: partial(real, quantizer=_own(each)) if each.scale is not None else _as_is for each in original}
    return [
        {
            info.name: _laid_out(held[name](item[name]), info, quantizers.get(info.name), same_format=same_format)
            for name, info in zip(names, converted, strict=True)
        }
        for item in originals
    ]


def _as_is(array: Array) -> Array:
    return array


def _laid_out(array: Array, info: TensorInfo, quantizer: Quantizer | None, *, same_format: bool) -> Array:
    # Between formats planes have their channels moved, also where a plain one would fit.
    orders = _ORDERS if same_format else (*_ORDERS[1:], _ORDERS[0])
    for order in orders if array.ndim == 4 else (tuple(range(array.ndim)),):
        turned = np.ascontiguousarray(array.transpose(order))
        if _fits(turned.shape, info):
            if quantizer is not None and array.dtype.kind == "f":
                return stored(turned, info.dtype, quantizer)
            return stored(turned, info.dtype, None) if turned.dtype.kind == "f" else turned.astype(info.dtype)
    raise UserError(
        f"an input of the shape {_shape(array.shape)} does not fit {info.name!r} of the converted build, "
        f"{_wanted(info)}",
        "They must be the same model, for the same size of input.",
    )


def _fits(shape: Sequence[int], info: TensorInfo) -> bool:
    return not info.shape or (
        len(shape) == len(info.shape)
        and all(not _is_fixed(size) or size == has for size, has in zip(info.shape, shape, strict=True))
    )


def _is_fixed(size: int | str | None) -> bool:
    return isinstance(size, int) and size > 0


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "a single number"


def _wanted(info: TensorInfo) -> str:
    return "×".join(str(size) if _is_fixed(size) else "?" for size in info.shape)


def _of_files(model: ModelFile, folder: Path, entries: Sequence[Path], count: int) -> Inputs:
    if len(entries) < FEWEST:
        raise UserError(
            f"{folder}: holds {len(entries)} inputs, and {FEWEST} are needed for an interval", "Add more of them."
        )
    items = [_item(model, each) for each in entries[:count]]
    for before, after in pairwise(range(len(items))):
        for name, array in items[after].items():
            if array.shape != items[before][name].shape:
                raise UserError(
                    f"{entries[after]}: has the shape {_shape(array.shape)}, and {entries[before]} "
                    f"{_shape(items[before][name].shape)}",
                    "Give inputs of one shape.",
                )
    return Inputs(items, f"{len(items)} inputs of {folder.resolve().name}", made_up=False)


def _item(model: ModelFile, path: Path) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for info in model.inputs:
        file = path / f"{info.name}.npy" if path.is_dir() else path
        if not path.is_dir() and len(model.inputs) > 1:
            raise UserError(
                f"{path}: is one tensor, and {model.path} takes {len(model.inputs)}",
                f"Give a folder for each input, with {', '.join(f'{each.name}.npy' for each in model.inputs[:3])}.",
            )
        array = read_tensor(file)
        if not _fits(array.shape, info):
            raise UserError(
                f"{file}: has the shape {_shape(array.shape)}, and {info.name!r} of {model.path} is {_wanted(info)}",
                "Nothing is reshaped: correct the file.",
            )
        if array.dtype.kind == "f" and np.dtype(info.dtype).kind in "iub" and info.scale is None:
            raise UserError(
                f"{file}: holds {array.dtype.name}, and {info.name!r} of {model.path} takes {info.dtype}",
                f"Save it as {info.dtype}.",
            )
        found[info.name] = (
            stored(array, info.dtype, _own(info)) if array.dtype.kind == "f" else array.astype(info.dtype)
        )
    return found


def _own(info: TensorInfo) -> Quantizer | None:
    return None if info.scale is None else Quantizer(info.scale, info.zero_point or 0, info.dtype)


def _made_up(info: TensorInfo, rng: np.random.Generator, reach: tuple[float, float] | None) -> Array:
    """Values as a model may be given: power falling as 1/f where there is a plane, else normal."""
    shape = tuple(_size(place, size, len(info.shape)) for place, size in enumerate(info.shape))
    if math.prod(shape) > _MOST_NUMBERS:
        raise UserError(
            f"{info.name!r} takes {_shape(shape)} numbers, and at most {_MOST_NUMBERS:,} are made up",
            "Give --inputs DIR.",
        )
    kind = np.dtype(info.dtype).kind
    if kind == "b":
        return rng.random(shape) < 0.5
    if kind in "iu" and info.scale is None:
        return rng.integers(0, 256 if info.dtype == "uint8" else 10, shape).astype(info.dtype)
    axes = _plane(shape)
    values: Array = rng.standard_normal(shape)
    if axes:
        values = _falling(values, axes)
        low, high = reach or (0.0, 1.0)
    else:
        low, high = reach or (-3.0, 3.0)
    middle, step = (low + high) / 2.0, (high - low) / 6.0
    drawn = np.clip(middle + step * values, low, high).astype(np.float32)
    return stored(drawn, info.dtype, _own(info))


def _size(place: int, size: int | str | None, rank: int) -> int:
    if isinstance(size, int) and size > 0:
        return size
    return 1 if place == 0 else _SIDE if rank == 4 else _LENGTH


def _plane(shape: tuple[int, ...]) -> tuple[int, int] | None:
    if len(shape) != 4:
        return None
    axes = (2, 3) if shape[1] <= shape[3] else (1, 2)
    return axes if min(shape[axes[0]], shape[axes[1]]) >= 8 else None


def _falling(white: Array, axes: tuple[int, int]) -> Array:
    height, width = white.shape[axes[0]], white.shape[axes[1]]
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    radius[0, 0] = 1.0 / max(height, width)
    spread = radius.reshape([radius.shape[axes.index(axis)] if axis in axes else 1 for axis in range(white.ndim)])
    made = np.fft.irfft2(np.fft.rfft2(white, axes=axes) / spread, s=(height, width), axes=axes)
    return np.asarray((made - made.mean()) / (made.std() or 1.0))
