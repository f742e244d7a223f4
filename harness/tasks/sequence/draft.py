"""The tables of a new experiment.toml that are about clips."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.image_file import image_size
from harness.tasks.sequence.codec import guess_state, make_sequence_codec
from harness.tasks.sequence.dataset import clips_in, find_clips
from harness.tasks.sequence.frame_files import frame_files
from harness.tasks.sequence.options import FrameTensor

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile

RULES = """
[[rules]]
quantity = "psnr_y"
no_worse_than = "0.2 dB"

[[rules]]
quantity = "flicker"
no_worse_than = 0.5

[[rules]]
quantity = "worst_frame_psnr"
no_worse_than = "1 dB"
"""


def draft(given: DraftData) -> TaskDraft:
    """Raises `UserError` where the models or clips would not run together."""
    scale = _scale(given)
    clips = find_clips(given.inputs, given.reference_folder, scale, None, None)
    tensors = [_tensor(model) for model in given.models]
    for model, tensor in zip(given.models, tensors, strict=True):
        codec = make_sequence_codec(model, tensor, scale)
        for clip in clips:
            codec.check(model, clip)
    first, second = tensors
    return TaskDraft(
        data=f"""\
[data]
task = "sequence"
inputs = {given.inputs_toml}   # a folder of frames for each clip
references = {given.references_toml}   # folders of the same names, frames of the same numbers
scale = {scale}   # frames of references are this many times larger; also the border left out of luma scores
# limit = 50              # only the first so many clips, by name
# scene_separator = "__"  # clips named SCENE__N are of one scene: statistics then count scenes, not clips

[data.tensor]   # how frames become tensors; what the model says itself (names, shapes, quantisation) is not asked
layout = "auto"        # NCHW or NHWC where it cannot be told from the model
color = "auto"         # rgb, bgr, y (luma, MATLAB's range) or y_full (luma, JPEG's range)
range = [0.0, 1.0]     # values of black and white, for quantised tensors after dequantisation
state = {_inline(first.state)}   # output = input that it fills with the next frame; a clip begins with zeros
""",
        candidate_line=""
        if first == second
        else f"tensor = {{ state = {_inline(second.state)} }}   # where it differs from data.tensor\n",
        metrics=["psnr", "psnr_y", "ssim_y", "worst_frame_psnr", "flicker"],
        rules=RULES,
    )


def _tensor(model: ModelFile) -> FrameTensor:
    return FrameTensor(state=guess_state(model))


def _scale(given: DraftData) -> int:
    """Read off the first frames of the first clip that both folders have."""
    inputs, references = clips_in(given.inputs, "inputs"), clips_in(given.reference_folder, "references")
    for name in sorted(inputs):
        if name in references:
            small, large = (
                image_size(next(iter(frame_files(folders[name]).values()))) for folders in (inputs, references)
            )
            scale = large[0] // small[0]
            if scale < 1 or large != (small[0] * scale, small[1] * scale):
                raise UserError(
                    f"{references[name]}: its frames are {large[1]}×{large[0]}, and those of its input"
                    f" {small[1]}×{small[0]}",
                    "References must be 1, 2, 3, … times as large as inputs; nothing is resized.",
                )
            return scale
    return 1


def _inline(state: dict[str, str]) -> str:
    pairs = ", ".join(f"{json.dumps(output)} = {json.dumps(taken)}" for output, taken in state.items())
    return f"{{ {pairs} }}" if pairs else "{}"


def guess(given: DraftData) -> str | None:
    """References that are folders of numbered frames: of one name in several of them, as groups of pictures have not,
    or for a model that takes more than a picture.
    """
    if given.references is None or not given.references.is_dir():
        return None
    try:
        clips = clips_in(given.references, "references")
        names = [path.name for clip in clips.values() for path in frame_files(clip).values()]
    except UserError:
        return None
    if len(set(names)) == len(names) and all(len(model.inputs) == 1 for model in given.models):
        return None
    return f"{given.references} holds folders of numbered frames"
