"""The keys of a new experiment.toml that say how an input is written, as far as model and files tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.tasks.model_input.items import TENSOR_SUFFIX
from harness.tasks.picture_tensor import OWN_LEVELS, real_range

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo
    from harness.tasks.model_input.options import Content

_USUAL = ((0.0, 255.0), (-1.0, 1.0), (0.0, 1.0))


def content_of(folder: Path) -> Content:
    """Tensors where the folder, or a folder in it, holds .npy files; else pictures."""
    found = folder.is_dir() and (any(folder.glob(f"*{TENSOR_SUFFIX}")) or any(folder.glob(f"*/*{TENSOR_SUFFIX}")))
    return "tensors" if found else "pictures"


def range_told(tensor: TensorInfo) -> tuple[float, float] | None:
    """Values of black and white that a quantised input was made for, of the usual ones; None where it does not say."""
    real = real_range(tensor)
    if real is None:
        return None
    width = real[1] - real[0]
    return next((each for each in _USUAL if abs(real[0] - each[0]) + abs(real[1] - each[1]) < 0.1 * width), None)


def fixed_size(tensor: TensorInfo) -> tuple[int, int] | None:
    """(height, width) of a picture that a model takes; None where it takes any."""
    if len(tensor.shape) != 4:
        return None
    sides = tensor.shape[2:] if tensor.shape[1] in {1, 3} and tensor.shape[3] not in {1, 3} else tensor.shape[1:3]
    height, width = (side if isinstance(side, int) and side > 1 else None for side in sides)
    return None if height is None or width is None else (height, width)


def input_lines(model: ModelFile, sizes: set[tuple[int, int]], content: Content) -> tuple[str, list[str]]:
    """Lines of [data.tensor], each with a comment, and what a person should know; `sizes` are those of the pictures.
    Nothing is said of tensors.
    """
    if content == "tensors":
        return "", []
    tensor, said, lines = model.inputs[0], list[str](), list[str]()
    told = range_told(tensor)
    own = tensor.dtype in OWN_LEVELS and tensor.scale is None
    if own:
        lines.append("# the model takes levels of 0 to 255 as they are: range, mean and std are not asked")
    else:
        low, high = told or (0.0, 1.0)
        lines.append(f"range = [{low}, {high}]     # values of black and white")
        lines.append("# mean = [0.485, 0.456, 0.406]   # where it was trained with them: (value - mean) / std")
        lines.append("# std = [0.229, 0.224, 0.225]")
    lines.append('color = "auto"           # rgb, bgr or grey; auto is by the number of channels')
    size = fixed_size(tensor)
    if size is not None and sizes - {size}:
        lines.append(
            f"resize = [{size[0]}, {size[1]}]    # height and width; or one number, the shorter side, and crop"
        )
        lines.append('kernel = "bilinear"      # the one that the model was trained with')
        said.append(
            f"Pictures are not of the size that {model.path.name} takes: they are resized to {size[1]}×{size[0]} with"
            " the kernel bilinear. Correct it if the model was trained otherwise."
        )
    return "\n".join(lines) + "\n", said
