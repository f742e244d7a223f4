"""Whether the shapes of a frame's outputs are those of a frame of its reference, and of the state it carries on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.tasks.image_to_image.output_check import check_outputs as check_picture

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile
    from harness.tasks.sequence.codec import SequenceCodec
    from harness.tasks.sequence.dataset import Clip


def check_outputs(
    model: ModelFile, codec: SequenceCodec, arm: str, clip: Clip, shapes: Sequence[Sequence[int]]
) -> None:
    """Raise `UserError` where one is not what it should be."""
    check_picture(model, codec.frame, arm, clip.frame, shapes)
    symbols = codec.symbols(clip.input_size)
    for state in codec.states:
        wanted = state.shape(symbols)
        made = tuple(shapes[state.output_index]) if state.output_index < len(shapes) else ()
        if made != wanted:
            raise UserError(
                f"{arm}: puts out a state of shape {list(made)} for its input {state.input.name!r} of {list(wanted)}",
                "A state keeps its shape from frame to frame: is [data.tensor] state right?",
            )
