"""Pictures cut into tiles of a fixed size, and the outputs of those blended into one.

Tiles lie `overlap` pixels over each other; the last of a row or column ends where the picture ends, and so overlaps
more. In an overlap each tile's weight rises from its border inwards: not at all within `margin`, then by `blend`. The
weights of all tiles at a pixel sum to 1, so that where tiles agree the blend is their value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Blend = Literal["linear", "hann", "cut"]
Padding = Literal["reflect", "edge", "zero"]
MOST_TILES = 100_000
"""The most tiles of one picture: some 100 megapixels in tiles of 32 × 32."""


class Tiling(BaseModel):
    """How pictures of any size go through an input of one. All lengths are pixels of the input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: tuple[int, int]
    """The tile's (height, width)."""
    overlap: int = Field(ge=0)
    margin: int = Field(ge=0)
    blend: Blend
    padding: Padding

    def count(self, size: tuple[int, int]) -> int:
        """The number of tiles of a picture of (height, width)."""
        return len(_starts(size[0], self.size[0], self.overlap)) * len(_starts(size[1], self.size[1], self.overlap))

    def corners(self, size: tuple[int, int]) -> list[tuple[int, int]]:
        """The (row, column) at which each tile of a picture of (height, width) begins, row by row."""
        rows, columns = (_starts(size[axis], self.size[axis], self.overlap) for axis in (0, 1))
        return [(row, column) for row in rows for column in columns]

    def cut(self, image: NDArray[np.uint8], place: int) -> NDArray[np.uint8]:
        """One tile of a picture (height, width, channels); where the picture is smaller it is padded at the bottom and
        at the right.
        """
        import numpy as np

        row, column = self.corners((image.shape[0], image.shape[1]))[place]
        tile = image[row : row + self.size[0], column : column + self.size[1]]
        missing = [(0, self.size[axis] - tile.shape[axis]) for axis in (0, 1)]
        if any(behind for _, behind in missing):
            mode: Literal["reflect", "edge", "constant"] = "constant" if self.padding == "zero" else self.padding
            tile = np.pad(tile, [*missing, (0, 0)], mode=mode)
        return np.ascontiguousarray(tile)

    def join(self, tiles: Iterable[NDArray[np.generic]], size: tuple[int, int]) -> NDArray[np.generic]:
        """Outputs of all tiles, each (scale·height, scale·width, channels) of one dtype, as that of the whole picture
        of (height, width). Raises ValueError where their number or shapes are not those of its tiles.
        """
        import numpy as np

        rows, columns = (_starts(size[axis], self.size[axis], self.overlap) for axis in (0, 1))
        corners = self.corners(size)
        whole: NDArray[np.float64] | None = None
        first: NDArray[np.generic] | None = None
        down: list[NDArray[np.float64]] = []
        across: list[NDArray[np.float64]] = []
        scale, found = 1, 0
        for tile in tiles:
            if found == len(corners):
                raise ValueError(f"there are more than the {len(corners)} tiles of this picture")
            if first is None or whole is None:
                scale, first = _scale(tile, self.size), tile
                whole = np.zeros((size[0] * scale, size[1] * scale, tile.shape[2]))
                down, across = (self._weights(axis, starts, scale) for axis, starts in ((0, rows), (1, columns)))
            elif tile.shape != first.shape or tile.dtype != first.dtype:
                raise ValueError(f"tile {found} is {tile.shape} of {tile.dtype}, and others {first.shape}")
            row, column = (begin * scale for begin in corners[found])
            into = whole[row : row + tile.shape[0], column : column + tile.shape[1]]
            height, width = into.shape[:2]  # without the padding
            weight = down[found // len(columns)][:height, None, None] * across[found % len(columns)][:width, None]
            np.add(into, weight * tile[:height, :width].astype(np.float64), out=into, where=weight > 0.0)
            found += 1
        if whole is None or first is None or found != len(corners):
            raise ValueError(f"{found} of the {len(corners)} tiles of this picture are there")
        if np.issubdtype(first.dtype, np.integer):
            whole = np.rint(whole)
        result: NDArray[np.generic] = whole.astype(first.dtype)
        return result

    def _weights(self, axis: int, starts: Sequence[int], scale: int) -> list[NDArray[np.float64]]:
        """Of each tile along one axis, in pixels of the output; those of all tiles sum to 1 everywhere."""
        import numpy as np

        length = self.size[axis] * scale
        weights = [np.ones(length) for _ in starts]
        for place in range(1, len(starts)):
            shared = (starts[place - 1] + self.size[axis] - starts[place]) * scale
            rising = self._rise(shared, self.margin * scale)
            weights[place][:shared] *= rising
            weights[place - 1][length - shared :] *= 1.0 - rising
        total = np.zeros((starts[-1] + self.size[axis]) * scale)
        for start, weight in zip(starts, weights, strict=True):
            total[start * scale : start * scale + length] += weight
        return [
            weight / total[start * scale : start * scale + length]
            for start, weight in zip(starts, weights, strict=True)
        ]

    def _rise(self, shared: int, margin: int) -> NDArray[np.float64]:
        """From 0 to 1 over the pixels that two tiles share."""
        import numpy as np

        between = shared - 2 * margin
        place = np.clip((np.arange(shared) - margin + 0.5) / max(between, 1), 0.0, 1.0)
        if between < 1 or self.blend == "cut":
            return (np.arange(shared) >= shared // 2).astype(np.float64)
        rising: NDArray[np.float64] = np.sin(np.pi / 2.0 * place) ** 2 if self.blend == "hann" else place
        return rising

    def seams(self, size: tuple[int, int], scale: int) -> tuple[list[Seam], list[Seam]]:
        """Where tiles of a picture of (height, width) meet, in pixels of the output: rows, and columns."""
        found = []
        for axis in (0, 1):
            starts = _starts(size[axis], self.size[axis], self.overlap)
            found.append(
                [Seam(after * scale, (before + self.size[axis]) * scale) for before, after in pairwise(starts)]
            )
        return found[0], found[1]


@dataclass(frozen=True)
class Seam:
    """The rows, or columns, that two neighbouring tiles share: from `begin` to before `end`, in pixels of the output;
    none where they only touch.
    """

    begin: int
    end: int


def _starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin along an axis; the last one ends where the picture does."""
    if length <= tile:
        return [0]
    return [*range(0, length - tile, tile - overlap), length - tile]


def _scale(tile: NDArray[np.generic], size: tuple[int, int]) -> int:
    scale = int(tile.shape[0]) // size[0]
    if tile.shape[:2] != (scale * size[0], scale * size[1]) or scale < 1:
        raise ValueError(
            f"a tile of {size[1]}×{size[0]} became {tile.shape[1]}×{tile.shape[0]}, which is no whole multiple"
        )
    return scale
