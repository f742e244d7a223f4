"""The inputs of tasks whose references are no files of the same name: pictures or .npy files in a folder."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from harness.errors import UserError
from harness.tasks.pairing import refuse_unwritable


def files_in(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """The files directly in a folder that have one of these endings, by name; hidden and other ones are left alone.
    Raises `UserError` for a folder that is not there, a link that leads nowhere, and a name that is no text.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: the folder of inputs {'is a file' if folder.exists() else 'does not exist'}")
    found = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in suffixes or path.name.startswith("."):
            continue
        if path.is_symlink() and not path.exists():
            raise UserError(
                f"{path}: is a link to a file that is not there",
                "Fetch the content (git annex get, dvc pull, …), or remove the link.",
            )
        if path.is_file():
            refuse_unwritable(folder, path.name)
            found.append(path)
    return found


def folders_in(folder: Path) -> list[Path]:
    """The folders directly in a folder, by name; hidden ones are left alone. Raises as `files_in`."""
    if not folder.is_dir():
        raise UserError(f"{folder}: the folder of inputs {'is a file' if folder.exists() else 'does not exist'}")
    found = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    for path in found:
        refuse_unwritable(folder, path.name)
    return found


def by_stem(files: Collection[Path], folder: Path) -> dict[str, Path]:
    """Stem → file. Raises `UserError` for two files of one stem."""
    found: dict[str, Path] = {}
    for path in files:
        if path.stem in found:
            raise UserError(
                f"{folder}: {found[path.stem].name!r} and {path.name!r} have the same stem",
                "Items are called by the stem (the name without its ending): keep one of them.",
            )
        found[path.stem] = path
    return found
