"""The looks at a run's pictures while they are scored: the floor, pairs that were mixed up, faults of single outputs,
and what other readings of them would give.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.tasks.image_file import describe
from harness.tasks.image_to_image.floor_values import floor_of
from harness.tasks.image_to_image.kept_looks import content_of, floor_from_text, look_as_text, output_from_text
from harness.tasks.image_to_image.picture_doubts import picture_doubts
from harness.tasks.image_to_image.plausibility import (
    ItemFloor,
    OutputLook,
    PairLooks,
    Plausibility,
    is_tried,
    item_floor,
    look_at_output,
)
from harness.tasks.looks import Recall, Seen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.image_to_image.codec import Codec
    from harness.tasks.image_to_image.options import Data


class PictureLooks:
    """One item after the other; only the last one's pictures are held."""

    def __init__(self, data: Data, metrics: Sequence[str], devices: Sequence[str], arms: Sequence[str]) -> None:
        """`arms`: the baseline first."""
        self._data, self._metrics, self._devices, self._arms = data, list(metrics), devices, arms
        self._pairs = PairLooks()
        self._floor: list[ItemFloor] = []
        self._looks: dict[tuple[str, str], list[OutputLook]] = {}
        self._tried = False
        self._item: tuple[str, NDArray[np.uint8], NDArray[np.uint8]] | None = None
        self._content = ""
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
        self._item, self._tried = (item, given, reference), is_tried(place, total)
        self._pairs.add(item, given, reference)
        self._content = content_of(given, reference)
        grey = describe(reference_path).is_grey
        text = self.recall(
            {
                "look": "the floor of a picture",
                "pictures": self._content,
                "scale": self._data.scale,
                "metrics": self._metrics,
                "tried": self._tried,
                "grey": grey,
            },
            lambda: look_as_text(
                item_floor(item, given, reference, self._data.scale, self._metrics, try_offset=self._tried, grey=grey)
            ),
        )
        own = floor_from_text(text, item)
        if own is not None:
            self._floor.append(own)

    def output(self, devices: Sequence[str], arm: str, codec: Codec, outputs: Sequence[NDArray[np.generic]]) -> None:
        """See `harness.tasks.looks.Looks`."""
        if self._item is None:
            msg = "an output before its item"
            raise ValueError(msg)
        item, given, reference = self._item
        text = self.recall(
            {
                "look": "at an output",
                "pictures": self._content,
                "output": content_of(outputs[0]),
                "codec": codec.model_dump(mode="json"),
                "tried": self._tried,
            },
            lambda: look_as_text(look_at_output(item, codec, outputs[0], given, reference, try_others=self._tried)),
        )
        look = output_from_text(text, item)
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
