"""Inputs with their labels: of a folder with a CSV file, or of folders that are called as what is in them."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UserError
from harness.tasks.input_folder import by_stem, files_in, folders_in
from harness.tasks.label_file import labels_of, read_labels
from harness.tasks.model_input.items import suffixes_of
from harness.tasks.model_input.options import Content


def labelled_inputs(folder: Path, labels: Path | None, content: Content) -> dict[str, tuple[Path, str]]:
    """Item → its file and label. Without a CSV file an item is called by folder and stem, such as `cat/07`. Raises
    `UserError`.
    """
    if labels is None:
        return in_folders(folder, content)
    files = by_stem(files_in(folder, suffixes_of(content)), folder)
    _refuse_none(files, folder, content)
    told = labels_of(files, read_labels(labels), labels)
    return {stem: (file, told[stem]) for stem, file in files.items()}


def in_folders(folder: Path, content: Content) -> dict[str, tuple[Path, str]]:
    """Item, such as `cat/07` → its file, and the name of the folder that it lies in. Raises `UserError`."""
    found: dict[str, tuple[Path, str]] = {}
    for home in folders_in(folder):
        files = by_stem(files_in(home, suffixes_of(content)), home)
        found |= {f"{home.name}/{stem}": (file, home.name) for stem, file in files.items()}
    if not found and files_in(folder, suffixes_of(content)):
        raise UserError(
            f"{folder}: holds {content}, and none in a folder that is called as its class",
            'Name a CSV file of labels: [data] labels = "labels.csv", or sort them into folders.',
        )
    _refuse_none(found, folder, content)
    return found


def _refuse_none(found: object, folder: Path, content: Content) -> None:
    if not found:
        raise UserError(f"{folder}: holds no {content}", f"Known endings: {', '.join(sorted(suffixes_of(content)))}.")
