"""Items whose input is a picture or a .npy file: what their headers say, and their files read whole."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from harness.tasks.fingerprint import file_sha256
from harness.tasks.image_file import SUFFIXES, image_size, read_image
from harness.tasks.item import TaskItem
from harness.tasks.model_input.codec import InputCodec, check_picture
from harness.tasks.model_input.options import Content
from harness.tasks.tensor_file import TensorHeader, read_header, read_tensor
from harness.tasks.tensor_values import refuse_other_values, refuse_shape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile

TENSOR_SUFFIX: Final = ".npy"


@dataclass(frozen=True)
class InputItem(TaskItem):
    """One item, with what its input's header says: the one or the other."""

    input_size: tuple[int, int] | None = field(default=None, kw_only=True)
    """(height, width) of a picture."""
    header: TensorHeader | None = field(default=None, kw_only=True)
    """What the file of a tensor says of it; None for a picture."""


ItemT = TypeVar("ItemT", bound=InputItem)


def suffixes_of(content: Content) -> frozenset[str]:
    """Endings of files that hold it."""
    return SUFFIXES if content == "pictures" else frozenset({TENSOR_SUFFIX})


def with_header(item: ItemT, content: Content) -> ItemT:
    """The item with what its input's header says. Raises `UserError`."""
    if content == "pictures":
        return replace(item, input_size=image_size(item.input_path))
    return replace(item, header=read_header(item.input_path))


def read_given(path: Path) -> NDArray[np.generic]:
    """A picture as uint8 (height, width, 3) RGB, or a tensor. Raises `UserError`."""
    return read_tensor(path) if path.suffix.lower() == TENSOR_SUFFIX else read_image(path)


def check_input(model: ModelFile, codec: InputCodec, item: InputItem) -> None:
    """Whether an item's input fits a model, as far as its file says. Raises `UserError`."""
    if item.header is not None:
        refuse_shape(model, codec.tensor, item.header)
        refuse_other_values(model, codec.tensor, item.header)
    if item.input_size is not None:
        check_picture(model, codec, item.input_path, item.input_size)


def input_shapes(codec: InputCodec, item: InputItem) -> dict[str, list[int]]:
    """The input's name → shape to load the model with, where its sizes are not fixed."""
    if all(isinstance(size, int) and size > 0 for size in codec.tensor.shape):
        return {}
    if item.header is not None:
        return {codec.tensor.name: list(item.header.shape)}
    return {codec.tensor.name: codec.input_shape(item.input_size)} if item.input_size is not None else {}


def read_input_whole(item: ItemT) -> ItemT:
    """The item with the fingerprint of its input, which was read to its end. Its label's is the same."""
    read_given(item.input_path)
    sha256 = file_sha256(item.input_path)
    return replace(item, input_sha256=sha256, reference_sha256=sha256)
