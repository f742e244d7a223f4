"""The items: inputs in a folder with a CSV of labels, or in folders that are called as their classes."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import UserError
from harness.tasks.classification.options import ClassTensor, Data
from harness.tasks.label_file import read_classes, refuse_odd_classes
from harness.tasks.labelled_inputs import labelled_inputs
from harness.tasks.model_input.items import InputItem, with_header
from harness.tasks.task import Resolve


def find_items(data: Data, resolve: Resolve) -> list[InputItem]:
    """Inputs with their labels, by name. Raises `UserError`."""
    folder = resolve(data.inputs)
    classes = with_classes(data.tensor, resolve).classes
    labels = None if data.labels is None else resolve(data.labels)
    found = labelled_inputs(folder, labels, data.content)
    where = str(folder if labels is None else labels)
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


def _listed(classes: Sequence[str]) -> str:
    return ", ".join(classes[:4]) + (", …" if len(classes) > 4 else "")
