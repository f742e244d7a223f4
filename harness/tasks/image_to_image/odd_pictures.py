"""What is odd in folders of pictures, before an experiment stumbles over it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import UserError
from harness.tasks.image_file import describe, read_image
from harness.tasks.image_to_image.dataset import pictures_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMALL: Final = 64
"""Pixels on the shorter side, below which metrics and models see mostly borders."""
_MOST_NAMED: Final = 5


@dataclass
class OddPictures:
    """Collects what is odd, one picture after the other; holds none of them."""

    turned: list[str] = field(default_factory=list)
    colors: dict[str, list[str]] = field(default_factory=dict)
    grey: list[str] = field(default_factory=list)
    small: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    """Each with its reason."""
    seen: int = 0
    _by_content: dict[str, list[str]] = field(default_factory=dict)

    def read(self, name: str, path: Path) -> NDArray[np.uint8] | None:
        """The picture, noted: (H, W) of a grey file, which is luma itself, else (H, W, 3); None where it cannot be
        used, which is noted too.
        """
        try:
            picture, said = read_image(path), describe(path)
        except UserError as error:
            self.unreadable.append(f"{name}: {error.what.removeprefix(f'{path}: ')}")
            return None
        self.seen += 1
        content = hashlib.sha256(f"{picture.shape}".encode() + picture.tobytes()).hexdigest()
        self._by_content.setdefault(content, []).append(name)
        if said.is_turned:
            self.turned.append(name)
        if said.color is not None:
            self.colors.setdefault(said.color, []).append(name)
        if said.is_grey:
            self.grey.append(name)
        if min(picture.shape[:2]) < SMALL:
            self.small.append(name)
        return picture[..., 0] if said.is_grey else picture

    def in_words(self) -> list[str]:
        """A line for each thing that is odd of pictures that can be used."""
        lines = []
        if self.turned:
            lines.append(f"turned by what their files say (EXIF): {_listed(self.turned)}; read upright")
        lines += [f"colours from {color}: {_listed(names)}; read as sRGB" for color, names in self.colors.items()]
        if 0 < len(self.grey) < self.seen:
            lines.append(f"grey among pictures of colours: {_listed(self.grey)}; a grey file is luma itself")
        if self.small:
            lines.append(f"shorter side below {SMALL} pixels: {_listed(self.small)}")
        same = [names for names in self._by_content.values() if len(names) > 1]
        lines += [f"the same picture: {_listed(names)}; it counts as often" for names in same]
        return lines


def look(folders: Sequence[Path]) -> list[str]:
    """What is odd in folders of pictures, a line each. Raises `UserError` for a folder that is none or holds none."""
    odd, lines = OddPictures(), []
    for name, path in named_pictures(folders):
        odd.read(name, path)
    lines += [f"cannot be used: {text}" for text in odd.unreadable]
    return lines + odd.in_words()


def named_pictures(folders: Sequence[Path]) -> list[tuple[str, Path]]:
    """(name, file) of every picture, in order: the file's stem; of several folders the folder's name before it, so that
    the names of all are different. Raises `UserError` also where two folders have one name.
    """
    if len(folders) == 1:
        return list(pictures_in(folders[0], "references").items())
    sets = [folder.resolve().name for folder in folders]
    twice = next((name for name in sets if sets.count(name) > 1), None)
    if twice is not None:
        raise UserError(
            f"two of the folders are called {twice!r}, and pictures are named after them", "Give one another name."
        )
    return [
        (f"{name}__{stem}", path)
        for name, folder in zip(sets, folders, strict=True)
        for stem, path in pictures_in(folder, "references").items()
    ]


def _listed(names: Iterable[str]) -> str:
    all_names = list(names)
    more = f" and {len(all_names) - _MOST_NAMED} more" if len(all_names) > _MOST_NAMED else ""
    return f"{', '.join(all_names[:_MOST_NAMED])}{more}"
