"""What an experiment says of resizing that is not all of it."""

from __future__ import annotations

from harness.errors import UserError
from harness.tasks.picture_tensor import TensorQuestionError


def refuse_half_resized(resize: object, kernel: str | None, remedy: str) -> None:
    """Raise `UserError` where `resize` has no kernel, for which `remedy` says how to find it, or a kernel nothing to
    do.
    """
    if resize is not None and kernel is None:
        raise TensorQuestionError("[data.tensor] resize: by which kernel is not said", remedy, "kernel")
    if kernel is not None and resize is None:
        raise UserError("[data.tensor] kernel: nothing is resized", "Give resize too, or take the line out.")
