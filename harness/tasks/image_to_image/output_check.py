"""Whether the shape of an output is that of a picture of its reference's size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile
    from harness.tasks.image_to_image.codec import Codec
    from harness.tasks.image_to_image.dataset import Item


def check_outputs(model: ModelFile, codec: Codec, arm: str, item: Item, shapes: Sequence[Sequence[int]]) -> None:
    """Raise `UserError` naming the item, both sizes and the arm, where they differ."""
    if codec.output_index >= len(shapes):
        raise UserError(
            f"{arm}: put out {len(shapes)} tensor(s), and {codec.output.name!r} is number {codec.output_index + 1}"
        )
    shape = list(shapes[codec.output_index])
    if len(shape) != 4:
        raise UserError(f"{model.path}: puts out a tensor of shape {shape}, not a picture")
    channel, size = (shape[1], (shape[2], shape[3]))
    if codec.output_layout == "NHWC":
        channel, size = (shape[3], (shape[1], shape[2]))
    if shape[0] != 1 or channel != codec.channels:
        raise UserError(
            f"{model.path}: puts out {shape} as {codec.output_layout}, not one picture of {codec.channels} channel(s)",
            "Where the layout was guessed wrongly, say it: [data.tensor] layout.",
        )
    wanted = codec.output_size(item)
    if size != wanted:
        of_what = "" if codec.tiling is None else "a tile of "
        raise UserError(
            f"{arm}: makes {size[1]}×{size[0]} from {of_what}{item.input_path.name}, and {of_what}its reference"
            f" {item.reference_path} is {wanted[1]}×{wanted[0]}",
            "Nothing is resized: correct the references, data.scale or the model.",
        )
