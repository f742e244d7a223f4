"""Whether labels and outputs fit: a label is one of the model's classes, and an output has a score for each."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile
    from harness.tasks.classification.codec import ClassCodec
    from harness.tasks.model_input.items import InputItem


def check_label(model: ModelFile, codec: ClassCodec, item: InputItem) -> None:
    """Raise `UserError` naming the item, where its label is none of the model's classes."""
    if not codec.classes or item.label in codec.classes:
        return
    label = item.label or ""
    if codec.classes == list(map(str, range(len(codec.classes)))):
        if label.isdigit():
            raise UserError(
                f"{item.stem}: has the label {label}, and {model.path} puts out {len(codec.classes)} scores (0 to"
                f" {len(codec.classes) - 1})",
                "Labels that are numbers count from 0: where yours count from 1, take 1 off each.",
            )
        raise UserError(
            f"{item.stem}: is labelled {label!r}, and which of the {len(codec.classes)} scores of {model.path} that is"
            " is not known",
            "Name the classes in the order of the model's output: [data.tensor] classes.",
        )
    near = difflib.get_close_matches(label, codec.classes, n=1)
    raise UserError(
        f"{item.stem}: is labelled {label!r}, which is none of the {len(codec.classes)} classes of {model.path}",
        f"Did you mean {near[0]!r}?" if near else "Name every class of the model in [data.tensor] classes.",
    )


def check_outputs(
    model: ModelFile, codec: ClassCodec, arm: str, item: InputItem, shapes: Sequence[Sequence[int]]
) -> None:
    """Raise `UserError` where the shape of an output is not that of a score for each class."""
    if codec.scores_index >= len(shapes):
        raise UserError(
            f"{arm}: put out {len(shapes)} tensor(s), and {codec.scores_output.name!r} is number"
            f" {codec.scores_index + 1}"
        )
    shape = list(shapes[codec.scores_index])
    sizes = [size for size in shape if size != 1]
    if len(sizes) > 1:
        raise UserError(f"{arm}: puts out {shape} for {item.stem} ({model.path}), not one score for each class")
    number = sizes[0] if sizes else 1
    if not codec.classes and (item.label or "").isdigit() and int(item.label or "") >= number:
        raise UserError(
            f"{arm}: puts out {number} scores, and {item.stem} has the label {item.label}",
            "Labels that are numbers count from 0 in the order of the model's output.",
        )
    if codec.classes and number != len(codec.classes) and not (number == 1 and len(codec.classes) == 2):
        raise UserError(
            f"{arm}: puts out {number} scores, and there are {len(codec.classes)} classes",
            "Name every class of the model, in its order: [data.tensor] classes.",
        )
