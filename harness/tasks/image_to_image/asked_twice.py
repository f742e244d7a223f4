"""What an experiment says of a tensor that the tensor says itself, or that it says twice: one of them would be ignored
in silence, and the scores would be of something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo
    from harness.tasks.image_to_image.options import Tensor

_LEVELS: Final = {"uint8": (0.0, 255.0), "int8": (-128.0, 127.0)}
"""What integers without a scale hold for black and white."""
_USUAL: Final = {(0.0, 1.0), (0.0, 255.0)}
"""The `range` of a float arm, which an arm with integers may share: it says nothing against levels as they are."""
_FURTHEST: Final = 100.0
"""No network is fed values so many standard deviations from its mean."""


def refuse_asked_twice(model: ModelFile, tensor: Tensor, given: TensorInfo, result: TensorInfo) -> None:
    """Raise `UserError` where the table [data.tensor] contradicts itself or the model's tensors."""
    of_both = {tensor.input_range, tensor.output_range}
    if None not in of_both and "range" in tensor.model_fields_set and tensor.range not in of_both:
        raise UserError(
            f"[data.tensor]: range = {_shown(tensor.range)} is of neither tensor, since input_range and output_range"
            " say what both hold",
            "Take range out, or the one that it should stand for.",
        )
    for info, key, own, mean, std in (
        (given, "input_range", tensor.input_range, tensor.mean, tensor.std),
        (result, "output_range", tensor.output_range, tensor.output_mean, tensor.output_std),
    ):
        levels = _LEVELS.get(info.dtype) if info.scale is None else None
        prefix = "" if key == "input_range" else "output_"
        if levels is not None:
            _refuse_beside_levels(model, info, levels, own or tensor.range, key if own is not None else "range")
            if mean is not None or std is not None:
                raise UserError(
                    f"{model.path}: tensor {info.name!r} holds the levels of a picture as they are ({info.dtype}), and"
                    f" the experiment also gives {prefix}mean or {prefix}std",
                    f"Take {prefix}mean and {prefix}std out: the model normalises its input itself.",
                )
            continue
        low, high = own or tensor.range
        if mean is not None and not all(low <= each <= high for each in mean):
            raise UserError(
                f"[data.tensor] {prefix}mean = {_shown(mean)} lies outside {_shown((low, high))}, which values have"
                " before it is taken off",
                "Either both are in 0 to 1, or both in 0 to 255.",
            )
        if std is not None and min(std) > 0.0 and (high - low) / min(std) > _FURTHEST:
            raise UserError(
                f"[data.tensor] {prefix}std = {_shown(std)} would make {(high - low) / min(std):,.0f} of a range of"
                f" {_shown((low, high))}",
                "Either both are in 0 to 1, or both in 0 to 255.",
            )


def _refuse_beside_levels(
    model: ModelFile, info: TensorInfo, levels: tuple[float, float], said: tuple[float, float], key: str
) -> None:
    if said == levels or (key == "range" and said in _USUAL):
        return
    raise UserError(
        f"{model.path}: tensor {info.name!r} is {info.dtype} without a scale and so holds a picture's levels as they"
        f" are, {_shown(levels)}; the experiment says {key} = {_shown(said)}",
        f"Take {key} out for this arm, or export the tensor with its quantisation.",
    )


def _shown(values: tuple[float, ...]) -> str:
    return "[" + ", ".join(f"{each:g}" for each in values) + "]"
