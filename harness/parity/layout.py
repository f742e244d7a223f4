"""How the same values lie in two tensors: dimensions of size 1 aside, in one order or with channels moved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Shape = tuple[int, ...]
_ORDERS: Final[dict[int, tuple[tuple[int, ...], ...]]] = {
    2: ((1, 0),),
    3: ((1, 2, 0), (2, 0, 1), (0, 2, 1)),
    4: ((0, 2, 3, 1), (0, 3, 1, 2)),
    5: ((0, 2, 3, 4, 1), (0, 4, 1, 2, 3)),
}
"""Number of dimensions larger than 1 → orders beside the plain one: channels first to last, and back."""


@dataclass(frozen=True)
class Layout:
    """The order in which the converted tensor has the original's dimensions, those of size 1 left out."""

    order: tuple[int, ...]

    @property
    def is_plain(self) -> bool:
        """Whether both lie in memory alike."""
        return self.order == tuple(range(len(self.order)))

    def to_converted(self, original: NDArray[np.generic], shape: Shape) -> NDArray[np.generic]:
        """The original's values in the converted tensor's shape."""
        import numpy as np

        return np.ascontiguousarray(original.reshape(_solid(original.shape)).transpose(self.order)).reshape(shape)

    def to_original(self, converted: NDArray[np.generic], shape: Shape) -> NDArray[np.generic]:
        """The converted tensor's values in the original's shape."""
        import numpy as np

        back = tuple(int(place) for place in np.argsort(self.order))
        return np.ascontiguousarray(converted.reshape(_solid(converted.shape)).transpose(back)).reshape(shape)


def layouts_between(original: Shape, converted: Shape, *, same_format: bool) -> list[Layout]:
    """Layouts in which the values of one can lie in the other, the likeliest first; none where they cannot.

    Models of one format keep their order: another one is looked at only where the plain one does not fit, so that rows
    and columns that a fault exchanged stay one. Between formats planes have their channels moved.
    """
    solid, other = _solid(original), _solid(converted)
    if math.prod(solid) != math.prod(other) or len(solid) != len(other):
        return []
    rank = len(solid)
    moved = [order for order in _ORDERS.get(rank, ()) if rank != 3 or order != (0, 2, 1) or len(original) == 3]
    plain = tuple(range(rank))
    orders = [plain, *moved] if same_format or len(original) < 4 else [*moved, plain]
    found = [Layout(order) for order in orders if tuple(solid[place] for place in order) == other]
    return found[:1] if same_format and found and found[0].is_plain else found


def _solid(shape: Shape) -> Shape:
    return tuple(int(size) for size in shape if size != 1)
