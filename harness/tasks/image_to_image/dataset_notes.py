"""What a person should know of the pictures of an experiment, though nothing is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.tasks.image_to_image.dataset import Item, left_out


def notes_on_folders(inputs: Path, references: Path, groups: str | None = None) -> list[str]:
    """A line for each folder that holds files which are not taken for pictures."""
    notes = []
    for folder, what in ((inputs, "inputs"), (references, "references")):
        names = left_out(folder, groups)
        if names:
            notes.append(f"{what}: {len(names)} file(s) left out, by the ending no picture ({_first_of(names)})")
    return notes


def notes_on_colors(items: Sequence[Item]) -> list[str]:
    """Which colours the files name, and pairs that do not name the same. `items` have been read whole."""
    notes = []
    for what, named_by in (
        ("inputs", {item.input_path.name: item.input_color for item in items}),
        ("references", {item.reference_path.name: item.reference_color for item in items}),
    ):
        by_color: dict[str, list[str]] = {}
        for name, color in named_by.items():
            if color is not None:
                by_color.setdefault(color, []).append(name)
        notes += [
            f"{what}: {len(names)} picture(s) read as sRGB from {color} ({_first_of(names)})"
            for color, names in by_color.items()
        ]
    differing = [item for item in items if item.input_color != item.reference_color]
    if differing:
        first = differing[0]
        notes.append(
            f"{len(differing)} pair(s) whose files name different colours"
            f" ({_first_of([item.stem for item in differing])}; {first.stem}: the input"
            f" {first.input_color or 'plain sRGB'}, the reference {first.reference_color or 'plain sRGB'})"
        )
    return notes


def _first_of(names: list[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
