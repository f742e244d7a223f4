"""The items: for each stem a .npy file, or a folder of them, among the inputs and among the references."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.tasks.fingerprint import file_sha256, files_sha256
from harness.tasks.item import TaskItem
from harness.tasks.item_groups import FOLDERS, folders_of_items, refuse_other_folders
from harness.tasks.pairing import refuse_unpaired, refuse_unwritable
from harness.tasks.tensor_file import TensorHeader, read_header, read_tensor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIX = ".npy"
ALONE = ""
"""The name of an item's only tensor, where it is a file and not a folder of named ones."""
MOST_TENSORS = 256
"""The most tensors of one item."""


@dataclass(frozen=True)
class TensorItem(TaskItem):
    """One item, with the headers of its tensors by name (`ALONE` for a file's)."""

    inputs: Mapping[str, TensorHeader] = field(kw_only=True)
    references: Mapping[str, TensorHeader] = field(kw_only=True)


def find_items(
    inputs: Path,
    references: Path,
    scene_separator: str | None,
    limit: int | None,
    groups: str | None = None,
    scored: Sequence[str] | None = None,
) -> list[TensorItem]:
    """Match two folders by stem, and look at the headers; where `groups` are folders, items lie in those directly in
    them. Of the references those are taken that `scored` names, or all. Raises `UserError`.
    """
    given, expected = items_in(inputs, "inputs", groups), items_in(references, "references", groups)
    refuse_unpaired(given, expected, inputs, references)
    if groups == FOLDERS:
        refuse_other_folders(given, expected, references)
    return [
        TensorItem(
            stem=stem,
            scene=stem.split(scene_separator)[0] if scene_separator else stem,
            input_path=given[stem],
            reference_path=expected[stem],
            inputs={name: read_header(path) for name, path in tensor_files(given[stem]).items()},
            references={name: read_header(path) for name, path in reference_files(expected[stem], scored).items()},
        )
        for stem in sorted(given)[:limit]
    ]


def items_in(folder: Path, what: str, groups: str | None = None) -> dict[str, Path]:
    """Stem → .npy file, or folder that holds some. What is hidden or something else is left alone. Where `groups` are
    folders, every folder directly in this one is one and holds items, and no item is a folder there.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: the folder of {what} {'is a file' if folder.exists() else 'does not exist'}")
    found: dict[str, Path] = {}
    homes = folders_of_items(folder, groups)
    for path in (path for home in homes for path in sorted(home.iterdir()) if path not in homes):
        is_file = path.suffix.lower() == SUFFIX and path.is_file()
        if path.name.startswith(".") or not (is_file or (path.is_dir() and any(path.glob(f"*{SUFFIX}")))):
            continue
        refuse_unwritable(folder, str(path.relative_to(folder)))
        stem = path.stem if is_file else path.name
        if stem in found:
            raise UserError(
                f"{folder}: {str(found[stem].relative_to(folder))!r} and {str(path.relative_to(folder))!r} are one"
                " item twice",
                "An item is a file STEM.npy, or a folder STEM of .npy files: keep one of them.",
            )
        found[stem] = path
    if not found:
        raise UserError(
            f"{folder}: holds no tensors", "An item is a file STEM.npy, or a folder STEM with one .npy file a tensor."
        )
    return found


def tensor_files(path: Path) -> dict[str, Path]:
    """Name → file of one item's tensors. Raises `UserError`."""
    if not path.is_dir():
        return {ALONE: path}
    found: dict[str, Path] = {}
    for each in sorted(path.iterdir()):
        if each.suffix.lower() == SUFFIX and not each.name.startswith(".") and each.is_file():
            refuse_unwritable(path, each.name)
            found[each.stem] = each
    if not found or len(found) > MOST_TENSORS:
        raise UserError(f"{path}: holds {len(found)} .npy files; an item has 1 to {MOST_TENSORS}")
    return found


def reference_files(path: Path, scored: Sequence[str] | None) -> dict[str, Path]:
    """Name → file of the references of one item that are compared: all, or those named; its only file whatever it is
    called. Raises `UserError` for one that is not there.
    """
    found = tensor_files(path)
    if scored is None or set(found) == {ALONE}:
        if scored is not None and len(scored) > 1:
            raise UserError(f"{path}: is one tensor, and data.scored names {len(scored)} references")
        return found
    missing = next((name for name in scored if name not in found), None)
    if missing is not None:
        raise UserError(
            f"{path}: holds no {missing}{SUFFIX}, which data.scored names",
            f"It holds {', '.join(map(repr, found))}.",
        )
    return {name: found[name] for name in scored}


def read_references(path: Path, scored: tuple[str, ...]) -> dict[str, NDArray[np.generic]]:
    """Name → tensor of those references of an item that `scored` names. Raises `UserError`."""
    return {name: read_tensor(file) for name, file in reference_files(path, scored).items()}


def read_tensors(path: Path) -> dict[str, NDArray[np.generic]]:
    """Name → tensor of what lies at an item's path. Raises `UserError`."""
    return {name: read_tensor(file) for name, file in tensor_files(path).items()}


def fingerprint(path: Path) -> str:
    """Of the file, or of the folder's .npy files. Raises `UserError`."""
    return files_sha256(tensor_files(path).values()) if path.is_dir() else file_sha256(path)


def read_items(items: Sequence[TensorItem], advance: Callable[[int, int], None]) -> list[TensorItem]:
    """Read every tensor once, and let go of it: a damaged reference would else show only when everything has been
    measured. Returns the items with their fingerprints. Raises `UserError`.
    """
    read: list[TensorItem] = []
    for item in items:
        read_tensors(item.input_path)
        read_tensors(item.reference_path)
        read.append(
            replace(
                item,
                input_sha256=fingerprint(item.input_path),
                reference_sha256=fingerprint(item.reference_path),
            )
        )
        advance(len(read), len(items))
    return read
