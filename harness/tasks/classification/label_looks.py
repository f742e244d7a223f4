"""What is seen of a run's answers beside their scores: whether they can be what the models do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.tasks.classification.chance import Answer, at_chance, other_order, same_answer
from harness.tasks.looks import Doubts, Seen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.classification.codec import ClassCodec

WHY = (
    "as where the classes are in another order than the model's, or the inputs have other colours, levels or sizes than"
    " it was trained with ([data.tensor] classes, color, range, mean and std, resize)"
)


@dataclass
class _Arm:
    """Of one arm on one device."""

    answers: list[Answer] = field(default_factory=list)
    read_as: dict[str, list[str]] = field(default_factory=dict)
    """`logits` or `probabilities` → items, where that is told from the values."""
    classes: Sequence[str] = ()


class LabelLooks:
    """One item after the other; only names are held."""

    def __init__(self, devices: Sequence[str], arms: Sequence[str]) -> None:
        """`arms`: the baseline first."""
        self._devices, self._arms = devices, arms
        self._seen = {(device, arm): _Arm() for device in devices for arm in arms}
        self._item, self._label = "", ""

    def item(self, item: str, place: int, total: int, reference_path: Path, given: Any, reference: str) -> None:
        """See `harness.tasks.looks.Looks`."""
        self._item, self._label = item, reference

    def output(
        self, devices: Sequence[str], arm: str, codec: ClassCodec, outputs: Sequence[NDArray[np.generic]]
    ) -> None:
        """See `harness.tasks.looks.Looks`."""
        try:
            scores = codec.decode(outputs[0])
            values = codec.values(outputs[0])
        except ValueError:
            return  # it has no score, and that is said there
        for device in devices:
            seen = self._seen[device, arm]
            seen.classes = scores.classes
            seen.answers.append(Answer(self._item, self._label, scores.classes[scores.answer]))
            if codec.scores == "auto":
                seen.read_as.setdefault(codec.read_as(values), []).append(self._item)

    def seen(self) -> Seen:
        """See `harness.tasks.looks.Looks`."""
        return Seen(doubts={device: self._doubts(device) for device in self._devices}, notes=self._notes())

    def _doubts(self, device: str) -> Doubts:
        doubts = Doubts()
        at = {arm: at_chance(self._seen[device, arm].answers) for arm in self._arms}
        all_at_chance = all(text is not None for text in at.values())
        if all_at_chance:
            first = self._arms[0]
            doubts.pairs.append(f"every arm answers by chance ({first} {at[first]}), {WHY}")
        for place, arm in enumerate(self._arms):
            own = self._seen[device, arm]
            order = other_order(own.answers, own.classes) if own.answers else None
            same = same_answer(own.answers)
            if order is not None:
                doubts.suspicions.setdefault(arm, []).append(
                    f"{arm} seems to have its classes read in a wrong order: {order}"
                )
            elif same is not None:
                doubts.doubts.setdefault(arm, []).append(f"{arm} answers {same!r} to everything, though labels differ")
            elif at[arm] is not None and not all_at_chance:
                # A candidate alone may well be as bad as that; a baseline that ships today is not.
                found = doubts.suspicions if place == 0 else doubts.doubts
                found.setdefault(arm, []).append(f"{arm} {at[arm]}, {WHY}")
            if len(own.read_as) > 1:
                fewer, more = sorted(own.read_as, key=lambda kind: len(own.read_as[kind]))
                doubts.suspicions.setdefault(arm, []).append(
                    f"{arm} puts out what looks like {fewer} on {len(own.read_as[fewer]):,} items"
                    f" (such as {own.read_as[fewer][0]}) and like {more} on {len(own.read_as[more]):,}: say which it is"
                    " ([data.tensor] scores)"
                )
        return doubts

    def _notes(self) -> list[str]:
        notes = []
        for arm in self._arms:
            kinds = sorted({kind for device in self._devices for kind in self._seen[device, arm].read_as})
            if len(kinds) == 1:
                why = "are never negative, and sum to 1" if kinds[0] == "probabilities" else "do not sum to 1"
                notes.append(f"What {arm} puts out was read as {kinds[0]}, told from its values: they {why}.")
        return notes
