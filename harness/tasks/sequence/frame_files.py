"""The frames of a clip: pictures in a folder, in the order of the last number of their names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from harness.errors import UserError
from harness.tasks.image_file import SUFFIXES
from harness.tasks.pairing import refuse_unwritable

MOST_FRAMES: Final = 10_000
"""The most frames of one clip: five minutes of it and more."""
_MOST_NAMED = 5
_NUMBERED = re.compile(r"^(?P<before>.*?)(?P<number>[0-9]{1,12})(?P<after>[^0-9]*)$", re.DOTALL)


def frame_files(folder: Path) -> dict[int, Path]:
    """Number → file, in the order of the numbers: `frame2` comes before `frame10`. What is hidden or no picture is left
    alone.

    Raises `UserError` where names have no number, differ in more than it, have one number twice, or where numbers are
    missing in between.
    """
    found: dict[int, Path] = {}
    around: tuple[str, str] | None = None
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or not path.is_file():
            continue
        refuse_unwritable(folder, path.name)
        matched = _NUMBERED.match(path.stem)
        if matched is None:
            raise UserError(
                f"{path}: has no number in its name, so that its place in the clip is not known",
                "Name frames by their numbers: frame0001.png, frame0002.png, …",
            )
        own = (matched["before"], matched["after"])
        if around is not None and own != around:
            raise UserError(
                f"{folder}: {next(iter(found.values())).name!r} and {path.name!r} differ in more than their number",
                "A folder is one clip: give another clip a folder of its own.",
            )
        around, number = own, int(matched["number"])
        if number in found:
            raise UserError(
                f"{folder}: {found[number].name!r} and {path.name!r} have the same number", "Keep one of them."
            )
        found[number] = path
    if not found:
        raise UserError(f"{folder}: holds no frames", f"Known endings: {', '.join(sorted(SUFFIXES))}.")
    _refuse_gaps(folder, sorted(found))
    if len(found) > MOST_FRAMES:
        raise UserError(
            f"{folder}: has {len(found):,} frames; at most {MOST_FRAMES:,} are one clip", "Cut it into shorter clips."
        )
    return {number: found[number] for number in sorted(found)}


def _refuse_gaps(folder: Path, numbers: list[int]) -> None:
    first, last = numbers[0], numbers[-1]
    count = last - first + 1 - len(numbers)
    if not count:
        return
    known, missing = set(numbers), list[int]()
    for number in range(first, last + 1):
        if number not in known:
            missing.append(number)
        if len(missing) == _MOST_NAMED:
            break
    told = ", ".join(map(str, missing)) + (f" and {count - len(missing):,} more" if count > len(missing) else "")
    raise UserError(
        f"{folder}: frame{'' if count == 1 else 's'} {told} {'is' if count == 1 else 'are'} missing between {first} and"
        f" {last}",
        "A model that carries a state sees every frame in order: bring them back, or number the frames anew.",
    )
