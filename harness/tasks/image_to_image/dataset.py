"""The items of an experiment: inputs and references matched by file stem, checked before anything is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from harness.errors import UserError
from harness.tasks.fingerprint import file_sha256
from harness.tasks.image_file import NOTHING_ALLOWED, SUFFIXES, Allowed, describe, image_size, read_image
from harness.tasks.item import TaskItem
from harness.tasks.item_groups import FOLDERS, folders_of_items, refuse_other_folders
from harness.tasks.pairing import refuse_unpaired, refuse_unwritable
from harness.tasks.read_each import read_each

_ENDINGS = ", ".join(sorted(SUFFIXES))


@dataclass(frozen=True)
class Item(TaskItem):
    """One input picture with its reference. Sizes are (height, width) in pixels."""

    input_size: tuple[int, int]
    reference_size: tuple[int, int]
    input_color: str | None = field(default=None, kw_only=True)
    reference_color: str | None = field(default=None, kw_only=True)
    """Colour profile or gamma that the file names, in words; None for plain sRGB and until `read_whole`."""


def read_items(
    inputs: Path,
    references: Path,
    scale: int,
    scene_separator: str | None,
    limit: int | None,
    groups: str | None = None,
) -> list[Item]:
    """Match two folders by stem; where `groups` are folders, those directly in them too. Raises `UserError` for a
    missing folder, partner, or a size that does not fit.
    """
    input_files = pictures_in(inputs, "inputs", groups)
    reference_files = pictures_in(references, "references", groups)
    refuse_unpaired(input_files, reference_files, inputs, references)
    if groups == FOLDERS:
        refuse_other_folders(input_files, reference_files, references)
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


def read_whole(
    items: Sequence[Item], advance: Callable[[int, int], None], allowed: Allowed = NOTHING_ALLOWED
) -> list[Item]:
    """Read every picture once, to its end, and let go of it: a damaged reference would else show only when everything
    has been measured. Returns the items with the hashes of their files. Raises `UserError`.
    """
    return read_each(items, advance, partial(_read_item, allowed=allowed))


def _read_item(item: Item, allowed: Allowed) -> Item:
    read_image(item.input_path, allowed)
    read_image(item.reference_path, allowed)
    return replace(
        item,
        input_sha256=file_sha256(item.input_path),
        reference_sha256=file_sha256(item.reference_path),
        input_color=describe(item.input_path).color,
        reference_color=describe(item.reference_path).color,
    )


def pictures_in(folder: Path, what: str, groups: str | None = None) -> dict[str, Path]:
    """Stem → file. Hidden files and files that are no pictures are left alone."""
    if not folder.is_dir():
        raise UserError(f"{folder}: the folder of {what} {'is a file' if folder.exists() else 'does not exist'}")
    found: dict[str, Path] = {}
    for path in (path for home in folders_of_items(folder, groups) for path in sorted(home.iterdir())):
        if not _is_picture(path):
            continue
        if path.is_symlink() and not path.exists():
            raise UserError(
                f"{path}: is a link to a file that is not there",
                "Fetch the content (git annex get, dvc pull, …), or remove the link.",
            )
        if not path.is_file():
            continue
        refuse_unwritable(folder, str(path.relative_to(folder)))
        if path.stem in found:
            first, second = (str(one.relative_to(folder)) for one in (found[path.stem], path))
            raise UserError(
                f"{folder}: {first!r} and {second!r} have the same stem",
                "Inputs and references are matched by stem: keep one of them.",
            )
        found[path.stem] = path
    if not found:
        raise UserError(f"{folder}: holds no pictures", _where_else(folder) or f"Known endings: {_ENDINGS}.")
    return found


def lie_in_folders(folder: Path) -> str | None:
    """Name of a folder in this one that holds pictures, where itself it holds none; else None."""
    homes = folders_of_items(folder, FOLDERS)
    holding = [home for home in homes if home.is_dir() and any(map(_is_picture, home.iterdir()))]
    return holding[0].name if holding and holding[0] is not folder else None


def _where_else(folder: Path) -> str | None:
    """What to do where pictures lie in folders of it; None where they do not."""
    home = lie_in_folders(folder)
    if home is None:
        return None
    return f'Those in {home}/ are found with groups = "{FOLDERS}" below [data], which makes it a group.'


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def left_out(folder: Path, groups: str | None = None) -> list[str]:
    """Names of the files that are not taken for pictures, hidden ones apart: their endings are not known."""
    return sorted(
        path.name
        for home in folders_of_items(folder, groups)
        for path in home.iterdir()
        if path.suffix.lower() not in SUFFIXES
        and not path.name.startswith(".")
        and (path.is_symlink() or path.is_file())
    )


def _size(size: tuple[int, int]) -> str:
    return f"{size[1]}×{size[0]}"
