"""What a run shows of its clips while they are scored: what pictures show, of each clip's middle frame; frames that are
broken; and frames that are not those of their reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.tasks.image_to_image.bicubic_floor import plain_bicubic
from harness.tasks.image_to_image.options import Data as PictureData
from harness.tasks.image_to_image.picture_looks import PictureLooks
from harness.tasks.looks import Doubts, Seen
from harness.tasks.sequence.codec import middle_of
from harness.tasks.sequence.frame_files import frame_files
from harness.tasks.sequence.frame_order import misplaced_frames
from harness.tasks.sequence.frame_quality import BrokenFrame, broken_frames, frame_psnr_db

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.tasks.sequence.codec import SequenceCodec
    from harness.tasks.sequence.options import Data

_MOST_NAMED: Final = 3


@dataclass(frozen=True)
class _Shown:
    """The clip that is looked at."""

    stem: str
    reference: NDArray[np.uint8]
    floor: list[float]


class ClipLooks:
    """One clip after the other; only the last one's frames are held."""

    def __init__(self, data: Data, metrics: Sequence[str], devices: Sequence[str], arms: Sequence[str]) -> None:
        """`arms`: the baseline first."""
        settings = PictureData(
            inputs=data.inputs, references=data.references, scale=data.scale, below_bicubic_db=data.below_bicubic_db
        )
        self._pictures = PictureLooks(settings, metrics, devices, arms)
        self._devices, self._scale = devices, data.scale
        self._clip: _Shown | None = None
        self._broken: dict[tuple[str, str], dict[str, list[BrokenFrame]]] = {}
        self._misplaced: dict[str, dict[int, int]] = {}

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
        middle = middle_of(len(given))
        frame = list(frame_files(reference_path).values())[middle]
        self._pictures.item(item, place, total, frame, given[middle], reference[middle])
        floor = [
            frame_psnr_db(plain_bicubic(one, self._scale)[None], other[None])[0]
            for one, other in zip(given, reference, strict=True)
        ]
        self._clip = _Shown(item, reference, floor)
        if misplaced := misplaced_frames(given, reference):
            self._misplaced[item] = misplaced

    def output(
        self, devices: Sequence[str], arm: str, codec: SequenceCodec, outputs: Sequence[NDArray[np.generic]]
    ) -> None:
        """See `harness.tasks.looks.Looks`."""
        if self._clip is None:
            msg = "an output before its clip"
            raise ValueError(msg)
        made, middle = outputs
        self._pictures.output(devices, arm, codec.frame, [middle])
        clip = self._clip
        if made.shape != clip.reference.shape:
            return
        found = broken_frames(frame_psnr_db(made.astype("uint8"), clip.reference), clip.floor)
        for device in devices if found else ():
            self._broken.setdefault((device, arm), {})[clip.stem] = found

    def seen(self) -> Seen:
        """See `harness.tasks.looks.Looks`."""
        of_pictures = self._pictures.seen()
        return Seen(None, {device: self._with_frames(device, of_pictures.doubts[device]) for device in self._devices})

    def _with_frames(self, device: str, doubts: Doubts) -> Doubts:
        more = {
            arm: [*doubts.doubts.get(arm, []), _broken_in_words(arm, clips)]
            for (where, arm), clips in self._broken.items()
            if where == device
        }
        pairs = [*doubts.pairs, *([_misplaced_in_words(self._misplaced)] if self._misplaced else [])]
        return replace(doubts, pairs=pairs, doubts={**doubts.doubts, **more})


def _broken_in_words(arm: str, clips: dict[str, list[BrokenFrame]]) -> str:
    """The worst ones first."""
    worst = sorted(
        ((frame, clip) for clip, frames in clips.items() for frame in frames),
        key=lambda one: one[0].psnr_db - one[0].around_db,
    )
    named = ", ".join(
        f"frame {frame.number} of {clip} ({frame.psnr_db:.1f} dB, those around it {frame.around_db:.1f})"
        for frame, clip in worst[:_MOST_NAMED]
    )
    more = f" and {len(worst) - _MOST_NAMED} more" if len(worst) > _MOST_NAMED else ""
    return f"{arm} breaks single frames (PSNR): {named}{more}"


def _misplaced_in_words(misplaced: dict[str, dict[int, int]]) -> str:
    clip, frames = next(iter(misplaced.items()))
    number, other = next(iter(frames.items()))
    where = f"{len(misplaced)} clips, first {clip}" if len(misplaced) > 1 else f"the clip {clip}"
    return (
        f"frames are out of order in {where}: the input's frame {number} looks like frame {other} of the reference"
        f" ({len(frames)} of them)"
    )
