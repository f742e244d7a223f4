"""The looks at a run's pictures while they are scored: the floor, pairs that were mixed up, faults of single outputs,
and what other readings of them would give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.tasks.image_file import describe
from harness.tasks.image_to_image.floor_values import floor_of
from harness.tasks.image_to_image.kept_looks import content_of, floor_from_text, look_as_text, output_from_text
from harness.tasks.image_to_image.picture_doubts import picture_doubts
from harness.tasks.image_to_image.plausibility import (
    ItemFloor,
    OutputLook,
    PairLook,
    PairLooks,
    Plausibility,
    Score,
    is_tried,
    item_floor,
    look_at_output,
    pair_look,
)
from harness.tasks.looks import Recall, Seen, SeenItem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.image_to_image.codec import Codec
    from harness.tasks.image_to_image.options import Data


@dataclass(frozen=True)
class _Shown:
    """An item that is looked at."""

    name: str
    tried: bool
    """Whether other readings are tried on it."""
    content: str
    """Digest of both pictures."""
    given: NDArray[np.uint8]
    reference: NDArray[np.uint8]


class PictureLooks:
    """One item after the other; only the last one's pictures are held."""

    def __init__(self, data: Data, metrics: Sequence[str], devices: Sequence[str], arms: Sequence[str]) -> None:
        """`arms`: the baseline first."""
        self._data, self._metrics, self._devices, self._arms = data, list(metrics), devices, arms
        self._pairs = PairLooks()
        self._floor: list[ItemFloor] = []
        self._looks: dict[tuple[str, str], list[OutputLook]] = {}
        self._item: _Shown | None = None
        self.recall: Recall = lambda _, compute: compute()
        """How a look of an earlier time is had; by itself none is."""

    def item(
        self,
        item: str,
        place: int,
        total: int,
        reference_path: Path,
        given: NDArray[np.uint8],
        reference: NDArray[np.uint8],
    ) -> None:
        """See `harness.tasks.looks.Looks`."""
        shown = _Shown(item, is_tried(place, total), content_of(given, reference), given, reference)
        self._write_item(item, self._floor_of(shown, reference_path, None), pair_look(given, reference))
        self._item = shown

    def output(self, devices: Sequence[str], arm: str, codec: Codec, outputs: Sequence[NDArray[np.generic]]) -> None:
        """See `harness.tasks.looks.Looks`."""
        if self._item is None:
            msg = "an output before its item"
            raise ValueError(msg)
        self._write_output(devices, arm, self._look_at(self._item, codec, outputs[0], None))

    def ahead(self, item: SeenItem) -> Callable[[], None]:
        """See `harness.tasks.looks.LooksAhead`."""
        tried, content = is_tried(item.place, item.total), content_of(item.given, item.reference)
        shown = _Shown(item.name, tried, content, item.given, item.reference)
        floor, pair = self._floor_of(shown, item.reference_path, item.score), pair_look(item.given, item.reference)
        looks = [
            (each.devices, each.arm, self._look_at(shown, each.codec, each.tensors[0], each.decoded))
            for each in item.outputs
        ]
        name = item.name

        def write() -> None:
            self._write_item(name, floor, pair)
            for devices, arm, look in looks:
                self._write_output(devices, arm, look)

        return write

    def _floor_of(self, shown: _Shown, reference_path: Path, score: Score | None) -> ItemFloor | None:
        grey = describe(reference_path).is_grey
        text = self.recall(
            {
                "look": "the floor of a picture",
                "pictures": shown.content,
                "scale": self._data.scale,
                "metrics": self._metrics,
                "tried": shown.tried,
                "grey": grey,
            },
            lambda: look_as_text(
                item_floor(
                    shown.name,
                    shown.given,
                    shown.reference,
                    self._data.scale,
                    self._metrics,
                    try_offset=shown.tried,
                    grey=grey,
                    score=score,
                )
            ),
        )
        return floor_from_text(text, shown.name)

    def _look_at(
        self, shown: _Shown, codec: Codec, tensor: NDArray[np.generic], decoded: Callable[[], Any] | None
    ) -> OutputLook:
        text = self.recall(
            {
                "look": "at an output",
                "pictures": shown.content,
                "output": content_of(tensor),
                "codec": codec.model_dump(mode="json"),
                "tried": shown.tried,
            },
            lambda: look_as_text(
                look_at_output(
                    shown.name, codec, tensor, shown.given, shown.reference, try_others=shown.tried, decoded=decoded
                )
            ),
        )
        return output_from_text(text, shown.name)

    def _write_item(self, name: str, floor: ItemFloor | None, pair: PairLook) -> None:
        self._pairs.add(name, pair)
        if floor is not None:
            self._floor.append(floor)

    def _write_output(self, devices: Sequence[str], arm: str, look: OutputLook) -> None:
        for device in devices:
            self._looks.setdefault((device, arm), []).append(look)

    def seen(self) -> Seen:
        """See `harness.tasks.looks.Looks`."""
        found = Plausibility(self._floor, self._looks, self._pairs.mispaired())
        below_db = self._data.below_bicubic_db
        return Seen(
            floor_of(found.floor),
            {device: picture_doubts(found, device, self._arms, below_db=below_db) for device in self._devices},
        )
