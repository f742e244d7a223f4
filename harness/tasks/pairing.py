"""Inputs and references matched by stem, and names that can be written down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.errors import UserError


def refuse_unpaired(
    inputs: Mapping[str, Path], references: Mapping[str, Path], input_folder: Path, reference_folder: Path
) -> None:
    """Raise `UserError` naming the first input without a reference, or the other way round."""
    for here, there, place, what in (
        (inputs, references, reference_folder, "no reference"),
        (references, inputs, input_folder, "no input"),
    ):
        lonely = sorted(set(here) - set(there))
        if lonely:
            more = f" and {len(lonely) - 1} more" if len(lonely) > 1 else ""
            raise UserError(
                f"{here[lonely[0]]}{more}: {'have' if more else 'has'} {what} in {place}",
                "Inputs and references are matched by stem (the name without its ending).",
            )


def refuse_unwritable(folder: Path, name: str) -> None:
    """Raise `UserError` for a name that cannot be written into JSON and HTML: bytes that are not UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UserError(f"{folder}: the name {name!r} is not UTF-8 text", "Rename it, or convert the names.") from None
