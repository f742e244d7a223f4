"""A data set for super-resolution from references alone: cropped references, inputs made of them, and what was done."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.errors import UserError
from harness.tasks.derived_data import DerivedData, DerivesData, Recipe
from harness.tasks.fingerprint import file_sha256
from harness.tasks.image_to_image.degrade import KERNELS, cropped, degraded
from harness.tasks.image_to_image.odd_pictures import OddPictures, look, named_pictures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WRITTEN: Final = "data.json"
"""The file beside the pictures that says how they were made."""
_SCHEMA: Final = "bakeoff.data/1"


def derive(folders: Sequence[Path], out: Path, recipe: Recipe, advance: Callable[[int, int], None]) -> DerivedData:
    """Write `out`/references, `out`/inputs and what was done; all of it or nothing."""
    _refuse(out, recipe)
    pictures = named_pictures(folders)
    beside = out.with_name(f".part-{out.name}")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        for part in ("references", "inputs"):
            (beside / part).mkdir(parents=True)
        made = _write(pictures, beside, folders, recipe, advance)
        if not made.items:
            raise UserError("none of the pictures can be used", made.left_out[0])
        beside.rename(out)
    except OSError as error:
        raise UserError(f"{out}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return made


def _refuse(out: Path, recipe: Recipe) -> None:
    if out.exists() or out.is_symlink():
        raise UserError(f"{out}: is there already, and nothing is written over", "Name a new folder with --out.")
    if not out.parent.is_dir():
        raise UserError(f"{out.parent}: is no folder")
    if recipe.kernel not in KERNELS:
        raise UserError(f"unknown kernel {recipe.kernel!r}; known: {', '.join(KERNELS)}")


def _write(
    pictures: Sequence[tuple[str, Path]],
    home: Path,
    folders: Sequence[Path],
    recipe: Recipe,
    advance: Callable[[int, int], None],
) -> DerivedData:
    odd, items, too_small = OddPictures(), [], []
    for place, (name, path) in enumerate(pictures):
        picture = odd.read(name, path)
        if picture is not None and min(picture.shape[:2]) < recipe.scale:
            too_small.append(f"{name}: is smaller than one pixel of the input")
        elif picture is not None:
            items.append(_write_item(name, path, picture, home, recipe))
        advance(place + 1, len(pictures))
    lines = ['inputs = "inputs"', 'references = "references"', f"scale = {recipe.scale}"]
    if len(folders) > 1:
        _write_groups(home / "groups.csv", [item["name"] for item in items])
        lines.append('groups = "groups.csv"')
    left_out = [*odd.unreadable, *too_small]
    written = {
        "schema": _SCHEMA,
        "recipe": {**asdict(recipe), "kernel_in_words": KERNELS[recipe.kernel]},
        "order": "cropped at the bottom and the right, resized, noise, JPEG",
        "libraries": _libraries(),
        "items": items,
        "left_out": left_out,
        "odd": odd.in_words(),
    }
    text = json.dumps(written, indent=1, ensure_ascii=False) + "\n"
    (home / WRITTEN).write_text(text, encoding="utf-8")
    return DerivedData(len(items), left_out, odd.in_words(), lines)


def _write_item(name: str, path: Path, whole: NDArray[np.uint8], home: Path, recipe: Recipe) -> dict[str, Any]:
    from PIL import Image

    reference = cropped(whole, recipe.scale)
    written = {}
    for part, picture in (("references", reference), ("inputs", degraded(reference, recipe, name))):
        place = home / part / f"{name}.png"
        Image.fromarray(picture).save(place, "PNG")
        written[part] = file_sha256(place)
    return {
        "name": name,
        # Not the whole path: the set may be given to others.
        "of": path.name,
        "of_sha256": file_sha256(path),
        "height_px": reference.shape[0],
        "width_px": reference.shape[1],
        "cropped_bottom_px": whole.shape[0] - reference.shape[0],
        "cropped_right_px": whole.shape[1] - reference.shape[1],
        "reference_sha256": written["references"],
        "input_sha256": written["inputs"],
    }


def _write_groups(path: Path, names: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["item", "tag"])
        writer.writerows([name, name.split("__", 1)[0]] for name in names)


def _libraries() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("numpy", "pillow")}


DERIVES_PICTURES: Final = DerivesData(kernels=KERNELS, derive=derive, look=look)
