"""The pictures a person should look at: where a candidate lost most against the baseline, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.image_file import read_image, write_image
from harness.quality import Output, decode_output, read_outputs
from harness.run_folder import RunFolder, safe_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.comparison import GalleryItem
    from harness.manifest import Manifest, ManifestArm, ManifestDevice, ManifestItem

DIFFERENCE_GAIN = 8.0


def draw_gallery(
    folder: RunFolder, manifest: Manifest, entry: ManifestDevice, chosen: list[GalleryItem]
) -> list[GalleryItem]:
    """Write the PNG files of the chosen items and return them with their paths filled in."""
    outputs = read_outputs(folder, entry.folder)
    items = {item.stem: item for item in manifest.items}
    arms = {arm.name: arm for arm in manifest.arms}
    return [
        _draw(folder, entry, place, each, items[each.item], manifest.arms[0], arms[each.candidate], outputs)
        for place, each in enumerate(chosen)
    ]


def _draw(
    folder: RunFolder,
    entry: ManifestDevice,
    place: int,
    chosen: GalleryItem,
    item: ManifestItem,
    baseline: ManifestArm,
    candidate: ManifestArm,
    outputs: dict[tuple[str, str], Output],
) -> GalleryItem:
    import numpy as np

    image = read_image(Path(item.input_path))
    reference = read_image(Path(item.reference_path))
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
    return chosen.model_copy(
        update={
            "baseline_image": places.get("baseline"),
            "candidate_image": places.get("candidate"),
            "reference_image": places.get("reference"),
            "difference_image": places.get("difference"),
            "difference_gain": DIFFERENCE_GAIN if "difference" in places else None,
        }
    )
