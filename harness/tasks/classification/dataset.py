"""The items: inputs in a folder with a CSV of labels, or in folders that are called as their classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import UserError
from harness.tasks.classification.options import ClassTensor, Data
from harness.tasks.input_folder import by_stem, files_in, folders_in
from harness.tasks.label_file import labels_of, read_classes, read_labels, refuse_odd_classes
from harness.tasks.model_input.items import InputItem, suffixes_of, with_header
from harness.tasks.task import Resolve


def find_items(data: Data, resolve: Resolve) -> list[InputItem]:
    """Inputs with their labels, by name. Raises `UserError`."""
    folder = resolve(data.inputs)
    classes = with_classes(data.tensor, resolve).classes
    if data.labels is None:
        found, where = in_class_folders(folder, data), str(folder)
    else:
        path = resolve(data.labels)
        files = by_stem(files_in(folder, suffixes_of(data.content)), folder)
        _refuse_none(files, folder, data)
        labels = labels_of(files, read_labels(path), path)
        found, where = {stem: (file, labels[stem]) for stem, file in files.items()}, str(path)
    chosen = sorted(found)[: data.limit]
    names = class_names([found[stem][1] for stem in chosen], classes if isinstance(classes, list) else None, where)
    return [
        with_header(
            InputItem(
                stem=stem,
                scene=stem.split(data.scene_separator)[0] if data.scene_separator else stem,
                input_path=found[stem][0],
                reference_path=found[stem][0],
                label=name,
            ),
            data.content,
        )
        for stem, name in zip(chosen, names, strict=True)
    ]


def in_class_folders(folder: Path, data: Data) -> dict[str, tuple[Path, str]]:
    """Item, such as `cat/07` → its file, and the name of the folder that it lies in. Raises `UserError`."""
    found: dict[str, tuple[Path, str]] = {}
    for home in folders_in(folder):
        files = by_stem(files_in(home, suffixes_of(data.content)), home)
        found |= {f"{home.name}/{stem}": (file, home.name) for stem, file in files.items()}
    if not found and files_in(folder, suffixes_of(data.content)):
        raise UserError(
            f"{folder}: holds {data.content}, and none in a folder that is called as its class",
            'Name a CSV file of labels: [data] labels = "labels.csv", or sort them into folders.',
        )
    _refuse_none(found, folder, data)
    return found


def class_names(labels: Sequence[str], classes: list[str] | None, where: str) -> list[str]:
    """The labels as names of classes. Where every one is a number and they are not all names, they are places in the
    model's output, 0 the first. Raises `UserError` for a place that there is none of.
    """
    if classes is None:
        return [str(int(label)) if label.isascii() and label.isdigit() else label for label in labels]
    known = set(classes)
    if not are_places(labels, classes):
        strange = next((label for label in labels if label not in known), None)
        if strange is not None:
            raise UserError(
                f"{where}: has the label {strange!r}, which is none of the {len(classes)} classes ({_listed(classes)})",
                "Labels and [data.tensor] classes call the same class by the same name.",
            )
        return list(labels)
    beyond = next((label for label in labels if int(label) >= len(classes)), None)
    if beyond is not None:
        raise UserError(
            f"{where}: has the label {beyond}, and the {len(classes)} classes are numbered 0 to {len(classes) - 1}",
            "Labels that are numbers count from 0 in the order of [data.tensor] classes.",
        )
    return [classes[int(label)] for label in labels]


def are_places(labels: Sequence[str], classes: list[str] | None) -> bool:
    """Whether labels are places in the model's output, and not names."""
    are_numbers = all(label.isascii() and label.isdigit() for label in labels)
    return are_numbers and (classes is None or not set(labels) <= set(classes))


def with_classes(tensor: ClassTensor, resolve: Resolve) -> ClassTensor:
    """The table with the classes of the file that it names. Raises `UserError`."""
    if isinstance(tensor.classes, str):
        return tensor.model_copy(update={"classes": read_classes(resolve(tensor.classes))})
    if tensor.classes is not None:
        refuse_odd_classes(tensor.classes, "[data.tensor] classes")
    return tensor


def _refuse_none(found: object, folder: Path, data: Data) -> None:
    if not found:
        raise UserError(
            f"{folder}: holds no {data.content}", f"Known endings: {', '.join(sorted(suffixes_of(data.content)))}."
        )


def _listed(classes: Sequence[str]) -> str:
    return ", ".join(classes[:4]) + (", …" if len(classes) > 4 else "")
