"""What both arms gave one item, in a sentence each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.tasks.anomaly_detection.map_pictures import as_picture
from harness.tasks.drawing import Drawing, ItemToDraw
from harness.tasks.image_file import write_image
from harness.tasks.model_input.thumbnail import write_thumbnail
from metrics.anomaly.anomaly import AnomalyReference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def draw(home: Path, item: ItemToDraw, map_range: tuple[float, float]) -> Drawing:
    """The picture that went in, where it is one, the arms' maps over it beside the mask, and sentences. Raises
    ValueError where an output cannot be read.
    """
    reference: AnomalyReference = item.reference
    notes = [f"It is {'anomalous' if reference.is_anomalous else 'normal'}."]
    pictures: dict[Literal["baseline", "candidate", "reference", "difference"], NDArray[np.uint8]] = {}
    for role, (codec, outputs) in item.outputs.items():
        made = codec.decode(outputs)
        notes.append(f"{role.capitalize()}: score {made.score:.6g}.")
        shown = as_picture(codec, item.given, made, map_range)
        if shown is not None:
            pictures[role] = shown
        if reference.mask is not None and (mask := as_picture(codec, item.given, reference, map_range)) is not None:
            pictures.setdefault("reference", mask)
    if set(pictures) <= {"reference"}:  # scores alone: a mask beside nothing says nothing
        pictures = {}
    else:
        low, high = map_range
        notes.append(f"Maps: darkest at {low:g}, lightest at {high:g}; the mask is light where it is anomalous.")
    for name, picture in pictures.items():
        write_image(home / f"{name}.png", picture)
    return Drawing(
        pictures={name: home / f"{name}.png" for name in pictures},
        thumbnail=write_thumbnail(home, item.given),
        notes=tuple(notes),
    )
