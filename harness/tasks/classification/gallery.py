"""What both arms answered for an item, in a sentence each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.tasks.drawing import Drawing, ItemToDraw
from harness.tasks.model_input.thumbnail import write_thumbnail
from metrics.labels.class_scores import ClassScores


def draw(home: Path, item: ItemToDraw) -> Drawing:
    """The picture that went in, where it is one, and sentences. Raises ValueError where an output cannot be read."""
    label = str(item.reference)
    notes = [f"Label: {label}."]
    right: dict[str, bool] = {}
    for role, (codec, outputs) in item.outputs.items():
        scores = codec.decode(outputs[0])
        right[role] = scores.classes[scores.answer] == label
        notes.append(f"{role.capitalize()}: {_answer(scores, label)}.")
    before, after = right.get("baseline"), right.get("candidate")
    if before is not None and after is not None and before != after:
        notes.insert(0, "Right before, wrong now." if before else "Wrong before, right now.")
    return Drawing(thumbnail=write_thumbnail(home, item.given), notes=tuple(notes))


def _answer(scores: ClassScores, label: str) -> str:
    """`cat (97 %)`, `dog (61 %), and cat 35 %`."""
    answer = scores.answer
    said = f"{scores.classes[answer]} ({_percent(scores.probabilities[answer])})"
    if scores.classes[answer] == label or label not in scores.classes:
        return said
    return f"{said}, and {label} {_percent(scores.probabilities[scores.classes.index(label)])}"


def _percent(share: np.floating) -> str:
    percent = 100.0 * float(share)
    return f"{percent:.0f} %" if 1.0 <= percent <= 99.0 else f"{percent:.2g} %" if percent < 1.0 else f"{percent:.1f} %"
