"""The items of an experiment: inputs and references matched by file stem, checked before anything is measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.image_file import SUFFIXES, image_size


@dataclass(frozen=True)
class Item:
    """One input picture with its reference. Sizes are (height, width) in pixels."""

    stem: str
    scene: str
    input_path: Path
    reference_path: Path
    input_size: tuple[int, int]
    reference_size: tuple[int, int]


def read_items(
    inputs: Path, references: Path, scale: int, scene_separator: str | None, limit: int | None
) -> list[Item]:
    """Match two folders by stem. Raises `UserError` for a missing folder, partner, or a size that does not fit."""
    input_files = _pictures(inputs, "inputs")
    reference_files = _pictures(references, "references")
    _all_paired(input_files, reference_files, inputs, references)
    items = []
    for stem in sorted(input_files)[:limit]:
        item = Item(
            stem=stem,
            scene=stem.split(scene_separator)[0] if scene_separator else stem,
            input_path=input_files[stem],
            reference_path=reference_files[stem],
            input_size=image_size(input_files[stem]),
            reference_size=image_size(reference_files[stem]),
        )
        expected = (item.input_size[0] * scale, item.input_size[1] * scale)
        if item.reference_size != expected:
            raise UserError(
                f"{item.reference_path}: is {_size(item.reference_size)}, and its input is {_size(item.input_size)}"
                f" with data.scale = {scale}",
                f"It should be {_size(expected)}. Nothing is resized: correct the picture or data.scale.",
            )
        items.append(item)
    return items


def _pictures(folder: Path, what: str) -> dict[str, Path]:
    """Stem → file. Hidden files and files that are no pictures are left alone."""
    if not folder.is_dir():
        raise UserError(f"{folder}: the folder of {what} {'is a file' if folder.exists() else 'does not exist'}")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or not path.is_file():
            continue
        if path.stem in found:
            raise UserError(
                f"{folder}: {found[path.stem].name!r} and {path.name!r} have the same stem",
                "Inputs and references are matched by stem: keep one of them.",
            )
        found[path.stem] = path
    if not found:
        raise UserError(f"{folder}: holds no pictures", f"Known endings: {', '.join(sorted(SUFFIXES))}.")
    return found


def _all_paired(
    inputs: dict[str, Path], references: dict[str, Path], input_folder: Path, reference_folder: Path
) -> None:
    for here, there, place, what in (
        (inputs, references, reference_folder, "no reference"),
        (references, inputs, input_folder, "no input"),
    ):
        lonely = sorted(set(here) - set(there))
        if lonely:
            more = f" and {len(lonely) - 1} more" if len(lonely) > 1 else ""
            raise UserError(
                f"{here[lonely[0]]}: has {what} in {place}{more}",
                "Inputs and references are matched by stem (the name without its ending).",
            )


def _size(size: tuple[int, int]) -> str:
    return f"{size[1]}×{size[0]}"
