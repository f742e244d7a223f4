"""What a model says of each pixel, laid over the picture that it saw: for people to look at, never for a score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from harness.tasks.model_input.thumbnail import SMALLEST_SIDE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.model_input.codec import InputCodec

_SHARE: Final = 0.6
"""What the colours have of the mixture; the rest is the picture in grey."""


def laid_over(colors: NDArray[np.uint8], codec: InputCodec, given: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Colours, uint8 (height, width, 3), over the part of a picture that the model saw where that has their size; else
    the colours alone. Pixels are repeated where there are so few that nothing would be seen.
    """
    import numpy as np

    grey = seen_in_grey(codec, given)
    if grey is not None and grey.shape == colors.shape:
        mixed = _SHARE * colors.astype(np.float64) + (1.0 - _SHARE) * grey
        colors = np.rint(mixed).astype(np.uint8)
    return enlarged(colors)


def seen_in_grey(codec: InputCodec, given: Any) -> NDArray[np.uint8] | None:
    """What the model sees of a picture, uint8 (height, width, 3), all three channels alike; None for tensors."""
    import numpy as np

    if codec.content != "pictures" or given.ndim != 3:
        return None
    levels = codec.seen(given).astype(np.float64).mean(axis=2, keepdims=True)
    grey: NDArray[np.uint8] = np.rint(levels).astype(np.uint8).repeat(3, axis=2)
    return grey


def enlarged(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A small picture pixel by pixel larger."""
    import numpy as np

    times = max(1, SMALLEST_SIDE // max(picture.shape[:2]))
    return np.ascontiguousarray(picture.repeat(times, axis=0).repeat(times, axis=1))
