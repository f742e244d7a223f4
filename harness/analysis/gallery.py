"""The pictures a person should look at: where a candidate lost most against the baseline, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.analysis.judging.worst_items import worst_items
from harness.analysis.tables.quality import Output, decode_output, read_known_image, read_outputs
from harness.documents.comparison import GalleryItem
from harness.documents.folder import RunFolder, safe_name
from harness.quantity import QUANTITIES, Available, Measured, Unavailable
from harness.tasks.image_file import write_image

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from harness.documents.manifest import Manifest, ManifestArm, ManifestDevice, ManifestItem

DIFFERENCE_GAIN = 8.0


def draw_gallery(
    folder: RunFolder, manifest: Manifest, entry: ManifestDevice, candidate: ManifestArm, scores: pd.DataFrame
) -> list[GalleryItem]:
    """Choose the worst items of a candidate on a device and write their PNG files."""
    baseline = manifest.arms[0]
    outputs = read_outputs(folder, manifest)[entry.name]
    items = {item.stem: item for item in manifest.items}
    return [
        GalleryItem(
            candidate=candidate.name,
            item=worst.item,
            metric=worst.metric,
            values={arm.name: _values(scores, entry.name, arm.name, worst.item) for arm in (baseline, candidate)},
            **_draw(folder, entry, place, items[worst.item], baseline, candidate, outputs),
        )
        for place, worst in enumerate(worst_items(scores, entry.name, candidate.name, baseline.name))
    ]


def _values(scores: pd.DataFrame, device: str, arm: str, item: str) -> dict[str, Measured]:
    """Quantity → value of one arm on one item."""
    rows = scores[(scores["device"] == device) & (scores["arm"] == arm) & (scores["item"] == item)]
    values: dict[str, Measured] = {}
    for name, value, reason in zip(rows["quantity"], rows["value"], rows["reason"], strict=True):
        quantity = QUANTITIES[str(name)]
        if quantity.over == "set":  # no image has one
            continue
        values[quantity.name] = (
            Unavailable(reason=reason)
            if isinstance(reason, str)
            else Available(value=float(value), unit=quantity.unit, source="this image")
        )
    return values


def _draw(
    folder: RunFolder,
    entry: ManifestDevice,
    place: int,
    item: ManifestItem,
    baseline: ManifestArm,
    candidate: ManifestArm,
    outputs: dict[tuple[str, str], Output],
) -> dict[str, Any]:
    """Paths of the pictures, relative to the run, by the names of GalleryItem's fields."""
    import numpy as np

    image = read_known_image(item.input_path, item.input_sha256)
    reference = read_known_image(item.reference_path, item.reference_sha256)
    pictures: dict[str, NDArray[np.uint8]] = {"reference": reference}
    for role, arm in (("baseline", baseline), ("candidate", candidate)):
        output = outputs.get((arm.id, item.id))
        if output is not None:
            pictures[role] = decode_output(arm, output, image)
    made = pictures.get("candidate")
    if made is not None and made.shape == reference.shape:
        error = np.abs(made.astype(np.float64) - reference.astype(np.float64))
        pictures["difference"] = np.clip(np.rint(error * DIFFERENCE_GAIN), 0, 255).astype(np.uint8)
    home = folder.gallery / entry.folder / f"{candidate.id}-{place}-{safe_name(item.stem)}"
    for role, picture in pictures.items():
        write_image(home / f"{role}.png", picture)
    places = {role: str((home / f"{role}.png").relative_to(folder.path)) for role in pictures}
    return {
        "baseline_image": places.get("baseline"),
        "candidate_image": places.get("candidate"),
        "reference_image": places.get("reference"),
        "difference_image": places.get("difference"),
        "difference_gain": DIFFERENCE_GAIN if "difference" in places else None,
    }
