"""Label masks: indexed or grey pictures whose values are the numbers of classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.tasks.image_file import read_levels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def read_mask(path: Path) -> NDArray[np.int64]:
    """Numbers of classes, shape (height, width). Raises `UserError` for a picture of colours."""
    import numpy as np

    levels = read_levels(path)
    if levels is None:
        raise UserError(
            f"{path}: is a picture of colours, and a mask holds the numbers of classes",
            "Save it as an indexed or grey PNG whose values are the numbers.",
        )
    return np.asarray(levels, dtype=np.int64)


def refuse_unknown_classes(path: Path, mask: NDArray[np.int64], classes: int, ignore: int | None) -> None:
    """Raise `UserError` for a number that is no class's."""
    import numpy as np

    beyond = [int(each) for each in np.unique(mask) if each >= classes and each != ignore]
    if beyond:
        raise UserError(
            f"{path}: has the class {beyond[0]}, and data.classes names {classes} (0 to {classes - 1})",
            f"Name it; or leave its pixels out: [data] ignore = {beyond[0]}.",
        )
