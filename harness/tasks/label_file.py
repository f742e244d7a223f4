"""Labels from a CSV file (item,label), and the names of classes, one a line: read with bounds, and refused in words."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from harness.errors import UserError
from harness.plain_file import read_plain_file

HEADER: Final = ("item", "label")
MOST_BYTES: Final = 64 << 20
MOST_CHARACTERS: Final = 500
"""The most that an item's name or a label may have."""
MOST_CLASSES: Final = 100_000
_REMEDY: Final = "Its first line is item,label and every other names an item and its label, such as image07,cat."


def read_labels(path: Path) -> dict[str, str]:
    """Item → label, in the file's order. Raises `UserError` naming the line."""
    rows = csv.reader(_text(path).splitlines(), strict=True)
    found: dict[str, str] = {}
    try:
        header = [part.strip().lower() for part in next(rows, [])]
        if tuple(header) != HEADER:
            raise UserError(f"{path}: begins with {','.join(header)[:80]!r}, not with item,label", _REMEDY)
        for row in rows:
            if not any(part.strip() for part in row):
                continue
            if len(row) != len(HEADER) or not all(part.strip() for part in row):
                raise UserError(f"{path}: line {rows.line_num} does not name one item and one label", _REMEDY)
            item, label = (part.strip() for part in row)
            if max(len(item), len(label)) > MOST_CHARACTERS or not (item + label).isprintable():
                raise UserError(f"{path}: line {rows.line_num} holds a name that is no plain text of one line", _REMEDY)
            if found.setdefault(item, label) != label:
                raise UserError(
                    f"{path}: {item} is labelled {found[item]!r} and, on line {rows.line_num}, {label!r}",
                    "An item is of one class: keep one of the two lines.",
                )
    except csv.Error as error:
        raise UserError(f"{path}: line {rows.line_num} is no CSV: {error}", _REMEDY) from None
    if not found:
        raise UserError(f"{path}: labels no item", _REMEDY)
    return found


def labels_of(files: Mapping[str, Path], labels: Mapping[str, str], path: Path) -> dict[str, str]:
    """Stem → label of every file, which the labels call by its stem or its whole name. Raises `UserError` for items
    without a label, and for labels of items that are not there.
    """
    found, used = {}, set()
    lonely = []
    for stem, file in files.items():
        name = next((each for each in (file.name, stem) if each in labels), None)
        if name is None:
            lonely.append(file.name)
        else:
            found[stem] = labels[name]
            used.add(name)
    if lonely:
        more = f" and {len(lonely) - 1} more" if len(lonely) > 1 else ""
        raise UserError(
            f"{path}: {lonely[0]}{more} {'have' if more else 'has'} no label",
            "Label every input, by its name with or without the ending, or take the others out of the folder.",
        )
    unknown = [name for name in labels if name not in used]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise UserError(
            f"{path}: labels {unknown[0]!r}{more}, and no such input is there",
            "Items are called by the stem or the name of their file.",
        )
    return found


def read_classes(path: Path) -> list[str]:
    """The names of classes in the order of a model's outputs, one a line. Raises `UserError`."""
    classes = [line.strip() for line in _text(path).splitlines()]
    while classes and not classes[-1]:
        classes.pop()
    refuse_odd_classes(classes, str(path))
    return classes


def refuse_odd_classes(classes: Collection[str], where: str) -> None:
    """Raise `UserError` for names that cannot be told apart, or are none; `where` they stand begins the sentence."""
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise UserError(f"{where}: names {len(classes)} classes", "Name each class that the model knows, two at least.")
    places: dict[str, int] = {}
    for place, name in enumerate(classes, start=1):
        if not name or len(name) > MOST_CHARACTERS or not name.isprintable():
            raise UserError(f"{where}: class {place} has no name of one line of text")
        if name in places:
            raise UserError(
                f"{where}: {name!r} stands twice, as class {places[name]} and class {place}",
                "Give each class a name of its own.",
            )
        places[name] = place


def _text(path: Path) -> str:
    try:
        return read_plain_file(path, most_bytes=MOST_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text", "Save it as UTF-8.") from None
