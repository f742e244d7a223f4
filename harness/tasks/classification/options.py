"""Where items and labels are, and in which order a model gives its classes: what experiment.toml says of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from harness.tasks.label_file import MOST_CHARACTERS, MOST_CLASSES
from harness.tasks.model_input.options import InputData, InputTensor

ClassName = Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]
Scores = Literal["auto", "logits", "probabilities"]


class ClassTensor(InputTensor):
    """How an item becomes the model's input, and what its output says of the classes."""

    task: SkipJsonSchema[Literal["classification"]] = Field(default="classification", exclude=True)
    """Whose table it is; the experiment fills it in from `data.task`."""
    classes: str | Annotated[list[ClassName], Field(max_length=MOST_CLASSES)] | None = None
    """The classes in the order of the model's outputs: a list, or a file with one a line. None: labels are places, 0
    the first.
    """
    output: str | None = Field(default=None, max_length=500)
    """Name of the output that holds the scores; needed where there are several."""
    scores: Scores = "auto"
    """What the output holds; `auto`: probabilities where values are never negative and sum to 1, else logits."""


class Data(InputData):
    """Items in a folder, with a file of labels; or in folders that are called as their classes."""

    task: Literal["classification"]
    labels: str | None = None
    """A CSV file (item,label); None: the inputs lie in a folder for each class."""
    tensor: ClassTensor = ClassTensor()
