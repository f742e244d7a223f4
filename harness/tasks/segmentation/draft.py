"""The tables of a new experiment.toml that are about label masks."""

from __future__ import annotations

import json
from pathlib import Path

from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.image_file import SUFFIXES, read_levels
from harness.tasks.input_folder import files_in
from harness.tasks.model_input.draft import content_of, input_lines
from harness.tasks.model_input.items import check_input
from harness.tasks.segmentation.codec import make_codec
from harness.tasks.segmentation.dataset import find_items
from harness.tasks.segmentation.masks import read_mask
from harness.tasks.segmentation.options import Data, MaskTensor

RULES = """
[[rules]]
quantity = "mean_iou"
no_worse_than = "1 point"
"""
_IGNORED = 255
_MOST_LEVELS = 64


def draft(given: DraftData) -> TaskDraft:
    """Raises `UserError` where models, inputs and masks would not run together."""
    import numpy as np

    content = content_of(given.inputs)
    masks = given.reference_folder
    found = sorted({int(each) for path in files_in(masks, SUFFIXES) for each in np.unique(read_mask(path))})
    ignored = _IGNORED if _IGNORED in found else None
    most = max((each for each in found if each != ignored), default=1)
    shape = given.models[0].outputs[0].shape
    told = [size for size in (shape[1], shape[-1]) if isinstance(size, int) and size > most] if len(shape) == 4 else []
    classes = [f"class {place}" for place in range(max(2, min(told, default=most + 1)))]
    data = Data(
        task="segmentation",
        inputs=str(given.inputs),
        references=str(masks),
        content=content,
        classes=classes,
        ignore=ignored,
    )
    items = find_items(data, Path)
    lines, said = input_lines(
        given.models[0], {item.input_size for item in items if item.input_size is not None}, content
    )
    for model in given.models:
        codec = make_codec(model, MaskTensor(), content, len(classes))
        for item in items:
            check_input(model, codec.given, item)
    ignore = f"ignore = {ignored}" if ignored is not None else "# ignore = 255"
    return TaskDraft(
        data=f"""\
[data]
task = "segmentation"
inputs = {given.inputs_toml}
references = {given.references_toml}   # indexed or grey pictures whose values are the numbers of classes
classes = {json.dumps(classes)}   # the names of the classes, 0 first
{ignore}   # the number in masks of pixels that do not count
content = "{content}"

[data.tensor]   # how an item becomes a tensor; an arm may have its own
# output = "scores"      # where the model puts out several tensors
{lines}""",
        candidate_line="",
        metrics=["mean_iou"],
        rules=RULES,
        said=[*said, f"Name the {len(classes)} classes in data.classes."],
    )


def guess(given: DraftData) -> str | None:
    """References of a few levels each, and models whose outputs are no such pictures as go in."""
    import numpy as np

    if given.references is None or not given.references.is_dir():
        return None
    output = given.models[0].outputs[0]
    is_picture = len(output.shape) == 4 and (output.shape[1] in {1, 3} or output.shape[3] in {1, 3})
    is_mask = len(output.shape) == 3 or output.dtype in {"int64", "int32"}
    if (is_picture and not is_mask) or len(output.shape) not in {3, 4}:
        return None
    found = files_in(given.references, SUFFIXES)[:1]
    levels = read_levels(found[0]) if found else None
    if levels is None or np.unique(levels).size > _MOST_LEVELS:
        return None
    return f"{found[0].name} holds {np.unique(levels).size} values, as label masks do"
