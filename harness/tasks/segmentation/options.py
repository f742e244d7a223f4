"""Where pictures and masks are, and which classes there are: what experiment.toml says of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from harness.tasks.label_file import MOST_CHARACTERS
from harness.tasks.model_input.options import InputData, InputTensor

ClassName = Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]


class MaskTensor(InputTensor):
    """How an item becomes the model's input, and which output holds the classes of pixels."""

    task: SkipJsonSchema[Literal["segmentation"]] = Field(default="segmentation", exclude=True)
    """Whose table it is; the experiment fills it in from `data.task`."""
    output: str | None = Field(default=None, max_length=500)
    """Name of the output that holds scores of classes, or their numbers, for each pixel; needed where there are
    several.
    """


class Data(InputData):
    """Inputs in a folder, and masks of the same stems in another."""

    task: Literal["segmentation"]
    references: str
    """A folder of label masks: indexed or grey pictures whose values are the numbers of classes."""
    classes: list[ClassName] = Field(min_length=2, max_length=255)
    """The names of the classes, in the order of their numbers in masks and outputs, 0 first."""
    ignore: int | None = Field(default=None, ge=0, le=255)
    """The number in masks of pixels that do not count, such as 255."""
    tensor: MaskTensor = MaskTensor()
