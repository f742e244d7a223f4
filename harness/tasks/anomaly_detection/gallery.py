"""What both arms gave one item, in a sentence each."""

from __future__ import annotations

from pathlib import Path

from harness.tasks.drawing import Drawing, ItemToDraw
from harness.tasks.model_input.thumbnail import write_thumbnail
from metrics.anomaly.anomaly import AnomalyReference


def draw(home: Path, item: ItemToDraw) -> Drawing:
    """The picture that went in, where it is one, and sentences. Raises ValueError where an output cannot be read."""
    reference: AnomalyReference = item.reference
    notes = [f"It is {'anomalous' if reference.is_anomalous else 'normal'}."]
    for role, (codec, outputs) in item.outputs.items():
        notes.append(f"{role.capitalize()}: score {codec.decode(outputs).score:.6g}.")
    return Drawing(thumbnail=write_thumbnail(home, item.given), notes=tuple(notes))
