"""The masks of one item side by side, and where which arm is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.tasks.drawing import Drawing, ItemToDraw, Role
from harness.tasks.image_file import write_image
from harness.tasks.model_input.thumbnail import write_thumbnail
from harness.tasks.segmentation.colored import WRONG_IN_WORDS, mask_picture, where_wrong

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def draw(home: Path, item: ItemToDraw, ignored: int | None, classes: tuple[str, ...]) -> Drawing:
    """Write PNG files into `home`. Raises ValueError where an output is no mask."""
    masks: dict[Role, NDArray[np.int64]] = {
        role: codec.decode(outputs[0]) for role, (codec, outputs) in item.outputs.items()
    }
    codecs = {role: codec for role, (codec, _) in item.outputs.items()}
    pictures: dict[Literal["baseline", "candidate", "reference", "difference"], NDArray[np.uint8]] = {}
    if codecs:
        pictures["reference"] = mask_picture(next(iter(codecs.values())), item.given, item.reference)
    for role, mask in masks.items():
        pictures[role] = mask_picture(codecs[role], item.given, mask)
    notes = []
    if set(masks) == {"baseline", "candidate"} and {mask.shape for mask in masks.values()} == {item.reference.shape}:
        pictures["difference"] = where_wrong(masks["baseline"], masks["candidate"], item.reference, ignored)
        notes = [WRONG_IN_WORDS, *_confused(masks["candidate"], item.reference, ignored, classes)]
    for name, picture in pictures.items():
        write_image(home / f"{name}.png", picture)
    return Drawing(
        pictures={name: home / f"{name}.png" for name in pictures},
        thumbnail=write_thumbnail(home, item.given),
        notes=tuple(notes),
    )


def _confused(
    made: NDArray[np.int64], reference: NDArray[np.int64], ignored: int | None, classes: tuple[str, ...]
) -> list[str]:
    """Which class the candidate most often takes for which."""
    import numpy as np

    wrong = (made != reference) & (made >= 0) & (made < len(classes))
    if ignored is not None:
        wrong &= reference != ignored
    wrong &= reference < len(classes)
    if not wrong.any():
        return ["Candidate: every pixel right."]
    pairs, counts = np.unique(np.stack([reference[wrong], made[wrong]]), axis=1, return_counts=True)
    wanted, found = pairs[:, int(counts.argmax())]
    return [
        f"Candidate: {int(wrong.sum()):,} of {made.size:,} pixels wrong, most of them {classes[wanted]} taken for"
        f" {classes[found]}."
    ]
