"""Where the outputs of an item are furthest from their references."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.tasks.drawing import Drawing, ItemToDraw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def draw(_: Path, item: ItemToDraw) -> Drawing:
    """A sentence for each arm; no files. Raises ValueError where an output cannot be read."""
    notes = []
    for role, (codec, outputs) in item.outputs.items():
        decoded = codec.decode(outputs)
        names = {reference: codec.output_names[codec.output_of(reference)] for reference in item.reference}
        notes += [
            _furthest(f"{role.capitalize()}{f', {names[name]}' if len(decoded) > 1 else ''}", decoded[names[name]], one)
            for name, one in item.reference.items()
        ]
    return Drawing(notes=tuple(notes))


def _furthest(what: str, output: NDArray[np.generic], reference: NDArray[np.generic]) -> str:
    import numpy as np

    if output.shape != reference.shape:
        return f"{what}: its shape {list(output.shape)} is not the reference's, {list(reference.shape)}."
    made, expected = output.astype(np.float64), reference.astype(np.float64)
    error = np.abs(made - expected)
    if not error.any():
        return f"{what}: identical to the reference."
    place = np.unravel_index(int(error.argmax()), error.shape)
    at = f" at [{', '.join(str(int(each)) for each in place)}]" if place else ""
    return f"{what}: furthest off{at}, {made[place]:.6g} where the reference has {expected[place]:.6g}."
