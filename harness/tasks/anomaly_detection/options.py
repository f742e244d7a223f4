"""Where items, labels and masks are, and which output says what: what experiment.toml says of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from harness.tasks.label_file import MOST_CHARACTERS
from harness.tasks.model_input.options import InputData, InputTensor

Label = Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]


class AnomalyTensor(InputTensor):
    """How an item becomes the model's input, and which outputs are its score and its map."""

    task: SkipJsonSchema[Literal["anomaly_detection"]] = Field(default="anomaly_detection", exclude=True)
    """Whose table it is; the experiment fills it in from `data.task`."""
    score: str | None = Field(default=None, max_length=500)
    """Name of the output that is one number, larger for what is more anomalous. None: the model's only output is it, or
    the score is the largest value of the map.
    """
    map: str | None = Field(default=None, max_length=500)
    """Name of the output that is a map of anomalies; None where the model's only output is it, or there is none."""


class Data(InputData):
    """Items in a folder, with a file of labels; or in folders that are called as their kind."""

    task: Literal["anomaly_detection"]
    labels: str | None = None
    """A CSV file (item,label); None: the inputs lie in a folder for each kind."""
    normal: list[Label] = Field(default=["good", "normal", "ok"], min_length=1, max_length=1000)
    """The labels of normal items; every other one is anomalous."""
    masks: str | None = None
    """A folder with a mask for each anomalous item, of its name or name_mask, in a folder of its kind where inputs lie
    in such: black where it is normal.
    """
    map_range: tuple[float, float] = (0.0, 1.0)
    """The smallest and the largest value of maps."""
    tensor: AnomalyTensor = AnomalyTensor()
