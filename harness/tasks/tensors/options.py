"""Where the tensors are, and which file is which tensor of a model: what experiment.toml says of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from harness.tasks.declared_table import DeclaredTable
from harness.tasks.task_data import TaskData

Name = Annotated[str, Field(min_length=1, max_length=500)]


class TensorNames(DeclaredTable):
    """Which file of an item is which tensor of a model, where their names differ. A model with one input (or output)
    takes an item's only file, whatever its name. One file may fill several inputs where each of them is named here.
    """

    task: SkipJsonSchema[Literal["tensors"]] = Field(default="tensors", exclude=True)
    """Whose table it is; the experiment fills it in from `data.task`."""
    inputs: dict[Name, Name] = Field(default={}, max_length=256)
    """Name of an input of the model → the file's name without `.npy`."""
    outputs: dict[Name, Name] = Field(default={}, max_length=256)
    """Name of an output of the model → the reference's name without `.npy`. Another output that has this name itself is
    then not compared.
    """
    constants: dict[Name, float] = Field(default={}, max_length=256)
    """Name of an input of the model that no file fills, such as a noise level → the number that all its values are."""


class Data(TaskData):
    """Tensors, in two folders: for each item a file STEM.npy, or a folder STEM with a .npy file for each tensor."""

    task: Literal["tensors"]
    scored: list[Name] | None = Field(default=None, min_length=1, max_length=256)
    """Names of the references that every arm is compared with; the others are left alone. None: all that there are."""
    tensor: TensorNames = TensorNames()
