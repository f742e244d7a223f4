"""How many times larger a model's picture is than the one it is given, where its file can say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.models.registry import READERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.models.model_file import ModelFile
    from harness.tasks.image_to_image.codec import Codec


def output_scale(model: ModelFile, codec: Codec, size: tuple[int, int]) -> int | None:
    """The factor of height and of width for a picture of (height, width); None where the file does not say it, and
    where it is no whole number.
    """
    shape: Sequence[int | str | None] = codec.output.shape
    infer = READERS[model.format].inferred_shape
    if not _are_known(shape) and infer is not None:
        shape = infer(model.path, codec.output.name, codec.input_shape(size))
    if len(shape) != 4 or not _are_known(shape):
        return None
    sides = shape[2:] if codec.output_layout == "NCHW" else shape[1:3]
    factors = {divmod(int(side or 0), given) for side, given in zip(sides, size, strict=True)}
    (factor, rest), *others = factors
    return factor if not others and rest == 0 and factor > 0 else None


def _are_known(shape: Sequence[int | str | None]) -> bool:
    return all(isinstance(side, int) and side > 0 for side in shape)
