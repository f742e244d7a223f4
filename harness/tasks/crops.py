"""Crops of the pictures of a folder, as a model of one picture takes them, where no experiment says how."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import UserError
from harness.tasks.image_file import SUFFIXES, read_image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo

NOTHING_TO_GIVE: Final = "Give a folder of .npy files or of pictures, or leave --inputs out for made-up ones."
_LUMA: Final = (0.299, 0.587, 0.114)
"""Rec. 601, full range: what a picture of one channel is made of."""
_SEED: Final = 14


def can_be_cropped(entries: Sequence[Path]) -> bool:
    """Whether there are pictures among them."""
    return any(each.suffix.lower() in SUFFIXES for each in entries)


def crops_for(
    model: ModelFile, folder: Path, entries: Sequence[Path], count: int, side: int
) -> tuple[TensorInfo, list[NDArray[np.float32]], str]:
    """(the model's input, crops as it takes them with values from 0 to 1, and a clause that says what they are).

    Places are drawn once; pictures are used in turn. `side` is the height and width in pixels where the model leaves
    them open. Raises `UserError` where the model does not take one picture, or one is too small.
    """
    import numpy as np

    info = model.inputs[0]
    axes = [axis for axis in (1, 3) if len(info.shape) == 4 and info.shape[axis] in {1, 3}]
    if len(model.inputs) != 1 or not axes:
        raise UserError(
            f"{folder}: holds pictures, and {model.path} does not take one picture of 1 or 3 channels",
            "Give .npy files, as the model takes them.",
        )
    channels = info.shape[axes[0]]
    pictures = [each for each in entries if each.suffix.lower() in SUFFIXES][:count]
    read = [read_image(path) for path in pictures]
    height, width = (
        size if isinstance(size, int) and size > 0 else min(side, *(each.shape[place] for each in read))
        for place, size in enumerate(info.shape[axis] for axis in (1, 2, 3) if axis != axes[0])
    )
    rng = np.random.default_rng(_SEED)
    crops = []
    for number in range(count):
        picture, path = read[number % len(read)], pictures[number % len(read)]
        if picture.shape[0] < height or picture.shape[1] < width:
            raise UserError(
                f"{path}: is {picture.shape[1]}×{picture.shape[0]}, and {model.path} takes {width}×{height}",
                "Give larger pictures: crops are taken of them.",
            )
        top = int(rng.integers(picture.shape[0] - height + 1))
        left = int(rng.integers(picture.shape[1] - width + 1))
        crop = picture[top : top + height, left : left + width].astype(np.float32) / np.float32(255.0)
        crop = crop if channels == 3 else (crop @ np.array(_LUMA, np.float32))[..., None]
        crops.append(np.ascontiguousarray(crop[None] if axes[0] == 3 else crop.transpose(2, 0, 1)[None]))
    where = folder.resolve().name
    told = f"{count} crops of {width}×{height} from {len(read)} pictures in {where}, as numbers from 0 to 1"
    return info, crops, told
