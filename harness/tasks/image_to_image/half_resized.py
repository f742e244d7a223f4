"""What an experiment says of resizing that is not all of it, or said twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.tasks.picture_tensor import TensorQuestionError

if TYPE_CHECKING:
    from harness.tasks.image_to_image.options import Tensor


def refuse_half_resized(tensor: Tensor) -> None:
    """Raise `UserError` where `resize` has no kernel, a kernel nothing to do, or tiles bring pictures to a size too."""
    if tensor.resize is not None and tensor.kernel is None:
        raise TensorQuestionError(
            "[data.tensor] resize: by which kernel is not said",
            'Say the one that the application uses: kernel = "bicubic", or another.',
            "kernel",
        )
    if tensor.kernel is not None and tensor.resize is None:
        raise UserError("[data.tensor] kernel: nothing is resized", "Give resize too, or take the line out.")
    if tensor.resize is not None and tensor.tiles is not None:
        raise UserError(
            "[data.tensor]: resize and tiles both bring pictures to the size of a model", "Take one of the two out."
        )
