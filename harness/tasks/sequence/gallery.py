"""A clip in the gallery: the frame where the candidate lies furthest below the baseline, between its neighbours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.tasks.drawing import Drawing, ItemToDraw, Role
from harness.tasks.image_to_image.gallery import draw_beside
from harness.tasks.sequence.frame_quality import frame_psnr_db

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OF_A_SHEET: Final = 4
_GAP_PX: Final = 4
_MOST_PX: Final = 1280
"""The longest side of a frame that is shown whole; of larger ones the middle is."""


def draw(home: Path, item: ItemToDraw) -> Drawing:
    """Write PNG files into `home`, each of three frames side by side. Raises ValueError where an output is no clip."""
    reference: NDArray[np.uint8] = item.reference
    clips: dict[Role, NDArray[np.uint8]] = {}
    for role, (_, outputs) in item.outputs.items():
        if outputs[0].shape != reference.shape:
            raise ValueError(f"the clip has the shape {outputs[0].shape}, and its reference {reference.shape}")
        clips[role] = outputs[0].astype("uint8")
    worst, note = _worst(clips, reference)
    begin = max(0, min(worst - 1, len(reference) - 3))
    shown = slice(begin, begin + 3)

    made: dict[Role, NDArray[np.uint8]] = {role: _strip(clip[shown]) for role, clip in clips.items()}
    drawing = draw_beside(home, _strip(reference[shown]), made, {})  # a strip of frames is no picture to score
    first, last = begin + 1, begin + len(reference[shown])
    frames = f"Frame {first}" if first == last else f"Frames {first} to {last}"
    cut = f", their middle of {_MOST_PX} pixels" if max(reference.shape[1:3]) > _MOST_PX else ""
    return replace(drawing, notes=(f"{frames} of {len(reference)}{cut}. {note}",))


def clip_sheet(clip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Four frames of a clip at even distances, the first and the last among them, two by two: (height, width, 3)."""
    import numpy as np

    places = np.rint(np.linspace(0, len(clip) - 1, _OF_A_SHEET)).astype(int)
    half = _OF_A_SHEET // 2
    return np.concatenate([_strip(clip[places[:half]]), _strip(clip[places[half:]])], axis=0)


def _worst(clips: dict[Role, NDArray[np.uint8]], reference: NDArray[np.uint8]) -> tuple[int, str]:
    """The frame, and a sentence about it."""
    values = {role: frame_psnr_db(clip, reference) for role, clip in clips.items()}
    candidate, baseline = values.get("candidate"), values.get("baseline")
    if candidate is not None and baseline is not None:
        losses = [other - one for one, other in zip(candidate, baseline, strict=True)]
        worst = max(range(len(losses)), key=losses.__getitem__)
        if losses[worst] > 0.0:
            return worst, (
                f"On frame {worst + 1} the candidate lies furthest below the baseline: PSNR {candidate[worst]:.1f}"
                f" against {baseline[worst]:.1f} dB."
            )
    known = candidate or baseline
    if known is None:
        return 0, "No arm put out this clip."
    worst = min(range(len(known)), key=known.__getitem__)
    whose = "the candidate" if candidate is not None else "the baseline"
    return worst, f"Frame {worst + 1} is the worst of {whose}: PSNR {known[worst]:.1f} dB."


def _strip(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import numpy as np

    height, width = frames.shape[1:3]
    top, left = max(0, (height - _MOST_PX) // 2), max(0, (width - _MOST_PX) // 2)
    shown = frames[:, top : top + _MOST_PX, left : left + _MOST_PX]
    gap = np.full((shown.shape[1], _GAP_PX, 3), 255, dtype=np.uint8)
    parts: list[NDArray[np.uint8]] = []
    for frame in shown:
        parts += [gap, frame] if parts else [frame]
    return np.ascontiguousarray(np.concatenate(parts, axis=1))
