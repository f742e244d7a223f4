"""The items: inputs with labels, and a mask for each anomalous one where masks are declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import UserError
from harness.tasks.anomaly_detection.options import Data
from harness.tasks.fingerprint import file_sha256
from harness.tasks.image_file import SUFFIXES, image_size, read_image
from harness.tasks.labelled_inputs import labelled_inputs
from harness.tasks.model_input.items import InputItem, read_input_whole, with_header
from harness.tasks.read_each import read_each
from harness.tasks.task import Advance, Resolve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NORMAL: Final = "normal"
ANOMALOUS: Final = "anomalous"


def find_items(data: Data, resolve: Resolve) -> list[InputItem]:
    """Inputs, each `normal` or `anomalous`, by name. Raises `UserError`."""
    folder, labels = resolve(data.inputs), None if data.labels is None else resolve(data.labels)
    found = labelled_inputs(folder, labels, data.content)
    known = {label for _, label in found.values()}
    if not known & set(data.normal) and len(known) > 1:
        raise UserError(
            f"{labels or folder}: none of the labels ({', '.join(sorted(known)[:5])}) is that of normal items"
            f" ({', '.join(data.normal)})",
            f'Say which is: [data] normal = ["{min(known)}"].',
        )
    masks = None if data.masks is None else resolve(data.masks)
    items = []
    for stem in sorted(found)[: data.limit]:
        path, label = found[stem]
        is_anomalous = label not in data.normal
        mask = mask_of(masks, stem, label) if masks is not None and is_anomalous else None
        item = with_header(
            InputItem(
                stem=stem,
                scene=stem.split(data.scene_separator)[0] if data.scene_separator else stem,
                input_path=path,
                reference_path=mask or path,
                label=ANOMALOUS if is_anomalous else NORMAL,
            ),
            data.content,
        )
        if mask is not None and item.input_size is not None and image_size(mask) != item.input_size:
            raise UserError(
                f"{mask}: is {_size(image_size(mask))}, and its input {path.name} is {_size(item.input_size)}",
                "A mask has the size of its input: nothing is resized.",
            )
        items.append(item)
    return items


def mask_of(masks: Path, stem: str, label: str) -> Path:
    """The mask of an anomalous item: `STEM.png` or `STEM_mask.png` in the folder, or in one of its kind. Raises
    `UserError`.
    """
    if not masks.is_dir():
        raise UserError(f"{masks}: the folder of masks does not exist")
    name = stem.rsplit("/", 1)[-1]
    for home in (masks / label, masks):
        for ending in ("", "_mask"):
            for suffix in sorted(SUFFIXES):
                path = home / f"{name}{ending}{suffix}"
                if path.is_file():
                    return path
    raise UserError(
        f"{masks}: has no mask of {stem}, which is anomalous",
        f"Name it {name}.png or {name}_mask.png; or leave data.masks out, and maps are not scored.",
    )


def read_mask(path: Path) -> NDArray[np.bool_]:
    """True where it is not black, shape (height, width). Raises `UserError`."""
    marked: NDArray[np.bool_] = read_image(path).max(axis=2) > 0
    return marked


def read_items(items: Sequence[InputItem], advance: Advance) -> list[InputItem]:
    """Every input and mask read once to its end: the items again, with fingerprints. Raises `UserError`."""
    return read_each(items, advance, _read)


def _read(item: InputItem) -> InputItem:
    read = read_input_whole(item)
    if item.reference_path == item.input_path:
        return read
    if not read_mask(item.reference_path).any():
        raise UserError(
            f"{item.reference_path}: marks nothing, and {item.stem} is anomalous", "Correct the mask or the label."
        )
    return replace(read, reference_sha256=file_sha256(item.reference_path))


def _size(size: tuple[int, int]) -> str:
    return f"{size[1]}×{size[0]}"
