"""Every task, and which of them a table of experiment.toml or run.json belongs to.

A new one is a folder like its neighbours, a line in `TASKS`, and its models in the three unions.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, Discriminator, GetJsonSchemaHandler, Tag
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from harness.tasks.anomaly_detection.codec import AnomalyCodec
from harness.tasks.anomaly_detection.options import AnomalyTensor
from harness.tasks.anomaly_detection.options import Data as AnomalyData
from harness.tasks.anomaly_detection.task import ANOMALY_DETECTION
from harness.tasks.classification.codec import ClassCodec
from harness.tasks.classification.options import ClassTensor
from harness.tasks.classification.options import Data as ClassData
from harness.tasks.classification.task import CLASSIFICATION
from harness.tasks.image_to_image.codec import Codec as ImageCodec
from harness.tasks.image_to_image.options import Data as ImageData
from harness.tasks.image_to_image.options import Tensor as ImageTensor
from harness.tasks.image_to_image.task import IMAGE_TO_IMAGE
from harness.tasks.names import DEFAULT_TASK
from harness.tasks.segmentation.codec import MaskCodec
from harness.tasks.segmentation.options import Data as MaskData
from harness.tasks.segmentation.options import MaskTensor
from harness.tasks.segmentation.task import SEGMENTATION
from harness.tasks.sequence.codec import SequenceCodec
from harness.tasks.sequence.options import Data as SequenceData
from harness.tasks.sequence.options import FrameTensor
from harness.tasks.sequence.task import SEQUENCE
from harness.tasks.task import AnyTask
from harness.tasks.tensors.codec import TensorCodec
from harness.tasks.tensors.options import Data as TensorData
from harness.tasks.tensors.options import TensorNames
from harness.tasks.tensors.task import TENSORS

_ALL: Final = (IMAGE_TO_IMAGE, SEQUENCE, TENSORS, ANOMALY_DETECTION, CLASSIFICATION, SEGMENTATION)
"""The tasks in the order in which they are asked whether a new experiment is theirs."""
TASKS: Final[dict[str, AnyTask]] = {task.name: task for task in _ALL}
DEFAULT_NOUNS: Final = TASKS[DEFAULT_TASK].nouns


def task_of(table: Any) -> Any:
    """The task's name that a table, or what was made of one, has; the default's where it has none."""
    if isinstance(table, BaseModel):
        return getattr(table, "task", DEFAULT_TASK)
    return table.get("task", DEFAULT_TASK) if isinstance(table, dict) else DEFAULT_TASK


class _EmptyFitsAny:
    """In the JSON Schema a table without `task` fits any task that has its keys."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        found = handler(schema)
        if "oneOf" in found:
            found["anyOf"] = found.pop("oneOf")
        return found


Data = Annotated[
    Annotated[ImageData, Tag("image_to_image")]
    | Annotated[SequenceData, Tag("sequence")]
    | Annotated[TensorData, Tag("tensors")]
    | Annotated[ClassData, Tag("classification")]
    | Annotated[AnomalyData, Tag("anomaly_detection")]
    | Annotated[MaskData, Tag("segmentation")],
    Discriminator(task_of),
]
"""The table [data]."""
TaskTensor = Annotated[
    Annotated[ImageTensor, Tag("image_to_image")]
    | Annotated[FrameTensor, Tag("sequence")]
    | Annotated[TensorNames, Tag("tensors")]
    | Annotated[ClassTensor, Tag("classification")]
    | Annotated[AnomalyTensor, Tag("anomaly_detection")]
    | Annotated[MaskTensor, Tag("segmentation")],
    Discriminator(task_of),
    _EmptyFitsAny(),
]
"""The table [data.tensor], and an arm's own."""
Codec = ImageCodec | SequenceCodec | TensorCodec | ClassCodec | AnomalyCodec | MaskCodec
"""A codec as run.json holds it: told apart by their keys."""
