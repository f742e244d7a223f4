"""Masks as pictures: a colour for each class, the same in every run, and where arms are wrong."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING, Final

from harness.tasks.model_input.laid_over import enlarged, laid_over

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.segmentation.codec import MaskCodec

_GOLDEN: Final = 0.618033988749895
"""Hues this far apart stay apart however many classes there are."""
_UNKNOWN: Final = (16, 16, 16)
"""Pixels that do not count, and numbers that are no class."""
_RIGHT, _BOTH, _ONLY_CANDIDATE, _ONLY_BASELINE = (232, 232, 232), (96, 96, 96), (214, 40, 40), (38, 84, 200)
WRONG_IN_WORDS: Final = (
    "Difference: red where the candidate alone is wrong, blue where the baseline alone is, dark grey where both are."
)


def class_color(number: int) -> tuple[int, int, int]:
    """RGB of a class by its number; the first is black, as backgrounds are."""
    if number == 0:
        return (0, 0, 0)
    red, green, blue = colorsys.hsv_to_rgb((number * _GOLDEN) % 1.0, 0.75 if number % 2 else 0.5, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def colored(mask: NDArray[np.int64], classes: int) -> NDArray[np.uint8]:
    """Numbers of classes, (height, width) → uint8 (height, width, 3)."""
    import numpy as np

    table = np.array([*(class_color(number) for number in range(classes)), _UNKNOWN], dtype=np.uint8)
    return table[np.where((mask >= 0) & (mask < classes), mask, classes)]


def mask_picture(codec: MaskCodec, given: NDArray[np.generic], mask: NDArray[np.int64]) -> NDArray[np.uint8]:
    """A mask, over the picture that the model saw where both have one size."""
    return laid_over(colored(mask, codec.number_of_classes), codec.given, given)


def where_wrong(
    baseline: NDArray[np.int64], candidate: NDArray[np.int64], reference: NDArray[np.int64], ignored: int | None
) -> NDArray[np.uint8]:
    """Which of two arms is wrong at each pixel, uint8 (height, width, 3); all three masks have one shape."""
    import numpy as np

    counts = reference != ignored if ignored is not None else np.ones(reference.shape, np.bool_)
    before, after = (baseline != reference) & counts, (candidate != reference) & counts
    picture = np.empty((*reference.shape, 3), np.uint8)
    picture[...] = _RIGHT
    picture[before & after] = _BOTH
    picture[after & ~before] = _ONLY_CANDIDATE
    picture[before & ~after] = _ONLY_BASELINE
    picture[~counts] = _UNKNOWN
    return enlarged(picture)
