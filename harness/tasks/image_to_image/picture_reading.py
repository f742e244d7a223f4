"""How the files of an experiment become the pictures that are compared, where its table [data] says more than nothing:
depth, transparency, and the middle cut out of inputs and references alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.tasks.image_file import NOTHING_ALLOWED, Allowed, read_image
from harness.tasks.model_input.resizing import crop_size

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.image_to_image.dataset import Item
    from harness.tasks.image_to_image.options import Data


@dataclass(frozen=True)
class PictureReading:
    """One way to read inputs and references, for all arms."""

    allowed: Allowed = NOTHING_ALLOWED
    crop: tuple[int, int] | None = None
    """(height, width) of what is cut out of the middle of inputs."""
    scale: int = 1

    def input(self, path: Path) -> NDArray[np.uint8]:
        """uint8 (height, width, 3) RGB. Raises `UserError`."""
        return self._cut(read_image(path, self.allowed), 1)

    def reference(self, path: Path) -> NDArray[np.uint8]:
        """As `input`, so many times larger."""
        return self._cut(read_image(path, self.allowed), self.scale)

    def _cut(self, picture: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
        if self.crop is None:
            return picture
        import numpy as np

        height, width = (side * scale for side in self.crop)
        # Where the input is cut, times the scale: in whole pixels of the input, so that both show the same.
        top, left = (
            scale * ((has // scale - side) // 2) for has, side in zip(picture.shape[:2], self.crop, strict=True)
        )
        return np.ascontiguousarray(picture[top : top + height, left : left + width])

    def sized(self, item: Item) -> Item:
        """An item with the sizes of what is compared. Raises `UserError` where it is smaller than what is cut out."""
        if self.crop is None:
            return item
        height, width = self.crop
        if item.input_size[0] < height or item.input_size[1] < width:
            raise UserError(
                f"{item.input_path}: is {item.input_size[1]}×{item.input_size[0]}, and data.crop ="
                f" {width}×{height} is larger",
                "Nothing is padded: crop less, or leave the picture out.",
            )
        return replace(item, input_size=self.crop, reference_size=(height * self.scale, width * self.scale))


def reading_of(data: Data) -> PictureReading:
    """What the table [data] says."""
    return PictureReading(Allowed(data.deep, data.alpha), crop_size(data.crop), data.scale)
