"""The items: for each clip a folder of frames among the inputs and one of its name among the references."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import UserError
from harness.tasks.fingerprint import files_sha256
from harness.tasks.image_file import image_size, read_image
from harness.tasks.image_to_image.dataset import Item as Frame
from harness.tasks.item import TaskItem
from harness.tasks.item_groups import FOLDERS, folders_of_items, refuse_other_folders
from harness.tasks.pairing import refuse_unpaired, refuse_unwritable
from harness.tasks.read_each import read_each
from harness.tasks.sequence.frame_files import frame_files

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_CLIP_BYTES: Final = 1 << 30
"""The largest reference in 8 bits, held in memory whole beside what both arms made of it: 170 frames of 1080p."""


@dataclass(frozen=True)
class Clip(TaskItem):
    """One clip with its reference. Sizes are (height, width) in pixels, of every frame."""

    frames: int = field(kw_only=True)
    input_size: tuple[int, int] = field(kw_only=True)
    reference_size: tuple[int, int] = field(kw_only=True)

    @property
    def frame(self) -> Frame:
        """Its frames as image_to_image has pictures; the paths are the folders."""
        return Frame(
            stem=self.stem,
            scene=self.scene,
            input_path=self.input_path,
            reference_path=self.reference_path,
            input_size=self.input_size,
            reference_size=self.reference_size,
        )


def find_clips(
    inputs: Path,
    references: Path,
    scale: int,
    scene_separator: str | None,
    limit: int | None,
    groups: str | None = None,
) -> list[Clip]:
    """Match two folders of folders by name, and their frames by number; where `groups` are folders, clips lie in those.
    Looks at headers only. Raises `UserError`.
    """
    given, expected = clips_in(inputs, "inputs", groups), clips_in(references, "references", groups)
    refuse_unpaired(given, expected, inputs, references)
    if groups == FOLDERS:
        refuse_other_folders(given, expected, references)
    clips = []
    for stem in sorted(given)[:limit]:
        before, after = frame_files(given[stem]), frame_files(expected[stem])
        _refuse_other_numbers(given[stem], list(before), expected[stem], list(after))
        small, large = (_one_size(list(files.values())) for files in (before, after))
        if large != (small[0] * scale, small[1] * scale):
            raise UserError(
                f"{expected[stem]}: its frames are {_size(large)}, and those of its input {_size(small)} with"
                f" data.scale = {scale}",
                f"They should be {_size((small[0] * scale, small[1] * scale))}. Nothing is resized: correct the frames"
                " or data.scale.",
            )
        size_bytes = len(after) * large[0] * large[1] * 3
        if size_bytes > MOST_CLIP_BYTES:
            raise UserError(
                f"{expected[stem]}: has {len(after)} frames of {_size(large)}, {size_bytes / 1e9:.1f} GB; a clip of at"
                f" most {MOST_CLIP_BYTES / 1e9:.1f} GB is held in memory",
                "Cut it into shorter clips.",
            )
        clips.append(
            Clip(
                stem=stem,
                scene=stem.split(scene_separator)[0] if scene_separator else stem,
                input_path=given[stem],
                reference_path=expected[stem],
                frames=len(before),
                input_size=small,
                reference_size=large,
            )
        )
    return clips


def clips_in(folder: Path, what: str, groups: str | None = None) -> dict[str, Path]:
    """Name → folder of frames. What is hidden is left alone. Raises `UserError` where there is none."""
    if not folder.is_dir():
        raise UserError(f"{folder}: the folder of {what} {'is a file' if folder.exists() else 'does not exist'}")
    homes = folders_of_items(folder, groups)
    found: dict[str, Path] = {}
    for path in (path for home in homes for path in sorted(home.iterdir()) if path not in homes):
        if not path.is_dir() or path.name.startswith("."):
            continue
        refuse_unwritable(folder, str(path.relative_to(folder)))
        if path.name in found:
            raise UserError(
                f"{folder}: {found[path.name].parent.name!r} and {path.parent.name!r} both have a clip {path.name!r}",
                "Clips are matched by name: rename one of them.",
            )
        found[path.name] = path
    if not found:
        raise UserError(f"{folder}: holds no clips", "A clip is a folder of frames: CLIP/frame0001.png, …")
    return found


def read_clip(folder: Path) -> NDArray[np.uint8]:
    """All frames in order, uint8 (frames, height, width, 3), RGB. Raises `UserError`."""
    import numpy as np

    files = list(frame_files(folder).values())
    _one_size(files)
    return np.stack([read_image(path) for path in files])


def fingerprint(folder: Path) -> str:
    """Of the names and contents of a clip's frames. Raises `UserError`."""
    return files_sha256(frame_files(folder).values())


def read_clips(items: Sequence[Clip], advance: Callable[[int, int], None]) -> list[Clip]:
    """Read every frame once, to its end, and let go of it. Returns the clips with their fingerprints. Raises
    `UserError`.
    """
    return read_each(items, advance, _read, at_once=2)


def _read(item: Clip) -> Clip:
    for folder in (item.input_path, item.reference_path):
        for path in frame_files(folder).values():
            read_image(path)
    return replace(item, input_sha256=fingerprint(item.input_path), reference_sha256=fingerprint(item.reference_path))


def _refuse_other_numbers(inputs: Path, given: list[int], references: Path, expected: list[int]) -> None:
    if given == expected:
        return
    remedy = "Frames are matched by their numbers, which must be the same on both sides."
    if len(given) != len(expected):
        raise UserError(f"{inputs}: has {len(given)} frames, and its reference {references} {len(expected)}", remedy)
    raise UserError(
        f"{inputs}: has frames {given[0]} to {given[-1]}, and its reference {references} {expected[0]} to"
        f" {expected[-1]}",
        remedy,
    )


def _one_size(files: Sequence[Path]) -> tuple[int, int]:
    first = image_size(files[0])
    for path in files[1:]:
        if (size := image_size(path)) != first:
            raise UserError(
                f"{path}: is {_size(size)}, and {files[0].name} of the same clip {_size(first)}",
                "The frames of a clip have one size.",
            )
    return first


def _size(size: tuple[int, int]) -> str:
    return f"{size[1]}×{size[0]}"
